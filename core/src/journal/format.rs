//! Which program a journal is for, and which days it takes.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

/// The program that a journal is for.
///
/// ```
/// use bursar::journal::Format;
///
/// assert_eq!("ledger".parse(), Ok(Format::Ledger));
/// assert_eq!(Format::Beancount.to_string(), "beancount");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// hledger.
    Hledger,
    /// ledger (ledger-cli).
    Ledger,
    /// beancount.
    Beancount,
}

/// A word that is no [`Format`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be one of hledger, ledger, beancount")]
pub struct UnknownFormat;

impl Format {
    /// Every one, in order.
    pub const ALL: &'static [Self] = &[Self::Hledger, Self::Ledger, Self::Beancount];

    /// The program's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hledger => "hledger",
            Self::Ledger => "ledger",
            Self::Beancount => "beancount",
        }
    }

    /// The first and the last day that the program reads, both inclusive.
    #[must_use]
    pub fn days(self) -> (NaiveDate, NaiveDate) {
        const LAST_YEAR: i32 = 9999;
        let first_year = match self {
            Self::Hledger => 0,
            Self::Ledger => 1400,
            Self::Beancount => 1,
        };
        let first = NaiveDate::from_ymd_opt(first_year, 1, 1).unwrap_or(NaiveDate::MIN);
        (first, NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31).unwrap_or(NaiveDate::MAX))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.iter().copied().find(|one| one.as_str() == word).ok_or(UnknownFormat)
    }
}
