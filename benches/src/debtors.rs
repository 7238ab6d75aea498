//! Whether a page of debtors costs the same in a large book as in a small one.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bursar::{Currency, DebtorFilter, DebtorKey, Ledger, Money};
use bursar_store_sqlx::SqliteStore;

use crate::Failure;
use crate::flat::{LARGE, sqlite};
use crate::measure::{Pair, in_turn};
use crate::payments::seed_of;
use crate::ratios::Plan;
use crate::school::{self, Chance};

const SMALL: u32 = 1_000;
const PAGE: u32 = 50;
/// Those who owe, owe less than this many cents.
const OWED_MAX: u32 = 4_000;

/// `debtors/sqlite/1m`: pages of fifty, by amount, with their ages, from anywhere in the list.
///
/// # Errors
/// Whatever stops it.
pub async fn run_sqlite(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let small = sqlite(plan, SMALL, 1).await?;
    let large = sqlite(plan, LARGE, 1).await?;
    let (mut in_small, mut in_large) = (Vec::new(), Vec::new());
    let pair = in_turn(
        "debtors/sqlite/1m",
        plan.rounds,
        async |round| pages(&large, LARGE, plan.time, round, &mut in_large).await,
        async |round| pages(&small, SMALL, plan.time, round, &mut in_small).await,
    );
    let pair = pair.await?;
    eprintln!("  debtors/sqlite/1m: p50 {:?}; of a thousand, {:?}", p50(in_large), p50(in_small));
    small.store().close().await;
    large.store().close().await;
    Ok(vec![pair])
}

/// Asks for page after page; how many a second, by the time that half of them took at most, since a disk that is busy with something else makes
/// single ones slow.
async fn pages(
    ledger: &Ledger<SqliteStore>,
    accounts: u32,
    time: Duration,
    round: u32,
    times: &mut Vec<Duration>,
) -> Result<f64, Failure> {
    let filter = DebtorFilter::on(school::starts_on(1)?);
    let mut chance = Chance::new(seed_of(round, 0));
    let (from, mut own) = (Instant::now(), Vec::new());
    while from.elapsed() < time {
        let owed = i64::from(chance.below(OWED_MAX / 2)).saturating_add(i64::from(OWED_MAX / 2));
        let key = DebtorKey {
            outstanding: Money::from_minor(owed, Currency::USD),
            since: school::starts_on(0)?,
            account: school::account(chance.below(accounts)).try_into()?,
        };
        let asked = Instant::now();
        let page = black_box(ledger.debtors(&filter, Some(&key), PAGE).await?);
        own.push(asked.elapsed());
        if page.debtors.len() != usize::try_from(PAGE)? {
            return Err(format!("a page holds {} debtors", page.debtors.len()).into());
        }
    }
    times.extend(&own);
    Ok(1.0 / p50(own).as_secs_f64().max(1e-9))
}

fn p50(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
