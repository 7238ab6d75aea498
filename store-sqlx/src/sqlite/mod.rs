//! Ledgers and sessions in SQLite.

mod bill;
mod commit;
mod error;
mod migrate;
mod options;
mod post;
mod read;
mod reprice;
mod row;
#[cfg(feature = "session")]
mod session;
mod sql;
mod store;
mod sums;
mod tx;
mod writer;

pub use options::SqliteOptions;
pub use store::SqliteStore;
pub use tx::SqliteTx;
