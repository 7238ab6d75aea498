//! The calendar: terms, which of them is current, and the rules by which terms are defined.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::name::{check_text, shorten};

/// Reads a date such as `2026-01-31`.
///
/// ```
/// assert_eq!(bursar::date("2026-01-31")?.to_string(), "2026-01-31");
/// assert!(bursar::date("2026-02-30").is_err());
/// # Ok::<(), bursar::Refusal>(())
/// ```
///
/// # Errors
/// [`Refusal::BadDate`] when the text is not four, two and two digits, or there is no such day.
pub fn date(text: &str) -> Result<NaiveDate, Refusal> {
    let bad = || Refusal::BadDate { given: shorten(text) };
    let shape = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if !shape {
        return Err(bad());
    }
    text.parse().map_err(|_| bad())
}

/// A term of a book: an academic year and a number in it. Terms order by year, then number.
///
/// ```
/// # use bursar::TermId;
/// assert!(TermId::new(2025, 3)? < TermId::new(2026, 1)?);
/// assert_eq!(TermId::new(2026, 1)?.to_string(), "2026-1");
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TermId {
    year: u16,
    number: u16,
}

impl TermId {
    /// A term id.
    ///
    /// # Errors
    /// [`Refusal::BadTermId`] unless the year is 1 to 9999 and the number 1 to 999.
    pub fn new(year: u32, number: u32) -> Result<Self, Refusal> {
        Self::within(year, number).ok_or_else(|| Refusal::BadTermId { given: format!("{year}-{number}") })
    }

    fn within(year: u32, number: u32) -> Option<Self> {
        let year = u16::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
        let number = u16::try_from(number).ok().filter(|number| (1..=999).contains(number))?;
        Some(Self { year, number })
    }

    /// The academic year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The number within the year, from 1.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.number
    }

    /// The term as one integer that orders as terms do (2026 term 1 is 2026001): what stores keep.
    #[must_use]
    pub fn ordinal(self) -> i32 {
        // At most 9999999.
        i32::from(self.year).saturating_mul(1000).saturating_add(i32::from(self.number))
    }

    /// The term of such an integer.
    ///
    /// # Errors
    /// [`Refusal::BadTermId`] when it is none.
    pub fn from_ordinal(ordinal: i32) -> Result<Self, Refusal> {
        let parts = |ordinal: u32| Self::within(ordinal.checked_div(1000)?, ordinal.checked_rem(1000)?);
        let found = u32::try_from(ordinal).ok().and_then(parts);
        found.ok_or_else(|| Refusal::BadTermId { given: ordinal.to_string() })
    }

    /// The term before it in the same year, which must be defined first.
    fn predecessor(self) -> Option<Self> {
        (self.number > 1).then(|| Self { number: self.number.saturating_sub(1), ..self })
    }
}

impl fmt::Display for TermId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}-{}", self.year, self.number))
    }
}

impl fmt::Debug for TermId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TermId {
    type Err = Refusal;

    /// Reads the form `2026-1`.
    ///
    /// # Errors
    /// [`Refusal::BadTermId`].
    fn from_str(text: &str) -> Result<Self, Refusal> {
        // Digits alone: a number may have a plus sign before it.
        let digits =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten();
        let parts = |(year, number)| Self::within(digits(year)?, digits(number)?);
        let found = text.split_once('-').and_then(parts);
        found.ok_or_else(|| Refusal::BadTermId { given: shorten(text) })
    }
}

impl TryFrom<String> for TermId {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<TermId> for String {
    fn from(term: TermId) -> String {
        term.to_string()
    }
}

/// A term: its id, name, first and last day (both inclusive), and whether it is closed.
///
/// ```
/// use bursar::{Term, TermId, date};
///
/// let term = Term::new(TermId::new(2026, 1)?, date("2026-01-12")?, date("2026-04-09")?)?.named("Lent")?;
/// assert_eq!((term.name.as_deref(), term.closed), (Some("Lent"), false));
/// assert!(Term::new(term.id, term.ends_on, term.starts_on).is_err());
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// Which term.
    pub id: TermId,
    /// What it is called, where it has a name.
    pub name: Option<String>,
    /// The first day, inclusive.
    pub starts_on: NaiveDate,
    /// The last day, inclusive.
    pub ends_on: NaiveDate,
    /// Whether it takes no further charges.
    pub closed: bool,
}

impl Term {
    /// An open term with its first and last day, both inclusive.
    ///
    /// # Errors
    /// [`Refusal::TermDates`] unless it starts before it ends.
    pub fn new(id: TermId, starts_on: NaiveDate, ends_on: NaiveDate) -> Result<Self, Refusal> {
        if starts_on >= ends_on {
            return Err(Refusal::TermDates { term: id, starts_on, ends_on });
        }
        Ok(Self { id, name: None, starts_on, ends_on, closed: false })
    }

    /// The term with a name.
    ///
    /// # Errors
    /// [`Refusal::BadText`] when the name is blank, too long, or holds control characters.
    pub fn named(mut self, name: impl Into<String>) -> Result<Self, Refusal> {
        let name = name.into();
        check_text("term's name", &name, true)?;
        self.name = Some(name);
        Ok(self)
    }

    fn same_definition(&self, other: &Self) -> bool {
        (&self.name, self.starts_on, self.ends_on) == (&other.name, other.starts_on, other.ends_on)
    }
}

/// The terms of a book in order, which one is current, and through when the book is locked.
///
/// ```
/// use bursar::{Calendar, Term, TermId, date};
///
/// let first = Term::new(TermId::new(2026, 1)?, date("2026-01-12")?, date("2026-04-09")?)?;
/// let calendar = Calendar::new(vec![first], None, Some(date("2026-01-31")?));
/// assert_eq!(calendar.term(TermId::new(2026, 2)?).unwrap_err().code(), "unknown-term");
/// assert_eq!(calendar.unlocked(date("2026-01-31")?).unwrap_err().code(), "locked");
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    terms: Vec<Term>,
    current: Option<TermId>,
    locked_through: Option<NaiveDate>,
}

impl Calendar {
    /// A calendar from what a store keeps.
    #[must_use]
    pub fn new(mut terms: Vec<Term>, current: Option<TermId>, locked_through: Option<NaiveDate>) -> Self {
        terms.sort_by_key(|term| term.id);
        Self { terms, current, locked_through }
    }

    /// The terms in order.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The current term: the one activated last, whether or not it has been closed since.
    #[must_use]
    pub const fn current(&self) -> Option<TermId> {
        self.current
    }

    /// The last day of the locked period, inclusive.
    #[must_use]
    pub const fn locked_through(&self) -> Option<NaiveDate> {
        self.locked_through
    }

    /// The term, where it is defined.
    #[must_use]
    pub fn find(&self, id: TermId) -> Option<&Term> {
        self.terms.binary_search_by_key(&id, |term| term.id).ok().and_then(|at| self.terms.get(at))
    }

    /// The term.
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`].
    pub fn term(&self, id: TermId) -> Result<&Term, Refusal> {
        self.find(id).ok_or(Refusal::UnknownTerm { term: id })
    }

    /// The term, where it takes charges, fees and the like (`what`).
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::TermClosed`].
    pub fn open_term(&self, id: TermId, what: &'static str) -> Result<&Term, Refusal> {
        let term = self.term(id)?;
        if term.closed { Err(Refusal::TermClosed { term: id, what }) } else { Ok(term) }
    }

    /// The current term, where there is one and it is open.
    pub(crate) fn open_current(&self) -> Option<&Term> {
        self.current.and_then(|current| self.find(current)).filter(|term| !term.closed)
    }

    /// Refuses a date in the locked period.
    ///
    /// # Errors
    /// [`Refusal::Locked`].
    pub fn unlocked(&self, on: NaiveDate) -> Result<(), Refusal> {
        match self.locked_through {
            Some(locked_through) if on <= locked_through => Err(Refusal::Locked { on, locked_through }),
            _ => Ok(()),
        }
    }

    /// Decides whether a term can be defined: `true` when it is new, `false` when it is there already just so.
    ///
    /// ```
    /// use bursar::{Calendar, Term, TermId, date};
    ///
    /// let first = Term::new(TermId::new(2026, 1)?, date("2026-01-12")?, date("2026-04-09")?)?;
    /// let calendar = Calendar::new(vec![first.clone()], None, None);
    /// assert_eq!(calendar.define(&first), Ok(false), "it is there just so");
    /// let second = Term::new(TermId::new(2026, 2)?, date("2026-04-06")?, date("2026-08-06")?)?;
    /// assert_eq!(calendar.define(&second).unwrap_err().code(), "term-overlaps");
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::TermExists`], [`Refusal::TermOutOfOrder`], [`Refusal::TermOverlaps`].
    pub fn define(&self, term: &Term) -> Result<bool, Refusal> {
        if let Some(there) = self.find(term.id) {
            return if there.same_definition(term) {
                Ok(false)
            } else {
                Err(Refusal::TermExists { term: term.id, starts_on: there.starts_on, ends_on: there.ends_on })
            };
        }
        if let Some(before) = term.id.predecessor().filter(|before| self.find(*before).is_none()) {
            let needs = format!("define term {before} first");
            return Err(Refusal::TermOutOfOrder { term: term.id, needs });
        }
        for other in &self.terms {
            if term.starts_on <= other.ends_on && other.starts_on <= term.ends_on {
                let (starts_on, ends_on) = (other.starts_on, other.ends_on);
                return Err(Refusal::TermOverlaps { term: term.id, other: other.id, starts_on, ends_on });
            }
            // Brought forward follows the order of the ids, so the dates must agree with it.
            if (other.id < term.id) != (other.starts_on < term.starts_on) {
                let side = if other.id < term.id { "after" } else { "before" };
                let needs = format!(
                    "it must lie {side} term {} ({} to {})",
                    other.id, other.starts_on, other.ends_on
                );
                return Err(Refusal::TermOutOfOrder { term: term.id, needs });
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(year: u32, number: u32, from: &str, to: &str) -> Term {
        Term::new(TermId::new(year, number).unwrap(), date(from).unwrap(), date(to).unwrap()).unwrap()
    }

    fn calendar() -> Calendar {
        let terms =
            vec![term(2026, 1, "2026-01-12", "2026-04-09"), term(2027, 1, "2027-01-11", "2027-04-08")];
        Calendar::new(terms, None, None)
    }

    #[test]
    fn a_term_follows_its_predecessor_and_overlaps_none() {
        assert_eq!(calendar().define(&term(2026, 2, "2026-04-20", "2026-08-01")), Ok(true));
        assert_eq!(calendar().define(&term(2026, 1, "2026-01-12", "2026-04-09")), Ok(false));
        let refused = |t: Term| calendar().define(&t).unwrap_err().code();
        assert_eq!(refused(term(2026, 1, "2026-01-13", "2026-04-09")), "term-exists");
        assert_eq!(refused(term(2026, 3, "2026-05-01", "2026-08-01")), "term-out-of-order");
        assert_eq!(refused(term(2026, 2, "2026-04-09", "2026-08-01")), "term-overlaps");
        assert_eq!(refused(term(2026, 2, "2025-04-09", "2025-08-01")), "term-out-of-order");
        assert_eq!(refused(term(2025, 1, "2026-05-01", "2026-08-01")), "term-out-of-order");
    }

    #[test]
    fn term_ids_and_dates_have_bounds() {
        for (year, number) in [(0, 1), (10_000, 1), (2026, 0), (2026, 1000)] {
            assert!(TermId::new(year, number).is_err());
        }
        let id = TermId::new(2026, 12).unwrap();
        assert_eq!(TermId::from_ordinal(id.ordinal()), Ok(id));
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in [i32::MIN, -2_026_001, 0, 999, 2_026_000, 10_000_001] {
            assert_eq!(TermId::from_ordinal(bad), Err(Refusal::BadTermId { given: bad.to_string() }));
        }
        for bad in ["", "2026-1-1", "2026-13-01", "2026-02-29", "20260101", "２026-01-01", "+2026-1-01"] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_term_is_said_as_it_was_given() {
        for bad in ["", "-", "2026", "2026-", "-1", "2026-0", "2026-1000", "10000-1", "0-1", "spring"] {
            assert_eq!(bad.parse::<TermId>(), Err(Refusal::BadTermId { given: bad.to_owned() }));
        }
        for bad in [" 2026-1", "2026-1 ", "+2026-1", "2026-+1", "2026--1", "2026-1-1", "2026/1", "٢٠٢٦-1"]
        {
            assert_eq!(bad.parse::<TermId>().unwrap_err().code(), "bad-term", "{bad:?}");
        }
        assert_eq!(
            "spring".parse::<TermId>().unwrap_err().to_string(),
            "\"spring\" is not a term; give a year (1 to 9999), a dash and a number (1 to 999), as in 2026-1"
        );
        assert_eq!(TermId::new(2026, 0), Err(Refusal::BadTermId { given: "2026-0".to_owned() }));
        assert!("9".repeat(10_000).parse::<TermId>().unwrap_err().to_string().len() < 200);
    }

    #[test]
    fn the_locked_day_is_inclusive() {
        let locked = Calendar::new(vec![], None, Some(date("2026-03-31").unwrap()));
        assert!(locked.unlocked(date("2026-03-31").unwrap()).is_err());
        assert!(locked.unlocked(date("2026-04-01").unwrap()).is_ok());
    }

    #[test]
    fn a_term_out_of_order_is_told_where_it_must_lie() {
        let said = |t: Term| calendar().define(&t).unwrap_err().to_string();
        let (early, late) =
            (term(2026, 2, "2025-04-09", "2025-08-01"), term(2026, 2, "2028-04-09", "2028-08-01"));
        let (early, late) = (said(early), said(late));
        assert!(early.contains("it must lie after term 2026-1 (2026-01-12 to 2026-04-09)"), "{early}");
        assert!(late.contains("it must lie before term 2027-1 (2027-01-11 to 2027-04-08)"), "{late}");
    }
}
