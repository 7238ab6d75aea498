//! Sums that come over packed, since every row costs a crossing from SQLite's thread.

use std::collections::BTreeMap;

use bursar::store::TermRow;
use bursar::{AccountId, BookId, StoreError, TermTotals, Totals};
use sqlx::{Sqlite, SqliteConnection};

use super::reports::Lines;
use super::sql;
use crate::ledger::columns::{corrupt, figure as figure_of, name, term as term_of};
use crate::ledger::sums::Sums;
use crate::ledger::term_page::{OPERATION, TermPage};
use crate::query::{Row, get, query, the_row};

impl Sums for Sqlite {
    async fn totals_of_one<'c>(
        conn: &'c mut SqliteConnection,
        book: &'c BookId,
        account: &'c AccountId,
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        let asked = query(sql::AMOUNTS_OF_ONE, book).bind(account.as_str());
        let packed: Row<Sqlite> = the_row(conn, "sum an account", asked).await?;
        Ok(vec![(account.clone(), folded(get::<_, Option<&str>>(&packed, 0)?.unwrap_or_default())?)])
    }

    async fn term_rows<'c>(
        conn: &'c mut SqliteConnection,
        page: TermPage<'c>,
    ) -> Result<Vec<TermRow>, StoreError> {
        if page.is_last() {
            let parts: Row<Sqlite> = the_row(conn, OPERATION, page.query(sql::TERM_ROWS_LAST)).await?;
            // A later term may have been defined since the terms were counted.
            if get::<_, Option<bool>>(&parts, 0)?.unwrap_or(true) {
                let part =
                    |column| Ok::<_, StoreError>(get::<_, Option<&str>>(&parts, column)?.unwrap_or_default());
                return merged(part(1)?, part(2)?);
            }
        }
        let sql = page.statement(sql::TERM_ROWS_LATE, sql::TERM_ROWS_EARLY, sql::TERM_ROWS);
        let packed: Row<Sqlite> = the_row(conn, OPERATION, page.query(sql)).await?;
        let packed = get::<_, Option<&str>>(&packed, 0)?.unwrap_or_default();
        packed.split('\n').filter(|line| !line.is_empty()).map(term_row).collect()
    }
}

/// The totals of amounts as `term figure amount` and again.
fn folded(packed: &str) -> Result<TermTotals, StoreError> {
    let bad = || corrupt("an account's amounts are no numbers, or do not fit");
    let mut numbers = packed.split_ascii_whitespace().map(|number| number.parse::<i64>().map_err(|_| bad()));
    let mut by_term: BTreeMap<i64, Totals> = BTreeMap::new();
    while let Some(term) = numbers.next() {
        let (figure, amount) = numbers.next().zip(numbers.next()).ok_or_else(bad)?;
        by_term.entry(term?).or_default().add(figure_of(figure?)?, amount?).map_err(|_| bad())?;
    }
    let by_term = by_term.into_iter().map(|(term, totals)| Ok((term_of(term)?, totals)));
    Ok(TermTotals::new(by_term.collect::<Result<_, StoreError>>()?))
}

fn term_row(line: &str) -> Result<TermRow, StoreError> {
    let bad = || corrupt(format!("{line:?} is no line of figures"));
    let mut fields = line.split('\u{1f}');
    let account = name(fields.next().ok_or_else(bad)?)?;
    let mut sum = || fields.next().and_then(|field| field.parse::<i64>().ok()).ok_or_else(bad);
    let earlier = sum()?;
    let totals = Totals { opening: sum()?, fee: sum()?, adjustment: sum()?, paid: sum()? };
    Ok(TermRow { account, earlier, totals })
}

/// The rows of the last term, from its accounts with their balances, and from the sums of those that have entries in it.
fn merged(accounts: &str, sums: &str) -> Result<Vec<TermRow>, StoreError> {
    let bad = |line: &str| corrupt(format!("{line:?} is no line of figures"));
    let mut sums = Lines::new(sums);
    let mut rows = Vec::new();
    for line in accounts.split('\n').filter(|line| !line.is_empty()) {
        let (account, balance) = line.split_once('\u{1f}').ok_or_else(|| bad(line))?;
        let balance: i64 = balance.parse().map_err(|_| bad(line))?;
        let totals = match sums.of(account) {
            Some(figures) => figures_of(figures).ok_or_else(|| bad(figures))?,
            None => Totals::default(),
        };
        let earlier = totals.net().ok().and_then(|net| balance.checked_sub(net)).ok_or_else(|| bad(line))?;
        rows.push(TermRow { account: name(account)?, earlier, totals });
    }
    sums.end()?;
    Ok(rows)
}

fn figures_of(figures: &str) -> Option<Totals> {
    let mut sums = figures.split('\u{1f}').map_while(|sum| sum.parse::<i64>().ok());
    Some(Totals { opening: sums.next()?, fee: sums.next()?, adjustment: sums.next()?, paid: sums.next()? })
}
