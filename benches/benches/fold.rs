//! Folding a hundred thousand entries, ours and by hand.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented items; a bench may stop"
)]

use std::hint::black_box;

use bursar_benches::fold::History;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn fold(criterion: &mut Criterion) {
    let history = History::new(10_000).unwrap();
    let mut group = criterion.benchmark_group("fold/100k");
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("ours", |bencher| bencher.iter(|| black_box(history.fold().unwrap())));
    group.bench_function("limit", |bencher| bencher.iter(|| black_box(history.fold_by_hand().unwrap())));
}

criterion_group!(benches, fold);
criterion_main!(benches);
