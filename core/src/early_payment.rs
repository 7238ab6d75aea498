//! The early-payment discount: less is asked on a charge that is settled by a day.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use crate::billing_key::is_redo_key;
use crate::conceded::{Conceded, GivenState};
use crate::late_fee::code_set;
use crate::name::{IntoName, check_text};
use crate::rule_key::{RuleKey, RuleKind};
use crate::{
    Account, AccountId, Allocation, AsOf, ConcessionKind, ConcessionPlan, Currency, Entry, EntryKind,
    FeeCode, FeeGroup, IdempotencyKey, Measure, Money, PlannedConcession, Refusal, RuleName, TermId, Text,
};

/// By when a charge is to be settled; the day itself is in time.
///
/// ```
/// use bursar::{Deadline, EarlyPayment, date};
/// use rust_decimal_macros::dec;
///
/// let by_the_first_day = EarlyPayment::new("early", dec!(5), Deadline::On(date("2026-01-12")?))?;
/// let within_a_week = EarlyPayment::new("prompt", dec!(5), Deadline::AfterCharge(7))?;
/// # let _ = (by_the_first_day, within_a_week);
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deadline {
    /// By a day.
    On(NaiveDate),
    /// So many days before the day on which it falls due.
    BeforeDue(u32),
    /// So many days after the day on which it falls due.
    AfterDue(u32),
    /// So many days after the day on which it was charged.
    AfterCharge(u32),
}

impl Deadline {
    fn of(self, due_on: NaiveDate, charged_on: NaiveDate) -> Option<NaiveDate> {
        let days = |days: u32| Days::new(u64::from(days));
        match self {
            Self::On(day) => Some(day),
            Self::BeforeDue(before) => due_on.checked_sub_days(days(before)),
            Self::AfterDue(after) => due_on.checked_add_days(days(after)),
            Self::AfterCharge(after) => charged_on.checked_add_days(days(after)),
        }
    }
}

/// An early-payment discount: an amount or a rate of each charge that is settled in time but for the discount itself.
///
/// - Settled is told by the [allocation](Allocation) as of the deadline: the oldest debts come first, so that who owes older ones has not
///   paid early. What is dated later does not count, nor what has been reversed since. Something must be settled of it: a discount as
///   large as the charge is none for paying.
/// - It is granted as soon as it is earned, and taken back by the next run after it no longer is (a payment was reversed, the charge was);
///   earned again, it is granted again. What somebody reverses by hand is not granted again.
/// - Other concessions count from the day on which they take effect: run their rules first.
/// - All rules together concede at most the charge, and at most what is left of the term's charges after concessions by hand.
/// - A repriced charge has until the day of the repricing at least.
///
/// ```
/// use bursar::{Deadline, EarlyPayment, Rate};
/// use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
/// use rust_decimal_macros::dec;
///
/// let five = Rate::percent(dec!(5), MidpointAwayFromZero)?;
/// let rule = EarlyPayment::new("early", five, Deadline::BeforeDue(7))?.on_codes(["tuition"])?;
/// # let _ = rule;
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyPayment {
    name: RuleName,
    measure: Measure,
    deadline: Deadline,
    reason: String,
    codes: Option<BTreeSet<FeeCode>>,
    group: Option<FeeGroup>,
}

impl EarlyPayment {
    /// A discount for every account, on every code but late fees.
    ///
    /// # Errors
    /// [`Refusal::BadName`].
    pub fn new(
        name: impl IntoName<RuleName>,
        measure: impl Into<Measure>,
        deadline: Deadline,
    ) -> Result<Self, Refusal> {
        let (name, measure, reason) = (name.into_name()?, measure.into(), "paid early".to_owned());
        Ok(Self { name, measure, deadline, reason, codes: None, group: None })
    }

    /// With a reason of the school's own, instead of `paid early`.
    ///
    /// # Errors
    /// [`Refusal::BadText`] when it is blank or too long.
    pub fn because(self, reason: impl Into<String>) -> Result<Self, Refusal> {
        let reason = reason.into();
        check_text("reason", &reason, true)?;
        Ok(Self { reason, ..self })
    }

    /// Only on charges of these codes.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; [`Refusal::BadRule`] for no code.
    pub fn on_codes<C: IntoName<FeeCode>>(self, codes: impl IntoIterator<Item = C>) -> Result<Self, Refusal> {
        let codes = code_set(&self.name, codes)?;
        Ok(Self { codes: Some(codes), ..self })
    }

    /// Only on accounts that are in this fee group on the day of the run.
    ///
    /// # Errors
    /// [`Refusal::BadName`].
    pub fn in_group(self, group: impl IntoName<FeeGroup>) -> Result<Self, Refusal> {
        Ok(Self { group: Some(group.into_name()?), ..self })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &RuleName {
        &self.name
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether it is for an account, as it is now.
    #[must_use]
    pub fn is_for(&self, account: &Account) -> bool {
        self.group.as_ref().is_none_or(|group| account.groups.contains(group))
    }

    /// Refuses an amount that does not fit a book of the currency.
    pub(crate) fn fits(&self, currency: Currency) -> Result<(), Refusal> {
        self.measure.in_currency("discount", currency).map(drop)
    }

    /// The key of the discount on a charge: `bursar:early:RULE:POSITION:NTH:ACCOUNT`.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; not for names of allowed lengths.
    pub fn key(&self, account: &AccountId, charge: u32, nth: u32) -> Result<IdempotencyKey, Refusal> {
        RuleKey::of(RuleKind::EarlyPayment, &self.name, charge, nth).on(account)
    }

    /// What the rule does on an account that it is for, in a term, by a day, from all the account's entries. While there are discounts that
    /// are no longer earned it takes these back and grants nothing: asked again when they are gone, it grants.
    ///
    /// # Errors
    /// [`Refusal::CurrencyMismatch`], [`Refusal::TooManyDecimals`], [`Refusal::NotPositive`] for an amount of the rule;
    /// [`Refusal::Overflow`].
    pub fn plan(
        &self,
        entries: &[Entry],
        term: TermId,
        on: NaiveDate,
        currency: Currency,
    ) -> Result<ConcessionPlan, Refusal> {
        let measure = self.measure.in_currency("discount", currency)?;
        let mut conceded = Conceded::of(RuleKind::EarlyPayment, &self.name, entries, (term, on), currency)?;
        let mut plan = ConcessionPlan { take_back: conceded.on_reversed(), ..ConcessionPlan::default() };
        let mut charges = Vec::new();
        for (due_on, charge) in conceded.charges(self.codes.as_ref()) {
            if let Some(deadline) = self.deadline_of(due_on, charge) {
                charges.push((deadline.min(on), due_on, charge));
            }
        }
        // In the order of the deadlines: a discount earned by then helps to settle what is to be settled later.
        charges.sort_by_key(|(by, due_on, charge)| (*by, *due_on, charge.position));
        let mut unearned = false;
        let mut seen = Seen::new(&self.name, entries, term, on, currency);
        for (by, _, charge) in charges {
            let given = conceded.given(charge.position);
            let nth = u32::try_from(given.len()).map_err(|_| Refusal::Overflow)?;
            if given.iter().any(|one| one.state == GivenState::Withdrawn) {
                plan.count(GivenState::Withdrawn);
            } else if let Some(live) = given.iter().find(|one| one.state == GivenState::Live) {
                if seen.earned(charge, by, live.amount)? {
                    plan.count(GivenState::Live);
                } else {
                    plan.take_back.push(live.position);
                    unearned = true;
                }
            } else {
                let amount = conceded.room(charge, measure.of(charge.effect)?)?;
                if amount.is_positive() && seen.earned(charge, by, amount)? {
                    let amount = conceded.take(charge, amount)?;
                    plan.grants.push(PlannedConcession { charge: charge.position, nth, amount });
                }
            }
        }
        if unearned {
            // What is taken back makes room: what is earned is told when it is gone.
            plan.grants.clear();
        }
        Ok(plan)
    }

    /// The last day in time; none for a charge that was made only after it.
    fn deadline_of(&self, due_on: NaiveDate, charge: &Entry) -> Option<NaiveDate> {
        let deadline = self.deadline.of(due_on, charge.effective_on)?;
        let repriced = is_redo_key(&charge.key);
        match repriced {
            true => Some(deadline.max(charge.effective_on)),
            false => Some(deadline).filter(|deadline| *deadline >= charge.effective_on),
        }
    }
}

/// What the rule sees of an account: all but its own discounts of the term, what is reversed, and reversals; and the discounts found to be
/// earned so far.
struct Seen {
    entries: Vec<Entry>,
    earned: Vec<Entry>,
    currency: Currency,
}

impl Seen {
    fn new(rule: &RuleName, entries: &[Entry], term: TermId, on: NaiveDate, currency: Currency) -> Self {
        let mut hidden: BTreeSet<u32> = BTreeSet::new();
        for entry in entries {
            match entry.kind {
                EntryKind::Reversal { of, .. } => {
                    hidden.insert(entry.position);
                    // What is reversed only later is there still.
                    if entry.effective_on <= on {
                        hidden.insert(of);
                    }
                }
                EntryKind::Concession { .. } if entry.term == term => {
                    let key = RuleKey::read(&entry.key).filter(|key| key.kind == RuleKind::EarlyPayment);
                    if key.is_some_and(|key| key.rule == rule.as_str()) {
                        hidden.insert(entry.position);
                    }
                }
                _ => {}
            }
        }
        let entries = entries.iter().filter(|entry| !hidden.contains(&entry.position)).cloned().collect();
        Self { entries, earned: Vec::new(), currency }
    }

    /// Whether a charge is settled by a day but for its discount, and some of it at all; if so its discount counts from then on.
    fn earned(&mut self, charge: &Entry, by: NaiveDate, discount: Money) -> Result<bool, Refusal> {
        let all: Vec<&Entry> = self.entries.iter().chain(&self.earned).collect();
        let debits = Allocation::of(AsOf::day(by).among(&all), self.currency)?.debits;
        let Some(debit) = debits.iter().find(|debit| debit.position == charge.position) else {
            return Ok(false);
        };
        let earned = debit.settled.is_positive() && debit.unsettled()?.minor() <= discount.minor();
        if earned {
            let (concession, reason) = (ConcessionKind::Discount, Text::from("early"));
            let mut credit = (**charge).clone();
            credit.kind = EntryKind::Concession { concession, reason };
            credit.effect = discount.checked_neg()?;
            credit.effective_on = by;
            let nth = u32::try_from(self.earned.len()).map_err(|_| Refusal::Overflow)?;
            // Behind every position that an account has.
            self.earned.push(credit.at(u32::MAX.saturating_sub(nth)));
        }
        Ok(earned)
    }
}
