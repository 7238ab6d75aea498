#![doc = include_str!("../docs/csv.md")]

mod debtors;
mod entries;
mod guard;
mod statement;
mod writer;

pub use debtors::{DEBTORS_HEADER, write_debtors};
pub use entries::{ENTRIES_HEADER, write_entries};
pub use guard::{guard, unguard};
pub use statement::{STATEMENT_HEADER, write_statement};
pub use writer::{Cell, CsvWriter, Written};
