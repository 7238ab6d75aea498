//! Which program a journal is for, and which days it takes.

use chrono::NaiveDate;

use crate::word::words;

words! {
    /// The program that a journal is for.
    ///
    /// ```
    /// use bursar::journal::Format;
    ///
    /// assert_eq!("ledger".parse(), Ok(Format::Ledger));
    /// assert_eq!(Format::Beancount.to_string(), "beancount");
    /// ```
    #[non_exhaustive]
    Format {
        /// hledger.
        Hledger = "hledger",
        /// ledger (ledger-cli).
        Ledger = "ledger",
        /// beancount.
        Beancount = "beancount",
    }
}

impl Format {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_goes_by_the_name_of_its_program() {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
        assert_eq!(names, ["hledger", "ledger", "beancount"]);
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(*format));
        }
        assert!("gnucash".parse::<Format>().is_err());
    }
}
