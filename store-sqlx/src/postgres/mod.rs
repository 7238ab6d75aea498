//! Ledgers and sessions in PostgreSQL, 12 or later.

mod asking;
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

pub use open::{PostgresStore, PostgresTx};
pub use options::PostgresOptions;
