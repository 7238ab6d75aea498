//! Reading: every question is one statement, or two, on whichever connection is given.

use bursar::store::{AccountFilter, Book, ChargeMade, FileMark};
use bursar::{
    Account, AccountId, BookId, Calendar, Entry, Fee, FeeKey, IdempotencyKey, Payer, StoreError, Term, TermId,
};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, SqliteConnection};

use super::error::failed;
use super::row::{self, get};
use super::sql;
use crate::columns::{corrupt, day, narrow, term as term_of, word};
use crate::json::JsonArray;

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// A statement with the book as its first parameter. The text is fixed and has parameters, which is what sqlx keeps prepared.
pub(super) fn query(sql: &'static str, book: &BookId) -> Query {
    sqlx::query(sql).bind(book.as_str())
}

/// Runs a question; all rows are taken over before any is looked at, so that an error cuts no transaction short.
pub(super) async fn rows(
    conn: &mut SqliteConnection,
    operation: &'static str,
    query: Query,
) -> Result<Vec<SqliteRow>, StoreError> {
    query.fetch_all(conn).await.map_err(failed(operation))
}

/// Runs a question that has one row or none. Not `fetch_optional`: it drops the statement at the first row, unfinished.
pub(super) async fn row(
    conn: &mut SqliteConnection,
    operation: &'static str,
    query: Query,
) -> Result<Option<SqliteRow>, StoreError> {
    Ok(rows(conn, operation, query).await?.pop())
}

fn all<T>(
    rows: &[SqliteRow],
    read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

pub(super) fn texts(ids: &[AccountId]) -> Result<String, StoreError> {
    JsonArray::of_texts(ids.iter().map(AccountId::as_str))
}

pub(super) async fn book(conn: &mut SqliteConnection, id: &BookId) -> Result<Option<Book>, StoreError> {
    let rows = rows(conn, "read the book", query(sql::BOOK, id)).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let terms =
        rows.iter().filter_map(|row| term(row).transpose()).collect::<Result<Vec<Term>, StoreError>>()?;
    let current = get::<Option<i64>>(first, 2)?.map(term_of).transpose()?;
    let locked_through = get::<Option<i64>>(first, 3)?.map(day).transpose()?;
    Ok(Some(Book {
        id: id.clone(),
        currency: word(get(first, 0)?)?,
        version: narrow(get(first, 1)?)?,
        calendar: Calendar::new(terms, current, locked_through),
    }))
}

fn term(row: &SqliteRow) -> Result<Option<Term>, StoreError> {
    let Some(id) = get::<Option<i64>>(row, 4)? else { return Ok(None) };
    let (name, starts_on, ends_on) = (get(row, 5)?, day(get(row, 6)?)?, day(get(row, 7)?)?);
    Ok(Some(Term { id: term_of(id)?, name, starts_on, ends_on, closed: get(row, 8)? }))
}

/// Which column a payer goes in.
pub(super) fn payer_columns(payer: &Payer) -> (i64, &str) {
    match payer {
        Payer::Group(group) => (0, group.as_str()),
        Payer::Account(account) => (1, account.as_str()),
    }
}

pub(super) async fn fees(
    conn: &mut SqliteConnection,
    book: &BookId,
    term: TermId,
    after: Option<&FeeKey>,
    limit: u32,
) -> Result<Vec<Fee>, StoreError> {
    // Keys order by term first: after a key of an earlier term come all of this one, after one of a later term none.
    let (own, payer, code) = match after {
        Some(after) if after.term > term => return Ok(Vec::new()),
        Some(after) if after.term == term => {
            let (own, payer) = payer_columns(&after.payer);
            (own, payer, after.code.as_str())
        }
        _ => (-1, "", ""),
    };
    let asked = query(sql::FEES, book).bind(term.ordinal()).bind(own);
    let asked = asked.bind(payer).bind(code).bind(limit);
    row::fees(term, &rows(conn, "read fees", asked).await?)
}

pub(super) async fn fees_of(
    conn: &mut SqliteConnection,
    book: &BookId,
    term: TermId,
    payers: &[Payer],
) -> Result<Vec<Fee>, StoreError> {
    let mut array = JsonArray::new();
    for payer in payers {
        let (own, payer) = payer_columns(payer);
        array.row(|row| {
            row.int(own);
            row.text(payer);
        });
    }
    let asked = query(sql::FEES_OF, book).bind(term.ordinal()).bind(array.finish()?);
    row::fees(term, &rows(conn, "read fees", asked).await?)
}

pub(super) async fn fee_charged(
    conn: &mut SqliteConnection,
    book: &BookId,
    fee: &FeeKey,
) -> Result<bool, StoreError> {
    let sql = match fee.payer {
        Payer::Group(_) => sql::FEE_CHARGED_GROUP,
        Payer::Account(_) => sql::FEE_CHARGED_OWN,
    };
    let (_, payer) = payer_columns(&fee.payer);
    let asked = query(sql, book).bind(fee.term.ordinal()).bind(payer).bind(fee.code.as_str());
    one(row(conn, "read whether a fee is charged", asked).await?)
}

/// The only column of the only row of a statement that always has one.
pub(super) fn one<T>(row: Option<SqliteRow>) -> Result<T, StoreError>
where
    T: for<'r> sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
{
    get(&row.ok_or_else(|| corrupt("a statement gave no row"))?, 0)
}

pub(super) async fn accounts(
    conn: &mut SqliteConnection,
    book: &BookId,
    ids: &[AccountId],
) -> Result<Vec<Account>, StoreError> {
    let asked = match ids {
        [] => return Ok(Vec::new()),
        [one] => query(sql::ACCOUNT, book).bind(one.as_str()),
        many => query(sql::ACCOUNTS, book).bind(texts(many)?),
    };
    all(&rows(conn, "read accounts", asked).await?, row::account)
}

pub(super) async fn list_accounts(
    conn: &mut SqliteConnection,
    book: &BookId,
    filter: AccountFilter,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<Account>, StoreError> {
    let sql = match filter {
        AccountFilter::All => sql::ACCOUNTS_LIST,
        AccountFilter::Debtors => sql::ACCOUNTS_OWING,
        AccountFilter::InCredit => sql::ACCOUNTS_IN_CREDIT,
    };
    let asked = query(sql, book).bind(after_text(after)).bind(limit);
    all(&rows(conn, "list accounts", asked).await?, row::account)
}

/// What comes before every account: no name is empty.
pub(super) fn after_text(after: Option<&AccountId>) -> &str {
    after.map_or("", AccountId::as_str)
}

pub(super) async fn entries(
    conn: &mut SqliteConnection,
    book: &BookId,
    account: &AccountId,
    after: u32,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let asked = query(sql::ENTRIES, book).bind(account.as_str()).bind(after).bind(limit);
    all(&rows(conn, "read entries", asked).await?, row::entry)
}

pub(super) async fn scan(
    conn: &mut SqliteConnection,
    book: &BookId,
    after: Option<(&AccountId, u32)>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let (account, position) = after.unzip();
    let asked = query(sql::SCAN, book).bind(after_text(account)).bind(position.unwrap_or(0)).bind(limit);
    all(&rows(conn, "read entries", asked).await?, row::entry)
}

pub(super) async fn entries_by_key(
    conn: &mut SqliteConnection,
    book: &BookId,
    keys: &[IdempotencyKey],
) -> Result<Vec<Entry>, StoreError> {
    let keys = JsonArray::of_texts(keys.iter().map(IdempotencyKey::as_str))?;
    all(&rows(conn, "read entries by key", query(sql::ENTRIES_BY_KEY, book).bind(keys)).await?, row::entry)
}

pub(super) async fn reversal_of(
    conn: &mut SqliteConnection,
    book: &BookId,
    account: &AccountId,
    position: u32,
) -> Result<Option<u32>, StoreError> {
    let asked = query(sql::REVERSAL_OF, book).bind(account.as_str()).bind(position);
    let found = row(conn, "read a reversal", asked).await?;
    found.map(|row| narrow(get(&row, 0)?)).transpose()
}

pub(super) async fn charges(
    conn: &mut SqliteConnection,
    book: &BookId,
    term: TermId,
    accounts: &[AccountId],
) -> Result<Vec<ChargeMade>, StoreError> {
    let asked = query(sql::CHARGES, book).bind(term.ordinal()).bind(texts(accounts)?);
    all(&rows(conn, "read charges", asked).await?, row::charge_made)
}

pub(super) async fn file_marks(
    conn: &mut SqliteConnection,
    book: &BookId,
    after_lines: u64,
    limit: u32,
) -> Result<Vec<FileMark>, StoreError> {
    let after = i64::try_from(after_lines).unwrap_or(i64::MAX);
    let asked = query(sql::FILE_MARKS, book).bind(after).bind(limit);
    all(&rows(conn, "read file marks", asked).await?, |row| {
        let digest =
            |bytes: &[u8]| <[u8; 32]>::try_from(bytes).map_err(|_| corrupt("a digest is not 32 bytes long"));
        Ok(FileMark {
            lines: narrow(get(row, 0)?)?,
            digest: digest(get(row, 1)?)?,
            replaces: get::<Option<&[u8]>>(row, 2)?.map(digest).transpose()?,
        })
    })
}
