//! What goes wrong with a file is told apart, says what to do, and leaves nothing behind.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use bursar::{Error, Payment, StoreErrorKind};
use bursar_store_sqlx::sqlx::{self, Connection};
use bursar_store_sqlx::{SqliteOptions, SqliteStore};
use rust_decimal_macros::dec;
use support::{File, furnish, prove, term};

fn kind(error: &Error) -> StoreErrorKind {
    match error {
        Error::Store(error) | Error::UnknownOutcome { source: error, .. } => error.kind,
        other => panic!("{other}"),
    }
}

fn payment(key: &str) -> Payment {
    Payment::cash(dec!(5)).from("a-0").for_term(term()).key(key)
}

#[tokio::test]
async fn what_is_no_database_is_told() {
    let file = File::new();
    std::fs::write(file.path(), vec![b'x'; 8_192]).unwrap();
    let error = SqliteStore::open(file.path()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotADatabase, "{error}");
    assert_eq!(std::fs::read(file.path()).unwrap(), vec![b'x'; 8_192]);
}

#[tokio::test]
async fn what_cannot_be_opened_is_told() {
    let file = File::new();
    let error = SqliteStore::open(format!("{}/none/fees.db", file.path())).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::CannotOpen, "{error}");
    for address in ["", ":memory:", "sqlite::memory:", "sqlite:x?mode=nonsense"] {
        assert_eq!(SqliteStore::open(address).await.unwrap_err().kind, StoreErrorKind::Misuse, "{address}");
    }
}

#[tokio::test]
async fn what_may_not_be_written_is_told() {
    let file = File::new();
    file.connection().await.close().await.unwrap();
    std::fs::write(file.path(), b"").unwrap();
    let error = SqliteStore::open(format!("sqlite:{}?mode=ro", file.path())).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error}");
}

#[tokio::test]
async fn a_damaged_file_is_told() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, 50).await;
    ledger.store().close().await;
    drop(ledger);
    let mut bytes = std::fs::read(file.path()).unwrap();
    bytes.iter_mut().skip(4_096).for_each(|byte| *byte = 0xab);
    std::fs::write(file.path(), bytes).unwrap();
    let error = match SqliteStore::open(file.path()).await {
        Err(error) => error.kind,
        Ok(store) => kind(&bursar::Ledger::open_existing(store, "hillside").await.unwrap_err()),
    };
    assert_eq!(error, StoreErrorKind::Corrupt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_waited_for_and_then_told() {
    let file = File::new();
    let options = SqliteOptions::new().busy_timeout(Duration::from_millis(100));
    let store = options.open(&file.path()).await.unwrap();
    let ledger = bursar::Ledger::open(store, "hillside", bursar::Currency::USD).await.unwrap();
    furnish(&ledger, 1).await;
    let mut other = file.connection().await;
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = ledger.pay(payment("k")).await.unwrap_err();
    assert_eq!(kind(&error), StoreErrorKind::Busy, "{error}");
    assert!(error.may_retry());
    // Readers wait for nobody.
    assert!(ledger.account("a-0").await.is_ok());
    held.rollback().await.unwrap();
    assert!(!ledger.pay(payment("k")).await.unwrap().replayed);
    prove(&ledger).await;
}

#[tokio::test]
async fn billing_again_takes_no_lock() {
    let file = File::new();
    let options = SqliteOptions::new().busy_timeout(Duration::from_millis(50));
    let store = options.open(&file.path()).await.unwrap();
    let ledger = bursar::Ledger::open(store, "hillside", bursar::Currency::USD).await.unwrap();
    furnish(&ledger, 3).await;
    let on = support::day("2026-01-12");
    assert_eq!(ledger.activate_on(term(), on).await.unwrap().charges, 3);
    let mut other = file.connection().await;
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(ledger.activate_on(term(), on).await.unwrap().charges, 0);
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn a_full_database_is_told_and_goes_on_when_there_is_room() {
    let file = File::new();
    let url = format!("sqlite:{}?mode=rwc", file.path());
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    let ledger = bursar::Ledger::open(
        SqliteStore::with_pool(pool.clone()).await.unwrap(),
        "hillside",
        bursar::Currency::USD,
    )
    .await;
    let ledger = ledger.unwrap();
    furnish(&ledger, 1).await;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&pool).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {}", pages + 4)))
        .execute(&pool)
        .await
        .unwrap();
    let mut recorded = 0;
    let error = loop {
        match ledger.pay(payment(&format!("k-{recorded}")).note("n".repeat(400))).await {
            Ok(_) => recorded += 1,
            Err(error) => break error,
        }
        assert!(recorded < 10_000);
    };
    assert_eq!(kind(&error), StoreErrorKind::Full, "{error}");
    assert_eq!(prove(&ledger).await.entries, recorded);
    sqlx::raw_sql("PRAGMA max_page_count = 100000").execute(&pool).await.unwrap();
    assert!(!ledger.pay(payment(&format!("k-{recorded}"))).await.unwrap().replayed);
    assert_eq!(prove(&ledger).await.entries, recorded + 1);
}

#[tokio::test]
async fn a_store_that_is_closed_says_so() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, 1).await;
    ledger.store().close().await;
    let error = ledger.pay(payment("k")).await.unwrap_err();
    assert_eq!(kind(&error), StoreErrorKind::Unavailable, "{error}");
}
