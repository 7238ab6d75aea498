//! How long the outstanding balance of an account has been overdue (B10).

use chrono::NaiveDate;

use super::book::{Kind, Model};

/// Unsettled debits by days overdue, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Buckets {
    /// Due on the day asked about, or later.
    pub not_yet_due: i128,
    pub days_1_to_30: i128,
    pub days_31_to_60: i128,
    pub days_61_to_90: i128,
    pub days_over_90: i128,
}

impl Buckets {
    pub fn total(&self) -> i128 {
        self.not_yet_due + self.days_1_to_30 + self.days_31_to_60 + self.days_61_to_90 + self.days_over_90
    }
}

impl Model {
    /// The book as it would be had nothing been done after a day.
    pub fn until(&self, day: NaiveDate) -> Self {
        let there = |key: &String| self.entry(key).is_some_and(|entry| entry.on <= day);
        let mut earlier = self.clone();
        earlier.entries.retain(|entry| match &entry.kind {
            Kind::Reversal { of, .. } => entry.on <= day && there(of),
            _ => entry.on <= day,
        });
        earlier
    }

    /// The buckets of an account as of a day. What was done after it, a payment too, does not count.
    pub fn aging(&self, account: &str, as_of: NaiveDate) -> Buckets {
        let mut buckets = Buckets::default();
        for debit in self.until(as_of).allocation(account).debits {
            let days = as_of.signed_duration_since(debit.due_on).num_days();
            let bucket = match days {
                ..=0 => &mut buckets.not_yet_due,
                1..=30 => &mut buckets.days_1_to_30,
                31..=60 => &mut buckets.days_31_to_60,
                61..=90 => &mut buckets.days_61_to_90,
                91.. => &mut buckets.days_over_90,
            };
            *bucket += debit.unsettled();
        }
        buckets
    }
}
