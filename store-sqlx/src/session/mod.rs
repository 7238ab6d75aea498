//! Sessions, beside the ledgers: the same over every database.

pub(crate) mod batch;
pub(crate) mod columns;
mod job;
pub(crate) mod lane;
pub(crate) mod load;
pub(crate) mod relay;
pub(crate) mod sql;
pub(crate) mod statements;
mod store;
pub(crate) mod write;
