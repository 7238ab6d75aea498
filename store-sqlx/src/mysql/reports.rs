//! Sums for reports.

use bursar::StoreError;
use bursar::store::{AgedRow, AgingOrder, SummaryRow};
use sqlx::{MySql, MySqlConnection};

use super::sql;
use crate::ledger::reports::{Reports, aged_from_rows};
use crate::ledger::row;
use crate::ledger::sums::term_row;
use crate::ledger::term_page::{OPERATION, TermPage};
use crate::query::{Row, get, rows};

impl Reports for MySql {
    async fn summary_rows<'c>(
        conn: &'c mut MySqlConnection,
        page: TermPage<'c>,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        let sql = page.statement(sql::SUMMARY_ROWS_LATE, sql::SUMMARY_ROWS_EARLY, sql::SUMMARY_ROWS);
        rows::<MySql>(conn, OPERATION, page.query(sql)).await?.iter().map(summary_row).collect()
    }

    fn aged(rows: &[Row<Self>], order: &AgingOrder) -> Result<Vec<AgedRow>, StoreError> {
        aged_from_rows(rows, order)
    }
}

fn summary_row(row: &Row<MySql>) -> Result<SummaryRow, StoreError> {
    let figures = term_row(row)?;
    let groups = row::groups(get::<_, Option<&str>>(row, 7)?)?;
    let charged = get(row, 6)?;
    Ok(SummaryRow {
        account: figures.account,
        earlier: figures.earlier,
        totals: figures.totals,
        charged,
        groups,
    })
}
