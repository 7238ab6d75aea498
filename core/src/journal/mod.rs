#![doc = include_str!("../docs/journal.md")]

mod beancount;
mod counter;
mod error;
mod format;
mod lines;
mod names;
mod plain;
mod scan;
mod survey;
mod write;

pub use error::JournalError;
pub use format::Format;
pub use survey::FEE_CODES_MAX;
pub use write::{Written, write_journal};
