//! Sums: the figures by term, of accounts and of the whole book.

use std::future::Future;

use bursar::store::{BookTotals, TermRow};
use bursar::{AccountId, BookId, StoreError, TermId, TermTotals, Totals};
use sqlx::Database;

use super::columns::{name, narrow, term as term_of};
use super::read::texts;
use super::term_page::TermPage;
use crate::engine::Engine;
use crate::query::{Connection, Row, get, query, rows, the_row};

/// How a database sums what it is asked for often.
pub trait Sums: Database {
    /// The totals by term of one account.
    fn totals_of_one<'c>(
        conn: &'c mut Connection<Self>,
        book: &'c BookId,
        account: &'c AccountId,
    ) -> impl Future<Output = Result<Vec<(AccountId, TermTotals)>, StoreError>> + Send + 'c;

    /// The figures of a term of a page of accounts, in byte order.
    fn term_rows<'c>(
        conn: &'c mut Connection<Self>,
        page: TermPage<'c>,
    ) -> impl Future<Output = Result<Vec<TermRow>, StoreError>> + Send + 'c;
}

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
    match accounts {
        [account] => E::totals_of_one(conn, book, account).await,
        several => totals_of::<E>(conn, book, several).await,
    }
}

/// The totals by term of these, however many they are.
pub(crate) async fn totals_of<E: Engine>(
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

pub(crate) async fn term_rows<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    term: TermId,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<TermRow>, StoreError> {
    let page = TermPage::of::<E>(conn, book, term, after, limit).await?;
    E::term_rows(conn, page).await
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
