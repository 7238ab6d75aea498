//! Aging: what is outstanding as of a day, by how long it has been overdue then (B10).

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::text::{Side, Table, WIDTH, wrap};
use crate::{AccountId, AsOf, Currency, Entry, EntryKind, Money, Refusal};

/// The most bounds of aging buckets.
pub const BOUNDS_MAX: usize = 24;

/// The buckets of an aging: not yet due, then one up to each bound in days overdue (inclusive), then everything older.
///
/// The default bounds, 30, 60 and 90, give 1–30, 31–60, 61–90 and over 90 days.
///
/// ```
/// use bursar::Buckets;
///
/// assert_eq!(Buckets::default().bounds(), [30, 60, 90]);
/// assert!(Buckets::new([7, 14]).is_ok());
/// assert!(Buckets::new([14, 7]).is_err());
/// ```
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

    /// The bounds in days overdue, rising, each inclusive.
    #[must_use]
    pub fn bounds(&self) -> &[u32] {
        &self.bounds
    }

    /// The first due date of every bucket as of a day, but for the last, which has none: a debit is in the first bucket whose day is not
    /// after its due date. The first one is that of what is not yet due: the day itself.
    #[must_use]
    pub fn floors(&self, day: NaiveDate) -> Vec<NaiveDate> {
        let floor =
            |bound: &u32| day.checked_sub_days(Days::new(u64::from(*bound))).unwrap_or(NaiveDate::MIN);
        [day].into_iter().chain(self.bounds.iter().map(floor)).collect()
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self { bounds: vec![30, 60, 90] }
    }
}

/// Sums of an account's entries as of a day, in minor units of the book's currency: what a store sums, and what its aging follows from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgedTotals {
    /// The debits by bucket, not yet due first, those longest overdue last; reversed ones not among them.
    pub debits: Vec<i64>,
    /// All credits, reversed ones not among them.
    pub credits: i64,
}

impl AgedTotals {
    /// Sums the entries of one account that count as of something, by the [floors](Buckets::floors) of the buckets. They come in the order
    /// of positions, all of them: a reversal takes off where the entry that it reverses was put.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn fold<'a>(
        entries: impl IntoIterator<Item = &'a Entry>,
        as_of: AsOf,
        floors: &[NaiveDate],
    ) -> Result<Self, Refusal> {
        let mut totals = Self::nothing(floors);
        let mut seen: BTreeMap<u32, (bool, NaiveDate)> = BTreeMap::new();
        for entry in entries {
            let counts = as_of.counts(entry.effective_on, entry.recorded_at);
            // A reversal takes off where the entry that it reverses was put.
            let (debit, due_on) = match entry.kind {
                EntryKind::Reversal { of, .. } => match seen.get(&of) {
                    Some((true, due_on)) => (entry.effect.is_negative(), *due_on),
                    _ => continue,
                },
                _ => (entry.effect.is_positive(), due_on(entry)),
            };
            seen.insert(entry.position, (counts, due_on));
            if counts {
                totals.add(debit, due_on, floors, entry.effect.minor())?;
            }
        }
        Ok(totals)
    }

    fn add(
        &mut self,
        debit: bool,
        due_on: NaiveDate,
        floors: &[NaiveDate],
        effect: i64,
    ) -> Result<(), Refusal> {
        if debit {
            return self.add_debit(due_on, floors, effect);
        }
        let amount = effect.checked_neg().ok_or(Refusal::Overflow)?;
        self.credits = self.credits.checked_add(amount).ok_or(Refusal::Overflow)?;
        Ok(())
    }

    /// The sums of no entries, by the [floors](Buckets::floors) of the buckets.
    #[must_use]
    pub fn nothing(floors: &[NaiveDate]) -> Self {
        Self { debits: vec![0; floors.len().saturating_add(1)], credits: 0 }
    }

    /// Adds debits that fell due on a day, in minor units; what reversals take off them is below zero.
    ///
    /// # Errors
    /// [`Refusal::Overflow`], also for other floors than those that the sums were begun with.
    pub fn add_debit(&mut self, due_on: NaiveDate, floors: &[NaiveDate], amount: i64) -> Result<(), Refusal> {
        let bucket = floors.iter().take_while(|floor| due_on < **floor).count();
        let sum = self.debits.get_mut(bucket).ok_or(Refusal::Overflow)?;
        *sum = sum.checked_add(amount).ok_or(Refusal::Overflow)?;
        Ok(())
    }
}

/// The day on which a debit fell or falls due: a charge's own due date, any other's effective date.
pub(crate) fn due_on(entry: &Entry) -> NaiveDate {
    match entry.kind {
        EntryKind::Charge { due_on, .. } => due_on,
        _ => entry.effective_on,
    }
}

/// One bucket of an aging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Aged {
    /// From how many days overdue, inclusive.
    pub from_days: u32,
    /// To how many days overdue, inclusive; `None` for the last bucket.
    pub to_days: Option<u32>,
    /// What is outstanding in it.
    pub amount: Money,
}

/// What is outstanding as of a day, by how long it has been overdue then. What takes effect after the day, a payment too, does not count.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// let aging = school.aging("s-17", date("2026-03-31")?, &Buckets::default()).await?;
/// let text = aging.to_string();
/// assert!(text.contains("61 to 90 days overdue  120.00"), "{text}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Aging {
    /// The day asked about, and as recorded when.
    pub as_of: AsOf,
    /// What falls due on that day or later.
    pub not_yet_due: Money,
    /// What is overdue, in the order of the bounds.
    pub overdue: Vec<Aged>,
    /// All that is outstanding: the sum of the buckets.
    pub outstanding: Money,
    /// What is in credit.
    pub credit: Money,
}

impl Aging {
    /// Ages the entries of one account as of a day: credits settle what fell due first (B5), and the rest is told by age.
    ///
    /// # Errors
    /// [`Refusal::NoDay`] when `as_of` has no day; [`Refusal::Overflow`].
    pub fn of<'a>(
        entries: impl IntoIterator<Item = &'a Entry>,
        as_of: AsOf,
        buckets: &Buckets,
        currency: Currency,
    ) -> Result<Self, Refusal> {
        let totals = AgedTotals::fold(entries, as_of, &buckets.floors(aging_day(as_of)?))?;
        Self::derive(&totals, as_of, buckets, currency)
    }

    /// Derives the aging of one account from its sums: credits settle the debits longest overdue first.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn derive(
        totals: &AgedTotals,
        as_of: AsOf,
        buckets: &Buckets,
        currency: Currency,
    ) -> Result<Self, Refusal> {
        let mut aging = Self::nothing(as_of, buckets, currency);
        let mut credits = totals.credits;
        for (bucket, debits) in totals.debits.iter().enumerate().rev() {
            let settled = credits.min(*debits);
            credits = credits.checked_sub(settled).ok_or(Refusal::Overflow)?;
            let open = debits.checked_sub(settled).ok_or(Refusal::Overflow)?;
            aging.add_to(bucket, Money::from_minor(open, currency))?;
        }
        aging.credit = Money::from_minor(credits, currency);
        Ok(aging)
    }

    /// An aging with nothing in it.
    pub(crate) fn nothing(as_of: AsOf, buckets: &Buckets, currency: Currency) -> Self {
        let zero = Money::zero(currency);
        let mut overdue: Vec<Aged> = Vec::with_capacity(buckets.bounds.len().saturating_add(1));
        let mut from_days = 1_u32;
        for bound in &buckets.bounds {
            overdue.push(Aged { from_days, to_days: Some(*bound), amount: zero });
            from_days = bound.saturating_add(1);
        }
        overdue.push(Aged { from_days, to_days: None, amount: zero });
        Self { as_of, not_yet_due: zero, overdue, outstanding: zero, credit: zero }
    }

    fn add_to(&mut self, bucket: usize, amount: Money) -> Result<(), Refusal> {
        let sum = match bucket.checked_sub(1) {
            None => &mut self.not_yet_due,
            Some(at) => self.overdue.get_mut(at).map(|aged| &mut aged.amount).ok_or(Refusal::Overflow)?,
        };
        *sum = sum.checked_add(amount)?;
        self.outstanding = self.outstanding.checked_add(amount)?;
        Ok(())
    }

    /// Adds another aging of the same day and buckets: the parts of a whole. One that is refused leaves it as it was.
    ///
    /// # Errors
    /// [`Refusal::AgingsDiffer`], [`Refusal::CurrencyMismatch`], [`Refusal::Overflow`].
    pub fn add(&mut self, other: &Self) -> Result<(), Refusal> {
        let bounds = |aging: &Self| aging.overdue.iter().map(|aged| aged.to_days).collect::<Vec<_>>();
        if self.as_of != other.as_of || bounds(self) != bounds(other) {
            return Err(Refusal::AgingsDiffer);
        }
        let mut sum = self.clone();
        sum.add_to(0, other.not_yet_due)?;
        for (bucket, aged) in (1_usize..).zip(&other.overdue) {
            sum.add_to(bucket, aged.amount)?;
        }
        sum.credit = sum.credit.checked_add(other.credit)?;
        *self = sum;
        Ok(())
    }

    /// The buckets, the sum and the credit, each with its name.
    fn table(&self) -> Table<2> {
        let mut table = Table::new([Side::Left, Side::Right]);
        table.row(["not yet due".into(), self.not_yet_due.to_string()]);
        for aged in &self.overdue {
            table.row([aged.name(), aged.amount.to_string()]);
        }
        table.row(["outstanding".into(), self.outstanding.to_string()]);
        table.row(["in credit".into(), self.credit.to_string()]);
        table
    }
}

impl Aged {
    /// Of how many days, in words.
    fn name(&self) -> String {
        match (self.from_days, self.to_days) {
            (1, None) => "overdue".into(),
            (from, None) => format!("over {} days overdue", from.saturating_sub(1)),
            (1, Some(1)) => "1 day overdue".into(),
            (from, Some(to)) if from == to => format!("{to} days overdue"),
            (from, Some(to)) => format!("{from} to {to} days overdue"),
        }
    }
}

impl fmt::Display for Aging {
    /// As text of at most 80 columns, a line each bucket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Aging {}, in {}", self.as_of, self.outstanding.currency())?;
        self.table().fmt(f)
    }
}

/// The day by which ages are told.
pub(crate) fn aging_day(as_of: AsOf) -> Result<NaiveDate, Refusal> {
    as_of.day.ok_or(Refusal::NoDay)
}

/// The aging of one account of a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountAging {
    /// The account.
    pub account: AccountId,
    /// Its aging.
    #[serde(flatten)]
    pub aging: Aging,
}

impl fmt::Display for AccountAging {
    /// As the aging, and of which account.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, aging } = self;
        let title = format!("Aging of {account}, {}, in {}", aging.as_of, aging.outstanding.currency());
        writeln!(f, "{}", wrap(&title, WIDTH, 2))?;
        aging.table().fmt(f)
    }
}

/// The aging of a whole book: the sum of those of its accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BookAging {
    /// How many accounts owe.
    pub owing: u64,
    /// How many accounts are in credit.
    pub in_credit: u64,
    /// The sums.
    #[serde(flatten)]
    pub aging: Aging,
}

impl BookAging {
    pub(crate) fn nothing(as_of: AsOf, buckets: &Buckets, currency: Currency) -> Self {
        Self { owing: 0, in_credit: 0, aging: Aging::nothing(as_of, buckets, currency) }
    }

    pub(crate) fn add(&mut self, one: &Aging) -> Result<(), Refusal> {
        self.owing = self.owing.saturating_add(u64::from(one.outstanding.is_positive()));
        self.in_credit = self.in_credit.saturating_add(u64::from(one.credit.is_positive()));
        self.aging.add(one)
    }
}

impl fmt::Display for BookAging {
    /// As the aging, and on how many accounts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owing, in_credit, aging } = self;
        writeln!(f, "Aging {}, in {}", aging.as_of, aging.outstanding.currency())?;
        let mut table = aging.table();
        table.row(["accounts that owe".into(), owing.to_string()]);
        table.row(["accounts in credit".into(), in_credit.to_string()]);
        table.fmt(f)
    }
}
