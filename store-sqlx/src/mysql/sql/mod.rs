//! Every statement of the MySQL and MariaDB store, each with the index that serves it.
//!
//! Traps that are avoided here:
//! - Only what MariaDB 10.11 and MySQL 8 both speak is used: no `RETURNING` but where a statement has a twin without it, no `FILTER`, no
//!   `FOR UPDATE OF`, no row constructors over a table of values.
//! - Columns of `JSON_TABLE` are text in the database's own character set unless they say otherwise, and what that cannot hold becomes a
//!   question mark without a word; so each says `utf8mb4`. They cut what is too long, whatever `ERROR ON ERROR` says; so names are as long
//!   as names may be, and free text is `LONGTEXT`.
//! - Names are compared with `VARBINARY` columns, and so by their bytes; two columns of `JSON_TABLE` never with one another, since these have
//!   a collation that takes `A` for `a`. What is read of a name is converted, since sqlx takes bytes for no text.
//! - `STRAIGHT_JOIN` and `FORCE INDEX`: over few rows the planner prefers to read, and so to lock, a whole table, in no order.
//! - A trigger may not write to a table that its statement reads: what inserts entries never reads `bursar_account`.
//! - `<=>` between a subquery and what is around it: MariaDB turns `NOT EXISTS` with `=` into a list of all that the subquery may find, which is
//!   the charges of a whole term, while this seeks for the row in hand.
//! - `SUM` gives decimals, which are cast back.
//! - `GROUP_CONCAT` cuts at 1,024 bytes in MySQL: a hint, which is a comment to MariaDB (it cuts at a megabyte), lets it go further.

/// An array of texts, each at most so long, as a table `j`, each once.
macro_rules! texts {
    ($parameter:literal, $name:literal, $length:literal) => {
        concat!(
            "(SELECT DISTINCT CAST(t.x AS BINARY) AS ",
            $name,
            "
          FROM JSON_TABLE(",
            $parameter,
            ", '$[*]' COLUMNS (x VARCHAR(",
            $length,
            ") CHARACTER SET utf8mb4 PATH '$')) AS t) AS j"
        )
    };
}

/// A name as text.
macro_rules! name {
    ($column:literal) => {
        concat!("CONVERT(", $column, " USING utf8mb4)")
    };
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
#[cfg(feature = "session")]
pub(super) use session::DELETE_USER;
pub(super) use write::*;

use crate::ledger::statements::{LedgerSql, ledger_sql};
#[cfg(feature = "session")]
use crate::session::statements::{SessionSql, session_sql};

pub(super) const LEDGER: LedgerSql = ledger_sql!();

#[cfg(feature = "session")]
pub(super) const SESSION: SessionSql = session_sql!();

/// What is to be done when an update of many was done for none: the statement that asks for which it would be done, and holds them, and the one
/// that does it for these.
#[cfg(feature = "session")]
pub(super) fn held_and_rest(all: &'static str) -> Option<(&'static str, &'static str)> {
    let updates = [
        (session::CREATE, session::CREATE_HELD, session::CREATE_REST),
        (session::UPDATE, session::UPDATE_HELD, session::UPDATE_REST),
        (session::TOUCH, session::TOUCH_HELD, session::TOUCH_REST),
        (session::DELETE, session::DELETE_HELD, session::DELETE_REST),
    ];
    updates.into_iter().find(|(of, ..)| *of == all).map(|(_, held, rest)| (held, rest))
}
