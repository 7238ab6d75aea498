//! Concession rules: scholarships, waivers and discounts that the ledger grants by itself, once a charge.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::conceded::{Conceded, GivenState};
use crate::late_fee::code_set;
use crate::name::{IntoName, check_text};
use crate::rule_key::{RuleKey, RuleKind};
use crate::{
    Account, AccountId, ConcessionKind, Currency, Entry, FeeCode, FeeGroup, IdempotencyKey, Measure, Money,
    Refusal, RuleName, TermId,
};

/// A concession rule: what is conceded, on which charges, to whom, and for how long.
///
/// - A rate is of each charge, and is conceded on each. An amount is conceded once an account and term, on the charge that falls due first,
///   then on the next, at most what is charged.
/// - It reaches the term's charges of every code but late fees, or those of the codes named.
/// - It is for every account, or for the accounts and fee groups named: one of them is enough. Groups are those on the day of the run.
/// - It is valid for charges that fall due on some days; a repriced charge is due when the old one was.
/// - All rules together concede at most the charge, and at most what is left of the term's charges after concessions by hand.
/// - A charge that is reversed takes the concessions of all rules with it on the next run of any, and the one in its place gets its own.
/// - What has been granted stands, though the rule or the account's groups change. What somebody reverses is not granted again.
///
/// ```
/// use bursar::{ConcessionKind, ConcessionRule, Rate, date};
/// use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
/// use rust_decimal_macros::dec;
///
/// let quarter = Rate::percent(dec!(25), MidpointAwayFromZero)?;
/// let staff = ConcessionRule::new("staff", ConcessionKind::Discount, quarter, "a parent teaches here")?
///     .on_codes(["tuition"])?
///     .for_accounts(["s-17", "s-18"])?
///     .valid(date("2026-01-01")?..=date("2026-12-31")?)?;
/// let grant = ConcessionRule::new("grant", ConcessionKind::Scholarship, dec!(50), "the founders' fund")?
///     .for_groups(["ECD"])?;
/// # let _ = (staff, grant);
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcessionRule {
    name: RuleName,
    concession: ConcessionKind,
    measure: Measure,
    reason: String,
    codes: Option<BTreeSet<FeeCode>>,
    accounts: BTreeSet<AccountId>,
    groups: BTreeSet<FeeGroup>,
    valid: Option<(NaiveDate, NaiveDate)>,
}

impl ConcessionRule {
    /// A rule for every account and every code but late fees, always valid.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; [`Refusal::BadText`] without a reason.
    pub fn new(
        name: impl IntoName<RuleName>,
        concession: ConcessionKind,
        measure: impl Into<Measure>,
        reason: impl Into<String>,
    ) -> Result<Self, Refusal> {
        let (name, measure, reason) = (name.into_name()?, measure.into(), reason.into());
        check_text("reason", &reason, true)?;
        let (accounts, groups) = (BTreeSet::new(), BTreeSet::new());
        Ok(Self { name, concession, measure, reason, codes: None, accounts, groups, valid: None })
    }

    /// Only on charges of these codes, late fees among them if named.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; [`Refusal::BadRule`] for no code.
    pub fn on_codes<C: IntoName<FeeCode>>(self, codes: impl IntoIterator<Item = C>) -> Result<Self, Refusal> {
        let codes = code_set(&self.name, codes)?;
        Ok(Self { codes: Some(codes), ..self })
    }

    /// For these accounts, beside those of the groups named.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; [`Refusal::BadRule`] for no account.
    pub fn for_accounts<A: IntoName<AccountId>>(
        self,
        accounts: impl IntoIterator<Item = A>,
    ) -> Result<Self, Refusal> {
        let accounts =
            accounts.into_iter().map(IntoName::into_name).collect::<Result<BTreeSet<_>, Refusal>>()?;
        if accounts.is_empty() {
            let why = "it is for no account at all; name one, or leave the list out";
            return Err(Refusal::BadRule { rule: self.name, why });
        }
        Ok(Self { accounts, ..self })
    }

    /// For the accounts of these fee groups, beside those named.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; [`Refusal::BadRule`] for no group.
    pub fn for_groups<G: IntoName<FeeGroup>>(
        self,
        groups: impl IntoIterator<Item = G>,
    ) -> Result<Self, Refusal> {
        let groups = groups.into_iter().map(IntoName::into_name).collect::<Result<BTreeSet<_>, Refusal>>()?;
        if groups.is_empty() {
            let why = "it is for no fee group at all; name one, or leave the list out";
            return Err(Refusal::BadRule { rule: self.name, why });
        }
        Ok(Self { groups, ..self })
    }

    /// Valid for charges that fall due on these days, both ends included.
    ///
    /// # Errors
    /// [`Refusal::BadRule`] when the last day is before the first.
    pub fn valid(self, days: RangeInclusive<NaiveDate>) -> Result<Self, Refusal> {
        let (from, to) = days.into_inner();
        if to < from {
            let why = "it would be valid until a day before its first; give the earlier day first";
            return Err(Refusal::BadRule { rule: self.name, why });
        }
        Ok(Self { valid: Some((from, to)), ..self })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &RuleName {
        &self.name
    }

    /// Which concession it makes.
    #[must_use]
    pub const fn concession(&self) -> ConcessionKind {
        self.concession
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The accounts that are named.
    pub(crate) const fn named_accounts(&self) -> &BTreeSet<AccountId> {
        &self.accounts
    }

    /// Whether only the accounts that are named have anything of it.
    pub(crate) fn is_for_named_alone(&self) -> bool {
        self.groups.is_empty() && !self.accounts.is_empty()
    }

    /// Whether it is for an account, as it is now.
    #[must_use]
    pub fn is_for(&self, account: &Account) -> bool {
        (self.accounts.is_empty() && self.groups.is_empty())
            || self.accounts.contains(&account.id)
            || account.groups.iter().any(|group| self.groups.contains(group))
    }

    /// Refuses an amount that does not fit a book of the currency.
    pub(crate) fn fits(&self, currency: Currency) -> Result<(), Refusal> {
        self.measure.in_currency("concession", currency).map(drop)
    }

    /// The key of the concession on a charge: `bursar:concede:RULE:POSITION:0:ACCOUNT`.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; not for names of allowed lengths.
    pub fn key(&self, account: &AccountId, charge: u32) -> Result<IdempotencyKey, Refusal> {
        RuleKey::of(RuleKind::Concession, &self.name, charge, 0).on(account)
    }

    /// What the rule does on an account that it is for, in a term, by a day, from all the account's entries.
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
        let measure = self.measure.in_currency("concession", currency)?;
        let mut conceded = Conceded::of(RuleKind::Concession, &self.name, entries, (term, on), currency)?;
        let mut plan = ConcessionPlan { take_back: conceded.on_reversed(), ..ConcessionPlan::default() };
        let mut new = Vec::new();
        let mut used = Money::zero(currency);
        for (due_on, charge) in conceded.charges(self.codes.as_ref()) {
            match conceded.given(charge.position).first() {
                Some(given) => {
                    used = used.checked_add(given.amount)?;
                    plan.count(given.state);
                }
                None if self.holds(due_on) => new.push(charge),
                None => {}
            }
        }
        for charge in new {
            let asked = match measure {
                Measure::Amount(amount) => amount.in_currency(currency)?.checked_sub(used)?,
                Measure::Rate(rate) => rate.of(charge.effect)?,
            };
            let amount = conceded.take(charge, asked)?;
            if amount.is_positive() {
                used = used.checked_add(amount)?;
                plan.grants.push(PlannedConcession { charge: charge.position, nth: 0, amount });
            }
        }
        Ok(plan)
    }

    /// Whether the rule has anything to concede on: a charge that it reaches.
    pub(crate) fn reaches(
        &self,
        entries: &[Entry],
        term: TermId,
        on: NaiveDate,
        currency: Currency,
    ) -> Result<bool, Refusal> {
        let conceded = Conceded::of(RuleKind::Concession, &self.name, entries, (term, on), currency)?;
        let charges = conceded.charges(self.codes.as_ref());
        Ok(charges.iter().any(|(due_on, _)| self.holds(*due_on)))
    }

    fn holds(&self, due_on: NaiveDate) -> bool {
        self.valid.is_none_or(|(from, to)| from <= due_on && due_on <= to)
    }
}

/// A concession that a rule makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedConcession {
    /// The position of the charge that it is on.
    pub charge: u32,
    /// Which one of the rule on that charge, from 0: above 0 when an earlier one was taken back.
    pub nth: u32,
    /// How much is conceded.
    pub amount: Money,
}

/// What a concession rule does on an account.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// // What a rule would do, with nothing recorded.
/// let rule = ConcessionRule::new("fund", ConcessionKind::Scholarship, dec!(50), "the founders' fund")?;
/// let entries = school.entries("s-17", 0, PAGE_MAX).await?;
/// let plan = rule.plan(&entries, term, date("2026-01-12")?, school.currency())?;
/// assert_eq!((plan.grants[0].charge, plan.grants[0].amount.to_string()), (1, "50.00".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConcessionPlan {
    /// What it concedes.
    pub grants: Vec<PlannedConcession>,
    /// The positions of concessions that it reverses: those of any rule on charges that have been reversed, and of its own those that are
    /// no longer earned.
    pub take_back: Vec<u32>,
    /// How many concessions of its own stand.
    pub standing: u64,
    /// How many of its own somebody has reversed; they are not made again.
    pub withdrawn: u64,
}

impl ConcessionPlan {
    /// The plan for an account that the rule may not be for: that is granted nothing, but what is no longer earned is taken back.
    pub(crate) fn granting_if(mut self, is_for: bool) -> Self {
        if !is_for {
            self.grants.clear();
        }
        self
    }

    pub(crate) fn count(&mut self, state: GivenState) {
        match state {
            GivenState::Live => self.standing = self.standing.saturating_add(1),
            GivenState::Withdrawn => self.withdrawn = self.withdrawn.saturating_add(1),
            GivenState::TakenBack => {}
        }
    }
}
