//! A server that is killed and started anew, with nothing in its cache of scripts, and a cluster whose master is killed, while sessions are
//! written: what was acknowledged is there, what was ended stays ended.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "support/session.rs"]
mod session;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bursar_servers::{Engine, Server, trials};
use bursar_session::store::{Created, Deleted, Loaded, Rotated, Updated};
use bursar_session::{Content, GoneReason, SessionStore, StoreErrorKind};
use bursar_store_redis::{RedisOptions, RedisStore};
use libtest_mimic::{Arguments, Failed};
use session::{at, content, create, found, key};
use tokio::runtime::Runtime;

const TASKS: u32 = 12;
const COUNTERS: u32 = 3;

/// What was acknowledged.
#[derive(Default)]
struct Said {
    over: AtomicBool,
    counted: AtomicU64,
    uncertain: AtomicU64,
    ended: AtomicU64,
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::SeqCst);
}

/// Asks until there is an answer.
async fn answered<T, F: Future<Output = Result<T, bursar_session::StoreError>>>(ask: impl Fn() -> F) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn count(store: &RedisStore, number: u32, said: &Said) {
    let key = key(number);
    loop {
        let Loaded::Live(record) = answered(|| store.load(&key, at(1))).await else {
            panic!("a counter is gone")
        };
        let next = record.content.data.parse::<u64>().unwrap() + 1;
        let next = Content { data: next.to_string().into(), ..record.content };
        match store.update(&key, record.version, &next, at(1)).await {
            Ok(Updated::Updated(_)) => return add(&said.counted),
            Ok(Updated::Stale) => {}
            Ok(Updated::Gone(gone)) => panic!("{gone:?}"),
            Err(error) if error.kind == StoreErrorKind::UnknownOutcome => return add(&said.uncertain),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// A session is created, rotated and ended; it stays ended.
async fn visit(store: &RedisStore, number: u32) {
    let (old, new) = (key(number), key(number + 1));
    let empty = content("{}");
    let created = answered(|| store.create(&old, &empty, at(0))).await;
    assert!(matches!(created, Created::Created | Created::Exists));
    let rotated = answered(|| store.rotate(&old, &new, at(1))).await;
    assert!(matches!(rotated, Rotated::Rotated | Rotated::Gone(_) | Rotated::Exists), "{rotated:?}");
    assert!(matches!(answered(|| store.load(&old, at(1))).await, Loaded::Gone(_)));
    assert!(matches!(answered(|| store.load(&new, at(1))).await, Loaded::Live(_)));
    let deleted = answered(|| store.delete(&new, None, GoneReason::LoggedOut, at(2))).await;
    assert!(matches!(deleted, Deleted::Deleted | Deleted::Gone(_)), "{deleted:?}");
    assert!(matches!(answered(|| store.load(&new, at(2))).await, Loaded::Gone(_)));
}

/// Writes sessions while something is done to the server, and proves what was said of them.
async fn under(
    store: RedisStore,
    done_to_it: impl AsyncFnOnce() -> Result<(), Failed>,
) -> Result<(), Failed> {
    for counter in 0..COUNTERS {
        create(&store, counter, &content("0")).await;
    }
    let said = Arc::new(Said::default());
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let (store, said) = (store.clone(), Arc::clone(&said));
        tasks.push(tokio::spawn(async move {
            let mut ended = Vec::new();
            for n in 0.. {
                if said.over.load(Ordering::SeqCst) {
                    break;
                }
                count(&store, n % COUNTERS, &said).await;
                let number = 1_000_000 * (task + 1) + 2 * n;
                visit(&store, number).await;
                ended.push(number);
                add(&said.ended);
            }
            ended
        }));
    }
    done_to_it().await?;
    said.over.store(true, Ordering::SeqCst);
    let mut ended = Vec::new();
    for task in tasks {
        ended.extend(task.await?);
    }
    for number in &ended {
        for key in [key(*number), key(number + 1)] {
            assert!(matches!(store.load(&key, at(3)).await?, Loaded::Gone(_)), "what was ended stays ended");
        }
    }
    let mut there = 0;
    for counter in 0..COUNTERS {
        there += found(&store, counter).await.unwrap().content.data.parse::<u64>()?;
    }
    let (sure, uncertain) = (said.counted.load(Ordering::SeqCst), said.uncertain.load(Ordering::SeqCst));
    assert!(
        there >= sure && there <= sure + uncertain,
        "{there}, and {sure} to {} were said",
        sure + uncertain
    );
    assert!(sure > 100 && ended.len() > 100, "{sure} and {}: the test shows little", ended.len());
    println!("{sure} counted, {uncertain} unsure, {} sessions ended", ended.len());
    Ok(())
}

fn options() -> RedisOptions {
    RedisOptions::new().timeout(Duration::from_secs(2))
}

async fn one_server() -> Result<(), Failed> {
    // What is acknowledged is on the disk.
    let mut server = Server::start_with(Engine::Redis, &[("appendfsync", "always")])?;
    let store = options().open(&server.url()).await?;
    under(store, async || {
        for kill in 0..8 {
            tokio::time::sleep(Duration::from_millis(300 + kill * 97 % 300)).await;
            server.kill()?;
            server.restart()?;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(())
    })
    .await?;
    Ok(server.stop()?)
}

#[cfg(feature = "cluster")]
async fn a_cluster() -> Result<(), Failed> {
    let mut cluster = bursar_servers::RedisCluster::start(6)?;
    // What is acknowledged is known to the replica that takes over.
    let options = options().wait_for_replicas(1, Duration::from_secs(1));
    let store = options.cluster(cluster.urls()).await?;
    under(store, async || {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let master = cluster.masters()[0];
        cluster.kill(master)?;
        cluster.await_settled()?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.restart(master)?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    })
    .await?;
    Ok(cluster.stop()?)
}

fn main() -> ExitCode {
    let run = |test: std::pin::Pin<Box<dyn Future<Output = Result<(), Failed>>>>| {
        let runtime = Runtime::new()?;
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(240), test).await })?
    };
    let all = vec![
        trials::own("a server that is killed keeps its word", Engine::Redis, move || {
            run(Box::pin(one_server()))
        }),
        #[cfg(feature = "cluster")]
        trials::own("cluster: a master that is killed", bursar_servers::Service::RedisCluster, move || {
            run(Box::pin(a_cluster()))
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
