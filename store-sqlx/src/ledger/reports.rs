//! What reports are drawn up from beside sums: the entries of several accounts, and who owes.

use std::future::Future;

use bursar::store::{AgedRow, AgingOrder, OwingFilter, SummaryRow};
use bursar::{Account, AccountId, AgedTotals, AsOf, BookId, Entry, FeeGroup, Standing, StoreError, TermId};
use chrono::NaiveDate;
use sqlx::Database;

use super::columns::{corrupt, day, day_number, name};
use super::read::{after_text, all, texts};
use super::term_page::TermPage;
use super::{row, sql};
use crate::engine::Engine;
use crate::query::{self, Connection, Row, get, query, rows};

/// How a database sums what reports are drawn up from.
pub trait Reports: Database {
    /// The parts in a term's summary of a page of accounts, in byte order.
    fn summary_rows<'c>(
        conn: &'c mut Connection<Self>,
        page: TermPage<'c>,
    ) -> impl Future<Output = Result<Vec<SummaryRow>, StoreError>> + Send + 'c;

    /// What its statement on an aging answers, account by account.
    fn aged(rows: &[Row<Self>], order: &AgingOrder) -> Result<Vec<AgedRow>, StoreError>;
}

pub(crate) async fn entries_of<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    accounts: &[AccountId],
    after: Option<(&AccountId, u32)>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let (account, position) = after.unzip();
    // Those that come before are read already.
    let left = accounts.iter().filter(|one| account.is_none_or(|account| *one >= account));
    let asked = query(E::LEDGER.entries_of, book).bind(texts(left)?).bind(after_text(account));
    let asked = asked.bind(position.unwrap_or(0)).bind(limit);
    all(&rows::<E>(conn, "read entries", asked).await?, row::entry)
}

/// A group of at most so many is looked through member by member; in a larger one, those who owe most are soon found among all who owe.
const FEW_MEMBERS: u32 = 5_000;
/// At most so many who owe are sorted; where there are more, one account after the other is looked at until enough are found that owe.
const FEW_OWING: u32 = 1_000;

/// The statement that lists who owes, in byte order.
pub(crate) async fn owing_by_account<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
) -> Result<&'static str, StoreError> {
    let beyond = query(E::LEDGER.owing_beyond, book).bind(FEW_OWING);
    let many = query::row::<E>(conn, "list accounts", beyond).await?.is_some();
    Ok(if many { E::LEDGER.accounts_owing } else { E::LEDGER.accounts_owing_few })
}

pub(crate) async fn owing<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    filter: &OwingFilter,
    after: Option<(i64, &AccountId)>,
    limit: u32,
) -> Result<Vec<Account>, StoreError> {
    let sql = match &filter.group {
        Some(group) => {
            let beyond = query(sql::GROUP_BEYOND, book).bind(group.as_str()).bind(FEW_MEMBERS);
            let many = query::row::<E>(conn, "count a group", beyond).await?.is_some();
            if many { E::LEDGER.owing } else { E::LEDGER.owing_in_group }
        }
        None => E::LEDGER.owing,
    };
    let (balance, account) = after.unzip();
    let asked = query(sql, book)
        .bind(filter.at_least.max(1))
        .bind(filter.standing.map(Standing::as_str))
        .bind(filter.group.as_ref().map(FeeGroup::as_str))
        .bind(balance.unwrap_or(i64::MAX))
        .bind(after_text(account))
        .bind(limit);
    all(&rows::<E>(conn, "list who owes", asked).await?, row::account)
}

pub(crate) async fn summary_rows<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    term: TermId,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<SummaryRow>, StoreError> {
    let page = TermPage::of::<E>(conn, book, term, after, limit).await?;
    E::summary_rows(conn, page).await
}

/// Asks with the book, the day from which back all debits are in one bucket, the page, and which entries count.
pub(crate) async fn aged_rows<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    order: &AgingOrder,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<AgedRow>, StoreError> {
    let AsOf { day, recorded_by } = order.as_of;
    let oldest = order.floors.last().copied().unwrap_or(NaiveDate::MIN);
    let asked = query(E::LEDGER.aged_rows, book)
        .bind(day_number(oldest))
        .bind(after_text(after))
        .bind(limit)
        .bind(day.map_or(i64::MAX, day_number))
        // Instants are kept to the microsecond: what was recorded in the one in which the bound lies counts.
        .bind(recorded_by.map_or(i64::MAX, |instant| instant.timestamp_micros()));
    E::aged(&rows::<E>(conn, "age a book", asked).await?, order)
}

/// The sums of accounts from rows of one sum, in the order of the accounts: credits have no day, debits one on which they fell due.
#[cfg_attr(
    not(any(feature = "mysql", feature = "postgres")),
    expect(dead_code, reason = "SQLite's come packed")
)]
pub(crate) fn aged_from_rows<E: Engine>(
    rows: &[Row<E>],
    order: &AgingOrder,
) -> Result<Vec<AgedRow>, StoreError> {
    let mut found: Vec<AgedRow> = Vec::new();
    for row in rows {
        let account: &str = get(row, 0)?;
        if found.last().is_none_or(|last| last.account.as_str() != account) {
            found.push(AgedRow { account: name(account)?, totals: AgedTotals::nothing(&order.floors) });
        }
        let (due_on, amount): (Option<i64>, Option<i64>) = (get(row, 1)?, get(row, 2)?);
        let (Some(AgedRow { totals, .. }), Some(amount)) = (found.last_mut(), amount) else { continue };
        let added = match due_on {
            Some(due_on) => totals.add_debit(day(due_on)?, &order.floors, amount).ok(),
            None => totals.credits.checked_sub(amount).map(|credits| totals.credits = credits),
        };
        added.ok_or_else(|| corrupt(format!("the sums of {account} do not fit")))?;
    }
    Ok(found)
}
