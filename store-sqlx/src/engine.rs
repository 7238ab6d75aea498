//! A database, as the store has it: how its driver is spoken to. What else differs stands where it is used: what its errors mean, and how it
//! records, bills and sums; its statements are in a folder of its own.

use std::future::Future;

use sqlx::Database;

use crate::error::Errors;
use crate::ledger::bill::Bills;
use crate::ledger::post::Posts;
use crate::ledger::reports::Reports;
use crate::ledger::statements::LedgerSql;
use crate::ledger::sums::Sums;
use crate::migrate::Schema;
use crate::query::{Connection, Query};
#[cfg(feature = "session")]
use crate::session::statements::SessionSql;
#[cfg(feature = "session")]
use crate::session::write::DoneFor;

/// A database that a store keeps its tables in: one of sqlx's drivers, which the features choose. There are no others.
pub trait Engine: Driver + Errors + Posts + Bills + Sums + Reports {}

impl<E: Driver + Errors + Posts + Bills + Sums + Reports> Engine for E {}

/// How a database's driver is spoken to.
pub trait Driver: Database {
    /// Its statements on ledgers.
    const LEDGER: &'static LedgerSql;
    /// Its statements on sessions.
    #[cfg(feature = "session")]
    const SESSION: &'static SessionSql;
    /// Its tables.
    const SCHEMA: &'static Schema;
    /// How a transaction begins that writes.
    const BEGIN: &'static str;
    /// How a billing begins, which mostly finds nothing to charge.
    const BEGIN_BILLING: &'static str;
    /// Whether there are many writers, so that work that is long goes beside the lanes and not through them.
    const MANY_WRITERS: bool;
    /// How many connections read sessions.
    #[cfg(feature = "session")]
    const SESSION_TURNS: usize;
    /// Whether the data of sessions goes in the array that says whose it is, and not in one beside it.
    #[cfg(feature = "session")]
    const DATA_IN_ROWS: bool = false;
    /// Whether a statement that a constraint stopped leaves the transaction that it was in usable.
    const SURVIVES_CONSTRAINT: bool;

    /// Runs a statement, and takes all its rows.
    fn fetch<'c>(
        conn: &'c mut Connection<Self>,
        query: Query<'c>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send + 'c;

    /// Executes a statement; how many rows it changed.
    fn execute<'c>(
        conn: &'c mut Connection<Self>,
        query: Query<'c>,
    ) -> impl Future<Output = Result<u64, sqlx::Error>> + Send + 'c;

    /// Executes several statements without parameters.
    fn execute_script<'c>(
        conn: &'c mut Connection<Self>,
        sql: &'static str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send + 'c;

    /// An integer column.
    fn int(row: &Self::Row, column: usize) -> Result<Option<i64>, sqlx::Error>;
    /// A column of text.
    fn text(row: &Self::Row, column: usize) -> Result<Option<&str>, sqlx::Error>;
    /// A column of bytes.
    fn bytes(row: &Self::Row, column: usize) -> Result<Option<&[u8]>, sqlx::Error>;
    /// A column that is true or false.
    fn flag(row: &Self::Row, column: usize) -> Result<Option<bool>, sqlx::Error>;

    /// Runs a statement over an array of so many sessions; which it was done for.
    #[cfg(feature = "session")]
    fn write_sessions<'c>(
        conn: &'c mut Connection<Self>,
        query: Query<'c>,
        _sessions: usize,
    ) -> impl Future<Output = Result<DoneFor<Self::Row>, sqlx::Error>> + Send + 'c {
        async { Self::fetch(conn, query).await.map(DoneFor::These) }
    }
}
