#![cfg_attr(
    all(feature = "sqlite", feature = "postgres", feature = "mysql", feature = "session"),
    doc = include_str!("docs/lib.md")
)]
#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "mysql", feature = "session")),
    doc = "The SQL store of [`bursar`] and of `bursar-session`. This page is whole with all features on: `cargo doc --all-features`."
)]

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

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "mysql")]
pub use mysql::{MySqlOptions, MySqlStore, MySqlTx};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore, PostgresTx};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore, SqliteTx};
/// The version of sqlx that the store is built with: use it for pools and transactions that are given to the store.
pub use sqlx;
