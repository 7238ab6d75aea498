//! Taking payments, one at a time: into memory, into SQLite, and by hand.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented items; a bench may stop"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bursar_benches::measure::AsyncTask;
use bursar_benches::payments::{Paying, Rows};
use bursar_benches::school;
use bursar_benches::sqlite::post::{Inserting, template};
use bursar_benches::sqlite::{copy, one_writer, store, without_triggers};
use bursar_store_memory::MemoryStore;
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Runtime;

const ACCOUNTS: u32 = 1_000;

fn post(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (ours, by_hand) = (folder.path().join("ours.db"), folder.path().join("by-hand.db"));
    let runtime = Runtime::new().unwrap();
    let (mut memory, mut sqlite, mut inserting) = runtime.block_on(async {
        let ledger = school::open(MemoryStore::new(), 1).await.unwrap();
        school::enrol(&ledger, ACCOUNTS).await.unwrap();
        let memory = Paying::new(Arc::new(ledger), ACCOUNTS, 1).unwrap();
        template(&ours, ACCOUNTS).await.unwrap();
        copy(&ours, &by_hand).await.unwrap();
        without_triggers(&by_hand).await.unwrap();
        let ledger = school::open(store(&ours).await.unwrap(), 1).await.unwrap();
        let sqlite = Paying::new(Arc::new(ledger), ACCOUNTS, 1).unwrap();
        let rows = Rows::tasks(ACCOUNTS, 1, 1).unwrap().pop().unwrap();
        (memory, sqlite, Inserting::new(&one_writer(&by_hand).await.unwrap(), rows))
    });
    let mut group = criterion.benchmark_group("post/1");
    group.bench_function("memory", |bencher| {
        bencher.iter_custom(|times| repeat(&runtime, times, &mut memory));
    });
    group.bench_function("sqlite", |bencher| {
        bencher.iter_custom(|times| repeat(&runtime, times, &mut sqlite));
    });
    group.bench_function("limit", |bencher| {
        bencher.iter_custom(|times| repeat(&runtime, times, &mut inserting));
    });
}

fn repeat(runtime: &Runtime, times: u64, task: &mut impl AsyncTask) -> Duration {
    runtime.block_on(async {
        let from = Instant::now();
        for _ in 0..times {
            task.once().await.unwrap();
        }
        from.elapsed()
    })
}

criterion_group!(benches, post);
criterion_main!(benches);
