//! Which columns of a bank's file hold what.

use std::fmt::Write as _;

use chrono::{Datelike as _, NaiveDate};

use crate::import::table::Table;
use crate::import::{FileProblem, Problem};
use crate::name::shorten;

/// The names of the columns of a bank's statement, upper and lower case alike; each that is named must be there.
///
/// ```
/// use bursar::import::BankColumns;
///
/// let signed = BankColumns::new("Date", "Amount", "Details").transaction("Transaction ID");
/// let two_sided = BankColumns::with_sides("Date", "Credit", "Debit", "Details").description("Narrative");
/// # let _ = (signed, two_sided);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankColumns {
    date: String,
    amount: AmountColumns,
    reference: String,
    transaction: Option<String>,
    description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum AmountColumns {
    Signed(String),
    Sides { credit: String, debit: String },
}

impl BankColumns {
    /// A statement with one column of amounts: money in above zero, money out below.
    #[must_use]
    pub fn new(date: impl Into<String>, amount: impl Into<String>, reference: impl Into<String>) -> Self {
        let amount = AmountColumns::Signed(amount.into());
        Self { date: date.into(), amount, reference: reference.into(), transaction: None, description: None }
    }

    /// A statement with a column for money in (credit) and one for money out (debit).
    #[must_use]
    pub fn with_sides(
        date: impl Into<String>,
        credit: impl Into<String>,
        debit: impl Into<String>,
        reference: impl Into<String>,
    ) -> Self {
        let amount = AmountColumns::Sides { credit: credit.into(), debit: debit.into() };
        Self { date: date.into(), amount, reference: reference.into(), transaction: None, description: None }
    }

    /// The column of the bank's own id of a transaction, by which a payment is then known; every payment must have one.
    #[must_use]
    pub fn transaction(mut self, column: impl Into<String>) -> Self {
        self.transaction = Some(column.into());
        self
    }

    /// The column of a description, kept as the payment's note.
    #[must_use]
    pub fn description(mut self, column: impl Into<String>) -> Self {
        self.description = Some(column.into());
        self
    }
}

/// Where the columns are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) date: usize,
    pub(super) amount: AmountPlaces,
    pub(super) reference: usize,
    pub(super) transaction: Option<usize>,
    pub(super) description: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum AmountPlaces {
    Signed(usize),
    Sides { credit: usize, debit: usize },
}

impl Places {
    pub(super) fn find(table: &Table, columns: &BankColumns) -> Result<Self, FileProblem> {
        let amount = match &columns.amount {
            AmountColumns::Signed(amount) => AmountPlaces::Signed(table.require(amount)?),
            AmountColumns::Sides { credit, debit } => {
                AmountPlaces::Sides { credit: table.require(credit)?, debit: table.require(debit)? }
            }
        };
        Ok(Self {
            date: table.require(&columns.date)?,
            amount,
            reference: table.require(&columns.reference)?,
            transaction: table.require_named(columns.transaction.as_deref())?,
            description: table.require_named(columns.description.as_deref())?,
        })
    }

    pub(super) fn used(self) -> [Option<usize>; 6] {
        let (one, other) = match self.amount {
            AmountPlaces::Signed(amount) => (amount, None),
            AmountPlaces::Sides { credit, debit } => (credit, Some(debit)),
        };
        [Some(self.date), Some(one), other, Some(self.reference), self.transaction, self.description]
    }
}

/// Refuses a form of days that cannot be read.
pub(super) fn check_day_format(format: &str) -> Result<(), FileProblem> {
    match sample(format) {
        Some(_) => Ok(()),
        None => Err(FileProblem::DayFormat { format: format.to_owned() }),
    }
}

/// A day as it is written in a form, where the form gives the day back.
fn sample(format: &str) -> Option<String> {
    let (day, mut text) = (NaiveDate::from_ymd_opt(2026, 1, 31)?, String::new());
    let at = day.and_hms_opt(13, 45, 0)?.and_utc();
    write!(text, "{}", at.format(format)).ok()?;
    (NaiveDate::parse_from_str(&text, format).ok()? == day).then_some(text)
}

/// Reads a day. Years of other centuries than a bank's are refused: `%Y` reads the `26` of `31/01/26` as the year 26.
pub(super) fn day(text: &str, format: &str) -> Result<NaiveDate, Problem> {
    let read = NaiveDate::parse_from_str(text, format).ok().filter(|day| (1900..3000).contains(&day.year()));
    read.ok_or_else(|| Problem::BadDay {
        given: shorten(text),
        allowed: format!("one written as {}", sample(format).as_deref().unwrap_or(format)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_the_form_given_and_no_other() {
        let read = |text, format| day(text, format).map(|day| day.to_string()).ok();
        assert_eq!(read("31/01/2026", "%d/%m/%Y"), Some("2026-01-31".to_owned()));
        assert_eq!(read("31/01/26", "%d/%m/%y"), Some("2026-01-31".to_owned()));
        assert_eq!(read("2026-01-31 09:15", "%Y-%m-%d %H:%M"), Some("2026-01-31".to_owned()));
        for (text, format) in [
            ("31/01/26", "%d/%m/%Y"),
            ("01/31/2026", "%d/%m/%Y"),
            ("30/02/2026", "%d/%m/%Y"),
            ("31/01/2026 x", "%d/%m/%Y"),
            ("", "%d/%m/%Y"),
        ] {
            assert!(matches!(day(text, format), Err(Problem::BadDay { .. })), "{text}");
        }
        let Err(problem) = day("x", "%d.%m.%Y") else { panic!() };
        assert!(problem.to_string().contains("31.01.2026"), "{problem}");
    }

    #[test]
    fn a_form_that_gives_no_day_is_refused() {
        for bad in ["", " ", "%", "%Q", "%Y-%m-%d %Q", "%d/%m", "%H:%M", "day"] {
            assert!(check_day_format(bad).is_err(), "{bad}");
        }
        for good in ["%Y-%m-%d", "%d/%m/%y", "%d %b %Y", "%F %T", "%Y%m%d"] {
            assert_eq!(check_day_format(good), Ok(()), "{good}");
        }
    }
}
