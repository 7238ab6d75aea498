//! As of: which entries count in a report of a past day, or of what was known at an instant.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{Entry, EntryKind};

/// Which entries count: those in effect on or before a day, and those recorded at or before an instant; both bounds are inclusive, and
/// either may be left open.
///
/// The day tells how things stood; the instant tells what was known of it then, before later corrections. A reversal counts from the day
/// (and instant) from which both it and the entry that it reverses do, so that nothing is undone that is not there.
///
/// ```
/// use bursar::{AsOf, date};
///
/// let year_end = AsOf::day(date("2026-12-31")?);
/// let as_first_reported = year_end.recorded_by("2027-01-05T12:00:00Z".parse()?);
/// assert_eq!(as_first_reported.to_string(), "as of 2026-12-31, as recorded by 2027-01-05 12:00:00 UTC");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AsOf {
    /// The last day of effect, inclusive, in the school's calendar; `None` for any.
    pub day: Option<NaiveDate>,
    /// The last instant of recording, inclusive, UTC; `None` for any.
    pub recorded_by: Option<DateTime<Utc>>,
}

impl AsOf {
    /// Every entry recorded, whatever its dates.
    pub const ALL: Self = Self { day: None, recorded_by: None };

    /// What is in effect on a day.
    #[must_use]
    pub const fn day(day: NaiveDate) -> Self {
        Self { day: Some(day), recorded_by: None }
    }

    /// Of that, what was recorded by an instant.
    #[must_use]
    pub const fn recorded_by(self, instant: DateTime<Utc>) -> Self {
        Self { recorded_by: Some(instant), ..self }
    }

    /// What is in effect on a day too, where that is earlier.
    #[must_use]
    pub fn until(self, day: NaiveDate) -> Self {
        Self { day: Some(self.day.map_or(day, |own| own.min(day))), ..self }
    }

    /// Whether an entry's own dates count. A reversal counts only together with what it reverses: see [`of`](AsOf::of).
    #[must_use]
    pub fn counts(self, effective_on: NaiveDate, recorded_at: DateTime<Utc>) -> bool {
        self.day.is_none_or(|day| effective_on <= day)
            && self.recorded_by.is_none_or(|instant| recorded_at <= instant)
    }

    /// Of the entries of one account, those that count.
    #[must_use]
    pub fn of(self, entries: Vec<Entry>) -> Vec<Entry> {
        if self == Self::ALL {
            return entries;
        }
        let counting = self.counting(&entries);
        entries.into_iter().filter(|entry| counting.hold(entry)).collect()
    }

    /// The same, of entries that stay where they are.
    pub(crate) fn among<'a>(self, entries: &[&'a Entry]) -> Vec<&'a Entry> {
        let counting = self.counting(entries.iter().copied());
        entries.iter().copied().filter(|entry| counting.hold(entry)).collect()
    }

    fn counting<'a>(self, entries: impl IntoIterator<Item = &'a Entry>) -> Counting {
        let counts = |entry: &&Entry| self.counts(entry.effective_on, entry.recorded_at);
        Counting(entries.into_iter().filter(counts).map(|entry| entry.position).collect())
    }
}

/// The positions of the entries whose own dates count.
struct Counting(BTreeSet<u32>);

impl Counting {
    /// Whether an entry counts, and with it what it reverses.
    fn hold(&self, entry: &Entry) -> bool {
        let with_target = match entry.kind {
            EntryKind::Reversal { of, .. } => self.0.contains(&of),
            _ => true,
        };
        with_target && self.0.contains(&entry.position)
    }
}

/// The day from which each entry of an account counts, by its position: its own; of a reversal, not before that of the entry that it
/// reverses.
pub(crate) fn counting_days(entries: &[Entry]) -> BTreeMap<u32, NaiveDate> {
    let own: BTreeMap<u32, NaiveDate> =
        entries.iter().map(|entry| (entry.position, entry.effective_on)).collect();
    let counts_on = |entry: &Entry| match entry.kind {
        EntryKind::Reversal { of, .. } => {
            own.get(&of).map_or(entry.effective_on, |day| entry.effective_on.max(*day))
        }
        _ => entry.effective_on,
    };
    entries.iter().map(|entry| (entry.position, counts_on(entry))).collect()
}

impl From<NaiveDate> for AsOf {
    fn from(day: NaiveDate) -> Self {
        Self::day(day)
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            Some(day) => write!(f, "as of {day}")?,
            None => f.write_str("of all days")?,
        }
        match self.recorded_by {
            Some(instant) => write!(f, ", as recorded by {}", instant.format("%Y-%m-%d %H:%M:%S%.f UTC")),
            None => Ok(()),
        }
    }
}
