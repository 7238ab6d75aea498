//! One account's figures in all its terms, on SQLite.

use std::sync::Arc;

use bursar::Ledger;
use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::{File, readers, store};
use crate::account::{self, ACCOUNTS, Sums, TERMS};
use crate::measure::Pair;
use crate::ratios::Plan;
use crate::school::BOOK;
use crate::{Failure, seed};

/// `account/sqlite` and `account/sqlite/16`.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let path = plan.folder.join("account.db");
    seed::book(&File(&path), ACCOUNTS, TERMS, seed::Entries::Three).await?;
    let ledger = Arc::new(Ledger::open_existing(store(&path).await?, BOOK).await?);
    let pool = readers(&path).await?;
    let mut pairs = Vec::new();
    for (bench, tasks) in [("account/sqlite", 1), ("account/sqlite/16", 16)] {
        if plan.wants(bench) {
            pairs.push(account::run::<Way>(plan, bench, tasks, &ledger, &pool).await?);
        }
    }
    ledger.store().close().await;
    pool.close().await;
    Ok(pairs)
}

/// The ways in which one would write it by hand.
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
}

impl account::Way for Way {
    type Pool = SqlitePool;
    const ALL: &'static [Self] = &[Self::Rows, Self::Packed, Self::Entries, Self::EntriesPacked];

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
