//! The store inside a transaction of the caller's own (S6).

use std::time::Duration;

use async_trait::async_trait;
use bursar::rule::Posting;
use bursar::store::{
    AccountFilter, Billed, BillingOrder, Book, BookTotals, ChangeSet, ChargeMade, Committed, FileMark,
    Posted, RepriceOrder, Repriced, TermRow,
};
use bursar::{
    Account, AccountId, BookId, Currency, Entry, Fee, FeeKey, IdempotencyKey, LedgerStore, Payer, StoreError,
    StoreErrorKind, TermId, TermTotals,
};
use chrono::{DateTime, Utc};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use super::error::Phase;
use super::post::{Recorded, post};
use super::read;
use super::sums;
use super::writer::{Begin, transact};
use crate::ledger_lane::{Done, Job};
use crate::surroundings;

/// The store inside a transaction of the caller's own: what a ledger does [`through`](bursar::Ledger::through) it becomes lasting with the
/// caller's own rows, or not at all. It commits nothing; a call that is refused or fails leaves no trace and the transaction usable.
///
/// The tables must be there: [`SqliteStore::with_pool`](crate::SqliteStore::with_pool) makes them. Begin the transaction with
/// `BEGIN IMMEDIATE`: one that reads first and writes later fails as busy when somebody wrote in between.
///
/// ```
/// use bursar::{Currency, Ledger, Payment, Term, TermId, date};
/// use bursar_store_sqlx::{SqliteStore, SqliteTx, sqlx};
/// use rust_decimal_macros::dec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}?mode=rwc", folder.path().join("school.db").display());
/// let pool = sqlx::SqlitePool::connect(&url).await?;
/// let ledger = Ledger::open(SqliteStore::with_pool(pool.clone()).await?, "hillside", Currency::USD).await?;
/// # let term = TermId::new(2026, 1)?;
/// # ledger.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
/// # ledger.enrol("s-17", ["PRIMARY"], date("2026-01-12")?).await?;
/// # sqlx::query("CREATE TABLE receipt_printed (number TEXT)").execute(&pool).await?;
/// let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
/// let payment = Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001");
/// let receipt = ledger.through(SqliteTx::new(&mut transaction)).pay(payment).await?;
/// sqlx::query("INSERT INTO receipt_printed VALUES ($1)")
///     .bind(receipt.number.to_string())
///     .execute(&mut *transaction)
///     .await?;
/// transaction.commit().await?;
/// # ledger.store().close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteTx<'c> {
    conn: Mutex<&'c mut SqliteConnection>,
}

impl<'c> SqliteTx<'c> {
    /// The store on a connection that is inside a transaction begun through sqlx; `&mut transaction` serves.
    ///
    /// A connection without one is refused with the first call, as [`Misuse`](StoreErrorKind::Misuse).
    #[must_use]
    pub fn new(conn: &'c mut SqliteConnection) -> Self {
        Self { conn: Mutex::new(conn) }
    }

    async fn lock(&self) -> Result<MutexGuard<'_, &'c mut SqliteConnection>, StoreError> {
        let conn = self.conn.lock().await;
        if !conn.is_in_transaction() {
            let detail = "the connection is in no transaction that was begun through sqlx; begin one";
            return Err(StoreError::new(StoreErrorKind::Misuse, "use the caller's transaction", detail));
        }
        Ok(conn)
    }

    async fn run(&self, job: Job) -> Result<Done, StoreError> {
        transact(&mut **self.lock().await?, Begin::Nested, &job).await
    }
}

#[async_trait]
impl LedgerStore for SqliteTx<'_> {
    fn now(&self) -> DateTime<Utc> {
        surroundings::now()
    }

    fn new_id(&self) -> Uuid {
        surroundings::new_id()
    }

    async fn pause(&self, time: Duration) {
        surroundings::pause(time).await;
    }

    async fn open_book(&self, book: &BookId, currency: Currency) -> Result<Book, StoreError> {
        self.run(Job::Open(book.clone(), currency)).await?.opened()
    }

    async fn book(&self, book: &BookId) -> Result<Option<Book>, StoreError> {
        read::book(&mut **self.lock().await?, book).await
    }

    async fn fees(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&FeeKey>,
        limit: u32,
    ) -> Result<Vec<Fee>, StoreError> {
        read::fees(&mut **self.lock().await?, book, term, after, limit).await
    }

    async fn fees_of(&self, book: &BookId, term: TermId, payers: &[Payer]) -> Result<Vec<Fee>, StoreError> {
        read::fees_of(&mut **self.lock().await?, book, term, payers).await
    }

    async fn fee_charged(&self, book: &BookId, fee: &FeeKey) -> Result<bool, StoreError> {
        read::fee_charged(&mut **self.lock().await?, book, fee).await
    }

    async fn accounts(&self, book: &BookId, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        read::accounts(&mut **self.lock().await?, book, ids).await
    }

    async fn list_accounts(
        &self,
        book: &BookId,
        filter: AccountFilter,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        read::list_accounts(&mut **self.lock().await?, book, filter, after, limit).await
    }

    async fn entries(
        &self,
        book: &BookId,
        account: &AccountId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        read::entries(&mut **self.lock().await?, book, account, after, limit).await
    }

    async fn scan(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        read::scan(&mut **self.lock().await?, book, after, limit).await
    }

    async fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, StoreError> {
        read::entries_by_key(&mut **self.lock().await?, book, keys).await
    }

    async fn reversal_of(
        &self,
        book: &BookId,
        account: &AccountId,
        position: u32,
    ) -> Result<Option<u32>, StoreError> {
        read::reversal_of(&mut **self.lock().await?, book, account, position).await
    }

    async fn charges(
        &self,
        book: &BookId,
        term: TermId,
        accounts: &[AccountId],
    ) -> Result<Vec<ChargeMade>, StoreError> {
        read::charges(&mut **self.lock().await?, book, term, accounts).await
    }

    async fn totals(
        &self,
        book: &BookId,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        sums::totals(&mut **self.lock().await?, book, accounts).await
    }

    async fn term_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<TermRow>, StoreError> {
        sums::term_rows(&mut **self.lock().await?, book, term, after, limit).await
    }

    async fn book_totals(&self, book: &BookId) -> Result<BookTotals, StoreError> {
        sums::book_totals(&mut **self.lock().await?, book).await
    }

    async fn file_marks(
        &self,
        book: &BookId,
        after_lines: u64,
        limit: u32,
    ) -> Result<Vec<FileMark>, StoreError> {
        read::file_marks(&mut **self.lock().await?, book, after_lines, limit).await
    }

    async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
        // One statement, which leaves no trace when it fails: it needs no savepoint.
        let mut conn = self.lock().await?;
        let recorded = post(&mut conn, book, std::slice::from_ref(&posting), Phase::Before).await?;
        Ok(match recorded {
            Recorded::Positions(positions) => match positions.first() {
                Some(Some(position)) => Posted::Admitted { position: *position },
                _ => Posted::NotAdmitted,
            },
            Recorded::Constraint => Posted::NotAdmitted,
        })
    }

    async fn commit(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError> {
        self.run(Job::Commit(book.clone(), changes)).await?.committed()
    }

    async fn bill(&self, book: &BookId, order: BillingOrder) -> Result<Billed, StoreError> {
        self.run(Job::Bill(book.clone(), order)).await?.billed()
    }

    async fn reprice(&self, book: &BookId, order: RepriceOrder) -> Result<Repriced, StoreError> {
        self.run(Job::Reprice(book.clone(), order)).await?.repriced()
    }
}
