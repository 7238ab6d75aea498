//! Sums by term: which statement sums what soonest.

use bursar::store::TermRow;
use bursar::{AccountId, BookId, StoreError, TermId, TermTotals};
use sqlx::{PgConnection, Postgres};

use super::sql;
use crate::ledger::read::after_text;
use crate::ledger::sums;
use crate::query::{Row, get, query, rows, the_row};

pub(super) async fn totals(
    conn: &mut PgConnection,
    book: &BookId,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
    let [account] = accounts else { return sums::totals::<Postgres>(conn, book, accounts).await };
    let asked = query(sql::TOTALS_OF_ONE, book).bind(account.as_str());
    sums::totals_from_rows(&rows::<Postgres>(conn, "sum an account", asked).await?)
}

/// A term's rows are summed from the entries of the fewer terms: those from it on, or those up to it.
pub(super) async fn term_rows(
    conn: &mut PgConnection,
    book: &BookId,
    term: TermId,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<TermRow>, StoreError> {
    let around: Row<Postgres> =
        the_row(conn, "read terms", query(sql::TERMS_AROUND, book).bind(term.ordinal())).await?;
    let (later, earlier): (i64, i64) = (get(&around, 0)?, get(&around, 1)?);
    let sql = if later <= earlier { sql::TERM_ROWS_LATE } else { sql::TERM_ROWS_EARLY };
    let asked = query(sql, book).bind(term.ordinal()).bind(after_text(after)).bind(limit);
    rows::<Postgres>(conn, "sum a term", asked).await?.iter().map(sums::term_row).collect()
}
