//! One line of a school file: what it asks for, and what can be wrong with it.

use chrono::NaiveDate;

use super::raw;
use super::reader::Reader;
use crate::name::shorten;
use crate::{
    AccountId, Amount, BookId, Currency, Draft, FeeGroup, FeeKey, NewFee, Reversal, Standing, Term, TermId,
};

/// What is wrong with a line of a school file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is longer than a line may be.
    #[error("it is longer than {max} bytes; a line is one short JSON object")]
    TooLong {
        /// The most bytes allowed.
        max: usize,
    },
    /// It is not UTF-8.
    #[error("it is not UTF-8 (first at byte {at}); save the file as UTF-8")]
    NotUtf8 {
        /// How many bytes of it are.
        at: usize,
    },
    /// It is not one JSON object.
    #[error("it is not one JSON object: {detail}")]
    NotJson {
        /// What the JSON reader says.
        detail: String,
    },
    /// The first line is not a `book`, or the file has none.
    #[error("the first line must be a \"book\" with its id and currency")]
    NoBook,
    /// A `book` after the first line.
    #[error("there is a second \"book\"; a file is of one book")]
    SecondBook,
    /// A `do` that there is not.
    #[error("{given:?} is nothing to do; allowed are: {allowed}")]
    UnknownDo {
        /// The word, shortened.
        given: String,
        /// The words there are.
        allowed: &'static str,
    },
    /// A field that a line of its kind needs is not there.
    #[error("the field \"{field}\" is missing")]
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// A field that lines of its kind do not have.
    #[error("the field \"{field}\" is unknown in a \"{what}\" line")]
    UnknownField {
        /// The field, shortened.
        field: String,
        /// The kind of line.
        what: String,
    },
    /// A field that is there twice.
    #[error("the field \"{field}\" is there twice")]
    RepeatedField {
        /// The field, shortened.
        field: String,
    },
    /// A field whose value is of another type, or is none of those allowed.
    #[error("the field \"{field}\" is wrong: {why}")]
    BadField {
        /// The field.
        field: &'static str,
        /// What is wrong, and what is allowed.
        why: String,
    },
}

/// What a line asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Line {
    /// The book of the file.
    Book {
        /// Its id.
        book: BookId,
        /// Its currency.
        currency: Currency,
    },
    /// A term to define.
    Term(Term),
    /// A fee to price.
    Fee(NewFee),
    /// An account to enrol.
    Enrol {
        /// The account.
        account: AccountId,
        /// Its fee groups.
        groups: Vec<FeeGroup>,
        /// From which day.
        on: NaiveDate,
    },
    /// An account to move to other groups.
    Groups {
        /// The account.
        account: AccountId,
        /// Its fee groups from then on.
        groups: Vec<FeeGroup>,
        /// On which day.
        on: NaiveDate,
    },
    /// An account to move to another standing.
    Standing {
        /// The account.
        account: AccountId,
        /// Its standing from then on.
        to: Standing,
        /// On which day.
        on: NaiveDate,
    },
    /// A term to make current.
    Activate {
        /// The term.
        term: TermId,
        /// On which day.
        on: NaiveDate,
        /// Whether it is billed as well.
        bill: bool,
    },
    /// A term to close.
    Close {
        /// The term.
        term: TermId,
        /// On which day.
        on: NaiveDate,
    },
    /// A payment, charge, opening balance, concession, adjustment, write-off or refund.
    Record(Draft),
    /// An entry to reverse.
    Reverse(Reversal),
    /// A fee to reprice.
    Reprice {
        /// Which fee.
        fee: FeeKey,
        /// The new price.
        amount: Amount,
        /// Why.
        reason: String,
        /// On which day.
        on: NaiveDate,
    },
    /// A day through which to lock the book.
    Lock {
        /// The last locked day.
        through: NaiveDate,
    },
}

impl Line {
    /// Parses a line, without its line end.
    ///
    /// # Errors
    /// What is wrong with it. Whether a rule allows what it asks for is not looked at.
    pub fn parse(line: &[u8]) -> Result<Self, LineProblem> {
        let text =
            std::str::from_utf8(line).map_err(|error| LineProblem::NotUtf8 { at: error.valid_up_to() })?;
        let fields = raw::fields(text).map_err(|error| LineProblem::NotJson { detail: error.to_string() })?;
        if let Some(field) = &fields.repeated {
            return Err(LineProblem::RepeatedField { field: shorten(field) });
        }
        let mut reader = Reader::new(fields);
        let what = reader.text("do")?;
        let line = reader.line(&what)?;
        match reader.left() {
            Some(field) => Err(LineProblem::UnknownField { field: shorten(field), what }),
            None => Ok(line),
        }
    }
}
