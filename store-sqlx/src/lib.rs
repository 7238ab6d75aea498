//! The SQL store of [`bursar`] and of `bursar-session`: ledgers and sessions in the application's own database, through [`sqlx`].
//!
//! | feature | store | keeps | inside the caller's transaction |
//! |---|---|---|---|
//! | `sqlite` | `SqliteStore` | ledgers: it is a [`LedgerStore`](bursar::LedgerStore) | `SqliteTx` |
//! | `postgres` | `PostgresStore` | the same | `PostgresTx` |
//! | `mysql` | `MySqlStore`: MariaDB and MySQL | the same | `MySqlTx` |
//! | and `session` | the same | sessions as well: it is a `SessionStore` | |
//!
//! The three are one [`SqlStore`] over another of sqlx's drivers: all that reads, decides and writes is written once, and a database brings its
//! statements and its tables. Encrypted connections are features of sqlx (`tls-rustls-ring`, `tls-native-tls`, …), which the application chooses.
//!
//! # What it keeps to
//!
//! - All its tables begin with `bursar_`. They are made and brought up to date whenever a store is opened, by whichever process comes first;
//!   neither the application's own tables nor sqlx's record of its migrations is touched.
//! - Entries are append-only: the database itself refuses to change or delete one.
//! - Writes are gathered: one task, on a server a few, takes whatever is asked for at one moment to the database together, and answers each when
//!   all of it is durable. A caller that goes away loses its answer and nothing else.
//! - Deadlocks and conflicts between writers are tried again, with a pause by chance, and end as [`Busy`](bursar::StoreErrorKind::Busy) after
//!   seconds in vain. A connection that is lost at a commit leaves an [unknown outcome](bursar::StoreErrorKind::UnknownOutcome), which the ledger
//!   asks for by key.
//! - Sessions that are read at one moment are read together, by one of those who ask; who is alone reads at once. What is gone stays gone: the
//!   database itself refuses to bring a session back.
//! - The rule by which an entry is admitted is in the statement that records it; keys, billed slots and reversals are unique by index.
//!
//! # What it does not do
//!
//! - The store lives on the tokio runtime on which it was opened, and ends with it.
//! - A file on a network drive is no place for an SQLite database.
//! - Addresses are given once: a failover to another address is the business of what stands before the servers.
//! - MySQL 8 is written for and has not been run.
//!
//! # Traps of sqlx that are avoided
//!
//! | trap | here |
//! |---|---|
//! | a `Pool::begin` whose caller goes away can give back a connection that is inside a transaction | transactions run in tasks of the store's own; what callers ask is single statements |
//! | a dropped `Transaction` is rolled back some time later | every one is ended, and the end awaited |
//! | `fetch_optional` leaves a statement half done | all rows are taken |
//! | MySQL tells how many rows were found, not changed | it is the found ones that are counted, which all three tell alike |
//! | `INSERT IGNORE` and `ON DUPLICATE KEY UPDATE` hide what happened | rows are inserted plainly, and a taken key is an error that is looked at |
//! | a text that changes is prepared anew each time | texts are constants |
//! | a driver panics | a lane goes on over another connection |

#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unused, reason = "there is nothing to do without a database")
)]

mod engine;
mod error;
mod json;
mod lane;
mod ledger;
mod migrate;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod proxy;
mod query;
#[cfg(feature = "session")]
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod surroundings;
mod tx;
mod writer;
mod writes;

pub use engine::Engine;
#[cfg(feature = "mysql")]
pub use mysql::{MySqlOptions, MySqlStore, MySqlTx};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore, PostgresTx};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore, SqliteTx};
pub use store::SqlStore;
pub use tx::SqlTx;

/// The version of sqlx that the store is built with: use it for pools and transactions that are given to the store.
pub use sqlx;
