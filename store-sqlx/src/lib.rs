#![cfg_attr(
    all(feature = "sqlite", feature = "postgres", feature = "mysql", feature = "session"),
    doc = include_str!("docs/lib.md")
)]
#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "mysql", feature = "session")),
    doc = "The SQL store of [`bursar`] and of `bursar-session`. This page is whole with all features on: `cargo doc --all-features`."
)]
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
