//! Sums for reports, packed like those by term.

use std::iter::Peekable;
use std::str::Split;

use bursar::store::{AgedRow, AgingOrder, SummaryRow};
use bursar::{AgedTotals, FeeGroup, StoreError, Totals};
use sqlx::{Sqlite, SqliteConnection};

use super::sql;
use crate::ledger::columns::{corrupt, day, name};
use crate::ledger::reports::Reports;
use crate::ledger::term_page::{OPERATION, TermPage};
use crate::query::{Row, get, the_row};

/// Lines that begin with an account, in the order of accounts: a list beside that of the accounts themselves.
pub(super) struct Lines<'a>(Peekable<Split<'a, char>>);

impl<'a> Lines<'a> {
    pub(super) fn new(packed: &'a str) -> Self {
        let mut lines = packed.split('\n').peekable();
        // Nothing is one empty line.
        lines.next_if(|line| line.is_empty());
        Self(lines)
    }

    /// What the next line says, if it is of this account.
    pub(super) fn of(&mut self, account: &str) -> Option<&'a str> {
        let own = |line: &&str| line.strip_prefix(account).is_some_and(|rest| rest.starts_with(PART));
        self.0.next_if(own).and_then(|line| line.split_once(PART)).map(|(_, said)| said)
    }

    /// What belongs to no account of the page is not dropped in silence.
    pub(super) fn end(mut self) -> Result<(), StoreError> {
        self.0.next().map_or(Ok(()), |line| Err(bad(line)))
    }
}

const PART: char = '\u{1f}';

fn bad(line: &str) -> StoreError {
    corrupt(format!("{line:?} is no line of figures"))
}

/// The numbers of a line.
fn numbers(text: &str, part: char) -> impl Iterator<Item = Option<i64>> {
    text.split(part).map(|number| number.parse::<i64>().ok())
}

impl Reports for Sqlite {
    async fn summary_rows<'c>(
        conn: &'c mut SqliteConnection,
        page: TermPage<'c>,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        if page.is_last() {
            let parts: Row<Sqlite> = the_row(conn, OPERATION, page.query(sql::SUMMARY_ROWS_LAST)).await?;
            // A later term may have been defined since the terms were counted.
            if get::<_, Option<bool>>(&parts, 4)?.unwrap_or(true) {
                return summed(&parts, true);
            }
        }
        let sql = page.statement(sql::SUMMARY_ROWS_LATE, sql::SUMMARY_ROWS_EARLY, sql::SUMMARY_ROWS);
        summed(&the_row(conn, OPERATION, page.query(sql)).await?, false)
    }

    fn aged(rows: &[Row<Self>], order: &AgingOrder) -> Result<Vec<AgedRow>, StoreError> {
        let packed =
            rows.first().map(|row| get::<_, Option<&str>>(row, 0)).transpose()?.flatten().unwrap_or_default();
        packed.split('\n').filter(|line| !line.is_empty()).map(|line| aged(line, order)).collect()
    }
}

/// The rows from the accounts, and the lists beside them. Of the last term, the accounts come with their balances and the figures beside them.
fn summed(parts: &Row<Sqlite>, last: bool) -> Result<Vec<SummaryRow>, StoreError> {
    let part = |column| Ok::<_, StoreError>(get::<_, Option<&str>>(parts, column)?.unwrap_or_default());
    let (mut groups, mut reversed) = (Groups::new(part(1)?), Lines::new(part(2)?));
    let mut figures = Lines::new(if last { part(3)? } else { "" });
    let mut rows = Vec::new();
    for line in part(0)?.split('\n').filter(|line| !line.is_empty()) {
        let (account, said) = line.split_once(PART).ok_or_else(|| bad(line))?;
        let (earlier, totals, charges) = if last {
            let own = figures.of(account).unwrap_or("0\u{1f}0\u{1f}0\u{1f}0\u{1f}0");
            let (totals, charges) = figures_of(own).ok_or_else(|| bad(own))?;
            let balance = said.parse::<i64>().ok();
            let earlier = totals.net().ok().and_then(|net| balance?.checked_sub(net));
            (earlier, totals, charges)
        } else {
            let (earlier, own) = said.split_once(PART).ok_or_else(|| bad(line))?;
            let (totals, charges) = figures_of(own).ok_or_else(|| bad(line))?;
            (earlier.parse().ok(), totals, charges)
        };
        let reversed = reversed.of(account).map_or(Some(0), |sum| sum.parse::<i64>().ok());
        let charged = reversed.and_then(|reversed| charges.checked_sub(reversed));
        let (earlier, charged) = earlier.zip(charged).ok_or_else(|| bad(line))?;
        let groups = groups.of(account)?;
        rows.push(SummaryRow { account: name(account)?, earlier, totals, charged, groups });
    }
    figures.end()?;
    reversed.end()?;
    groups.lines.end()?;
    Ok(rows)
}

/// The totals of a term, and the sum of its charges.
fn figures_of(figures: &str) -> Option<(Totals, i64)> {
    let mut sums = numbers(figures, PART).map_while(|sum| sum);
    let totals =
        Totals { opening: sums.next()?, fee: sums.next()?, adjustment: sums.next()?, paid: sums.next()? };
    Some((totals, sums.next()?))
}

/// The fee groups of accounts. Most are in the same as the one before.
struct Groups<'a> {
    lines: Lines<'a>,
    last: Vec<FeeGroup>,
}

impl<'a> Groups<'a> {
    fn new(packed: &'a str) -> Self {
        Self { lines: Lines::new(packed), last: Vec::new() }
    }

    fn of(&mut self, account: &str) -> Result<Vec<FeeGroup>, StoreError> {
        let mut count = 0_usize;
        while let Some(group) = self.lines.of(account) {
            if self.last.get(count).is_none_or(|known| known.as_str() != group) {
                self.last.truncate(count);
                self.last.push(name(group)?);
            }
            count = count.saturating_add(1);
        }
        self.last.truncate(count);
        Ok(self.last.clone())
    }
}

fn aged(line: &str, order: &AgingOrder) -> Result<AgedRow, StoreError> {
    let mut fields = line.split(PART);
    let account = name(fields.next().ok_or_else(|| bad(line))?)?;
    let mut sum = || fields.next().and_then(|sum| sum.parse::<i64>().ok()).ok_or_else(|| bad(line));
    let (credits, oldest) = (sum()?, sum()?);
    let mut totals = AgedTotals::nothing(&order.floors);
    totals.credits = credits.checked_neg().ok_or_else(|| bad(line))?;
    totals.debits.last_mut().map(|last| *last = oldest).ok_or_else(|| bad(line))?;
    let others = fields.next().ok_or_else(|| bad(line))?;
    if !others.is_empty() {
        let mut others = numbers(others, ' ');
        while let Some(due_on) = others.next() {
            let (due_on, amount) = due_on.zip(others.next().flatten()).ok_or_else(|| bad(line))?;
            totals.add_debit(day(due_on)?, &order.floors, amount).map_err(|_| bad(line))?;
        }
    }
    Ok(AgedRow { account, totals })
}
