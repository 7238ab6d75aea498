//! Every statement of the PostgreSQL store, each with the index that serves it.
//!
//! Traps that are avoided here:
//! - A prepared statement is planned anew for its parameters five times and then, mostly, once for all. A plan that suits any range of
//!   accounts suits no long one; so what goes through a page of accounts begins with a mark, and is not kept prepared.
//! - `FOR UPDATE` gives a row as it is after the wait, but what the statement reads without locking stays as it was when it began.
//! - The sum of 64-bit integers is a decimal; it is brought back.
//! - Names compare by their bytes since their columns have the collation "C".

/// The mark of a statement that is planned anew each time.
macro_rules! anew {
    () => {
        "-- anew\n"
    };
}

/// Whether a statement has that mark.
pub(super) fn is_planned_anew(sql: &str) -> bool {
    sql.starts_with(anew!())
}

mod bill;
mod read;
#[cfg(feature = "session")]
mod session;
mod write;

pub(super) use bill::*;
pub(super) use read::*;
pub(super) use write::*;

use crate::ledger::statements::LedgerSql;
#[cfg(feature = "session")]
use crate::session::statements::SessionSql;

pub(super) const LEDGER: LedgerSql = LedgerSql {
    book: BOOK,
    fees: FEES,
    fees_of: FEES_OF,
    fee_charged_group: FEE_CHARGED_GROUP,
    fee_charged_own: FEE_CHARGED_OWN,
    account: ACCOUNT,
    accounts: ACCOUNTS,
    accounts_list: ACCOUNTS_LIST,
    accounts_owing: ACCOUNTS_OWING,
    accounts_in_credit: ACCOUNTS_IN_CREDIT,
    entries: ENTRIES,
    scan: SCAN,
    entries_by_key: ENTRIES_BY_KEY,
    reversal_of: REVERSAL_OF,
    charges: CHARGES,
    totals: TOTALS,
    book_totals: BOOK_TOTALS,
    file_marks: FILE_MARKS,
    book_open: BOOK_OPEN,
    book_version: BOOK_VERSION,
    book_version_for_change: BOOK_VERSION_FOR_CHANGE,
    book_raise: BOOK_RAISE,
    term_define: TERM_DEFINE,
    term_close: TERM_CLOSE,
    term_make_current: TERM_MAKE_CURRENT,
    book_lock: BOOK_LOCK,
    fee_insert: FEE_INSERT,
    fee_exists: FEE_EXISTS,
    fee_delete: FEE_DELETE,
    accounts_open: ACCOUNTS_OPEN,
    members_add: MEMBERS_ADD,
    members_remove: MEMBERS_REMOVE,
    account_revise: ACCOUNT_REVISE,
    account_move: ACCOUNT_MOVE,
    file_mark_remove: FILE_MARK_REMOVE,
    file_mark_keep: FILE_MARK_KEEP,
    bill_gate: BILL_GATE,
    bill_page: BILL_PAGE,
    bill_skips_count: BILL_SKIPS_COUNT,
    bill_skips_list: BILL_SKIPS_LIST,
    reprice_gate: REPRICE_GATE,
    reprice_count: REPRICE_COUNT,
    reprice: REPRICE,
};

#[cfg(feature = "session")]
pub(super) const SESSION: SessionSql = SessionSql {
    load: session::LOAD,
    load_many: session::LOAD_MANY,
    lives: session::LIVES,
    life: session::LIFE,
    create: session::CREATE,
    update: session::UPDATE,
    update_one: session::UPDATE_ONE,
    touch: session::TOUCH,
    delete: session::DELETE,
    rotate: session::ROTATE,
    rotated: session::ROTATED,
    list_user: session::LIST_USER,
    lock_user: Some(session::LOCK_USER),
    delete_user: session::DELETE_USER,
    clean_later: session::CLEAN_LATER,
    clean: session::CLEAN,
    update_indexed: None,
};
