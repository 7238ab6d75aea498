//! The schema: made by whoever comes first, kept by the database itself.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use bursar::{Payment, StoreErrorKind};
use bursar_store_sqlx::sqlx::{self, Connection, Row};
use bursar_store_sqlx::{SqliteOptions, SqliteStore};
use rust_decimal_macros::dec;
use support::{File, furnish, prove, term};

#[tokio::test]
async fn opening_twice_changes_nothing() {
    let file = File::new();
    file.store().await.close().await;
    let before = schema(&file).await;
    file.store().await.close().await;
    assert_eq!(schema(&file).await, before);
    assert!(
        before.iter().all(|name| name.starts_with("bursar_") || name.starts_with("sqlite_")),
        "{before:?}"
    );
}

async fn schema(file: &File) -> Vec<String> {
    let mut conn = file.connection().await;
    let rows =
        sqlx::query("SELECT name FROM sqlite_schema ORDER BY name").fetch_all(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_make_it_once() {
    let file = File::new();
    let opening = (0..8).map(|_| {
        let path = file.path();
        tokio::spawn(async move { SqliteStore::open(path).await })
    });
    let opening: Vec<_> = opening.collect();
    for store in opening {
        store.await.unwrap().unwrap().close().await;
    }
    let mut conn = file.connection().await;
    let versions: i64 =
        sqlx::query_scalar("SELECT count(*) FROM bursar_migration").fetch_one(&mut conn).await.unwrap();
    assert_eq!(versions, if cfg!(feature = "session") { 4 } else { 3 });
}

#[tokio::test]
async fn the_callers_own_tables_and_migrations_are_left_alone() {
    let file = File::new();
    let mut conn = file.connection().await;
    sqlx::raw_sql("CREATE TABLE pupil (name TEXT); CREATE TABLE _sqlx_migrations (version INTEGER); INSERT INTO pupil VALUES ('T')")
        .execute(&mut conn)
        .await
        .unwrap();
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.path())).await.unwrap();
    let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
    store.close().await;
    let pupils: i64 = sqlx::query_scalar("SELECT count(*) FROM pupil").fetch_one(&pool).await.unwrap();
    let theirs: i64 =
        sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(&pool).await.unwrap();
    assert_eq!((pupils, theirs), (1, 0));
}

#[tokio::test]
async fn a_newer_schema_is_not_touched() {
    let file = File::new();
    file.store().await.close().await;
    let mut conn = file.connection().await;
    let newer = "INSERT INTO bursar_migration SELECT 99, 'from the future', checksum, applied_at FROM bursar_migration WHERE version = 1";
    sqlx::query(newer).execute(&mut conn).await.unwrap();
    let error = SqliteStore::open(file.path()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NewerSchema, "{error}");
    assert!(error.to_string().contains("upgrade"), "{error}");
}

#[cfg(not(feature = "session"))]
#[tokio::test]
async fn a_step_that_only_other_builds_need_is_known() {
    use sha2::{Digest as _, Sha256};

    let file = File::new();
    file.store().await.close().await;
    let mut conn = file.connection().await;
    let step = include_str!("../src/sqlite/migrations/0002_session.sql");
    sqlx::raw_sql(step).execute(&mut conn).await.unwrap();
    let kept = sqlx::query("INSERT INTO bursar_migration VALUES (2, 'session', $1, 0)");
    kept.bind(Sha256::digest(step).to_vec()).execute(&mut conn).await.unwrap();
    let ledger = file.ledger().await;
    furnish(&ledger, 1).await;
    prove(&ledger).await;
}

#[tokio::test]
async fn a_schema_of_somebody_elses_is_not_taken_for_ours() {
    let file = File::new();
    file.store().await.close().await;
    let mut conn = file.connection().await;
    sqlx::query("UPDATE bursar_migration SET checksum = zeroblob(32)").execute(&mut conn).await.unwrap();
    assert_eq!(SqliteStore::open(file.path()).await.unwrap_err().kind, StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn the_database_refuses_to_change_or_delete_an_entry() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, 2).await;
    for account in ["a-0", "a-1"] {
        ledger
            .pay(Payment::cash(dec!(5)).from(account).for_term(term()).key(format!("k-{account}")))
            .await
            .unwrap();
    }
    let mut conn = file.connection().await;
    let copy = "INSERT OR REPLACE INTO bursar_entry SELECT book, account, position, id, term, kind, figure, amount - 1, effective_on,
         recorded_at, recorded_by, key, method, reference, reason, code, due_on, slot, fee_group, reverses, concession, note
         FROM bursar_entry";
    let gap = "INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, key, method)
         SELECT book, account, position + 2, id, term, kind, figure, amount, effective_on, recorded_at, 'new', method
         FROM bursar_entry WHERE account = 'a-0'";
    // A new entry under an old key would push the old one out.
    let push_out = "INSERT OR REPLACE INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on,
         recorded_at, key, method) SELECT book, account, position + 1, id, term, kind, figure, amount, effective_on, recorded_at,
         'k-a-1', method FROM bursar_entry WHERE account = 'a-0'";
    for sql in ["UPDATE bursar_entry SET amount = 1", "DELETE FROM bursar_entry", copy, gap, push_out] {
        let error = sqlx::query(sql).execute(&mut conn).await.unwrap_err();
        assert!(error.to_string().contains("bursar: "), "{sql}: {error}");
    }
    prove(&ledger).await;
    let shown = sqlx::query("SELECT effective_on, term FROM bursar_entry_shown WHERE account = 'a-0'");
    let shown = shown.fetch_one(&mut conn).await.unwrap();
    assert_eq!(shown.get::<String, _>(0), ledger.today().to_string());
    assert_eq!(shown.get::<String, _>(1), "2026-1");
}

#[tokio::test]
async fn a_row_that_says_what_it_cannot_say_is_an_error() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, 1).await;
    ledger.pay(Payment::cash(dec!(5)).from("a-0").for_term(term()).key("k")).await.unwrap();
    let mut conn = file.connection().await;
    sqlx::raw_sql("DROP TRIGGER bursar_entry_no_update; UPDATE bursar_entry SET method = 'barter'")
        .execute(&mut conn)
        .await
        .unwrap();
    match ledger.entries("a-0", 0, 10).await.unwrap_err() {
        bursar::Error::Store(error) => assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_current_schema_may_be_opened_to_read_only() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, 1).await;
    let url = format!("sqlite:{}?mode=ro", file.path());
    let reading = bursar::Ledger::open_existing(SqliteOptions::new().open(&url).await.unwrap(), "hillside")
        .await
        .unwrap();
    assert_eq!(reading.account("a-0").await.unwrap().id.as_str(), "a-0");
    let payment = Payment::cash(dec!(5)).from("a-0").for_term(term()).key("k");
    match reading.pay(payment).await.unwrap_err() {
        bursar::Error::Store(error) => assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error}"),
        other => panic!("{other}"),
    }
}
