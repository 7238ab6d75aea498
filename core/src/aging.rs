//! Aging: what is outstanding, by how long it has been overdue on a day (B10).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{Allocation, Money, Refusal};

/// The most bounds of aging buckets.
pub const BOUNDS_MAX: usize = 24;

/// The buckets of an aging: not yet due, then one up to each bound in days overdue (inclusive), then everything older.
///
/// The default bounds, 30, 60 and 90, give 1–30, 31–60, 61–90 and over 90 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    bounds: Vec<u32>,
}

impl Buckets {
    /// Buckets with the caller's own bounds in days overdue, each inclusive.
    ///
    /// # Errors
    /// [`Refusal::BadBuckets`] unless the bounds rise from above zero and are at most [`BOUNDS_MAX`].
    pub fn new(bounds: impl IntoIterator<Item = u32>) -> Result<Self, Refusal> {
        let bounds: Vec<u32> = bounds.into_iter().take(BOUNDS_MAX.saturating_add(1)).collect();
        let rising = bounds.is_sorted_by(|low, high| low < high);
        if bounds.len() > BOUNDS_MAX || !rising || bounds.first() == Some(&0) {
            return Err(Refusal::BadBuckets { max: BOUNDS_MAX });
        }
        Ok(Self { bounds })
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self { bounds: vec![30, 60, 90] }
    }
}

/// One bucket of an aging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aged {
    /// From how many days overdue, inclusive.
    pub from_days: u32,
    /// To how many days overdue, inclusive; `None` for the last bucket.
    pub to_days: Option<u32>,
    /// What is outstanding in it.
    pub amount: Money,
}

/// What is outstanding on an account, by how long it has been overdue on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aging {
    /// The day asked about.
    pub as_of: NaiveDate,
    /// What falls due on that day or later.
    pub not_yet_due: Money,
    /// What is overdue, in the order of the bounds.
    pub overdue: Vec<Aged>,
    /// All of it: the sum of the buckets, which is the outstanding balance.
    pub total: Money,
}

impl Aging {
    /// Ages the unsettled debits of an allocation as of a day.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn of(allocation: &Allocation, as_of: NaiveDate, buckets: &Buckets) -> Result<Self, Refusal> {
        let zero = Money::zero(allocation.unallocated.currency());
        let mut overdue: Vec<Aged> = Vec::with_capacity(buckets.bounds.len().saturating_add(1));
        let mut from_days = 1_u32;
        for bound in &buckets.bounds {
            overdue.push(Aged { from_days, to_days: Some(*bound), amount: zero });
            from_days = bound.saturating_add(1);
        }
        overdue.push(Aged { from_days, to_days: None, amount: zero });
        let (mut not_yet_due, mut total) = (zero, zero);
        for debit in &allocation.debits {
            let amount = debit.unsettled()?;
            total = total.checked_add(amount)?;
            let days = as_of.signed_duration_since(debit.due_on).num_days();
            let bucket = overdue.iter_mut().find(|aged| aged.to_days.is_none_or(|to| days <= i64::from(to)));
            match bucket {
                Some(aged) if days > 0 => aged.amount = aged.amount.checked_add(amount)?,
                _ => not_yet_due = not_yet_due.checked_add(amount)?,
            }
        }
        Ok(Self { as_of, not_yet_due, overdue, total })
    }
}
