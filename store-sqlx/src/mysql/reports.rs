//! Sums for reports.

use bursar::store::{AgedRow, AgingOrder, SummaryRow};
use bursar::{AccountId, BookId, StoreError, TermId};
use sqlx::{MySql, MySqlConnection};

use super::sql;
use super::sums::{Side, side_of};
use crate::ledger::read::after_text;
use crate::ledger::reports::{aged, asked_to_age};
use crate::ledger::row;
use crate::ledger::sums::term_row;
use crate::query::{Row, get, query, rows};

pub(super) async fn summary_rows(
    conn: &mut MySqlConnection,
    book: &BookId,
    term: TermId,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<SummaryRow>, StoreError> {
    let sql = match side_of(conn, book, term).await? {
        Side::Late => sql::SUMMARY_ROWS_LATE,
        Side::Early => sql::SUMMARY_ROWS_EARLY,
        Side::Middle => sql::SUMMARY_ROWS,
    };
    let asked = query(sql, book).bind(term.ordinal()).bind(after_text(after)).bind(limit);
    rows::<MySql>(conn, "sum a term", asked).await?.iter().map(summary_row).collect()
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

pub(super) async fn aged_rows(
    conn: &mut MySqlConnection,
    book: &BookId,
    order: &AgingOrder,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<AgedRow>, StoreError> {
    let asked = asked_to_age(sql::AGED_ROWS, book, order, after, limit);
    aged::<MySql>(&rows(conn, "age a book", asked).await?, order)
}
