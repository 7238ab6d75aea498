//! Whether an operation costs the same in a large book as in a small one.

use std::sync::Arc;
use std::time::Duration;

use bursar::{Ledger, LedgerStore};
use bursar_store_memory::MemoryStore;
use bursar_store_sqlx::SqliteStore;

use crate::account::Asking;
use crate::measure::{Pair, at_once, in_turn};
use crate::payments::{Paying, seed_of};
use crate::ratios::Plan;
use crate::sqlite::File;
use crate::{Failure, school, seed};

const SMALL: u32 = 10_000;
/// How many accounts the large book has.
pub const LARGE: u32 = 1_000_000;

/// `flat/memory/post`.
///
/// # Errors
/// Whatever stops it.
pub async fn run_memory(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let small = memory(SMALL).await?;
    let large = memory(LARGE).await?;
    let pair = in_turn(
        "flat/memory/post",
        plan.rounds,
        async |round| pay(&large, LARGE, 1, plan.time, round).await,
        async |round| pay(&small, SMALL, 1, plan.time, round).await,
    );
    Ok(vec![pair.await?])
}

async fn memory(accounts: u32) -> Result<Arc<Ledger<MemoryStore>>, Failure> {
    let ledger = school::open(MemoryStore::new(), 1).await?;
    school::enrol(&ledger, accounts).await?;
    Ok(Arc::new(ledger))
}

async fn pay<S: LedgerStore + 'static>(
    ledger: &Arc<Ledger<S>>,
    accounts: u32,
    tasks: u32,
    time: Duration,
    round: u32,
) -> Result<f64, Failure> {
    let paying = Paying::tasks(ledger, accounts, tasks, round)?;
    at_once(paying, time).await
}

/// `flat/sqlite/post` and `flat/sqlite/balances`.
///
/// # Errors
/// Whatever stops it.
pub async fn run_sqlite(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    const TERMS: u32 = 1;
    const TASKS: u32 = 64;
    let small = sqlite(plan, SMALL, TERMS).await?;
    let large = sqlite(plan, LARGE, TERMS).await?;
    let mut pairs = Vec::new();
    if plan.wants("flat/sqlite/balances") {
        let pair = in_turn(
            "flat/sqlite/balances",
            plan.rounds,
            async |round| ask(&large, LARGE, plan.time, round).await,
            async |round| ask(&small, SMALL, plan.time, round).await,
        );
        pairs.push(pair.await?);
    }
    if plan.wants("flat/sqlite/post") {
        let pair = in_turn(
            "flat/sqlite/post",
            plan.rounds,
            async |round| pay(&large, LARGE, TASKS, plan.time, round).await,
            async |round| pay(&small, SMALL, TASKS, plan.time, round).await,
        );
        pairs.push(pair.await?);
    }
    small.store().close().await;
    large.store().close().await;
    Ok(pairs)
}

/// A book of so many accounts, in a file that is set up by the first that asks for it.
///
/// # Errors
/// When it cannot be written.
pub async fn sqlite(plan: &Plan, accounts: u32, terms: u32) -> Result<Arc<Ledger<SqliteStore>>, Failure> {
    let path = plan.folder.join(format!("flat-{accounts}.db"));
    if !path.exists() {
        seed::book(&File(&path), accounts, terms, seed::Entries::Three).await?;
    }
    Ok(Arc::new(school::open(crate::sqlite::store(&path).await?, terms).await?))
}

async fn ask(
    ledger: &Arc<Ledger<SqliteStore>>,
    accounts: u32,
    time: Duration,
    round: u32,
) -> Result<f64, Failure> {
    at_once(vec![Asking::new(Arc::clone(ledger), accounts, seed_of(round, 0))], time).await
}
