//! Sums: the figures by term, of accounts and of the whole book.

use bursar::store::{BookTotals, TermRow};
use bursar::{AccountId, BookId, StoreError, TermId, TermTotals, Totals};

use super::columns::{name, narrow, term as term_of};
use super::read::texts;
use crate::engine::Engine;
use crate::query::{Connection, Row, get, query, rows, the_row};

/// The totals in the four columns from this one on.
pub(crate) fn totals_from<E: Engine>(row: &Row<E>, at: usize) -> Result<Totals, StoreError> {
    let sum = |n: usize| get::<E, i64>(row, at.saturating_add(n));
    Ok(Totals { opening: sum(0)?, fee: sum(1)?, adjustment: sum(2)?, paid: sum(3)? })
}

pub(crate) async fn totals<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
    let asked = query(E::LEDGER.totals, book).bind(texts(accounts)?);
    totals_from_rows(&rows::<E>(conn, "sum accounts", asked).await?)
}

/// The totals in rows of an account and a term, account by account.
pub(crate) fn totals_from_rows<E: Engine>(
    rows: &[Row<E>],
) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
    let mut found: Vec<(AccountId, Vec<(TermId, Totals)>)> = Vec::new();
    for row in rows {
        let account: &str = get(row, 0)?;
        let totals = (term_of(get(row, 1)?)?, totals_from(row, 2)?);
        match found.last_mut().filter(|(last, _)| last.as_str() == account) {
            Some((_, by_term)) => by_term.push(totals),
            None => found.push((name(account)?, vec![totals])),
        }
    }
    Ok(found.into_iter().map(|(account, by_term)| (account, TermTotals::new(by_term))).collect())
}

/// A row of an account, what was there earlier, and the totals of the term.
#[cfg_attr(not(feature = "mysql"), expect(dead_code, reason = "the others take theirs apart"))]
pub(crate) fn term_row<E: Engine>(row: &Row<E>) -> Result<TermRow, StoreError> {
    Ok(TermRow { account: name(get(row, 0)?)?, earlier: get(row, 1)?, totals: totals_from(row, 2)? })
}

pub(crate) async fn book_totals<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
) -> Result<BookTotals, StoreError> {
    let row = the_row::<E>(conn, "sum the book", query(E::LEDGER.book_totals, book)).await?;
    let whole = |high, low| -> Result<i128, StoreError> {
        Ok((i128::from(get::<E, i64>(&row, high)?) << 32) + i128::from(get::<E, i64>(&row, low)?))
    };
    Ok(BookTotals {
        accounts: narrow(get(&row, 0)?)?,
        balances: whole(1, 2)?,
        entries: narrow(get(&row, 3)?)?,
        effects: whole(4, 5)?,
    })
}
