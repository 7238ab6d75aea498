//! One account's figures in all its terms.

use std::fmt::Debug;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bursar::{Ledger, LedgerStore};

use crate::Failure;
use crate::measure::{AsyncTask, Pair, at_once, in_turn};
use crate::payments::seed_of;
use crate::ratios::Plan;
use crate::school::{self, Chance};

/// How many accounts the book has.
pub const ACCOUNTS: u32 = 10_000;
/// How many terms, in each of which an account has three entries.
pub const TERMS: u32 = 12;

/// A way in which one would write it by hand; the fastest on the machine is the limit.
pub trait Way: Copy + Debug + Send + 'static {
    /// What it asks through.
    type Pool: Clone + Send + Sync + 'static;
    /// All of them.
    const ALL: &'static [Self];

    /// The sums of an account.
    fn sums(self, pool: &Self::Pool, account: String) -> impl Future<Output = Result<Sums, Failure>> + Send;
}

/// Sums by term and figure.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Term by term.
    pub by_term: Vec<(i64, [i64; 4])>,
}

impl Sums {
    /// Adds to the term that was added to last: entries lie term by term here.
    ///
    /// # Errors
    /// When there is no such figure.
    pub fn add(&mut self, term: i64, figure: i64, amount: i64) -> Result<(), Failure> {
        if self.by_term.last().is_none_or(|(last, _)| *last != term) {
            self.by_term.push((term, [0; 4]));
        }
        let (_, figures) = self.by_term.last_mut().ok_or("no term")?;
        let figure = figures.get_mut(usize::try_from(figure)?).ok_or("no such figure")?;
        *figure = figure.checked_add(amount).ok_or("overflow")?;
        Ok(())
    }
}

/// Ours and the fastest way in turn, so many asking at once.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run<W: Way>(
    plan: &Plan,
    bench: &str,
    tasks: u32,
    ledger: &Arc<Ledger<impl LedgerStore + 'static>>,
    pool: &W::Pool,
) -> Result<Pair, Failure> {
    let way = fastest::<W>(ledger, pool, tasks).await?;
    let pair = in_turn(
        bench,
        plan.rounds,
        async |round| {
            let task = |task| Asking::new(Arc::clone(ledger), ACCOUNTS, seed_of(round, task));
            at_once((0..tasks).map(task).collect(), plan.time).await
        },
        async |round| {
            let task = |task| Summing::new(pool, way, seed_of(round, task));
            at_once((0..tasks).map(task).collect(), plan.time).await
        },
    );
    pair.await
}

/// A task that asks for one account after another.
#[derive(Debug)]
pub struct Asking<S> {
    ledger: Arc<Ledger<S>>,
    accounts: u32,
    chance: Chance,
}

impl<S> Asking<S> {
    /// One with chance of its own.
    #[must_use]
    pub const fn new(ledger: Arc<Ledger<S>>, accounts: u32, seed: u64) -> Self {
        Self { ledger, accounts, chance: Chance::new(seed) }
    }
}

impl<S: LedgerStore + 'static> AsyncTask for Asking<S> {
    async fn once(&mut self) -> Result<(), Failure> {
        let account = school::account(self.chance.below(self.accounts));
        black_box(self.ledger.balances(account).await?);
        Ok(())
    }
}

/// A task that asks by hand for one account after another.
struct Summing<W: Way> {
    pool: W::Pool,
    way: W,
    chance: Chance,
}

impl<W: Way> Summing<W> {
    fn new(pool: &W::Pool, way: W, seed: u64) -> Self {
        Self { pool: pool.clone(), way, chance: Chance::new(seed) }
    }
}

impl<W: Way> AsyncTask for Summing<W> {
    async fn once(&mut self) -> Result<(), Failure> {
        let account = school::account(self.chance.below(ACCOUNTS));
        black_box(self.way.sums(&self.pool, account).await?);
        Ok(())
    }
}

/// The fastest way here and now, of those that give what ours gives.
async fn fastest<W: Way>(
    ledger: &Ledger<impl LedgerStore>,
    pool: &W::Pool,
    tasks: u32,
) -> Result<W, Failure> {
    let account = school::account(17);
    let mut ours = Sums::default();
    for figures in ledger.balances(account.as_str()).await? {
        let paid = figures.amount_paid.minor().saturating_neg();
        let sums = [0, figures.term_fee.minor(), figures.adjustments.minor(), paid];
        ours.by_term.push((i64::from(figures.term.ordinal()), sums));
    }
    let mut best: Option<(W, f64)> = None;
    for way in W::ALL {
        if way.sums(pool, account.clone()).await? != ours {
            return Err(format!("{way:?} gives other sums than ours").into());
        }
        let task = |task| Summing::new(pool, *way, seed_of(0, task));
        let rate = at_once((0..tasks).map(task).collect(), Duration::from_millis(500)).await?;
        eprintln!("  account, {tasks} at once, by hand, {way:?}: {rate:.0}/s");
        if best.is_none_or(|(_, fastest)| rate > fastest) {
            best = Some((*way, rate));
        }
    }
    Ok(best.ok_or("there is no way")?.0)
}
