//! Unsettled: how much of each debit was owed on any day, by the allocation as of that day (B5).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::{Allocation, AsOf, Currency, Entry, Money, Refusal};

/// What was unsettled of an account's debits, day by day. Each allocation is made once: between two days on which something took effect it
/// is the same.
pub(crate) struct Unsettled<'a> {
    entries: Vec<&'a Entry>,
    /// The days on which something took effect.
    days: BTreeSet<NaiveDate>,
    by_day: BTreeMap<NaiveDate, BTreeMap<u32, Money>>,
    currency: Currency,
}

impl<'a> Unsettled<'a> {
    /// Over some entries of one account; those left out are as if they had never been.
    pub(crate) fn of(entries: Vec<&'a Entry>, currency: Currency) -> Self {
        let days = entries.iter().map(|entry| entry.effective_on).collect();
        Self { entries, days, by_day: BTreeMap::new(), currency }
    }

    /// The days on which something took effect, in order.
    pub(crate) const fn days(&self) -> &BTreeSet<NaiveDate> {
        &self.days
    }

    /// What was unsettled of the debit at a position when a day ended; nothing of what was no debit then.
    pub(crate) fn at_end_of(&mut self, day: NaiveDate, position: u32) -> Result<Money, Refusal> {
        let zero = Money::zero(self.currency);
        let Some(last_change) = self.days.range(..=day).next_back().copied() else { return Ok(zero) };
        if !self.by_day.contains_key(&last_change) {
            let counting = AsOf::day(last_change).among(&self.entries);
            let mut open = BTreeMap::new();
            for debit in Allocation::of(counting, self.currency)?.debits {
                open.insert(debit.position, debit.unsettled()?);
            }
            self.by_day.insert(last_change, open);
        }
        Ok(self.by_day.get(&last_change).and_then(|open| open.get(&position)).copied().unwrap_or(zero))
    }
}
