//! Sums by term: which statement sums what soonest.

use std::collections::HashMap;

use bursar::store::TermRow;
use bursar::{AccountId, BookId, StoreError, TermId, TermTotals, Totals};
use sqlx::{PgConnection, Postgres};

use super::sql;
use crate::ledger::columns::{corrupt, name};
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
    let side = side_of(conn, book, term).await?;
    let asked = |sql| query(sql, book).bind(term.ordinal()).bind(after_text(after)).bind(limit);
    if side == Side::Last {
        let parts = rows::<Postgres>(conn, OPERATION, asked(sql::TERM_ROWS_LAST)).await?;
        // A later term may have been defined since the terms were counted.
        if parts.iter().all(|row| get::<_, Option<bool>>(row, 2).is_ok_and(|last| last != Some(false))) {
            return merged(&parts, true);
        }
    }
    let late = side != Side::Early;
    let sql = if late { sql::TERM_ROWS_LATE } else { sql::TERM_ROWS_EARLY };
    merged(&rows::<Postgres>(conn, OPERATION, asked(sql)).await?, late)
}

pub(super) const OPERATION: &str = "sum a term";

/// On which side of a term there are fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Last,
    Late,
    Early,
}

pub(super) async fn side_of(
    conn: &mut PgConnection,
    book: &BookId,
    term: TermId,
) -> Result<Side, StoreError> {
    let around: Row<Postgres> =
        the_row(conn, "read terms", query(sql::TERMS_AROUND, book).bind(term.ordinal())).await?;
    let (later, earlier): (i64, i64) = (get(&around, 0)?, get(&around, 1)?);
    Ok(match later {
        ..=1 => Side::Last,
        _ if later <= earlier => Side::Late,
        _ => Side::Early,
    })
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
