//! Spans: what a statement is of, by terms or by days.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::TermId;

/// What a statement is of. Both ends are inclusive; of a span that ends before it starts nothing is listed.
///
/// ```
/// use bursar::{Span, TermId, date};
///
/// let term = TermId::new(2026, 1)?;
/// assert_eq!(Span::from(term), Span::Terms { first: term, last: term });
/// let march = Span::from(date("2026-03-01")?..=date("2026-03-31")?);
/// assert_eq!(march.to_string(), "2026-03-01 to 2026-03-31");
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// All that was recorded.
    All,
    /// The entries of some terms, whatever their dates.
    Terms {
        /// The first term.
        first: TermId,
        /// The last term.
        last: TermId,
    },
    /// The entries that take effect on some days, whatever their terms. A reversal takes effect with what it reverses, where it is dated
    /// before it.
    Days {
        /// The first day.
        first: NaiveDate,
        /// The last day.
        last: NaiveDate,
    },
}

impl Span {
    /// Whether what is of a term and counts from a day comes before the span, and so is part of what is brought to it.
    pub(super) fn follows(self, term: TermId, day: NaiveDate) -> bool {
        match self {
            Self::All => false,
            Self::Terms { first, .. } => term < first,
            Self::Days { first, .. } => day < first,
        }
    }

    /// Whether what is of a term and counts from a day is listed.
    pub(super) fn holds(self, term: TermId, day: NaiveDate) -> bool {
        match self {
            Self::All => true,
            Self::Terms { first, last } => (first..=last).contains(&term),
            Self::Days { first, last } => (first..=last).contains(&day),
        }
    }

    /// Whether its lines go by term first.
    pub(super) const fn is_by_term(self) -> bool {
        matches!(self, Self::Terms { .. })
    }
}

impl From<TermId> for Span {
    fn from(term: TermId) -> Self {
        Self::Terms { first: term, last: term }
    }
}

impl From<RangeInclusive<TermId>> for Span {
    fn from(terms: RangeInclusive<TermId>) -> Self {
        let (first, last) = terms.into_inner();
        Self::Terms { first, last }
    }
}

impl From<RangeInclusive<NaiveDate>> for Span {
    fn from(days: RangeInclusive<NaiveDate>) -> Self {
        let (first, last) = days.into_inner();
        Self::Days { first, last }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("everything"),
            Self::Terms { first, last } if first == last => write!(f, "term {first}"),
            Self::Terms { first, last } => write!(f, "terms {first} to {last}"),
            Self::Days { first, last } => write!(f, "{first} to {last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date;

    #[test]
    fn what_comes_before_a_span_is_not_in_it_and_both_ends_are() {
        let term = |number| TermId::new(2026, number).unwrap();
        let day = |text| date(text).unwrap();
        let march = Span::from(day("2026-03-01")..=day("2026-03-31"));
        for (on, before, within) in [
            ("2026-02-28", true, false),
            ("2026-03-01", false, true),
            ("2026-03-31", false, true),
            ("2026-04-01", false, false),
        ] {
            assert_eq!(
                (march.follows(term(1), day(on)), march.holds(term(1), day(on))),
                (before, within),
                "{on}"
            );
        }
        let middle = Span::from(term(2)..=term(3));
        for (number, before, within) in
            [(1, true, false), (2, false, true), (3, false, true), (4, false, false)]
        {
            let on = day("2026-03-01");
            assert_eq!(
                (middle.follows(term(number), on), middle.holds(term(number), on)),
                (before, within),
                "{number}"
            );
        }
        // One that ends before it starts holds nothing, and nothing of its first day comes before it.
        let backwards = Span::Days { first: day("2026-03-02"), last: day("2026-03-01") };
        assert_eq!(
            (backwards.follows(term(1), day("2026-03-01")), backwards.follows(term(1), day("2026-03-02"))),
            (true, false)
        );
        assert!(!backwards.holds(term(1), day("2026-03-01")) && !backwards.holds(term(1), day("2026-03-02")));
    }
}
