//! The figures of a term.

use bursar::store::TermRow;
use bursar::{AccountId, BookId, StoreError, TermId};
use sqlx::{MySql, MySqlConnection};

use super::sql;
use crate::ledger::read::after_text;
use crate::ledger::sums::term_row;
use crate::query::{Row, get, query, rows, the_row};

/// The figures of a term of a page of accounts: by the statement that seeks in the few terms on one side of it, or the one that walks all
/// entries.
pub(super) async fn term_rows(
    conn: &mut MySqlConnection,
    book: &BookId,
    term: TermId,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<TermRow>, StoreError> {
    const FEW: i64 = 4;
    let around: Row<MySql> =
        the_row(conn, "read terms", query(sql::TERMS_AROUND, book).bind(term.ordinal())).await?;
    let (later, earlier): (i64, i64) = (get(&around, 0)?, get(&around, 1)?);
    let sql = match (later <= FEW, earlier <= FEW) {
        (true, _) if later <= earlier => sql::TERM_ROWS_LATE,
        (_, true) => sql::TERM_ROWS_EARLY,
        (true, false) => sql::TERM_ROWS_LATE,
        (false, false) => sql::TERM_ROWS,
    };
    let asked = query(sql, book).bind(term.ordinal()).bind(after_text(after)).bind(limit);
    rows::<MySql>(conn, "sum a term", asked).await?.iter().map(term_row).collect()
}
