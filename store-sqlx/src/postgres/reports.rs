//! Sums for reports.

use std::collections::HashMap;

use bursar::store::{AgedRow, AgingOrder, SummaryRow};
use bursar::{AccountId, FeeGroup, StoreError};
use sqlx::{PgConnection, Postgres};

use super::sql;
use super::sums::{is_still_last, merged};
use crate::ledger::columns::{corrupt, name};
use crate::ledger::reports::{Reports, aged_from_rows};
use crate::ledger::term_page::{OPERATION, TermPage};
use crate::query::{Row, get, rows};

impl Reports for Postgres {
    /// A term's parts are summed as its rows are.
    async fn summary_rows<'c>(
        conn: &'c mut PgConnection,
        page: TermPage<'c>,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        if page.is_last() {
            let parts = rows::<Postgres>(conn, OPERATION, page.query(sql::SUMMARY_ROWS_LAST)).await?;
            if is_still_last(&parts) {
                return summed(parts, true);
            }
        }
        let late = page.is_late();
        let sql = if late { sql::SUMMARY_ROWS_LATE } else { sql::SUMMARY_ROWS_EARLY };
        summed(rows::<Postgres>(conn, OPERATION, page.query(sql)).await?, late)
    }

    fn aged(rows: &[Row<Self>], order: &AgingOrder) -> Result<Vec<AgedRow>, StoreError> {
        aged_from_rows(rows, order)
    }
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
