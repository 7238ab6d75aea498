//! What PostgreSQL holds by itself, whoever writes: numbers without gaps, entries that stay, sessions that stay gone; tables that are made once;
//! addresses that are told without their passwords.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/schema.rs"]
mod schema;
#[path = "support/session.rs"]
mod session;
mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar::{Currency, Ledger, Payment, StoreErrorKind};
use bursar_servers::{Engine, trials};
use bursar_session::{GoneReason, SessionStore};
use bursar_store_sqlx::sqlx::{self, Connection as _, Executor as _, PgConnection};
use bursar_store_sqlx::{PostgresOptions, PostgresStore};
use libtest_mimic::{Arguments, Trial};
use rust_decimal_macros::dec;
use schema::Schema;
use support::{furnish, prove, term};
use tokio::runtime::Runtime;

async fn number(conn: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(conn).await.unwrap()
}

async fn entries_stay_and_their_numbers_have_no_gap(schema: &Schema) {
    let store = PostgresStore::open(schema.url()).await.unwrap();
    let ledger = Ledger::open(store.clone(), "hillside", Currency::USD).await.unwrap();
    furnish(&ledger, 2).await;
    ledger.pay(Payment::cash(dec!(10)).from("a-0").for_term(term()).key("k-1")).await.unwrap();
    let mut conn = PgConnection::connect(schema.url()).await.unwrap();
    let copied = |position: u32, key: &str, account: &str| {
        format!(
            "INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, key, method)
             SELECT book, '{account}', {position}, id, term, kind, figure, amount, effective_on, recorded_at, '{key}', method
               FROM bursar_entry LIMIT 1"
        )
    };
    for refused in [
        "UPDATE bursar_entry SET amount = 1".to_owned(),
        "DELETE FROM bursar_entry".to_owned(),
        "TRUNCATE bursar_entry".to_owned(),
        copied(2, "k-1", "a-0"),
        copied(1, "k-2", "a-0"),
        copied(3, "k-2", "a-0"),
        copied(1, "k-2", "nobody"),
    ] {
        let done = conn.execute(sqlx::AssertSqlSafe(refused.clone())).await;
        assert!(done.is_err(), "{refused}");
    }
    assert_eq!(prove(&ledger).await.entries, 1);
    // What follows the last one is taken, from whomever, and the account moves with it.
    conn.execute(sqlx::AssertSqlSafe(copied(2, "k-2", "a-0"))).await.unwrap();
    assert_eq!(ledger.account("a-0").await.unwrap().balance.to_string(), "-20.00");
    assert_eq!(prove(&ledger).await.entries, 2);
    conn.close().await.unwrap();
    store.close().await;
}

async fn a_session_that_is_gone_does_not_come_back(schema: &Schema) {
    let store = PostgresStore::open(schema.url()).await.unwrap();
    session::create(&store, 1, &session::content("{}")).await;
    store.delete(&session::key(1), None, GoneReason::LoggedOut, session::start()).await.unwrap();
    let mut conn = PgConnection::connect(schema.url()).await.unwrap();
    assert!(conn.execute("UPDATE bursar_session SET gone = 0, gone_at = NULL").await.is_err());
    assert_eq!(number(&mut conn, "SELECT count(*) FROM bursar_session WHERE gone <> 0").await, 1);
    conn.close().await.unwrap();
    store.close().await;
}

async fn stores_that_are_opened_at_once_make_the_tables_once(schema: &Schema) {
    let url: Arc<str> = Arc::from(schema.url());
    let opened: Vec<_> = (0..6)
        .map(|_| {
            let url = Arc::clone(&url);
            tokio::spawn(async move { PostgresOptions::new().readers(1).lanes(1).open(&url).await.unwrap() })
        })
        .collect();
    for store in opened {
        store.await.unwrap().close().await;
    }
    let mut conn = PgConnection::connect(schema.url()).await.unwrap();
    assert_eq!(number(&mut conn, "SELECT count(*) FROM bursar_migration").await, 4);
    conn.execute("INSERT INTO bursar_migration VALUES (99, 'later', decode(repeat('00', 32), 'hex'), 0)")
        .await
        .unwrap();
    let error = PostgresStore::open(schema.url()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NewerSchema, "{error}");
    conn.close().await.unwrap();
}

async fn what_is_wrong_with_an_address_is_said_without_its_password(schema: &Schema) {
    let (server, _) = schema.url().split_once('?').unwrap();
    let (before, _) = server.rsplit_once('/').unwrap();
    let no_database = format!("{before}/no_such_database?password=s3cret");
    for (url, kind) in [
        (no_database.as_str(), StoreErrorKind::CannotOpen),
        ("postgres://someone:s3cret@127.0.0.1:1/school", StoreErrorKind::Unavailable),
        ("no address: s3cret", StoreErrorKind::Misuse),
    ] {
        let error =
            PostgresOptions::new().acquire_timeout(Duration::from_secs(2)).open(url).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
}

/// A trial in a schema of its own.
fn trial(name: &str, test: impl AsyncFnOnce(&Schema) + Send + 'static) -> Trial {
    trials::shared(name, Engine::Postgres, move |url| {
        Runtime::new()?.block_on(async {
            let schema = Schema::new(&url).await?;
            test(&schema).await;
            schema.drop().await?;
            Ok(())
        })
    })
}

macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        vec![$(trial(stringify!($test), $test)),*]
    };
}

fn main() -> ExitCode {
    let all = trials![
        entries_stay_and_their_numbers_have_no_gap,
        a_session_that_is_gone_does_not_come_back,
        stores_that_are_opened_at_once_make_the_tables_once,
        what_is_wrong_with_an_address_is_said_without_its_password,
    ];
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
