//! Taking payments on a server: gathered by the store, against one insert a transaction, of as many connections as tasks.

use std::sync::Arc;

use crate::Failure;
use crate::base::{Base, billed};
use crate::measure::{Pair, at_once, in_turn};
use crate::payments::{Paying, Rows};
use crate::ratios::Plan;
use crate::school;

/// `post/…/1`, `…/16` and `…/64`. Every side of every round has a new database.
///
/// # Errors
/// Whatever stops a side.
pub async fn run<B: Base>(plan: &Plan, server: &str) -> Result<Vec<Pair>, Failure> {
    let mut pairs = Vec::new();
    for tasks in [1, 16, 64] {
        let bench = format!("post/{}/{tasks}", B::NAME);
        if !plan.wants(&bench) {
            continue;
        }
        let pair = in_turn(
            &bench,
            plan.rounds,
            async |round| ours::<B>(plan, server, plan.accounts, tasks, round).await,
            async |round| {
                let base: B = billed(server, plan.accounts).await?;
                base.without_triggers().await?;
                let inserting = base.inserting(Rows::tasks(plan.accounts, tasks, round)?).await?;
                let rate = at_once(inserting, plan.time).await?;
                base.remove().await?;
                Ok(rate)
            },
        );
        pairs.push(pair.await?);
    }
    Ok(pairs)
}

/// Ours in a round: so many tasks, so many accounts.
///
/// # Errors
/// Whatever stops it.
pub async fn ours<B: Base>(
    plan: &Plan,
    server: &str,
    accounts: u32,
    tasks: u32,
    round: u32,
) -> Result<f64, Failure> {
    let base: B = billed(server, accounts).await?;
    let ledger = Arc::new(school::open(base.store().await?, 1).await?);
    let rate = at_once(Paying::tasks(&ledger, accounts, tasks, round)?, plan.time).await?;
    ledger.store().close().await;
    base.remove().await?;
    Ok(rate)
}
