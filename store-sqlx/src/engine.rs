//! What differs between the databases, beside the text of their statements.

use std::future::Future;

use bursar::rule::Posting;
use bursar::store::{AgedRow, AgingOrder, BilledPage, BillingOrder, SummaryRow, TermRow};
use bursar::{AccountId, BookId, StoreError, StoreErrorKind, TermId, TermTotals};
use sqlx::Database;

use crate::error::Phase;
use crate::ledger::bill::{Charged, Scope};
use crate::ledger::post::Recorded;
use crate::ledger::statements::LedgerSql;
use crate::ledger::sums;
use crate::migrate::Schema;
use crate::query::{Connection, Query};
#[cfg(feature = "session")]
use crate::session::statements::SessionSql;
#[cfg(feature = "session")]
use crate::session::write::DoneFor;

/// A database that a store keeps its tables in: one of sqlx's drivers, which the features choose.
pub trait Engine: Database {
    /// Its statements on ledgers.
    #[doc(hidden)]
    const LEDGER: &'static LedgerSql;
    /// Its statements on sessions.
    #[doc(hidden)]
    #[cfg(feature = "session")]
    const SESSION: &'static SessionSql;
    /// Its tables.
    #[doc(hidden)]
    const SCHEMA: &'static Schema;
    /// How a transaction begins that writes.
    #[doc(hidden)]
    const BEGIN: &'static str;
    /// How a billing begins, which mostly finds nothing to charge.
    #[doc(hidden)]
    const BEGIN_BILLING: &'static str;
    /// Whether there are many writers, so that work that is long goes beside the lanes and not through them.
    #[doc(hidden)]
    const MANY_WRITERS: bool;
    /// Whether the data of sessions goes in the array that says whose it is, and not in one beside it.
    #[doc(hidden)]
    #[cfg(feature = "session")]
    const DATA_IN_ROWS: bool = false;
    /// Whether a statement that a constraint stopped leaves the transaction that it was in usable.
    #[doc(hidden)]
    const SURVIVES_CONSTRAINT: bool;

    /// Runs a statement, and takes all its rows.
    #[doc(hidden)]
    fn fetch<'c>(
        conn: &'c mut Connection<Self>,
        query: Query<'c>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send + 'c;

    /// Executes a statement; how many rows it changed.
    #[doc(hidden)]
    fn execute<'c>(
        conn: &'c mut Connection<Self>,
        query: Query<'c>,
    ) -> impl Future<Output = Result<u64, sqlx::Error>> + Send + 'c;

    /// Executes several statements without parameters.
    #[doc(hidden)]
    fn execute_script<'c>(
        conn: &'c mut Connection<Self>,
        sql: &'static str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send + 'c;

    /// An integer column.
    #[doc(hidden)]
    fn int(row: &Self::Row, column: usize) -> Result<Option<i64>, sqlx::Error>;
    /// A column of text.
    #[doc(hidden)]
    fn text(row: &Self::Row, column: usize) -> Result<Option<&str>, sqlx::Error>;
    /// A column of bytes.
    #[doc(hidden)]
    fn bytes(row: &Self::Row, column: usize) -> Result<Option<&[u8]>, sqlx::Error>;
    /// A column that is true or false.
    #[doc(hidden)]
    fn flag(row: &Self::Row, column: usize) -> Result<Option<bool>, sqlx::Error>;

    /// Whether a constraint of the tables refused it: a key, a slot or a position taken, a balance past its bound.
    #[doc(hidden)]
    fn is_constraint(error: &sqlx::Error) -> bool;

    /// Whether the database has undone the whole transaction of its own accord, and takes what follows for single statements.
    #[doc(hidden)]
    #[must_use]
    fn ends_transaction(_error: &sqlx::Error) -> bool {
        false
    }

    /// What an error is and what to do about it, beyond what is alike everywhere.
    #[doc(hidden)]
    fn explain(phase: Phase, error: &sqlx::Error) -> (StoreErrorKind, &'static str);

    /// Records the admitted ones of postings that are one [`Batch`](crate::ledger::batch::Batch). Outside a transaction it is one by itself:
    /// durable when this returns, and an error may leave the outcome open, as `phase` says.
    #[doc(hidden)]
    fn post<'c>(
        conn: &'c mut Connection<Self>,
        book: &'c BookId,
        postings: &'c [Posting],
        phase: Phase,
    ) -> impl Future<Output = Result<Recorded, StoreError>> + Send + 'c;

    /// Charges what is due of a page of accounts and not charged yet, within a transaction, and counts it in the page.
    #[doc(hidden)]
    fn charge_due<'c>(
        conn: &'c mut Connection<Self>,
        scope: &'c Scope<'c>,
        order: &'c BillingOrder,
        page: &'c mut BilledPage,
    ) -> impl Future<Output = Result<Charged, StoreError>> + Send + 'c;

    /// The totals by term of these accounts.
    #[doc(hidden)]
    fn totals<'c>(
        conn: &'c mut Connection<Self>,
        book: &'c BookId,
        accounts: &'c [AccountId],
    ) -> impl Future<Output = Result<Vec<(AccountId, TermTotals)>, StoreError>> + Send + 'c {
        sums::totals::<Self>(conn, book, accounts)
    }

    /// The figures of a term of a page of accounts, in byte order.
    #[doc(hidden)]
    fn term_rows<'c>(
        conn: &'c mut Connection<Self>,
        book: &'c BookId,
        term: TermId,
        after: Option<&'c AccountId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<TermRow>, StoreError>> + Send + 'c;

    /// The parts in a term's summary of a page of accounts, in byte order.
    #[doc(hidden)]
    fn summary_rows<'c>(
        conn: &'c mut Connection<Self>,
        book: &'c BookId,
        term: TermId,
        after: Option<&'c AccountId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<SummaryRow>, StoreError>> + Send + 'c;

    /// The parts in an aging of a page of accounts, in byte order.
    #[doc(hidden)]
    fn aged_rows<'c>(
        conn: &'c mut Connection<Self>,
        book: &'c BookId,
        order: &'c AgingOrder,
        after: Option<&'c AccountId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AgedRow>, StoreError>> + Send + 'c;

    /// Runs a statement over an array of so many sessions; which it was done for.
    #[doc(hidden)]
    #[cfg(feature = "session")]
    fn write_sessions<'c>(
        conn: &'c mut Connection<Self>,
        query: Query<'c>,
        _sessions: usize,
    ) -> impl Future<Output = Result<DoneFor<Self::Row>, sqlx::Error>> + Send + 'c {
        async { Self::fetch(conn, query).await.map(DoneFor::These) }
    }
}
