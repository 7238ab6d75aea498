//! S6: inside the caller's own transaction, with the caller's own table.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use bursar::{Currency, Error, Ledger, Payment, Refund, StoreErrorKind};
use bursar_store_sqlx::sqlx::{self, SqlitePool};
use bursar_store_sqlx::{SqliteStore, SqliteTx};
use rust_decimal_macros::dec;
use support::{File, day, furnish, prove, term};

async fn school(file: &File) -> (SqlitePool, Ledger<SqliteStore>) {
    let pool = SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file.path())).await.unwrap();
    let ledger = Ledger::open(SqliteStore::with_pool(pool.clone()).await.unwrap(), "hillside", Currency::USD)
        .await
        .unwrap();
    furnish(&ledger, 3).await;
    sqlx::query("CREATE TABLE slip (key TEXT)").execute(&pool).await.unwrap();
    (pool, ledger)
}

fn payment(key: &str) -> Payment {
    Payment::cash(dec!(5)).from("a-0").for_term(term()).key(key)
}

async fn slips(pool: &SqlitePool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM slip").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn it_is_kept_with_the_callers_rows_or_not_at_all() {
    let file = File::new();
    let (pool, ledger) = school(&file).await;
    for (keep, entries) in [(false, 0), (true, 4)] {
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::query("INSERT INTO slip VALUES ('k-1')").execute(&mut *transaction).await.unwrap();
        let within = ledger.through(SqliteTx::new(&mut transaction));
        within.pay(payment("k-1")).await.unwrap();
        assert_eq!(within.activate_on(term(), day("2026-01-12")).await.unwrap().charges, 3);
        assert_eq!(within.account("a-0").await.unwrap().balance.to_string(), "115.00");
        drop(within);
        if keep {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
        assert_eq!(prove(&ledger).await.entries, entries);
        assert_eq!(slips(&pool).await, i64::from(keep));
    }
}

#[tokio::test]
async fn a_refused_call_leaves_the_transaction_usable_and_without_trace() {
    let file = File::new();
    let (pool, ledger) = school(&file).await;
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("INSERT INTO slip VALUES ('k-1')").execute(&mut *transaction).await.unwrap();
    let within = ledger.through(SqliteTx::new(&mut transaction));
    within.pay(payment("k-1")).await.unwrap();
    let refund = Refund::by(bursar::Method::Cash, dec!(100)).to("a-0").for_term(term()).key("k-2");
    assert!(matches!(within.refund(refund).await.unwrap_err(), Error::Refused(_)));
    let unknown = Payment::cash(dec!(5)).from("nobody").for_term(term()).key("k-3");
    assert!(matches!(within.pay(unknown).await.unwrap_err(), Error::Refused(_)));
    assert!(within.enrol("a-0", ["ECD"], day("2026-01-12")).await.is_err());
    assert!(within.reprice_on(term(), "NONE", "tuition", dec!(1), "no", day("2026-01-12")).await.is_err());
    assert!(within.pay(payment("k-1")).await.unwrap().replayed);
    drop(within);
    transaction.commit().await.unwrap();
    assert_eq!(prove(&ledger).await.entries, 1);
    assert_eq!(slips(&pool).await, 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_half_way_leaves_no_part_of_it() {
    let file = File::new();
    let (pool, ledger) = school(&file).await;
    for polls in 1..60_u32 {
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let within = ledger.through(SqliteTx::new(&mut transaction));
        {
            let mut call =
                Box::pin(within.enrol(format!("n-{polls}"), ["PRIMARY", "ECD"], day("2026-01-12")));
            for _ in 0..polls {
                let polled =
                    std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_ready()))
                        .await;
                if polled {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_micros(30)).await;
            }
        }
        sqlx::query("INSERT INTO slip VALUES ('k')").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        // Whole or not there: an account is never without its groups.
        if let Ok(account) = ledger.account(format!("n-{polls}")).await {
            assert_eq!(account.groups.len(), 2, "after {polls} polls");
        }
        assert_eq!(slips(&pool).await, i64::from(polls));
    }
}

#[tokio::test]
async fn a_connection_without_a_transaction_is_refused() {
    let file = File::new();
    let (pool, ledger) = school(&file).await;
    let mut conn = pool.acquire().await.unwrap();
    match ledger.through(SqliteTx::new(&mut conn)).pay(payment("k")).await.unwrap_err() {
        Error::Store(error) => assert_eq!(error.kind, StoreErrorKind::Misuse, "{error}"),
        other => panic!("{other}"),
    }
}
