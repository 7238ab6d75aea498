//! Sessions in SQLite, beside the ledgers.

mod job;
mod load;
mod sql;
mod store;
mod write;

pub(super) use load::SqliteReader;
