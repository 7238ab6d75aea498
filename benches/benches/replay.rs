//! Reading a school file of ten thousand lines, ours and by hand.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented items; a bench may stop"
)]

use std::hint::black_box;

use bursar::school_file;
use bursar_benches::replay::{read_by_hand, write};
use bursar_store_memory::MemoryStore;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn replay(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("school.jsonl");
    write(&path, 10_000, 250).unwrap();
    let file = std::fs::read(&path).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("replay/memory/10k");
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("ours", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            black_box(school_file::replay(MemoryStore::new(), file.as_slice(), |_| {}).await.unwrap())
        });
    });
    group.bench_function("limit", |bencher| {
        bencher.iter(|| black_box(read_by_hand(file.as_slice()).unwrap()));
    });
}

criterion_group!(benches, replay);
criterion_main!(benches);
