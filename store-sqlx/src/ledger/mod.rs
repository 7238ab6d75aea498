//! Ledgers: the same over every database.

pub(crate) mod batch;
pub(crate) mod bill;
pub(crate) mod columns;
pub(crate) mod commit;
pub(crate) mod lane;
pub(crate) mod post;
pub(crate) mod questions;
pub(crate) mod read;
pub(crate) mod reports;
pub(crate) mod reprice;
pub(crate) mod row;
pub(crate) mod seal;
pub(crate) mod sql;
pub(crate) mod statements;
pub(crate) mod sums;
pub(crate) mod term_page;
