#![doc = include_str!("../docs/import.md")]

mod arrears;
mod bank;
mod commit;
mod fault;
mod format;
mod lookup;
mod matching;
mod name;
mod table;

pub use arrears::{ArrearsColumns, ArrearsImport, CheckedArrears};
pub use bank::{BankColumns, BankImport, BankLine, CheckedBank, PassedOver, Unmatched, WhyPassedOver};
pub use commit::{Imported, ImportedLine};
pub use fault::{Fault, FileProblem, ImportError, Problem};
pub use format::{Delimiter, FileFormat, Thousands};
pub use matching::WhyUnmatched;
pub use name::ImportName;
pub use table::{FILE_BYTES_MAX, LINES_MAX};
