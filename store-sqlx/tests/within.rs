//! S6 on the server databases: inside the caller's own transaction, with the caller's own table, everything is kept or nothing, and what is
//! refused leaves the transaction usable.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/database.rs"]
mod database;
#[path = "support/schema.rs"]
mod schema;
mod support;

use std::process::ExitCode;
use std::time::Duration;

use bursar::{Currency, Error, Ledger, LedgerStore, Payment, Refund};
use bursar_servers::{Engine, trials};
use bursar_store_sqlx::sqlx::{self, MySqlPool, PgPool};
use bursar_store_sqlx::{MySqlStore, MySqlTx, PostgresStore, PostgresTx};
use libtest_mimic::{Arguments, Failed, Trial};
use rust_decimal_macros::dec;
use support::{day, furnish, prove, term};

const PATIENCE: Duration = Duration::from_secs(60);

fn payment(key: &str) -> Payment {
    Payment::cash(dec!(5)).from("a-0").for_term(term()).key(key)
}

/// What is done within: a payment, a refund that is refused, the same key once more and with other content, a billing.
async fn done_within<S: LedgerStore>(within: &Ledger<S>) {
    let first = within.pay(payment("k-1")).await.unwrap();
    let refused = within
        .refund(Refund::by(bursar::Method::Cash, dec!(500)).to("a-1").for_term(term()).key("k-0"))
        .await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    assert_eq!(within.pay(payment("k-1")).await.unwrap().number, first.number);
    let other = Payment::cash(dec!(6)).from("a-0").for_term(term()).key("k-1");
    assert!(matches!(within.pay(other).await, Err(Error::Refused(_))), "a key says one thing");
    assert_eq!(within.activate_on(term(), day("2026-01-12")).await.unwrap().charges, 3);
    assert_eq!(within.account("a-0").await.unwrap().balance.to_string(), "115.00");
}

macro_rules! within {
    ($pool:expr, $store:ident, $tx:ident) => {{
        let pool = $pool;
        let store = $store::with_pool(pool.clone()).await?;
        let ledger = Ledger::open(store.clone(), "hillside", Currency::USD).await?;
        furnish(&ledger, 3).await;
        sqlx::query("CREATE TABLE slip (name VARCHAR(20))").execute(&pool).await?;
        for (keep, entries) in [(false, 0), (true, 4)] {
            let mut transaction = pool.begin().await?;
            sqlx::query("INSERT INTO slip VALUES ('k-1')").execute(&mut *transaction).await?;
            done_within(&ledger.through($tx::new(&mut transaction))).await;
            if keep {
                transaction.commit().await?;
            } else {
                transaction.rollback().await?;
            }
            assert_eq!(prove(&ledger).await.entries, entries);
            let slips: i64 = sqlx::query_scalar("SELECT count(*) FROM slip").fetch_one(&pool).await?;
            assert_eq!(slips, i64::from(keep));
        }
        // A connection in no transaction is refused.
        let mut conn = pool.acquire().await?;
        let error = ledger.through($tx::new(&mut conn)).pay(payment("k-2")).await.unwrap_err();
        assert!(error.to_string().contains("no transaction"), "{error}");
        drop(conn);
        store.close().await;
        pool.close().await;
        Ok(())
    }};
}

async fn in_postgres(url: String) -> Result<(), Failed> {
    let schema = schema::Schema::new(&url).await?;
    let done: Result<(), Failed> = within!(PgPool::connect(schema.url()).await?, PostgresStore, PostgresTx);
    schema.drop().await?;
    done
}

async fn in_mariadb(url: String) -> Result<(), Failed> {
    let database = database::Database::new(&url).await?;
    let done: Result<(), Failed> = within!(MySqlPool::connect(database.url()).await?, MySqlStore, MySqlTx);
    database.drop().await?;
    done
}

fn run(test: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await })?
}

fn main() -> ExitCode {
    let all: Vec<Trial> = vec![
        trials::shared("the caller's own transaction (postgres)", Engine::Postgres, |url| {
            run(in_postgres(url))
        }),
        trials::shared("the caller's own transaction (mariadb)", Engine::Mariadb, |url| run(in_mariadb(url))),
    ];
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
