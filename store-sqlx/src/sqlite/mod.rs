//! Ledgers and sessions in SQLite.

mod bill;
mod engine;
mod error;
mod migrations;
mod open;
mod options;
mod post;
mod reports;
mod sql;
mod sums;

pub use open::{SqliteStore, SqliteTx};
pub use options::SqliteOptions;
