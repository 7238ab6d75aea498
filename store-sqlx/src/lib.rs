//! The SQL store of [`bursar`] and of `bursar-session`: ledgers and sessions in the application's own database, through [`sqlx`].
//!
//! | feature | store | keeps | inside the caller's transaction |
//! |---|---|---|---|
//! | `sqlite` | `SqliteStore` | ledgers: it is a [`LedgerStore`](bursar::LedgerStore) | `SqliteTx` |
//! | `postgres` | `PostgresStore` | the same | `PostgresTx` |
//! | and `session` | the same | sessions as well: it is a `SessionStore` | |
//!
//! # What it keeps to
//!
//! - All its tables begin with `bursar_`. They are made and brought up to date whenever a store is opened, by whichever process comes first;
//!   neither the application's own tables nor sqlx's record of its migrations is touched.
//! - Entries are append-only: the database itself refuses to change or delete one.
//! - Writes are gathered: one task takes whatever is asked for at one moment to the disk together, and answers each when all of it is
//!   durable. A caller that goes away loses its answer and nothing else.
//! - Sessions that are read at one moment are read together, by one of those who ask; who is alone reads at once. What is gone stays gone: the
//!   database itself refuses to bring a session back.
//! - The rule by which an entry is admitted is in the statement that records it; keys, billed slots and reversals are unique by index.
//!
//! # What it does not do
//!
//! - The store lives on the tokio runtime on which it was opened, and ends with it.
//! - A file on a network drive is no place for an SQLite database.

/// What there is once a database is chosen.
macro_rules! with_a_database {
    ($($item:item)*) => {
        $(#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))] $item)*
    };
}

with_a_database! {
    mod engine;
    mod error;
    mod json;
    mod lane;
    mod ledger;
    mod migrate;
    mod proxy;
    mod query;
    #[cfg(feature = "session")]
    mod session;
    mod store;
    mod surroundings;
    mod tx;
    mod writer;
    mod writes;

    pub use engine::Engine;
    pub use store::SqlStore;
    pub use tx::SqlTx;
}

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore, PostgresTx};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore, SqliteTx};
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql")]
pub use mysql::{MySqlOptions, MySqlStore, MySqlTx};
/// The version of sqlx that the store is built with: use it for pools and transactions that are given to the store.
pub use sqlx;
