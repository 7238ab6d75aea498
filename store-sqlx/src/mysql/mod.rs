//! Ledgers and sessions in MariaDB and MySQL.

mod bill;
mod engine;
mod error;
mod migrations;
mod open;
mod options;
mod placeholders;
mod post;
mod reports;
#[cfg(feature = "session")]
mod session;
mod sql;
mod sums;

pub use open::{MySqlStore, MySqlTx};
pub use options::MySqlOptions;
