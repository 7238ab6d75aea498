//! Sums by term: which statement sums what soonest.

use std::collections::HashMap;

use bursar::store::TermRow;
use bursar::{AccountId, BookId, StoreError, TermTotals, Totals};
use sqlx::{PgConnection, Postgres};

use super::sql;
use crate::ledger::columns::{corrupt, name};
use crate::ledger::sums::{self, Sums};
use crate::ledger::term_page::{OPERATION, TermPage};
use crate::query::{Row, get, query, rows};

impl Sums for Postgres {
    async fn totals_of_one<'c>(
        conn: &'c mut PgConnection,
        book: &'c BookId,
        account: &'c AccountId,
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        let asked = query(sql::TOTALS_OF_ONE, book).bind(account.as_str());
        sums::totals_from_rows(&rows::<Postgres>(conn, "sum an account", asked).await?)
    }

    /// They are summed from the entries of the fewer terms: those from this one on, or those up to it.
    async fn term_rows<'c>(
        conn: &'c mut PgConnection,
        page: TermPage<'c>,
    ) -> Result<Vec<TermRow>, StoreError> {
        if page.is_last() {
            let parts = rows::<Postgres>(conn, OPERATION, page.query(sql::TERM_ROWS_LAST)).await?;
            if is_still_last(&parts) {
                return merged(&parts, true);
            }
        }
        let late = page.is_late();
        let sql = if late { sql::TERM_ROWS_LATE } else { sql::TERM_ROWS_EARLY };
        merged(&rows::<Postgres>(conn, OPERATION, page.query(sql)).await?, late)
    }
}

/// Whether the parts are those of the last term: a later one may have been defined since the terms were counted.
pub(super) fn is_still_last(parts: &[Row<Postgres>]) -> bool {
    parts.iter().all(|row| get::<_, Option<bool>>(row, 2).is_ok_and(|last| last != Some(false)))
}

/// The accounts, in the order of their ids, each with the sums of its entries. What was there earlier is the sum of the entries of earlier
/// terms, or what the balance has beyond the term's and those of later ones.
pub(super) fn merged(parts: &[Row<Postgres>], late: bool) -> Result<Vec<TermRow>, StoreError> {
    let mut accounts: Vec<(&str, i64)> = Vec::new();
    let mut sums: HashMap<&str, (Totals, i64)> = HashMap::new();
    for row in parts {
        let account: &str = get(row, 0)?;
        match get(row, 1)? {
            Some(balance) => accounts.push((account, balance)),
            None => {
                let totals = sums::totals_from(row, 3)?;
                sums.insert(account, (totals, get::<_, Option<i64>>(row, 7)?.unwrap_or(0)));
            }
        }
    }
    accounts.sort_unstable();
    let mut rows = Vec::with_capacity(accounts.len());
    for (account, balance) in accounts {
        let (totals, others) = sums.remove(account).unwrap_or_default();
        let bad = || corrupt(format!("the sums of {account} do not fit"));
        let earlier = if late {
            let own = totals.net().map_err(|_| bad())?;
            balance.checked_sub(own).and_then(|rest| rest.checked_sub(others)).ok_or_else(bad)?
        } else {
            others
        };
        rows.push(TermRow { account: name(account)?, earlier, totals });
    }
    // Sums that belong to no account of the page are not dropped in silence.
    if sums.is_empty() { Ok(rows) } else { Err(corrupt("there are entries of accounts that there are not")) }
}
