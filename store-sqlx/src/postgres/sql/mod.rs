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
