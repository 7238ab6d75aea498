//! One account's figures in all its terms.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bursar::Ledger;
use bursar_store_sqlx::SqliteStore;
use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::{readers, seed, store};
use crate::Failure;
use crate::measure::{AsyncTask, Pair, at_once, in_turn};
use crate::ratios::Plan;
use crate::school::{self, BOOK, Chance};
use crate::sqlite::post::seed_of;

const ACCOUNTS: u32 = 10_000;
const TERMS: u32 = 12;

/// `account/sqlite` and `account/sqlite/16`.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let path = plan.folder.join("account.db");
    seed::book(&path, ACCOUNTS, TERMS, seed::Entries::Three).await?;
    let ledger = Arc::new(Ledger::open_existing(store(&path).await?, BOOK).await?);
    let pool = readers(&path).await?;
    let mut pairs = Vec::new();
    for (bench, tasks) in [("account/sqlite", 1), ("account/sqlite/16", 16)] {
        if !plan.wants(bench) {
            continue;
        }
        let way = fastest(&ledger, &pool, tasks).await?;
        let pair = in_turn(
            bench,
            plan.rounds,
            async |round| {
                let task = |task| Asking::new(Arc::clone(&ledger), ACCOUNTS, seed_of(round, task));
                at_once((0..tasks).map(task).collect(), plan.time).await
            },
            async |round| {
                let task = |task| Summing::new(&pool, way, seed_of(round, task));
                at_once((0..tasks).map(task).collect(), plan.time).await
            },
        );
        pairs.push(pair.await?);
    }
    ledger.store().close().await;
    pool.close().await;
    Ok(pairs)
}

/// A task that asks for one account after another.
#[derive(Debug)]
pub struct Asking {
    ledger: Arc<Ledger<SqliteStore>>,
    accounts: u32,
    chance: Chance,
}

impl Asking {
    /// One with chance of its own.
    #[must_use]
    pub const fn new(ledger: Arc<Ledger<SqliteStore>>, accounts: u32, seed: u64) -> Self {
        Self { ledger, accounts, chance: Chance::new(seed) }
    }
}

impl AsyncTask for Asking {
    async fn once(&mut self) -> Result<(), Failure> {
        let account = school::account(self.chance.below(self.accounts));
        black_box(self.ledger.balances(account).await?);
        Ok(())
    }
}

/// The ways in which one would write it by hand; the fastest on the machine is the limit.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The database sums: a row a term.
    Rows,
    /// The database sums, and packs all into one text, since every row that sqlx brings over from SQLite's thread costs.
    Packed,
    /// The program sums: a row an entry.
    Entries,
    /// The program sums, from one text.
    EntriesPacked,
}

const WAYS: [Way; 4] = [Way::Rows, Way::Packed, Way::Entries, Way::EntriesPacked];

impl Way {
    const fn sql(self) -> &'static str {
        match self {
            Self::Rows => {
                "SELECT term, coalesce(sum(amount) FILTER (WHERE figure = 0), 0), coalesce(sum(amount) FILTER (WHERE figure = 1), 0),
                        coalesce(sum(amount) FILTER (WHERE figure = 2), 0), coalesce(sum(amount) FILTER (WHERE figure = 3), 0)
                   FROM bursar_entry WHERE book = $1 AND account = $2 GROUP BY +term"
            }
            Self::Packed => {
                "SELECT group_concat(term || ' ' || figure || ' ' || amount, ' ')
                   FROM (SELECT term, figure, sum(amount) AS amount
                           FROM bursar_entry WHERE book = $1 AND account = $2 GROUP BY +term, +figure)"
            }
            Self::Entries => "SELECT term, figure, amount FROM bursar_entry WHERE book = $1 AND account = $2",
            Self::EntriesPacked => {
                "SELECT group_concat(term || ' ' || figure || ' ' || amount, ' ')
                   FROM bursar_entry WHERE book = $1 AND account = $2"
            }
        }
    }

    async fn sums(self, pool: &SqlitePool, account: String) -> Result<Sums, Failure> {
        let rows = sqlx::query(self.sql()).bind(BOOK).bind(account).fetch_all(pool).await?;
        let mut sums = Sums::default();
        for row in &rows {
            match self {
                Self::Rows => sums.by_term.push((row.try_get(0)?, figures(row)?)),
                Self::Entries => sums.add(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)?,
                Self::Packed | Self::EntriesPacked => {
                    let mut numbers = row.try_get::<&str, _>(0)?.split(' ').map(str::parse::<i64>);
                    while let (Some(term), Some(figure), Some(amount)) =
                        (numbers.next(), numbers.next(), numbers.next())
                    {
                        sums.add(term?, figure?, amount?)?;
                    }
                }
            }
        }
        Ok(sums)
    }
}

fn figures(row: &SqliteRow) -> Result<[i64; 4], Failure> {
    Ok([row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?])
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    by_term: Vec<(i64, [i64; 4])>,
}

impl Sums {
    /// Adds to the term that was added to last: entries lie term by term here.
    fn add(&mut self, term: i64, figure: i64, amount: i64) -> Result<(), Failure> {
        if self.by_term.last().is_none_or(|(last, _)| *last != term) {
            self.by_term.push((term, [0; 4]));
        }
        let (_, figures) = self.by_term.last_mut().ok_or("no term")?;
        let figure = figures.get_mut(usize::try_from(figure)?).ok_or("no such figure")?;
        *figure = figure.checked_add(amount).ok_or("overflow")?;
        Ok(())
    }
}

/// A task that asks by hand for one account after another.
struct Summing {
    pool: SqlitePool,
    way: Way,
    chance: Chance,
}

impl Summing {
    fn new(pool: &SqlitePool, way: Way, seed: u64) -> Self {
        Self { pool: pool.clone(), way, chance: Chance::new(seed) }
    }
}

impl AsyncTask for Summing {
    async fn once(&mut self) -> Result<(), Failure> {
        let account = school::account(self.chance.below(ACCOUNTS));
        black_box(self.way.sums(&self.pool, account).await?);
        Ok(())
    }
}

/// The fastest way here and now, of those that give what ours gives.
async fn fastest(ledger: &Ledger<SqliteStore>, pool: &SqlitePool, tasks: u32) -> Result<Way, Failure> {
    let account = school::account(17);
    let mut ours = Sums::default();
    for figures in ledger.balances(account.as_str()).await? {
        let paid = figures.amount_paid.minor().saturating_neg();
        let sums = [0, figures.term_fee.minor(), figures.adjustments.minor(), paid];
        ours.by_term.push((i64::from(figures.term.ordinal()), sums));
    }
    let mut best: Option<(Way, f64)> = None;
    for way in WAYS {
        if way.sums(pool, account.clone()).await? != ours {
            return Err(format!("{way:?} gives other sums than ours").into());
        }
        let task = |task| Summing::new(pool, way, seed_of(0, task));
        let rate = at_once((0..tasks).map(task).collect(), Duration::from_millis(500)).await?;
        eprintln!("  account, {tasks} at once, by hand, {way:?}: {rate:.0}/s");
        if best.is_none_or(|(_, fastest)| rate > fastest) {
            best = Some((way, rate));
        }
    }
    Ok(best.ok_or("there is no way")?.0)
}
