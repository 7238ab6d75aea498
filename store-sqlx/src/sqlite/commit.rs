//! Change sets: all of it or nothing, within a transaction that the caller has begun.

use bursar::rule::Posting;
use bursar::store::{AccountChange, BookChange, ChangeSet, FileMark};
use bursar::{Account, AccountId, BookId, Fee, FeeKey, StoreError, Term};
use sqlx::SqliteConnection;

use super::error::{Phase, failed, is_constraint};
use super::post::{Recorded, post};
use super::read::{self, one, payer_columns, query};
use super::sql;
use crate::batch::Batch;
use crate::columns::day_number;
use crate::json::JsonArray;

/// Keeps a change set; the positions of its postings, or nothing when it is not admitted, and then what was written so far has to be
/// rolled back.
pub(super) async fn commit(
    conn: &mut SqliteConnection,
    book: &BookId,
    changes: &ChangeSet,
) -> Result<Option<Vec<u32>>, StoreError> {
    let version: Option<i64> = match read::row(conn, "read the book", query(sql::BOOK_VERSION, book)).await? {
        Some(row) => Some(super::row::get(&row, 0)?),
        None => return Ok(None),
    };
    if changes.book_version.is_some_and(|decided_on| i64::try_from(decided_on).ok() != version) {
        return Ok(None);
    }
    for change in &changes.book {
        if !change_book(conn, book, change).await? {
            return Ok(None);
        }
    }
    if !changes.book.is_empty() {
        raise_version(conn, book).await?;
    }
    if !change_accounts(conn, book, &changes.accounts).await? {
        return Ok(None);
    }
    let positions = post_all(conn, book, changes.postings.clone()).await?;
    if positions.is_some()
        && let Some(mark) = &changes.mark
    {
        keep_mark(conn, book, mark).await?;
    }
    Ok(positions)
}

/// Executes a statement; how many rows it changed.
async fn execute(
    conn: &mut SqliteConnection,
    operation: &'static str,
    query: sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
) -> Result<u64, StoreError> {
    let done = query.execute(conn).await.map_err(failed(operation))?;
    Ok(done.rows_affected())
}

pub(super) async fn raise_version(conn: &mut SqliteConnection, book: &BookId) -> Result<(), StoreError> {
    execute(conn, "raise the book's version", query(sql::BOOK_RAISE, book)).await?;
    Ok(())
}

async fn change_book(
    conn: &mut SqliteConnection,
    book: &BookId,
    change: &BookChange,
) -> Result<bool, StoreError> {
    let changed = match change {
        BookChange::DefineTerm(Term { id, name, starts_on, ends_on, closed }) => {
            let asked = query(sql::TERM_DEFINE, book).bind(id.ordinal()).bind(name.clone());
            let asked = asked.bind(day_number(*starts_on)).bind(day_number(*ends_on)).bind(*closed);
            execute(conn, "define a term", asked).await?
        }
        BookChange::CloseTerm(term) => {
            execute(conn, "close a term", query(sql::TERM_CLOSE, book).bind(term.ordinal())).await?
        }
        BookChange::MakeCurrent(term) => {
            execute(conn, "make a term current", query(sql::TERM_MAKE_CURRENT, book).bind(term.ordinal()))
                .await?
        }
        BookChange::LockThrough(day) => {
            execute(conn, "lock the book", query(sql::BOOK_LOCK, book).bind(day_number(*day))).await?
        }
        BookChange::AddFee(fee) => {
            return Ok(!fee_exists(conn, book, &fee.key).await? && insert_fee(conn, book, fee).await?);
        }
        BookChange::EditFee(fee) => {
            // Asked once more, since it may have been charged after it was decided.
            let charged = read::fee_charged(conn, book, &fee.key).await?;
            return Ok(!charged
                && fee_exists(conn, book, &fee.key).await?
                && put_fee(conn, book, fee).await?);
        }
    };
    Ok(changed == 1)
}

fn fee_query(
    sql: &'static str,
    book: &BookId,
    key: &FeeKey,
) -> sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    let (own, payer) = payer_columns(&key.payer);
    query(sql, book).bind(key.term.ordinal()).bind(own).bind(payer).bind(key.code.as_str())
}

pub(super) async fn fee_exists(
    conn: &mut SqliteConnection,
    book: &BookId,
    key: &FeeKey,
) -> Result<bool, StoreError> {
    one(read::row(conn, "read a fee", fee_query(sql::FEE_EXISTS, book, key)).await?)
}

async fn insert_fee(conn: &mut SqliteConnection, book: &BookId, fee: &Fee) -> Result<bool, StoreError> {
    let mut parts = JsonArray::new();
    for (number, part) in (0_i64..).zip(&fee.instalments) {
        parts.row(|row| {
            row.int(number);
            row.int(part.amount.minor());
            row.int(day_number(part.due_on));
        });
    }
    let asked =
        fee_query(sql::FEE_INSERT, book, &fee.key).bind(i64::from(fee.revision)).bind(parts.finish()?);
    let inserted = execute(conn, "keep a fee", asked).await?;
    Ok(inserted > 0)
}

/// Puts a fee in the place of the one of its key.
pub(super) async fn put_fee(
    conn: &mut SqliteConnection,
    book: &BookId,
    fee: &Fee,
) -> Result<bool, StoreError> {
    execute(conn, "replace a fee", fee_query(sql::FEE_DELETE, book, &fee.key)).await?;
    insert_fee(conn, book, fee).await
}

async fn change_accounts(
    conn: &mut SqliteConnection,
    book: &BookId,
    changes: &[AccountChange],
) -> Result<bool, StoreError> {
    let mut opened: Vec<&Account> = Vec::new();
    for change in changes {
        // Accounts are opened together, as far as nothing else comes between them.
        if let AccountChange::Open(account) = change {
            opened.push(account);
            continue;
        }
        let holds = open_accounts(conn, book, &opened).await? && change_account(conn, book, change).await?;
        opened.clear();
        if !holds {
            return Ok(false);
        }
    }
    open_accounts(conn, book, &opened).await
}

async fn open_accounts(
    conn: &mut SqliteConnection,
    book: &BookId,
    accounts: &[&Account],
) -> Result<bool, StoreError> {
    if accounts.is_empty() {
        return Ok(true);
    }
    let mut rows = JsonArray::new();
    for account in accounts {
        rows.row(|row| {
            row.text(account.id.as_str());
            row.int(day_number(account.enrolled_on));
            row.text(account.standing.as_str());
        });
    }
    let opened = execute(conn, "open accounts", query(sql::ACCOUNTS_OPEN, book).bind(rows.finish()?)).await?;
    if usize::try_from(opened).ok() != Some(accounts.len()) {
        return Ok(false);
    }
    add_members(conn, book, accounts.iter().map(|account| (&account.id, account.groups.as_slice()))).await?;
    Ok(true)
}

async fn add_members<'a>(
    conn: &mut SqliteConnection,
    book: &BookId,
    members: impl Iterator<Item = (&'a AccountId, &'a [bursar::FeeGroup])> + Send,
) -> Result<(), StoreError> {
    let mut rows = JsonArray::new();
    for (account, groups) in members {
        for group in groups {
            rows.row(|row| {
                row.text(account.as_str());
                row.text(group.as_str());
            });
        }
    }
    execute(conn, "keep an account's groups", query(sql::MEMBERS_ADD, book).bind(rows.finish()?)).await?;
    Ok(())
}

async fn change_account(
    conn: &mut SqliteConnection,
    book: &BookId,
    change: &AccountChange,
) -> Result<bool, StoreError> {
    match change {
        AccountChange::Open(account) => open_accounts(conn, book, &[account]).await,
        AccountChange::Regroup { account, groups, revision } => {
            let asked = query(sql::ACCOUNT_REVISE, book).bind(account.as_str()).bind(*revision);
            if execute(conn, "move an account's groups", asked).await? != 1 {
                return Ok(false);
            }
            let asked = query(sql::MEMBERS_REMOVE, book).bind(account.as_str());
            execute(conn, "move an account's groups", asked).await?;
            add_members(conn, book, std::iter::once((account, groups.as_slice()))).await?;
            Ok(true)
        }
        AccountChange::Move { account, to, revision, version } => {
            let asked = query(sql::ACCOUNT_MOVE, book).bind(account.as_str()).bind(*revision);
            let asked = asked.bind(to.as_str()).bind(*version);
            Ok(execute(conn, "move an account's standing", asked).await? == 1)
        }
    }
}

async fn post_all(
    conn: &mut SqliteConnection,
    book: &BookId,
    postings: Vec<Posting>,
) -> Result<Option<Vec<u32>>, StoreError> {
    let mut positions = Vec::with_capacity(postings.len());
    for run in Batch::runs(book, postings) {
        let Recorded::Positions(recorded) = post(conn, book, run.postings(), Phase::Before).await? else {
            return Ok(None);
        };
        for position in recorded {
            let Some(position) = position else { return Ok(None) };
            positions.push(position);
        }
    }
    Ok(Some(positions))
}

/// Keeps how far a school file has been read.
pub(super) async fn keep_mark(
    conn: &mut SqliteConnection,
    book: &BookId,
    mark: &FileMark,
) -> Result<(), StoreError> {
    if let Some(replaced) = mark.replaces {
        execute(conn, "keep a file mark", query(sql::FILE_MARK_REMOVE, book).bind(replaced.to_vec())).await?;
    }
    let asked = query(sql::FILE_MARK_KEEP, book).bind(i64::try_from(mark.lines).unwrap_or(i64::MAX));
    let asked = asked.bind(mark.digest.to_vec()).bind(mark.replaces.map(|digest| digest.to_vec()));
    execute(conn, "keep a file mark", asked).await?;
    Ok(())
}

/// Executes a statement that a constraint may stop: `None` then.
pub(super) async fn execute_unless_refused(
    conn: &mut SqliteConnection,
    operation: &'static str,
    query: sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
) -> Result<Option<u64>, StoreError> {
    match query.execute(conn).await {
        Ok(done) => Ok(Some(done.rows_affected())),
        Err(error) if is_constraint(&error) => Ok(None),
        Err(error) => Err(failed(operation)(error)),
    }
}
