//! The first reading: what entries stand against and since when, and whether the format has room for it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::counter::{Counter, History};
use super::scan::Scan;
use super::{Format, JournalError};
use crate::{Entry, Ledger, LedgerStore};

/// The most fee codes of a book that is written as a journal: they are held in memory.
pub const FEE_CODES_MAX: usize = 10_000;

/// What the entries of a book stand against, and the first day of each.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) counters: BTreeMap<Counter, NaiveDate>,
}

impl Survey {
    /// Reads the book through.
    pub(super) async fn of<S: LedgerStore>(ledger: &Ledger<S>, format: Format) -> Result<Self, JournalError> {
        let mut survey = Self::default();
        let (mut scan, mut history) = (Scan::of(ledger), History::default());
        let mut codes = 0_usize;
        while let Some(entry) = scan.next().await? {
            check_day(&entry, format)?;
            let counter = history.see(&entry)?;
            if let Some(first) = survey.counters.get_mut(&counter) {
                *first = entry.effective_on.min(*first);
                continue;
            }
            codes = codes.saturating_add(usize::from(counter.code().is_some()));
            if codes > FEE_CODES_MAX {
                return Err(JournalError::TooManyFeeCodes);
            }
            survey.counters.insert(counter, entry.effective_on);
        }
        Ok(survey)
    }

    /// The fee codes.
    pub(super) fn codes(&self) -> BTreeSet<&str> {
        self.counters.keys().filter_map(Counter::code).collect()
    }
}

/// Whether the program reads the entry's day.
pub(super) fn check_day(entry: &Entry, format: Format) -> Result<(), JournalError> {
    let ((first, last), day) = (format.days(), entry.effective_on);
    if (first..=last).contains(&day) {
        return Ok(());
    }
    Err(JournalError::Day { receipt: entry.receipt(), day, format, first, last })
}
