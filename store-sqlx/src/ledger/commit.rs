//! Change sets: all of it or nothing, within a transaction that the caller has begun.

use bursar::rule::Posting;
use bursar::store::{AccountChange, BookChange, ChangeSet, FileMark};
use bursar::{Account, AccountId, BookId, Fee, FeeKey, StoreError, Term};

use super::batch::Batch;
use super::columns::day_number;
use super::post::Recorded;
use super::read::{self, payer_columns};
use super::sql;
use crate::engine::Engine;
use crate::error::Phase;
use crate::json::JsonArray;
use crate::query::{Connection, Query, execute, get, query, row, the_row};

/// Keeps a change set; the positions of its postings, or nothing when it is not admitted, and then what was written so far has to be
/// rolled back.
pub(crate) async fn commit<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    changes: &ChangeSet,
) -> Result<Option<Vec<u32>>, StoreError> {
    // What it was decided on stays as it is until this is committed.
    let sql = match changes.book.as_slice() {
        [] => E::LEDGER.book_version,
        _ => E::LEDGER.book_version_for_change,
    };
    let Some(there) = row::<E>(conn, "read the book", query(sql, book)).await? else { return Ok(None) };
    let version: i64 = get(&there, 0)?;
    if changes.book_version.is_some_and(|decided_on| i64::try_from(decided_on).ok() != Some(version)) {
        return Ok(None);
    }
    for change in &changes.book {
        if !change_book::<E>(conn, book, change).await? {
            return Ok(None);
        }
    }
    if !changes.book.is_empty() {
        raise_version::<E>(conn, book).await?;
    }
    if !change_accounts::<E>(conn, book, &changes.accounts).await? {
        return Ok(None);
    }
    let positions = post_all::<E>(conn, book, changes.postings.clone()).await?;
    if positions.is_some()
        && let Some(mark) = &changes.mark
    {
        keep_mark::<E>(conn, book, mark).await?;
    }
    Ok(positions)
}

pub(super) async fn raise_version<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
) -> Result<(), StoreError> {
    execute::<E>(conn, "raise the book's version", query(sql::BOOK_RAISE, book)).await?;
    Ok(())
}

async fn change_book<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    change: &BookChange,
) -> Result<bool, StoreError> {
    let changed = match change {
        BookChange::DefineTerm(Term { id, name, starts_on, ends_on, closed }) => {
            let asked = query(E::LEDGER.term_define, book).bind(id.ordinal()).bind(name.as_deref());
            let asked = asked.bind(day_number(*starts_on)).bind(day_number(*ends_on)).bind(*closed);
            execute::<E>(conn, "define a term", asked).await?
        }
        BookChange::CloseTerm(term) => {
            execute::<E>(conn, "close a term", query(E::LEDGER.term_close, book).bind(term.ordinal())).await?
        }
        BookChange::MakeCurrent(term) => {
            execute::<E>(
                conn,
                "make a term current",
                query(sql::TERM_MAKE_CURRENT, book).bind(term.ordinal()),
            )
            .await?
        }
        BookChange::LockThrough(day) => {
            execute::<E>(conn, "lock the book", query(sql::BOOK_LOCK, book).bind(day_number(*day))).await?
        }
        BookChange::AddFee(fee) => {
            return Ok(
                !fee_exists::<E>(conn, book, &fee.key).await? && insert_fee::<E>(conn, book, fee).await?
            );
        }
        BookChange::EditFee(fee) => {
            // Asked once more, since it may have been charged after it was decided.
            let charged = read::fee_charged::<E>(conn, book, &fee.key).await?;
            return Ok(!charged
                && fee_exists::<E>(conn, book, &fee.key).await?
                && put_fee::<E>(conn, book, fee).await?);
        }
    };
    Ok(changed == 1)
}

fn fee_query<'q>(sql: &'static str, book: &'q BookId, key: &'q FeeKey) -> Query<'q> {
    let (own, payer) = payer_columns(&key.payer);
    query(sql, book).bind(key.term.ordinal()).bind(own).bind(payer).bind(key.code.as_str())
}

pub(super) async fn fee_exists<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    key: &FeeKey,
) -> Result<bool, StoreError> {
    get::<E, bool>(&the_row(conn, "read a fee", fee_query(sql::FEE_EXISTS, book, key)).await?, 0)
}

async fn insert_fee<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    fee: &Fee,
) -> Result<bool, StoreError> {
    let mut parts = JsonArray::new();
    for (number, part) in (0_i64..).zip(&fee.instalments) {
        parts.row(|row| {
            row.int(number);
            row.int(part.amount.minor());
            row.int(day_number(part.due_on));
        });
    }
    let asked =
        fee_query(E::LEDGER.fee_insert, book, &fee.key).bind(i64::from(fee.revision)).bind(parts.finish()?);
    let inserted = execute::<E>(conn, "keep a fee", asked).await?;
    Ok(inserted > 0)
}

/// Puts a fee in the place of the one of its key.
pub(super) async fn put_fee<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    fee: &Fee,
) -> Result<bool, StoreError> {
    execute::<E>(conn, "replace a fee", fee_query(sql::FEE_DELETE, book, &fee.key)).await?;
    insert_fee::<E>(conn, book, fee).await
}

async fn change_accounts<E: Engine>(
    conn: &mut Connection<E>,
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
        let holds =
            open_accounts::<E>(conn, book, &opened).await? && change_account::<E>(conn, book, change).await?;
        opened.clear();
        if !holds {
            return Ok(false);
        }
    }
    open_accounts::<E>(conn, book, &opened).await
}

async fn open_accounts<E: Engine>(
    conn: &mut Connection<E>,
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
    let opened =
        execute::<E>(conn, "open accounts", query(E::LEDGER.accounts_open, book).bind(rows.finish()?))
            .await?;
    if usize::try_from(opened).ok() != Some(accounts.len()) {
        return Ok(false);
    }
    add_members::<E>(conn, book, accounts.iter().map(|account| (&account.id, account.groups.as_slice())))
        .await?;
    Ok(true)
}

async fn add_members<'a, E: Engine>(
    conn: &mut Connection<E>,
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
    execute::<E>(conn, "keep an account's groups", query(E::LEDGER.members_add, book).bind(rows.finish()?))
        .await?;
    Ok(())
}

async fn change_account<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    change: &AccountChange,
) -> Result<bool, StoreError> {
    match change {
        AccountChange::Open(account) => open_accounts::<E>(conn, book, &[account]).await,
        AccountChange::Regroup { account, groups, revision } => {
            let asked = query(sql::ACCOUNT_REVISE, book).bind(account.as_str()).bind(*revision);
            if execute::<E>(conn, "move an account's groups", asked).await? != 1 {
                return Ok(false);
            }
            let asked = query(sql::MEMBERS_REMOVE, book).bind(account.as_str());
            execute::<E>(conn, "move an account's groups", asked).await?;
            add_members::<E>(conn, book, std::iter::once((account, groups.as_slice()))).await?;
            Ok(true)
        }
        AccountChange::Move { account, to, revision, version } => {
            let asked = query(sql::ACCOUNT_MOVE, book).bind(account.as_str()).bind(*revision);
            let asked = asked.bind(to.as_str()).bind(*version);
            Ok(execute::<E>(conn, "move an account's standing", asked).await? == 1)
        }
    }
}

async fn post_all<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    postings: Vec<Posting>,
) -> Result<Option<Vec<u32>>, StoreError> {
    let mut positions = Vec::with_capacity(postings.len());
    for run in Batch::runs(book, postings) {
        let Recorded::Positions(recorded) = E::post(conn, book, run.postings(), Phase::Before).await? else {
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
pub(super) async fn keep_mark<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    mark: &FileMark,
) -> Result<(), StoreError> {
    if let Some(replaced) = &mark.replaces {
        execute::<E>(conn, "keep a file mark", query(sql::FILE_MARK_REMOVE, book).bind(replaced)).await?;
    }
    let asked = query(E::LEDGER.file_mark_keep, book).bind(i64::try_from(mark.lines).unwrap_or(i64::MAX));
    let asked = asked.bind(&mark.digest).bind(mark.replaces.as_ref().map(<[u8; 32]>::as_slice));
    execute::<E>(conn, "keep a file mark", asked).await?;
    Ok(())
}
