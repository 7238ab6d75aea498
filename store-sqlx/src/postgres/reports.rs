//! Sums for reports.

use std::collections::HashMap;

use bursar::store::{AgedRow, AgingOrder, SummaryRow};
use bursar::{AccountId, BookId, FeeGroup, StoreError, TermId};
use sqlx::{PgConnection, Postgres};

use super::sql;
use super::sums::{OPERATION, Side, merged, side_of};
use crate::ledger::columns::{corrupt, name};
use crate::ledger::read::after_text;
use crate::ledger::reports::{aged, asked_to_age};
use crate::query::{Row, get, query, rows};

/// A term's parts are summed as its rows are.
pub(super) async fn summary_rows(
    conn: &mut PgConnection,
    book: &BookId,
    term: TermId,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<SummaryRow>, StoreError> {
    let asked = |sql| query(sql, book).bind(term.ordinal()).bind(after_text(after)).bind(limit);
    let side = side_of(conn, book, term).await?;
    if side == Side::Last {
        let parts = rows::<Postgres>(conn, OPERATION, asked(sql::SUMMARY_ROWS_LAST)).await?;
        // A later term may have been defined since the terms were counted.
        if parts.iter().all(|row| get::<_, Option<bool>>(row, 2).is_ok_and(|last| last != Some(false))) {
            return summed(parts, true);
        }
    }
    let late = side != Side::Early;
    let sql = if late { sql::SUMMARY_ROWS_LATE } else { sql::SUMMARY_ROWS_EARLY };
    summed(rows::<Postgres>(conn, OPERATION, asked(sql)).await?, late)
}

/// The figures of the accounts, each with its groups and the sum of its charges.
fn summed(parts: Vec<Row<Postgres>>, late: bool) -> Result<Vec<SummaryRow>, StoreError> {
    let mut beside: HashMap<AccountId, (i64, Vec<FeeGroup>)> = HashMap::new();
    let mut figures = Vec::with_capacity(parts.len());
    for row in parts {
        let (charges, group): (Option<i64>, Option<&str>) = (get(&row, 8)?, get(&row, 9)?);
        if charges.is_some() || group.is_some() {
            let account: AccountId = name(get(&row, 0)?)?;
            let (sum, groups) = beside.entry(account).or_default();
            *sum = sum
                .checked_add(charges.unwrap_or(0))
                .ok_or_else(|| corrupt("the charges of an account do not fit"))?;
            groups.extend(group.map(name).transpose()?);
        }
        // What has a sum of the term, and the accounts themselves.
        if get::<_, Option<i64>>(&row, 1)?.is_some() || get::<_, Option<i64>>(&row, 3)?.is_some() {
            figures.push(row);
        }
    }
    let mut summed = Vec::new();
    for row in merged(&figures, late)? {
        let (charged, mut groups) = beside.remove(&row.account).unwrap_or_default();
        groups.sort_unstable();
        summed.push(SummaryRow {
            account: row.account,
            earlier: row.earlier,
            totals: row.totals,
            charged,
            groups,
        });
    }
    // What belongs to no account of the page is not dropped in silence.
    if beside.is_empty() {
        Ok(summed)
    } else {
        Err(corrupt("there are members that there are no accounts of"))
    }
}

pub(super) async fn aged_rows(
    conn: &mut PgConnection,
    book: &BookId,
    order: &AgingOrder,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<AgedRow>, StoreError> {
    let asked = asked_to_age(sql::AGED_ROWS, book, order, after, limit);
    aged::<Postgres>(&rows(conn, "age a book", asked).await?, order)
}
