//! What stops the writing of a journal.

use std::io;

use chrono::NaiveDate;

use super::{FEE_CODES_MAX, Format};
use crate::{Error, ReceiptNumber};

/// What stopped the writing of a journal.
///
/// The book is read through before anything is written: a day or a number of codes that the format cannot have leaves the writer untouched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The program does not read the day of an entry. Another format may.
    #[error("{receipt}: {format} reads days from {first} to {last}, not {day}")]
    Day {
        /// The entry's receipt number.
        receipt: ReceiptNumber,
        /// The day on which it takes effect.
        day: NaiveDate,
        /// The program.
        format: Format,
        /// The first day that it reads.
        first: NaiveDate,
        /// The last.
        last: NaiveDate,
    },
    /// The book has more fee codes than are held in memory.
    #[error("the book has more than {FEE_CODES_MAX} fee codes, each of which is an account of its own")]
    TooManyFeeCodes,
    /// Others recorded in the book while it was being written, so that what is written does not fit together. Write it anew.
    #[error("the book was changed while it was being written; write it again")]
    Changed,
    /// The book cannot be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// The journal cannot be written.
    #[error("the journal cannot be written: {0}")]
    Write(#[from] io::Error),
}
