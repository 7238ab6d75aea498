//! Every statement of the SQLite store, each with the index that serves it.
//!
//! Traps that are avoided here:
//! - Parameters are `$1`, `$2` …: sqlx hands these to every statement of a text alike, while bare `?` are used up in turn, and `?2` without
//!   a `?1` is bound to `NULL` from the third statement of a text on, without a word.
//! - Arrays go in as one JSON text: many parameters cost time with the square of their number.
//! - `GROUP BY +term`: without the plus the planner walks the figures of the whole book to spare itself a small sort.
//! - Text is compared by its bytes (`BINARY`), which is the order that the contract asks for.
//! - A partial index serves a column that equals a value only where the planner does not see through to the value, which it would put in the
//!   place of the column in `balance > 0` as well: `balance = (SELECT $5)`. Of several bounds of a range it takes the first that is written.
//! - Lists come back packed into one row where they are long: every row costs a crossing from SQLite's thread. Names hold no control
//!   characters, so that `char(31)` and `char(10)` part them.

mod bill;
#[macro_use]
mod read;
mod reports;
mod seal;
#[cfg(feature = "session")]
mod session;
mod write;

pub(super) use bill::*;
pub(super) use read::*;
pub(super) use reports::*;
pub(super) use seal::*;
pub(super) use write::*;

use crate::ledger::sql::standard::*;
use crate::ledger::statements::{LedgerSql, ledger_sql};
#[cfg(feature = "session")]
use crate::session::statements::{SessionSql, session_sql};

pub(super) const LEDGER: LedgerSql = ledger_sql!();

#[cfg(feature = "session")]
pub(super) const SESSION: SessionSql = session_sql!();
