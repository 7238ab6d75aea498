//! The figures of a term.

use bursar::store::TermRow;
use bursar::{AccountId, BookId, StoreError, TermId};
use sqlx::{MySql, MySqlConnection};

use super::sql;
use crate::ledger::read::after_text;
use crate::ledger::sums::term_row;
use crate::query::{Row, get, query, rows, the_row};

/// Where a term is among the others, which says by which statement its figures are read soonest: one that seeks in the few terms on one side of
/// it, or one that walks all entries.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Late,
    Early,
    Middle,
}

pub(super) async fn side_of(
    conn: &mut MySqlConnection,
    book: &BookId,
    term: TermId,
) -> Result<Side, StoreError> {
    const FEW: i64 = 4;
    let around: Row<MySql> =
        the_row(conn, "read terms", query(sql::TERMS_AROUND, book).bind(term.ordinal())).await?;
    let (later, earlier): (i64, i64) = (get(&around, 0)?, get(&around, 1)?);
    Ok(match (later <= FEW, earlier <= FEW) {
        (true, _) if later <= earlier => Side::Late,
        (_, true) => Side::Early,
        (true, false) => Side::Late,
        (false, false) => Side::Middle,
    })
}

/// The figures of a term of a page of accounts.
pub(super) async fn term_rows(
    conn: &mut MySqlConnection,
    book: &BookId,
    term: TermId,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<TermRow>, StoreError> {
    let sql = match side_of(conn, book, term).await? {
        Side::Late => sql::TERM_ROWS_LATE,
        Side::Early => sql::TERM_ROWS_EARLY,
        Side::Middle => sql::TERM_ROWS,
    };
    let asked = query(sql, book).bind(term.ordinal()).bind(after_text(after)).bind(limit);
    rows::<MySql>(conn, "sum a term", asked).await?.iter().map(term_row).collect()
}
