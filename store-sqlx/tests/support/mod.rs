//! What the tests share: a file in a folder of its own, a book with a term, and the proof of a whole book.
#![allow(dead_code, reason = "each test binary uses some of it")]

use bursar::{Currency, Ledger, LedgerStore, Term, TermId, audit, date};
use bursar_store_sqlx::{SqliteOptions, SqliteStore, sqlx};
use rust_decimal::Decimal;
use tempfile::TempDir;

/// A database file that is gone with its folder.
pub(crate) struct File {
    folder: TempDir,
}

impl File {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> String {
        self.folder.path().join("fees.db").to_str().unwrap().to_owned()
    }

    pub(crate) async fn store(&self) -> SqliteStore {
        SqliteOptions::new().open(&self.path()).await.unwrap()
    }

    pub(crate) async fn ledger(&self) -> Ledger<SqliteStore> {
        Ledger::open(self.store().await, "hillside", Currency::USD).await.unwrap()
    }

    /// A connection of one's own, beside the store.
    pub(crate) async fn connection(&self) -> sqlx::SqliteConnection {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.path()).create_if_missing(true);
        sqlx::ConnectOptions::connect(&options).await.unwrap()
    }
}

pub(crate) fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

pub(crate) fn day(text: &str) -> chrono::NaiveDate {
    date(text).unwrap()
}

/// Gives a book its first term, a fee of it, and accounts `a-0` to `a-n`.
pub(crate) async fn furnish<S: LedgerStore>(ledger: &Ledger<S>, accounts: usize) {
    let first = Term::new(term(), day("2026-01-12"), day("2026-04-09")).unwrap();
    ledger.define_term(first).await.unwrap();
    ledger.set_fee(term(), "PRIMARY", "tuition", Decimal::from(120)).await.unwrap();
    for account in 0..accounts {
        ledger.enrol(format!("a-{account}"), ["PRIMARY"], day("2026-01-12")).await.unwrap();
    }
}

/// Fails unless every invariant of the book holds.
pub(crate) async fn prove<S: LedgerStore>(ledger: &Ledger<S>) -> audit::AuditReport {
    let report = audit::audit(ledger).await.unwrap();
    assert!(report.is_clean(), "{:#?}", report.findings);
    report
}
