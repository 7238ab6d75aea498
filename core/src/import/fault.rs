//! What is wrong with a line, and with a file.

use std::fmt;
use std::io;

use chrono::NaiveDate;

use super::table::{FILE_BYTES_MAX, LINES_MAX};
use crate::{AccountId, Error, IdempotencyKey, Money, Refusal, TermId};

/// Something that is wrong with a line, or with all of them.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// use bursar::import::ArrearsImport;
///
/// let import = ArrearsImport::new("arrears-2025", term, "owed from 2025")?;
/// let checked = import.check(&school, "account,amount\ns-17,much\n".as_bytes()).await?;
/// let fault = &checked.faults()[0];
/// assert_eq!((fault.line, fault.column.as_deref(), fault.problem.code()), (Some(2), Some("amount"), "bad-amount"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The number of the line in the file, from 1, the header and blank lines counted; `None` when it is wrong whatever the line.
    pub line: Option<u64>,
    /// The column by its name in the file, where one cell is at fault.
    pub column: Option<String>,
    /// What is wrong, and what is allowed.
    pub problem: Problem,
}

impl Fault {
    pub(super) const fn of_line(line: u64, problem: Problem) -> Self {
        Self { line: Some(line), column: None, problem }
    }

    pub(super) fn of_cell(line: u64, column: &str, problem: Problem) -> Self {
        Self { line: Some(line), column: Some(column.to_owned()), problem }
    }

    pub(super) const fn of_all(problem: Problem) -> Self {
        Self { line: None, column: None, problem }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}")?,
            None => f.write_str("every line")?,
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What is wrong. [`Problem::code`] is stable and meant for programs; the message says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Bytes that are no UTF-8.
    #[error("it is not UTF-8 text; save the file as CSV UTF-8")]
    NotUtf8,
    /// A quote that is not closed, or text after one that is.
    #[error(
        "its quotes do not pair: a cell that begins with a quote ends with one, and a quote within it is doubled"
    )]
    Quotes,
    /// A cell of several lines, where the format does not say that there may be.
    #[error("a cell runs on into the next line; close its quote, or say that cells may hold line breaks")]
    LineBreak,
    /// More or fewer cells than the header.
    #[error("it has {found} cells where the header has {expected}; quote a cell that holds the delimiter")]
    CellCount {
        /// How many the header has.
        expected: usize,
        /// How many the line has.
        found: usize,
    },
    /// More cells than any table has.
    #[error("it has more than {max} cells; is this a table?")]
    TooManyCells {
        /// The most allowed.
        max: usize,
    },
    /// An empty cell that must say something.
    #[error("it is empty; it must be given")]
    Blank,
    /// A text that is not an amount in the form of this file.
    #[error("{given:?} is not an amount; allowed is {allowed}")]
    BadAmount {
        /// The text, shortened.
        given: String,
        /// The form, in words.
        allowed: String,
    },
    /// A text that is not a day in the form of this file.
    #[error("{given:?} is not a day; allowed is {allowed}")]
    BadDay {
        /// The text, shortened.
        given: String,
        /// The form, in words.
        allowed: String,
    },
    /// An account that is on two lines.
    #[error("account {account} is on line {first} already; give each account once")]
    Twice {
        /// The account.
        account: AccountId,
        /// The first line with it.
        first: u64,
    },
    /// An account that has an opening balance in the term, from elsewhere.
    #[error(
        "account {account} has an opening balance of {opening} in term {term} already; reverse it first, or leave this line out"
    )]
    HasOpening {
        /// The account.
        account: AccountId,
        /// The term.
        term: TermId,
        /// The sum of its opening balances there.
        opening: Money,
    },
    /// A line that this import has recorded with other content.
    #[error(
        "this import has recorded it otherwise ({kind} of {amount} on account {account}, {on}, key {key}); give it as it was, or import under another name"
    )]
    RecordedOtherwise {
        /// The key.
        key: IdempotencyKey,
        /// The kind of what is recorded.
        kind: &'static str,
        /// Its account.
        account: AccountId,
        /// Its amount.
        amount: Money,
        /// The day on which it took effect.
        on: NaiveDate,
    },
    /// A credit and a debit on one line.
    #[error("it has both a credit and a debit; a line has one of them")]
    BothSides,
    /// A credit below zero.
    #[error("a credit below zero is not allowed; money out goes in the debit column")]
    NegativeCredit,
    /// A transaction id that two lines have, which say different things.
    #[error("line {other} has the transaction id too, and says otherwise; neither is taken")]
    TransactionTwice {
        /// The other line.
        other: u64,
    },
    /// A payment that was matched when the file was checked, and is not now.
    #[error("it was matched when the file was checked, and is not any more; check the file again")]
    NoLongerMatched,
    /// No term was given and none is current.
    #[error("no term is current; activate one, or give the term of the payments")]
    NoTerm,
    /// A rule of the ledger does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Problem {
    /// The stable code of the problem, in kebab case; that of the [refusal](Refusal::code) where a rule refused.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotUtf8 => "not-utf-8",
            Self::Quotes => "quotes",
            Self::LineBreak => "line-break",
            Self::CellCount { .. } => "cell-count",
            Self::TooManyCells { .. } => "too-many-cells",
            Self::Blank => "blank",
            Self::BadAmount { .. } => "bad-amount",
            Self::BadDay { .. } => "bad-date",
            Self::Twice { .. } => "twice",
            Self::HasOpening { .. } => "has-opening",
            Self::RecordedOtherwise { .. } => "recorded-otherwise",
            Self::BothSides => "both-sides",
            Self::NegativeCredit => "negative-credit",
            Self::TransactionTwice { .. } => "transaction-twice",
            Self::NoLongerMatched => "no-longer-matched",
            Self::NoTerm => "no-term",
            Self::Refused(refusal) => refusal.code(),
        }
    }
}

/// Why a file cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// There is no header.
    #[error("the file is empty; its first line must name the columns")]
    NoHeader,
    /// The header is not CSV in UTF-8.
    #[error("the header on line {line} cannot be read: {problem}")]
    Header {
        /// Its line.
        line: u64,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The file is in UTF-16.
    #[error("the file is in UTF-16; save it as CSV UTF-8")]
    Utf16,
    /// A column that must be there is not.
    #[error(
        "there is no column {column:?} in the header on line {line}; it has {found:?} (another delimiter? more lines before the header?)"
    )]
    MissingColumn {
        /// The column.
        column: String,
        /// The line of the header.
        line: u64,
        /// The columns that there are.
        found: Vec<String>,
    },
    /// A column that is needed is there twice.
    #[error("there are two columns {column:?}; name each once")]
    RepeatedColumn {
        /// The column.
        column: String,
    },
    /// More lines than one import takes.
    #[error("the file has more than {LINES_MAX} lines; split it, and import the parts one after the other")]
    TooManyLines,
    /// A larger file than one import takes.
    #[error(
        "the file has more than {FILE_BYTES_MAX} bytes; split it, and import the parts one after the other"
    )]
    TooLarge,
    /// More text than a store takes at once.
    #[error("the lines have more than {max} bytes of text to record; shorten the reasons, or split the file")]
    TooMuchText {
        /// The most allowed.
        max: usize,
    },
    /// A form of days that chrono does not know.
    #[error("{format:?} is not a form of days; give one such as %Y-%m-%d or %d/%m/%Y")]
    DayFormat {
        /// The form.
        format: String,
    },
}

/// What stopped an import. Nothing was recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file could not be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The file as a whole is not what this import takes.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// Lines are at fault, as the book is now; correct the file and check it again.
    #[error("nothing was recorded: {}", summary(.faults))]
    Faulty {
        /// Every fault.
        faults: Vec<Fault>,
    },
    /// The ledger refused or the store could not do its part.
    #[error(transparent)]
    Ledger(#[from] Error),
}

impl From<Refusal> for ImportError {
    fn from(refusal: Refusal) -> Self {
        Self::Ledger(refusal.into())
    }
}

fn summary(faults: &[Fault]) -> String {
    match faults {
        [] => "there are faults".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more faults)", rest.len()),
    }
}
