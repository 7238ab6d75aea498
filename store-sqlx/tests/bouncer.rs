//! Both suites, and a load, through `PgBouncer` in transaction mode: a connection of the server belongs to a client for one transaction only.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bursar::{Currency, Ledger, Payment};
use bursar_servers::{Bouncer, Engine, PoolMode, Server, trials};
use bursar_store_sqlx::{PostgresOptions, PostgresStore};
use libtest_mimic::{Arguments, Failed, Trial};
use rust_decimal_macros::dec;
use support::{furnish, prove, term};
use tokio::runtime::Runtime;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many connections of the server all clients share.
const CONNECTIONS: u16 = 6;

struct Behind {
    server: Server,
    bouncer: Bouncer,
}

/// One server for all, and one trial at a time, on tables of its own.
static BEHIND: Mutex<Option<Behind>> = Mutex::new(None);

fn alone(test: impl FnOnce(&str) -> Result<(), Failed>) -> Result<(), Failed> {
    let mut behind = BEHIND.lock().unwrap_or_else(PoisonError::into_inner);
    let there = match behind.take() {
        Some(there) => there,
        None => {
            let server = Server::start(Engine::Postgres)?;
            let bouncer = Bouncer::before(&server, PoolMode::Transaction, CONNECTIONS)?;
            Behind { server, bouncer }
        }
    };
    there.server.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
    let url = there.bouncer.url();
    *behind = Some(there);
    test(&url)
}

async fn open(url: &str) -> Result<PostgresStore, Failed> {
    Ok(PostgresOptions::new().proxied(true).open(url).await?)
}

fn trial<F>(
    name: &str,
    runtime: &Arc<Runtime>,
    case: impl FnOnce(PostgresStore, PostgresStore) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = Result<(), Failed>> + 'static,
{
    let runtime = Arc::clone(runtime);
    let trial = trials::own(format!("{name} (PgBouncer)"), Engine::Postgres, move || {
        alone(|url| {
            runtime.block_on(async {
                let (store, other) = (open(url).await?, open(url).await?);
                let done = tokio::time::timeout(PATIENCE, case(store.clone(), other.clone())).await;
                store.close().await;
                other.close().await;
                done?
            })
        })
    });
    if Bouncer::is_installed() { trial } else { trial.with_ignored_flag(true) }
}

/// Many clients, few connections: payments, sessions and a billing at once.
async fn load(store: PostgresStore, other: PostgresStore) -> Result<(), Failed> {
    let ledger = Ledger::open(store, "hillside", Currency::USD).await?;
    furnish(&ledger, 40).await;
    let beside = Ledger::open(other, "hillside", Currency::USD).await?;
    let mut tasks = Vec::new();
    for task in 0..48 {
        let ledger = if task % 2 == 0 { ledger.clone() } else { beside.clone() };
        tasks.push(tokio::spawn(async move {
            for n in 0..10 {
                let payment = Payment::cash(dec!(1)).from(format!("a-{}", (task + n) % 40));
                ledger.pay(payment.for_term(term()).key(format!("p-{task}-{n}"))).await.unwrap();
            }
        }));
    }
    let (one, two) = tokio::join!(ledger.activate(term()), beside.activate(term()));
    one?;
    two?;
    for task in tasks {
        task.await?;
    }
    assert_eq!(prove(&ledger).await.entries, 48 * 10 + 40);
    Ok(())
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut all = vec![trial("many clients over few connections", &runtime, load)];
    for case in bursar::conformance::cases() {
        let handle = runtime.handle().clone();
        all.push(trial(case.name, &runtime, move |store, other| {
            let given = bursar::conformance::Given::new(Arc::new(store)).with_other(Arc::new(other));
            let given = given.with_spawn(move |task| drop(handle.spawn(task)));
            async move { Ok(case.run(given).await?) }
        }));
    }
    for case in bursar_session::conformance::cases() {
        let handle = runtime.handle().clone();
        all.push(trial(case.name, &runtime, move |store, other| {
            let given = bursar_session::conformance::Given::new(Arc::new(store)).with_other(Arc::new(other));
            let given = given.with_spawn(move |task| drop(handle.spawn(task)));
            async move { Ok(case.run(given).await?) }
        }));
    }
    let done = libtest_mimic::run(&Arguments::from_args(), all);
    drop(BEHIND.lock().unwrap_or_else(PoisonError::into_inner).take());
    Ok(done.exit_code())
}
