//! One account's figures in twelve terms, on SQLite.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented items; a bench may stop"
)]

use std::sync::Arc;

use bursar::Ledger;
use bursar_benches::school::{self, BOOK};
use bursar_benches::seed;
use bursar_benches::sqlite::{File, store};
use criterion::{Criterion, criterion_group, criterion_main};

fn account(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("account.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ledger = runtime.block_on(async {
        seed::book(&File(&path), 1_000, 12, seed::Entries::Three).await.unwrap();
        Arc::new(Ledger::open_existing(store(&path).await.unwrap(), BOOK).await.unwrap())
    });
    criterion.bench_function("account/sqlite/balances", |bencher| {
        bencher.to_async(&runtime).iter(async || ledger.balances(school::account(17)).await.unwrap());
    });
    criterion.bench_function("account/sqlite/statement", |bencher| {
        let term = school::term(11).unwrap();
        bencher.to_async(&runtime).iter(async || ledger.statement(school::account(17), term).await.unwrap());
    });
}

criterion_group!(benches, account);
criterion_main!(benches);
