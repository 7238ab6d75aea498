//! What MariaDB and MySQL hold by themselves, whoever writes: numbers without gaps, entries that stay, names by their bytes; and what is theirs
//! alone: a transaction that the server undoes, and statements that commit before they are done with.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/database.rs"]
mod database;

use std::process::ExitCode;
use std::sync::Arc;

use bursar::{Currency, Error, Ledger, Payment, StoreErrorKind, Term, TermId, date};
use bursar_servers::{Engine, trials};
use bursar_store_sqlx::sqlx::{
    self, ConnectOptions as _, Connection as _, Executor as _, MySqlConnection, MySqlPool,
};
use bursar_store_sqlx::{MySqlOptions, MySqlStore, MySqlTx};
use database::Database;
use libtest_mimic::{Arguments, Trial};
use rust_decimal::Decimal;
use tokio::runtime::Runtime;

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

async fn school(database: &Database) -> Ledger<MySqlStore> {
    let store = MySqlStore::open(database.url()).await.unwrap();
    let ledger = Ledger::open(store, "hillside", Currency::USD).await.unwrap();
    let first = Term::new(term(), date("2026-01-12").unwrap(), date("2026-04-09").unwrap()).unwrap();
    ledger.define_term(first).await.unwrap();
    for account in ["a", "b"] {
        ledger.enrol(account, ["PRIMARY"], date("2026-01-12").unwrap()).await.unwrap();
    }
    ledger
}

fn payment(account: &str, key: &str) -> Payment {
    Payment::cash(Decimal::from(10)).from(account).for_term(term()).key(key)
}

async fn number(conn: &mut MySqlConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(conn).await.unwrap()
}

async fn entries_stay_and_their_numbers_have_no_gap(database: Database) {
    let ledger = school(&database).await;
    ledger.pay(payment("a", "k-1")).await.unwrap();
    let mut conn = MySqlConnection::connect(database.url()).await.unwrap();
    let copied = |position: u32, key: &str, account: &str| {
        format!(
            "(book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, `key`, method)
             SELECT book, '{account}', {position}, id, term, kind, figure, amount, effective_on, recorded_at, '{key}', method
               FROM bursar_entry LIMIT 1"
        )
    };
    for refused in [
        "UPDATE bursar_entry SET amount = 1".to_owned(),
        "DELETE FROM bursar_entry".to_owned(),
        format!("REPLACE INTO bursar_entry {}", copied(0, "k-1", "a")),
        format!("INSERT INTO bursar_entry {} ON DUPLICATE KEY UPDATE amount = 1", copied(0, "k-1", "a")),
        format!("INSERT INTO bursar_entry {}", copied(3, "k-2", "a")),
        format!("INSERT INTO bursar_entry {}", copied(1, "k-2", "a")),
        format!("INSERT INTO bursar_entry {}", copied(0, "k-2", "nobody")),
    ] {
        let done = conn.execute(sqlx::AssertSqlSafe(refused.clone())).await;
        assert!(done.is_err(), "{refused}");
    }
    assert_eq!(number(&mut conn, "SELECT COUNT(*) FROM bursar_entry").await, 1);
    assert_eq!(number(&mut conn, "SELECT version FROM bursar_account WHERE account = 'a'").await, 1);
    assert_eq!(number(&mut conn, "SELECT balance FROM bursar_account WHERE account = 'a'").await, -1_000);
    for (position, key) in [(2, "k-2"), (0, "k-3")] {
        let asked = format!("INSERT INTO bursar_entry {}", copied(position, key, "a"));
        conn.execute(sqlx::AssertSqlSafe(asked)).await.unwrap();
    }
    assert_eq!(number(&mut conn, "SELECT version FROM bursar_account WHERE account = 'a'").await, 3);
    assert_eq!(number(&mut conn, "SELECT balance FROM bursar_account WHERE account = 'a'").await, -3_000);
    ledger.store().close().await;
    database.drop().await.unwrap();
}

async fn names_are_told_apart_by_their_bytes(database: Database) {
    let ledger = school(&database).await;
    let names =
        ["A", "a", "Ä", "ä", "ß", "ss", "é", "e\u{301}", "\u{1f600}", "\u{1f601}", "日本", "-1", "01", "1"];
    for name in names.iter().filter(|name| **name != "a") {
        ledger.enrol(*name, ["PRIMARY"], date("2026-01-12").unwrap()).await.unwrap();
    }
    for name in names {
        let receipt =
            ledger.pay(payment(name, &format!("key {name}")).note(format!("to {name}"))).await.unwrap();
        assert_eq!(receipt.entry.position, 1, "{name}");
        assert_eq!(receipt.entry.note.as_deref(), Some(format!("to {name}").as_str()));
    }
    ledger.store().close().await;
    database.drop().await.unwrap();
}

async fn stores_that_are_opened_at_once_make_the_tables_once(database: Database) {
    let url: Arc<str> = Arc::from(database.url());
    let opened: Vec<_> = (0..6)
        .map(|_| {
            let url = Arc::clone(&url);
            tokio::spawn(async move { MySqlOptions::new().readers(1).lanes(1).open(&url).await.unwrap() })
        })
        .collect();
    for store in opened {
        store.await.unwrap().close().await;
    }
    let mut conn = MySqlConnection::connect(database.url()).await.unwrap();
    assert_eq!(number(&mut conn, "SELECT COUNT(*) FROM bursar_migration").await, 4);
    // A crash half way leaves some of it done: it is done again.
    conn.execute("DELETE FROM bursar_migration").await.unwrap();
    MySqlStore::open(database.url()).await.unwrap().close().await;
    assert_eq!(number(&mut conn, "SELECT COUNT(*) FROM bursar_migration").await, 4);
    database.drop().await.unwrap();
}

async fn a_transaction_that_the_server_has_undone_is_not_gone_on_with(database: Database) {
    const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION";
    let ledger = school(&database).await;
    let pool = MySqlPool::connect(database.url()).await.unwrap();
    let mut mine = pool.begin_with(BEGIN).await.unwrap();
    let mut other = pool.begin_with(BEGIN).await.unwrap();
    // The server undoes the one that has written less: let that be mine.
    other.execute("UPDATE bursar_member SET fee_group = CONCAT(fee_group, 'x')").await.unwrap();
    other.execute("UPDATE bursar_account SET revision = revision + 1 WHERE account = 'b'").await.unwrap();
    let through = ledger.through(MySqlTx::new(&mut mine));
    through.pay(payment("a", "k-1")).await.unwrap();
    let crossing = tokio::spawn(async move {
        other.execute("UPDATE bursar_account SET revision = revision + 1 WHERE account = 'a'").await.unwrap();
        other.commit().await.unwrap();
    });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let kind = |error: Error| match error {
        Error::Store(error) => (error.kind, error.detail),
        other => panic!("{other:?}"),
    };
    let crossed = kind(through.pay(payment("b", "k-2")).await.unwrap_err());
    assert_eq!(crossed.0, StoreErrorKind::Busy, "{}", crossed.1);
    assert!(crossed.1.contains("the whole transaction is undone"), "{}", crossed.1);
    let after = kind(through.pay(payment("a", "k-3")).await.unwrap_err());
    assert_eq!(after.0, StoreErrorKind::Misuse, "{}", after.1);
    drop(through);
    mine.rollback().await.unwrap();
    crossing.await.unwrap();
    let mut conn = MySqlConnection::connect(database.url()).await.unwrap();
    assert_eq!(number(&mut conn, "SELECT COUNT(*) FROM bursar_entry").await, 0);
    ledger.store().close().await;
    database.drop().await.unwrap();
}

async fn what_is_wrong_with_an_address_is_said_without_its_password(database: Database) {
    let mut wrong = sqlx::mysql::MySqlConnectOptions::to_url_lossy(&database.url().parse().unwrap());
    wrong.set_password(Some("s3cret")).unwrap();
    let nowhere = "mysql://someone:s3cret@127.0.0.1:1/school";
    for (url, kind) in [
        (wrong.as_str(), StoreErrorKind::CannotOpen),
        (nowhere, StoreErrorKind::Unavailable),
        ("mysql://someone:s3cret@localhost", StoreErrorKind::Misuse),
        ("no address: s3cret", StoreErrorKind::Misuse),
    ] {
        let options = MySqlOptions::new().acquire_timeout(std::time::Duration::from_secs(2));
        let error = options.open(url).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
    database.drop().await.unwrap();
}

/// A trial on a database of its own.
fn trial<F: Future<Output = ()>>(name: &str, test: impl FnOnce(Database) -> F + Send + 'static) -> Trial {
    trials::shared(name, Engine::Mariadb, move |url| {
        Runtime::new()?.block_on(async {
            test(Database::new(&url).await?).await;
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
        names_are_told_apart_by_their_bytes,
        stores_that_are_opened_at_once_make_the_tables_once,
        a_transaction_that_the_server_has_undone_is_not_gone_on_with,
        what_is_wrong_with_an_address_is_said_without_its_password,
    ];
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
