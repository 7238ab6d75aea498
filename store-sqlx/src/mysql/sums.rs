//! The figures of a term.

use bursar::store::TermRow;
use bursar::{AccountId, BookId, StoreError, TermTotals};
use sqlx::{MySql, MySqlConnection};

use super::sql;
use crate::ledger::sums::{Sums, term_row, totals_of};
use crate::ledger::term_page::{OPERATION, TermPage};
use crate::query::rows;

impl Sums for MySql {
    async fn totals_of_one<'c>(
        conn: &'c mut MySqlConnection,
        book: &'c BookId,
        account: &'c AccountId,
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        totals_of::<MySql>(conn, book, std::slice::from_ref(account)).await
    }

    async fn term_rows<'c>(
        conn: &'c mut MySqlConnection,
        page: TermPage<'c>,
    ) -> Result<Vec<TermRow>, StoreError> {
        let sql = page.statement(sql::TERM_ROWS_LATE, sql::TERM_ROWS_EARLY, sql::TERM_ROWS);
        rows::<MySql>(conn, OPERATION, page.query(sql)).await?.iter().map(term_row).collect()
    }
}
