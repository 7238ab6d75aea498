//! Ledgers in SQLite.

mod bill;
mod commit;
mod error;
mod migrate;
mod options;
mod post;
mod read;
mod reprice;
mod row;
mod sql;
mod store;
mod sums;
mod tx;
mod writer;

pub use options::SqliteOptions;
pub use store::SqliteStore;
pub use tx::SqliteTx;
