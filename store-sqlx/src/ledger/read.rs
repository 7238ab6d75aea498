//! Reading: every question is one statement, or two, on whichever connection is given.

use bursar::store::{AccountFilter, Book, ChargeMade, FileMark};
use bursar::{
    Account, AccountId, BookId, Calendar, Entry, Fee, FeeKey, IdempotencyKey, Payer, StoreError, Term, TermId,
};

use super::columns::{corrupt, day, name, narrow, term as term_of, word};
use super::{reports, row, sql};
use crate::engine::Engine;
use crate::json::JsonArray;
use crate::query::{self, Connection, Query, Row, get, query, rows, the_row};

pub(super) fn all<E: Engine, T>(
    rows: &[Row<E>],
    read: impl Fn(&Row<E>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

pub(super) fn texts<'a>(ids: impl IntoIterator<Item = &'a AccountId>) -> Result<String, StoreError> {
    JsonArray::of_texts(ids.into_iter().map(AccountId::as_str))
}

pub(crate) async fn books<E: Engine>(
    conn: &mut Connection<E>,
    after: Option<&BookId>,
    limit: u32,
) -> Result<Vec<BookId>, StoreError> {
    // What comes before every book: no name is empty.
    let asked = Query::new(E::LEDGER.books).bind(after.map_or("", BookId::as_str)).bind(limit);
    all(&rows::<E>(conn, "list books", asked).await?, |row| name(get(row, 0)?))
}

pub(crate) async fn book<E: Engine>(
    conn: &mut Connection<E>,
    id: &BookId,
) -> Result<Option<Book>, StoreError> {
    let rows = rows::<E>(conn, "read the book", query(sql::BOOK, id)).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let terms =
        rows.iter().filter_map(|row| term(row).transpose()).collect::<Result<Vec<Term>, StoreError>>()?;
    let current = get::<E, Option<i64>>(first, 2)?.map(term_of).transpose()?;
    let locked_through = get::<E, Option<i64>>(first, 3)?.map(day).transpose()?;
    Ok(Some(Book {
        id: id.clone(),
        currency: word(get(first, 0)?)?,
        version: narrow(get(first, 1)?)?,
        calendar: Calendar::new(terms, current, locked_through),
    }))
}

fn term<E: Engine>(row: &Row<E>) -> Result<Option<Term>, StoreError> {
    let Some(id) = get::<E, Option<i64>>(row, 4)? else { return Ok(None) };
    let name = get::<E, Option<&str>>(row, 5)?.map(str::to_owned);
    let (starts_on, ends_on) = (day(get(row, 6)?)?, day(get(row, 7)?)?);
    Ok(Some(Term { id: term_of(id)?, name, starts_on, ends_on, closed: get(row, 8)? }))
}

/// Which column a payer goes in.
pub(super) fn payer_columns(payer: &Payer) -> (i64, &str) {
    match payer {
        Payer::Group(group) => (0, group.as_str()),
        Payer::Account(account) => (1, account.as_str()),
    }
}

pub(crate) async fn fees<E: Engine>(
    conn: &mut Connection<E>,
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
    let asked = query(E::LEDGER.fees, book).bind(term.ordinal()).bind(own);
    let asked = asked.bind(payer).bind(code).bind(limit);
    row::fees(term, &rows::<E>(conn, "read fees", asked).await?)
}

pub(crate) async fn fees_of<E: Engine>(
    conn: &mut Connection<E>,
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
    let asked = query(E::LEDGER.fees_of, book).bind(term.ordinal()).bind(array.finish()?);
    row::fees(term, &rows::<E>(conn, "read fees", asked).await?)
}

pub(crate) async fn fee_charged<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    fee: &FeeKey,
) -> Result<bool, StoreError> {
    let sql = match fee.payer {
        Payer::Group(_) => E::LEDGER.fee_charged_group,
        Payer::Account(_) => E::LEDGER.fee_charged_own,
    };
    let (_, payer) = payer_columns(&fee.payer);
    let asked = query(sql, book).bind(fee.term.ordinal()).bind(payer).bind(fee.code.as_str());
    get::<E, bool>(&the_row(conn, "read whether a fee is charged", asked).await?, 0)
}

pub(crate) async fn accounts<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    ids: &[AccountId],
) -> Result<Vec<Account>, StoreError> {
    let asked = match ids {
        [] => return Ok(Vec::new()),
        [one] => query(E::LEDGER.account, book).bind(one.as_str()),
        many => query(E::LEDGER.accounts, book).bind(texts(many)?),
    };
    all(&rows::<E>(conn, "read accounts", asked).await?, row::account)
}

pub(crate) async fn list_accounts<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    filter: AccountFilter,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<Account>, StoreError> {
    let sql = match filter {
        AccountFilter::All => E::LEDGER.accounts_list,
        AccountFilter::Debtors => reports::owing_by_account::<E>(conn, book).await?,
        AccountFilter::InCredit => E::LEDGER.accounts_in_credit,
    };
    let asked = query(sql, book).bind(after_text(after)).bind(limit);
    all(&rows::<E>(conn, "list accounts", asked).await?, row::account)
}

/// What comes before every account: no name is empty.
pub(crate) fn after_text(after: Option<&AccountId>) -> &str {
    after.map_or("", AccountId::as_str)
}

pub(crate) async fn entries<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    account: &AccountId,
    after: u32,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let asked = query(E::LEDGER.entries, book).bind(account.as_str()).bind(after).bind(limit);
    all(&rows::<E>(conn, "read entries", asked).await?, row::entry)
}

pub(crate) async fn scan<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    after: Option<(&AccountId, u32)>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let (account, position) = after.unzip();
    let asked = query(E::LEDGER.scan, book).bind(after_text(account)).bind(position.unwrap_or(0)).bind(limit);
    all(&rows::<E>(conn, "read entries", asked).await?, row::entry)
}

pub(crate) async fn entries_by_key<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    keys: &[IdempotencyKey],
) -> Result<Vec<Entry>, StoreError> {
    let keys = JsonArray::of_texts(keys.iter().map(IdempotencyKey::as_str))?;
    all(
        &rows::<E>(conn, "read entries by key", query(E::LEDGER.entries_by_key, book).bind(keys)).await?,
        row::entry,
    )
}

pub(crate) async fn reversal_of<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    account: &AccountId,
    position: u32,
) -> Result<Option<u32>, StoreError> {
    let asked = query(sql::REVERSAL_OF, book).bind(account.as_str()).bind(position);
    let found = query::row::<E>(conn, "read a reversal", asked).await?;
    found.map(|row| narrow(get(&row, 0)?)).transpose()
}

pub(crate) async fn charges<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    term: TermId,
    accounts: &[AccountId],
) -> Result<Vec<ChargeMade>, StoreError> {
    let asked = query(E::LEDGER.charges, book).bind(term.ordinal()).bind(texts(accounts)?);
    all(&rows::<E>(conn, "read charges", asked).await?, row::charge_made)
}

pub(crate) async fn file_marks<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    after_lines: u64,
    limit: u32,
) -> Result<Vec<FileMark>, StoreError> {
    let after = i64::try_from(after_lines).unwrap_or(i64::MAX);
    let asked = query(E::LEDGER.file_marks, book).bind(after).bind(limit);
    all(&rows::<E>(conn, "read file marks", asked).await?, |row| {
        let digest =
            |bytes: &[u8]| <[u8; 32]>::try_from(bytes).map_err(|_| corrupt("a digest is not 32 bytes long"));
        Ok(FileMark {
            lines: narrow(get(row, 0)?)?,
            digest: digest(get(row, 1)?)?,
            replaces: get::<E, Option<&[u8]>>(row, 2)?.map(digest).transpose()?,
        })
    })
}
