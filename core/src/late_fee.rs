//! Late fees: what is charged on what was due and is not settled, by a rule of the school's own.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::amount::{Amount, check_amount};
use crate::name::IntoName;
use crate::rule_key::{RuleKey, RuleKind};
use crate::unsettled::Unsettled;
use crate::{
    AccountId, Currency, Entry, EntryKind, FeeCode, FeeGroup, IdempotencyKey, Measure, Money, Rate, Refusal,
    RuleName, TermId,
};

/// The most periods for which one charge bears late fees.
pub const LATE_PERIODS_MAX: u32 = 10_000;

/// A late-fee rule: how much is charged on a charge that is overdue, when, how often, and at most how much.
///
/// A charge due on a day is late from the day after its days of grace on; one that was made after it fell due (a price put right) counts
/// from the day on which it was made. What is unsettled then is told by the [allocation](crate::Allocation) as of the day before: a payment
/// that takes effect on the last day of grace is in time. Later ones do not undo a late fee.
///
/// - The fee is an amount, or a rate of what is unsettled of the charge when its period begins.
/// - It is charged once, on the first day from then on on which something of the charge is unsettled, or once a period of so many days.
/// - A late fee bears no late fee, and none comes of one by a roundabout way: what is paid settles everything else first, in the eyes of a
///   rule, as if there were no late fees. A charge of the rule's own code, made by hand, is taken for one too.
/// - Only charges bear late fees: opening balances and adjustments do not.
/// - A charge that is reversed bears none.
///
/// ```
/// use bursar::{LateFee, Rate};
/// use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
/// use rust_decimal_macros::dec;
///
/// let five_once = LateFee::new("late", dec!(5))?.after_grace(7);
/// let monthly = LateFee::new("late-monthly", Rate::percent(dec!(2), MidpointAwayFromZero)?)?
///     .every_days(30)?
///     .at_most(dec!(25))
///     .at_most_rate(Rate::percent(dec!(10), MidpointAwayFromZero)?)
///     .on_codes(["tuition", "meals"])?
///     .in_group("PRIMARY")?;
/// # let _ = (five_once, monthly);
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateFee {
    name: RuleName,
    measure: Measure,
    every: Option<u32>,
    grace: u32,
    at_most: Option<Amount>,
    at_most_rate: Option<Rate>,
    codes: Option<BTreeSet<FeeCode>>,
    code: FeeCode,
    group: Option<FeeGroup>,
}

impl LateFee {
    /// A late fee of an amount, or of a rate of what is unsettled, once a charge, without grace, on every code, charged as `late-fee`.
    ///
    /// # Errors
    /// [`Refusal::BadName`].
    pub fn new(name: impl IntoName<RuleName>, measure: impl Into<Measure>) -> Result<Self, Refusal> {
        Ok(Self {
            name: name.into_name()?,
            measure: measure.into(),
            every: None,
            grace: 0,
            at_most: None,
            at_most_rate: None,
            codes: None,
            code: FeeCode::new("late-fee")?,
            group: None,
        })
    }

    /// Charged anew every so many days, as long as something of the charge is unsettled; at most [`LATE_PERIODS_MAX`] times.
    ///
    /// # Errors
    /// [`Refusal::BadRule`] for no days.
    pub fn every_days(self, days: u32) -> Result<Self, Refusal> {
        if days == 0 {
            let why = "a late fee is charged once, or every so many days, at least every day";
            return Err(Refusal::BadRule { rule: self.name, why });
        }
        Ok(Self { every: Some(days), ..self })
    }

    /// With so many days of grace after the day on which a charge is due.
    #[must_use]
    pub fn after_grace(self, days: u32) -> Self {
        Self { grace: days, ..self }
    }

    /// All late fees of the rule on one charge come to at most so much.
    #[must_use]
    pub fn at_most(self, amount: impl Into<Amount>) -> Self {
        Self { at_most: Some(amount.into()), ..self }
    }

    /// All late fees of the rule on one charge come to at most so much of the charge. With an amount too, the lower one holds.
    #[must_use]
    pub fn at_most_rate(self, rate: Rate) -> Self {
        Self { at_most_rate: Some(rate), ..self }
    }

    /// Only on charges of these codes.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; [`Refusal::BadRule`] for no code.
    pub fn on_codes<C: IntoName<FeeCode>>(self, codes: impl IntoIterator<Item = C>) -> Result<Self, Refusal> {
        let codes = code_set(&self.name, codes)?;
        Ok(Self { codes: Some(codes), ..self })
    }

    /// Charged under another code than `late-fee`.
    ///
    /// # Errors
    /// [`Refusal::BadName`].
    pub fn charged_as(self, code: impl IntoName<FeeCode>) -> Result<Self, Refusal> {
        Ok(Self { code: code.into_name()?, ..self })
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

    /// The code under which it is charged.
    #[must_use]
    pub const fn code(&self) -> &FeeCode {
        &self.code
    }

    /// The fee group to which it is restricted.
    #[must_use]
    pub const fn group(&self) -> Option<&FeeGroup> {
        self.group.as_ref()
    }

    /// The rule with amounts that fit a book, or why they do not.
    pub(crate) fn in_book(&self, currency: Currency) -> Result<Self, Refusal> {
        let mut rule = self.clone();
        rule.measure = self.measure.in_currency("late fee", currency)?;
        if let Some(amount) = self.at_most {
            let amount = amount.in_currency(currency)?;
            check_amount("most that late fees come to", amount)?;
            rule.at_most = Some(amount.into());
        }
        Ok(rule)
    }

    /// The key of the late fee of a period on a charge: `bursar:late:RULE:POSITION:PERIOD:ACCOUNT`.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; not for names of allowed lengths.
    pub fn key(&self, account: &AccountId, charge: u32, period: u32) -> Result<IdempotencyKey, Refusal> {
        RuleKey::of(RuleKind::LateFee, &self.name, charge, period).on(account)
    }

    /// What the rule says of an account on a day, from all its entries: what is to be charged and what is to be taken back. What it has
    /// charged already is among the entries, and is not charged again; so it comes to the same whether it is asked every night or once a
    /// month.
    ///
    /// ```
    /// # use bursar::{Currency, LateFee, date};
    /// # use rust_decimal_macros::dec;
    /// let rule = LateFee::new("late", dec!(5))?;
    /// assert!(rule.plan(&[], date("2026-02-01")?, Currency::USD)?.due.is_empty());
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::CurrencyMismatch`], [`Refusal::TooManyDecimals`], [`Refusal::NotPositive`] for an amount of the rule;
    /// [`Refusal::Overflow`].
    pub fn plan(&self, entries: &[Entry], on: NaiveDate, currency: Currency) -> Result<LateFeePlan, Refusal> {
        Planner::new(self.in_book(currency)?, entries, on, currency)?.plan()
    }
}

pub(crate) fn code_set<C: IntoName<FeeCode>>(
    rule: &RuleName,
    codes: impl IntoIterator<Item = C>,
) -> Result<BTreeSet<FeeCode>, Refusal> {
    let codes = codes.into_iter().map(IntoName::into_name).collect::<Result<BTreeSet<_>, Refusal>>()?;
    if codes.is_empty() {
        let why = "it is restricted to no code at all; name one, or leave the restriction out";
        return Err(Refusal::BadRule { rule: rule.clone(), why });
    }
    Ok(codes)
}

/// A late fee to be charged, or one that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LateFeeDue {
    /// The position of the overdue charge.
    pub charge: u32,
    /// The term of that charge.
    pub term: TermId,
    /// Which late fee on it: 0 for the first period.
    pub period: u32,
    /// The day on which the period began.
    pub since: NaiveDate,
    /// What was unsettled of the charge then.
    pub unsettled: Money,
    /// How much is charged.
    pub amount: Money,
}

/// What a late-fee rule says of an account on a day.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// // What would be charged if it were the first of March.
/// let rule = LateFee::new("late", dec!(5))?.every_days(30)?;
/// let entries = school.entries("s-17", 0, PAGE_MAX).await?;
/// let plan = rule.plan(&entries, date("2026-03-01")?, school.currency())?;
/// assert_eq!(plan.due.iter().map(|late_fee| late_fee.since.to_string()).collect::<Vec<_>>(), ["2026-01-13", "2026-02-12"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LateFeePlan {
    /// What is to be charged, in the order in which the charges fell due, then by period.
    pub due: Vec<LateFeeDue>,
    /// The positions of late fees to be reversed: those on charges that have been reversed since.
    pub take_back: Vec<u32>,
    /// The positions of late fees that stand though, by what is recorded now, nothing was overdue when they were charged: a payment of an
    /// earlier day came in later. Nothing is done about them; whoever wants to, reverses them, and they are not charged again.
    pub overtaken: Vec<u32>,
}

/// A late fee that was charged.
struct Charged {
    position: u32,
    amount: Money,
    live: bool,
}

struct Planner<'a> {
    rule: LateFee,
    on: NaiveDate,
    currency: Currency,
    /// The charges that may bear late fees, in the order in which they fell due.
    charges: Vec<&'a Entry>,
    reversed: BTreeSet<u32>,
    /// What this rule has charged, by charge and period.
    charged: BTreeMap<u32, BTreeMap<u32, Charged>>,
    unsettled: Unsettled<'a>,
    plan: LateFeePlan,
}

impl<'a> Planner<'a> {
    fn new(rule: LateFee, entries: &'a [Entry], on: NaiveDate, currency: Currency) -> Result<Self, Refusal> {
        let reversed: BTreeSet<u32> = entries
            .iter()
            .filter_map(|entry| match entry.kind {
                EntryKind::Reversal { of, .. } => Some(of),
                _ => None,
            })
            .collect();
        let mut charged: BTreeMap<u32, BTreeMap<u32, Charged>> = BTreeMap::new();
        let (mut charges, mut late_fees) = (Vec::new(), BTreeSet::new());
        for entry in entries {
            let EntryKind::Charge { code, due_on, .. } = &entry.kind else { continue };
            let late = RuleKey::read(&entry.key).filter(|key| key.kind == RuleKind::LateFee);
            if let Some(late) = late.as_ref().filter(|late| late.rule == rule.name.as_str()) {
                let live = !reversed.contains(&entry.position);
                let one = Charged { position: entry.position, amount: entry.effect, live };
                charged.entry(late.charge).or_default().insert(late.nth, one);
            }
            if late.is_some() || *code == rule.code {
                late_fees.insert(entry.position);
            } else if rule.codes.as_ref().is_none_or(|codes| codes.contains(code)) && entry.effective_on <= on
            {
                charges.push((*due_on, entry));
            }
        }
        charges.sort_by_key(|(due_on, entry)| (*due_on, entry.position));
        let apart = |entry: &&Entry| match entry.kind {
            EntryKind::Reversal { of, .. } => !late_fees.contains(&of),
            _ => !late_fees.contains(&entry.position),
        };
        let unsettled = Unsettled::of(entries.iter().filter(apart).collect(), currency);
        let charges = charges.into_iter().map(|(_, entry)| entry).collect();
        Ok(Self { rule, on, currency, charges, reversed, charged, unsettled, plan: LateFeePlan::default() })
    }

    fn plan(mut self) -> Result<LateFeePlan, Refusal> {
        for (charge, late_fees) in &self.charged {
            if self.reversed.contains(charge) {
                self.plan.take_back.extend(late_fees.values().filter(|one| one.live).map(|one| one.position));
            }
        }
        for charge in std::mem::take(&mut self.charges) {
            if !self.reversed.contains(&charge.position) {
                self.charge(charge)?;
            }
        }
        Ok(self.plan)
    }

    /// What becomes due on one charge, period by period.
    fn charge(&mut self, charge: &Entry) -> Result<(), Refusal> {
        let EntryKind::Charge { due_on, .. } = charge.kind else { return Ok(()) };
        let grace = Days::new(u64::from(self.rule.grace));
        let first = due_on.max(charge.effective_on).checked_add_days(grace).and_then(|day| day.succ_opt());
        let Some(first) = first.filter(|first| *first <= self.on) else { return Ok(()) };
        let mut left = self.cap_left(charge)?;
        let days = self.days(first);
        let (once, last) = (self.rule.every.is_none(), days.len().saturating_sub(1));
        for (nth, since) in days.into_iter().enumerate() {
            let period = if once { 0 } else { u32::try_from(nth).map_err(|_| Refusal::Overflow)? };
            let eve = since.pred_opt().unwrap_or(since);
            let unsettled = self.unsettled.at_end_of(eve, charge.position)?;
            let known = self.charged.get(&charge.position).and_then(|charged| charged.get(&period));
            if let Some(known) = known {
                // Once: overtaken only when it was settled on every day on which it could have been charged.
                if known.live && unsettled.is_zero() && (!once || nth == last) {
                    self.plan.overtaken.push(known.position);
                }
            } else if unsettled.is_positive() {
                let amount = at_most(self.rule.measure.of(unsettled)?, left);
                if amount.is_positive() {
                    left = left.map(|left| left.checked_sub(amount)).transpose()?;
                    let (charge, term) = (charge.position, charge.term);
                    self.plan.due.push(LateFeeDue { charge, term, period, since, unsettled, amount });
                }
            }
            if once && unsettled.is_positive() {
                break;
            }
        }
        Ok(())
    }

    /// The days on which a late fee may be charged, from the first one to the day of the run. Once: whenever something has changed.
    fn days(&self, first: NaiveDate) -> Vec<NaiveDate> {
        let until = |day: &NaiveDate| *day <= self.on;
        let most = usize::try_from(LATE_PERIODS_MAX).unwrap_or(usize::MAX);
        if let Some(every) = self.rule.every {
            let every = Days::new(u64::from(every));
            let days = std::iter::successors(Some(first), |day| day.checked_add_days(every));
            return days.take_while(until).take(most).collect();
        }
        let changed = self.unsettled.days().range(first..).filter_map(NaiveDate::succ_opt);
        std::iter::once(first).chain(changed).take_while(until).collect()
    }

    /// What the late fees on a charge may still come to; `None` for any amount.
    fn cap_left(&self, charge: &Entry) -> Result<Option<Money>, Refusal> {
        let amount = self.rule.at_most.map(|amount| amount.in_currency(self.currency)).transpose()?;
        let share = self.rule.at_most_rate.map(|rate| rate.of(charge.effect)).transpose()?;
        let cap = amount.map(|amount| at_most(amount, share)).or(share);
        let charged = self.charged.get(&charge.position).into_iter().flat_map(BTreeMap::values);
        let live = Money::sum(charged.filter(|one| one.live).map(|one| one.amount), self.currency)?;
        cap.map(|cap| cap.checked_sub(live)).transpose()
    }
}

fn at_most(amount: Money, cap: Option<Money>) -> Money {
    cap.map_or(amount, |cap| amount.min(cap))
}
