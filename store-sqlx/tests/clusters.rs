//! A Galera cluster of three MariaDB nodes that all take writes: both suites with two stores on two nodes, and a posting load on all of them at
//! once, of which one is killed meanwhile. `scripts/test --clusters` runs them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "support/database.rs"]
mod database;
#[path = "support/session.rs"]
mod session;
mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bursar::{Currency, IdempotencyKey, Ledger, LedgerStore, Payment, StoreError};
use bursar_servers::{GaleraCluster, Service, trials};
use bursar_session::SessionStore;
use bursar_store_sqlx::{MySqlOptions, MySqlStore};
use database::Database;
use libtest_mimic::{Arguments, Failed, Trial};
use rust_decimal_macros::dec;
use support::{furnish, prove, term};
use tokio::runtime::Runtime;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is read at one node has what was written at another.
async fn open(url: &str) -> Result<MySqlStore, StoreError> {
    MySqlOptions::new().waits_for_cluster(true).open(url).await
}

/// A trial of two stores on two nodes, on a database of its own.
fn on_two_nodes<F>(
    name: &str,
    runtime: &Arc<Runtime>,
    case: impl FnOnce(MySqlStore, MySqlStore) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = Result<(), Failed>> + 'static,
{
    let runtime = Arc::clone(runtime);
    trials::shared(format!("cluster: {name} (Galera, two nodes)"), Service::Galera, move |urls| {
        runtime.block_on(async {
            let nodes: Vec<&str> = urls.split(',').collect();
            let [one, two, ..] = nodes[..] else { return Err("a cluster has several nodes".into()) };
            let database = Database::new(one).await?;
            let there = database.url();
            let name = there.rsplit_once('/').map_or("", |(_, name)| name);
            let beside = format!("{}/{name}", two.rsplit_once('/').map_or(two, |(server, _)| server));
            let (store, other) = (open(there).await?, open(&beside).await?);
            let done = tokio::time::timeout(PATIENCE, case(store.clone(), other.clone())).await?;
            store.close().await;
            other.close().await;
            database.drop().await?;
            done
        })
    })
}

const TASKS: usize = 24;
const ACCOUNTS: usize = 12;

/// All nodes take payments for the same few accounts; one is killed, and joins again.
async fn load(mut cluster: GaleraCluster) -> Result<(), Failed> {
    let urls = cluster.urls();
    let first = open(&urls[0]).await?;
    let books = Ledger::open(first.clone(), "hillside", Currency::USD).await?;
    furnish(&books, ACCOUNTS).await;
    session::create(&first, 1, &session::content("0")).await;
    let (over, paid, counted) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let (url, over, paid) = (urls[task % urls.len()].clone(), Arc::clone(&over), Arc::clone(&paid));
        let spare = urls[(task + 1) % urls.len()].clone();
        let counted = Arc::clone(&counted);
        tasks.push(tokio::spawn(async move {
            let mut store = open(&url).await.unwrap();
            for n in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let key = IdempotencyKey::new(format!("p-{task}-{n}")).unwrap();
                loop {
                    let payment = Payment::cash(dec!(1)).from(format!("a-{}", (task + n) % ACCOUNTS));
                    let payment = payment.for_term(term()).key(key.clone());
                    let asked = async {
                        let ledger = Ledger::open(store.clone(), "hillside", Currency::USD).await?;
                        ledger.pay(payment).await
                    };
                    match asked.await {
                        Ok(_) => break,
                        // The node is down, or out of the group: another one takes it, under the same key.
                        Err(error) => {
                            assert!(error.may_retry(), "{error:?}");
                            if let Ok(other) = open(if n % 2 == 0 { &spare } else { &url }).await {
                                store.close().await;
                                store = other;
                            }
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    }
                }
                paid.fetch_add(1, Ordering::SeqCst);
                if n % 10 == 0 && task % 8 == 0 && visit(&store).await {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            }
            store.close().await;
        }));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    cluster.kill(2)?;
    let without = paid.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(8)).await;
    let went_on = paid.load(Ordering::SeqCst) - without;
    cluster.restart(2)?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    over.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await?;
    }
    let paid = paid.load(Ordering::SeqCst);
    for (node, url) in urls.iter().enumerate() {
        let store = open(url).await?;
        let ledger = Ledger::open(store.clone(), "hillside", Currency::USD).await?;
        let report = prove(&ledger).await;
        assert_eq!(report.entries, paid, "node {node}: each payment is there once");
        let keys: Vec<_> =
            (0..TASKS).map(|task| IdempotencyKey::new(format!("p-{task}-0")).unwrap()).collect();
        assert_eq!(ledger.store().entries_by_key(ledger.book_id(), &keys).await?.len(), TASKS);
        let count: u64 = session::live(&store, 1).await.content.data.parse()?;
        assert!(count >= counted.load(Ordering::SeqCst), "node {node} has lost a write of a session");
        store.close().await;
    }
    assert!(went_on > 0, "the others went on");
    println!("{paid} payments by {TASKS} tasks at three nodes, {went_on} of them while one was dead");
    first.close().await;
    cluster.stop()?;
    Ok(())
}

/// Counts once in the one session that all have; whether it was said to be done.
async fn visit(store: &MySqlStore) -> bool {
    use bursar_session::store::{Loaded, Updated};
    for _ in 0..20 {
        let Ok(Loaded::Live(record)) = store.load(&session::key(1), session::start()).await else {
            return false;
        };
        let next = record.content.data.parse::<u64>().unwrap() + 1;
        let next = bursar_session::Content { data: next.to_string().into(), ..record.content };
        match store.update(&session::key(1), record.version, &next, session::start()).await {
            Ok(Updated::Updated(_)) => return true,
            Ok(Updated::Stale) => {}
            Ok(Updated::Gone(gone)) => panic!("{gone:?}"),
            Err(_) => return false,
        }
    }
    false
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut all = Vec::new();
    for case in bursar::conformance::cases() {
        let handle = runtime.handle().clone();
        all.push(on_two_nodes(case.name, &runtime, move |store, other| {
            let given = bursar::conformance::Given::new(Arc::new(store)).with_other(Arc::new(other));
            let given = given.with_spawn(move |task| drop(handle.spawn(task)));
            async move { Ok(case.run(given).await?) }
        }));
    }
    for case in bursar_session::conformance::cases() {
        let handle = runtime.handle().clone();
        all.push(on_two_nodes(case.name, &runtime, move |store, other| {
            let given = bursar_session::conformance::Given::new(Arc::new(store)).with_other(Arc::new(other));
            let given = given.with_spawn(move |task| drop(handle.spawn(task)));
            async move { Ok(case.run(given).await?) }
        }));
    }
    let handle = runtime.handle().clone();
    all.push(trials::own(
        "cluster: payments at all nodes, of which one is killed",
        Service::Galera,
        move || {
            let cluster = GaleraCluster::start(3)?;
            let done = handle.block_on(async { tokio::time::timeout(PATIENCE, load(cluster)).await });
            done.map_err(|_| Failed::from("it waits for ever"))?
        },
    ));
    Ok(libtest_mimic::run(&Arguments::from_args(), all).exit_code())
}
