//! What goes wrong with a file of sessions is told apart, and is never taken for an absence (R5, R12).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/session.rs"]
mod session;
mod support;

use std::time::Duration;

use bursar_session::store::{Created, Updated};
use bursar_session::{GoneReason, KeyHash, SessionStore, StoreError, StoreErrorKind};
use bursar_store_sqlx::sqlx::{self, Connection};
use bursar_store_sqlx::{SqliteOptions, SqliteStore};
use session::{content, create, key, live, of_user, start, version};
use support::File;

/// Every call that writes, each on sessions of its own; what each ends with.
async fn write(store: &SqliteStore) -> Vec<StoreError> {
    let user = of_user("{}", "17").user.unwrap();
    let errors = [
        store.create(&key(100), &content("{}"), start()).await.err(),
        store.update(&key(1), version(1), &content("{}"), start()).await.err(),
        store.touch(&key(1), session::after(7_200), start()).await.err(),
        store.rotate(&key(1), &key(101), start()).await.err(),
        store.delete(&key(1), None, GoneReason::LoggedOut, start()).await.err(),
        store.delete_user(&user, None, start()).await.err(),
        store.delete_expired(10, start()).await.err(),
    ];
    let errors: Vec<StoreError> = errors.into_iter().flatten().collect();
    assert_eq!(errors.len(), 7, "{errors:?}");
    errors
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_waited_for_and_then_told() {
    let file = File::new();
    let options = SqliteOptions::new().busy_timeout(Duration::from_millis(50));
    let store = options.open(&file.path()).await.unwrap();
    create(&store, 1, &content("{}")).await;
    let mut other = file.connection().await;
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    for error in write(&store).await {
        assert_eq!(error.kind, StoreErrorKind::Busy, "{error}");
        assert!(error.may_retry());
    }
    // Several at once, of several kinds, are told as well.
    let (one, two) = (content("1"), content("2"));
    let (first, second) = (key(1), key(2));
    let (created, updated) =
        tokio::join!(store.create(&second, &two, start()), store.update(&first, version(1), &one, start()));
    assert_eq!(created.unwrap_err().kind, StoreErrorKind::Busy);
    assert_eq!(updated.unwrap_err().kind, StoreErrorKind::Busy);
    // Readers wait for nobody.
    assert_eq!(live(&store, 1).await.version, version(1));
    held.rollback().await.unwrap();
    create(&store, 2, &two).await;
    assert_eq!(store.update(&key(1), version(1), &one, start()).await.unwrap(), Updated::Updated(version(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_let_go_is_only_waited_for() {
    let file = File::new();
    let store = file.store().await;
    create(&store, 1, &content("{}")).await;
    let mut other = file.connection().await;
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { store.update(&key(1), version(1), &content("1"), start()).await })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    held.rollback().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), Updated::Updated(version(2)));
}

#[tokio::test]
async fn a_store_that_is_closed_says_so() {
    let file = File::new();
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file.path())).await.unwrap();
    let stores = [
        SqliteStore::in_memory().await.unwrap(),
        SqliteStore::with_pool(pool.clone()).await.unwrap(),
        file.store().await,
    ];
    let user = of_user("{}", "17").user.unwrap();
    for store in stores {
        create(&store, 1, &of_user("{}", "17")).await;
        store.close().await;
        let mut errors = write(&store).await;
        errors.extend(store.load(&key(1), start()).await.err());
        errors.extend(store.list_user(&user, None, 5, start()).await.err());
        assert_eq!(errors.len(), 9);
        for error in errors {
            assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
        }
        sqlx::query("DELETE FROM bursar_session").execute(&pool).await.unwrap();
    }
}

#[tokio::test]
async fn what_may_not_be_written_is_told() {
    let file = File::new();
    let store = file.store().await;
    create(&store, 1, &content("{}")).await;
    let reading = SqliteStore::open(format!("sqlite:{}?mode=ro", file.path())).await.unwrap();
    assert_eq!(live(&reading, 1).await.version, version(1));
    for error in write(&reading).await {
        assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error}");
        assert!(!error.may_retry());
    }
}

#[tokio::test]
async fn a_full_database_is_told_and_goes_on_when_there_is_room() {
    let file = File::new();
    let url = format!("sqlite:{}?mode=rwc", file.path());
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
    create(&store, 0, &content("0")).await;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&pool).await.unwrap();
    let limit = format!("PRAGMA max_page_count = {}", pages + 4);
    sqlx::raw_sql(sqlx::AssertSqlSafe(limit)).execute(&pool).await.unwrap();
    let large = content(&"x".repeat(1_000));
    let mut created = 1;
    let error = loop {
        match store.create(&key(created), &large, start()).await {
            Ok(done) => assert_eq!(done, Created::Created),
            Err(error) => break error,
        }
        created += 1;
        assert!(created < 10_000);
    };
    assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
    for number in 0..created {
        live(&store, number).await;
    }
    sqlx::raw_sql("PRAGMA max_page_count = 100000").execute(&pool).await.unwrap();
    create(&store, created, &large).await;
}

#[tokio::test]
async fn a_table_that_is_not_there_is_no_absence() {
    let file = File::new();
    let store = file.store().await;
    create(&store, 1, &content("{}")).await;
    let mut conn = file.connection().await;
    sqlx::raw_sql("DROP VIEW bursar_session_shown; DROP TABLE bursar_session")
        .execute(&mut conn)
        .await
        .unwrap();
    let (one, two) = (key(1), key(2));
    let (one, two) = tokio::join!(store.load(&one, start()), store.load(&two, start()));
    let mut errors = write(&store).await;
    errors.extend([one.unwrap_err(), two.unwrap_err()]);
    for error in errors {
        assert_eq!(error.kind, StoreErrorKind::Misuse, "{error}");
    }
}

#[tokio::test]
async fn nothing_that_is_said_shows_a_key_or_a_user() {
    let file = File::new();
    let store = file.store().await;
    let secret = KeyHash::from_bytes(*b"secret-secret-secret-secret-1234");
    let content = of_user("{\"password\":1}", "headmaster");
    store.create(&secret, &content, start()).await.unwrap();
    store.close().await;
    let error = store.update(&secret, version(1), &content, start()).await.unwrap_err();
    let said = format!("{error} {error:?} {store:?}");
    for secret in ["secret", "73656372", "115, 101", "headmaster", "password"] {
        assert!(!said.contains(secret), "{said}");
    }
}
