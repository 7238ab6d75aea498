//! One account's figures in all its terms, on PostgreSQL.

use std::sync::Arc;

use bursar::Ledger;
use sqlx::Row as _;
use sqlx::postgres::PgPool;

use super::Database;
use crate::account::{self, ACCOUNTS, Sums, TERMS};
use crate::base::Base as _;
use crate::measure::Pair;
use crate::ratios::Plan;
use crate::school::BOOK;
use crate::seed::Place as _;
use crate::{Failure, seed};

const TASKS: u32 = 16;

/// `account/postgres/16`.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run(plan: &Plan, server: &str) -> Result<Vec<Pair>, Failure> {
    let base = Database::create(server).await?;
    seed::book(&base, ACCOUNTS, TERMS, seed::Entries::Three).await?;
    let ledger = Arc::new(Ledger::open_existing(base.store().await?, BOOK).await?);
    let pool = base.pool(TASKS).await?;
    let pair = account::run::<Way>(plan, "account/postgres/16", TASKS, &ledger, &pool).await?;
    ledger.store().close().await;
    pool.close().await;
    base.remove().await?;
    Ok(vec![pair])
}

/// The ways in which one would write it by hand.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The database sums: a row a term.
    Rows,
    /// The database sums: a row a term and figure.
    Figures,
    /// The program sums: a row an entry.
    Entries,
    /// The program sums, from three arrays in one row.
    EntriesPacked,
}

impl Way {
    const fn sql(self) -> &'static str {
        match self {
            Self::Rows => {
                "SELECT term, coalesce(sum(amount) FILTER (WHERE figure = 0), 0)::bigint,
                        coalesce(sum(amount) FILTER (WHERE figure = 1), 0)::bigint,
                        coalesce(sum(amount) FILTER (WHERE figure = 2), 0)::bigint,
                        coalesce(sum(amount) FILTER (WHERE figure = 3), 0)::bigint
                   FROM bursar_entry WHERE book = $1 AND account = $2 GROUP BY term ORDER BY term"
            }
            Self::Figures => {
                "SELECT term, figure, sum(amount)::bigint
                   FROM bursar_entry WHERE book = $1 AND account = $2 GROUP BY term, figure ORDER BY term, figure"
            }
            Self::Entries => {
                "SELECT term, figure, amount FROM bursar_entry WHERE book = $1 AND account = $2 ORDER BY position"
            }
            Self::EntriesPacked => {
                "SELECT array_agg(term), array_agg(figure), array_agg(amount)
                   FROM (SELECT term, figure, amount FROM bursar_entry WHERE book = $1 AND account = $2 ORDER BY position) AS e"
            }
        }
    }
}

impl account::Way for Way {
    type Pool = PgPool;
    const ALL: &'static [Self] = &[Self::Rows, Self::Figures, Self::Entries, Self::EntriesPacked];

    async fn sums(self, pool: &PgPool, account: String) -> Result<Sums, Failure> {
        let rows = sqlx::query(self.sql()).bind(BOOK).bind(account).fetch_all(pool).await?;
        let mut sums = Sums::default();
        for row in &rows {
            match self {
                Self::Rows => {
                    let figures = [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?];
                    sums.by_term.push((row.try_get(0)?, figures));
                }
                Self::Figures | Self::Entries => {
                    sums.add(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)?;
                }
                Self::EntriesPacked => {
                    let (terms, figures): (Vec<i64>, Vec<i64>) = (row.try_get(0)?, row.try_get(1)?);
                    let amounts: Vec<i64> = row.try_get(2)?;
                    for ((term, figure), amount) in terms.into_iter().zip(figures).zip(amounts) {
                        sums.add(term, figure, amount)?;
                    }
                }
            }
        }
        Ok(sums)
    }
}
