//! Billing ten thousand accounts on SQLite, and billing them again.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented items; a bench may stop"
)]

use std::time::Duration;

use bursar_benches::billing::activate;
use bursar_benches::sqlite::activate::ready;
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

const ACCOUNTS: u32 = 10_000;

fn billing(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("activate/sqlite/10k");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(ACCOUNTS.into()));
    group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
    for (name, again) in [("first", false), ("again", true)] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| runtime.block_on(terms(times, again)));
        });
    }
}

/// Bills a term in so many new books.
async fn terms(times: u64, again: bool) -> Duration {
    let mut time = Duration::ZERO;
    for _ in 0..times {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let ledger = ready(&folder.path().join("activate.db"), ACCOUNTS, 1).await.unwrap();
        let first = activate(&ledger, 0, ACCOUNTS.into()).await.unwrap();
        time += if again { activate(&ledger, 0, 0).await.unwrap() } else { first };
        ledger.store().close().await;
    }
    time
}

criterion_group!(benches, billing);
criterion_main!(benches);
