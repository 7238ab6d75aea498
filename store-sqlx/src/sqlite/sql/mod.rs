//! Every statement of the SQLite store, each with the index that serves it.
//!
//! Traps that are avoided here:
//! - Parameters are `$1`, `$2` …: sqlx hands these to every statement of a text alike, while bare `?` are used up in turn, and `?2` without
//!   a `?1` is bound to `NULL` from the third statement of a text on, without a word.
//! - Arrays go in as one JSON text: many parameters cost time with the square of their number.
//! - `GROUP BY +term`: without the plus the planner walks the figures of the whole book to spare itself a small sort.
//! - Text is compared by its bytes (`BINARY`), which is the order that the contract asks for.
//! - Lists come back packed into one row where they are long: every row costs a crossing from SQLite's thread. Names hold no control
//!   characters, so that `char(31)` and `char(10)` part them.

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
    book_version_for_change: BOOK_VERSION,
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
    lock_user: None,
    delete_user: session::DELETE_USER,
    clean_later: session::CLEAN_LATER,
    clean: session::CLEAN,
    update_indexed: Some(session::UPDATE_INDEXED),
};
