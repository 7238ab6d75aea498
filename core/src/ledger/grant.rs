//! Granting concessions by rules: to accounts, to those that paid early, and to siblings.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Ledger;
use super::line::Line;
use super::set_work::{RunProgress, SetWork, Whose};
use crate::by_entries;
use crate::rule_key::back_key;
use crate::{
    Account, AccountId, Calendar, ConcessionKind, ConcessionPlan, ConcessionRule, EarlyPayment, Entry,
    EntryKind, Error, Household, IdempotencyKey, LedgerStore, Money, PlannedConcession, Refusal, RuleName,
    SiblingDiscount, TermId, Text,
};

/// What a run of a concession rule did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrantReport {
    /// The rule.
    pub rule: RuleName,
    /// The term.
    pub term: TermId,
    /// The day of the run.
    pub on: NaiveDate,
    /// How many accounts were looked at.
    pub accounts_seen: u64,
    /// How many concessions were granted.
    pub granted: u64,
    /// The sum of these.
    pub amount: Money,
    /// How many concessions were reversed: on charges that have been reversed, or no longer earned.
    pub taken_back: u64,
    /// The sum of these.
    pub amount_taken_back: Money,
    /// How many concessions of the rule stand, on the accounts looked at, those just granted among them.
    pub standing: u64,
    /// How many were left ungranted, since somebody has reversed them.
    pub withdrawn: u64,
}

impl<S: LedgerStore> Ledger<S> {
    /// Grants what a concession rule concedes in a term: on every live charge that it reaches, once, and takes back what was conceded on
    /// charges that have been reversed. It can be run again at any time, and after it was cut short: a charge made since gets its own.
    ///
    /// A concession takes effect on the day of the run, in the term of its charge, closed or not; charges that take effect later are left for
    /// a later run.
    ///
    /// ```
    /// # use bursar::{ConcessionKind, ConcessionRule, Currency, Ledger, Rate, Term, TermId, date};
    /// # use bursar_store_memory::MemoryStore;
    /// # use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    /// # use rust_decimal_macros::dec;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar::Error> {
    /// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
    /// # let term = TermId::new(2026, 1)?;
    /// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    /// # school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    /// # school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
    /// # school.activate_on(term, date("2026-01-12")?).await?;
    /// let quarter = Rate::percent(dec!(25), MidpointAwayFromZero)?;
    /// let staff = ConcessionRule::new("staff", ConcessionKind::Discount, quarter, "a parent teaches here")?
    ///     .for_accounts(["s-17"])?;
    /// let report = school.grant(&staff, term, date("2026-01-12")?).await?;
    /// assert_eq!((report.granted, report.amount.to_string().as_str()), (1, "30.00"));
    /// let again = school.grant(&staff, term, date("2026-01-13")?).await?;
    /// assert_eq!((again.granted, again.standing), (0, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::UnknownAccount`] for an account that the rule names, [`Refusal::Locked`] when the day is locked;
    /// [`Refusal::NotPositive`], [`Refusal::TooManyDecimals`], [`Refusal::CurrencyMismatch`], [`Refusal::AmountTooLarge`] for an amount of
    /// the rule. What was granted before an error stands; the same run goes on.
    pub async fn grant(
        &self,
        rule: &ConcessionRule,
        term: TermId,
        on: NaiveDate,
    ) -> Result<GrantReport, Error> {
        self.grant_with(rule, term, on, |_| {}).await
    }

    /// Does what [`grant`](Ledger::grant) does, and tells how far it has come after every page of accounts.
    ///
    /// # Errors
    /// Those of [`grant`](Ledger::grant).
    #[tracing::instrument(name = "bursar.grant", skip_all, fields(book = %self.book, rule = %rule.name(), %term, %on))]
    pub async fn grant_with(
        &self,
        rule: &ConcessionRule,
        term: TermId,
        on: NaiveDate,
        progress: impl FnMut(RunProgress) + Send,
    ) -> Result<GrantReport, Error> {
        rule.fits(self.currency)?;
        let named = self.known_accounts(rule.named_accounts()).await?;
        let whose = if rule.is_for_named_alone() { Whose::Listed(&named) } else { Whose::Every };
        let make = Make::of(rule);
        let grants = Grants {
            plan: |account: &Account, entries: &[Entry]| {
                Ok(rule.plan(entries, term, on, self.currency)?.granting_if(rule.is_for(account)))
            },
            key: |account: &AccountId, one: &PlannedConcession| rule.key(account, one.charge),
        };
        self.grant_run(rule.name(), make, grants, (term, on), whose, progress).await
    }

    /// Grants an early-payment discount on every charge of a term that has earned it by a day, and takes back those that are no longer
    /// earned. It can be run again at any time: see [`EarlyPayment`] and [`grant`](Ledger::grant).
    ///
    /// ```
    /// # use bursar::{Currency, Deadline, EarlyPayment, Ledger, Payment, Rate, Term, TermId, date};
    /// # use bursar_store_memory::MemoryStore;
    /// # use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    /// # use rust_decimal_macros::dec;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar::Error> {
    /// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
    /// # let term = TermId::new(2026, 1)?;
    /// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    /// # school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    /// # school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
    /// # school.activate_on(term, date("2026-01-12")?).await?;
    /// let five = Rate::percent(dec!(5), MidpointAwayFromZero)?;
    /// let early = EarlyPayment::new("early", five, Deadline::AfterDue(7))?;
    /// let payment = Payment::cash(dec!(114)).from("s-17").for_term(term).key("till-1-0001").on(date("2026-01-19")?);
    /// school.pay(payment).await?;
    /// assert_eq!(school.discount_early(&early, term, date("2026-01-20")?).await?.granted, 1);
    /// assert!(school.account("s-17").await?.balance.is_zero());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`grant`](Ledger::grant).
    pub async fn discount_early(
        &self,
        rule: &EarlyPayment,
        term: TermId,
        on: NaiveDate,
    ) -> Result<GrantReport, Error> {
        self.discount_early_with(rule, term, on, |_| {}).await
    }

    /// Does what [`discount_early`](Ledger::discount_early) does, and tells how far it has come after every page of accounts.
    ///
    /// # Errors
    /// Those of [`grant`](Ledger::grant).
    #[tracing::instrument(name = "bursar.discount_early", skip_all, fields(book = %self.book, rule = %rule.name(), %term, %on))]
    pub async fn discount_early_with(
        &self,
        rule: &EarlyPayment,
        term: TermId,
        on: NaiveDate,
        progress: impl FnMut(RunProgress) + Send,
    ) -> Result<GrantReport, Error> {
        rule.fits(self.currency)?;
        let make = Make { concession: ConcessionKind::Discount, reason: rule.reason().into() };
        let grants = Grants {
            plan: |account: &Account, entries: &[Entry]| {
                Ok(rule.plan(entries, term, on, self.currency)?.granting_if(rule.is_for(account)))
            },
            key: |account: &AccountId, one: &PlannedConcession| rule.key(account, one.charge, one.nth),
        };
        self.grant_run(rule.name(), make, grants, (term, on), Whose::Every, progress).await
    }

    /// Grants a sibling discount to the accounts of a household, in its order: see [`SiblingDiscount`] and [`grant`](Ledger::grant).
    ///
    /// ```
    /// # use bursar::{Currency, Household, Ledger, Rate, SiblingDiscount, Term, TermId, date};
    /// # use bursar_store_memory::MemoryStore;
    /// # use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    /// # use rust_decimal_macros::dec;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar::Error> {
    /// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
    /// # let term = TermId::new(2026, 1)?;
    /// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    /// # school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    /// # for account in ["s-17", "s-18"] {
    /// #     school.enrol(account, ["PRIMARY"], date("2026-01-10")?).await?;
    /// # }
    /// # school.activate_on(term, date("2026-01-12")?).await?;
    /// let rate = |percent| Rate::percent(percent, MidpointAwayFromZero);
    /// let siblings = SiblingDiscount::new("siblings", [rate(dec!(0))?, rate(dec!(10))?])?;
    /// let family = Household::new("h-3", ["s-17", "s-18"])?;
    /// let report = school.grant_siblings(&siblings, &family, term, date("2026-01-12")?).await?;
    /// assert_eq!((report.granted, report.amount.to_string().as_str()), (1, "12.00"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`], and those of [`grant`](Ledger::grant).
    #[tracing::instrument(name = "bursar.grant_siblings", skip_all, fields(book = %self.book, household = %household.id(), %term, %on))]
    pub async fn grant_siblings(
        &self,
        rule: &SiblingDiscount,
        household: &Household,
        term: TermId,
        on: NaiveDate,
    ) -> Result<GrantReport, Error> {
        let accounts = self.known_accounts(household.accounts()).await?;
        let entries = by_entries::all_of(&self.store, &self.book, &accounts).await?;
        let mut places: BTreeMap<AccountId, usize> = BTreeMap::new();
        for account in household.accounts() {
            let own = entries.get(account).map_or(&[][..], Vec::as_slice);
            if rule.counts(own, term, on, self.currency)? {
                places.insert(account.clone(), places.len());
            }
        }
        // An account that does not count has no charge to concede on, and perhaps something to take back.
        let at = |account: &AccountId| rule.at(places.get(account).copied().unwrap_or(0));
        let make = Make::of(rule.at(0));
        let grants = Grants {
            plan: |account: &Account, entries: &[Entry]| {
                at(&account.id).plan(entries, term, on, self.currency)
            },
            key: |account: &AccountId, one: &PlannedConcession| at(account).key(account, one.charge),
        };
        self.grant_run(rule.name(), make, grants, (term, on), Whose::Listed(&accounts), |_| {}).await
    }

    async fn grant_run<P, K>(
        &self,
        rule: &RuleName,
        make: Make,
        grants: Grants<P, K>,
        (term, on): (TermId, NaiveDate),
        whose: Whose<'_>,
        progress: impl FnMut(RunProgress) + Send,
    ) -> Result<GrantReport, Error>
    where
        P: Fn(&Account, &[Entry]) -> Result<ConcessionPlan, Refusal> + Send + Sync,
        K: Fn(&AccountId, &PlannedConcession) -> Result<IdempotencyKey, Refusal> + Send + Sync,
    {
        let calendar = self.state().await?.calendar;
        calendar.term(term)?;
        calendar.unlocked(on)?;
        let zero = Money::zero(self.currency);
        let report = GrantReport {
            rule: rule.clone(),
            term,
            on,
            accounts_seen: 0,
            granted: 0,
            amount: zero,
            taken_back: 0,
            amount_taken_back: zero,
            standing: 0,
            withdrawn: 0,
        };
        let mut run = Run { make, grants, report, progress };
        self.run(whose, on, &mut run).await?;
        tracing::info!(
            granted = run.report.granted,
            taken_back = run.report.taken_back,
            "concessions granted"
        );
        Ok(run.report)
    }
}

/// What every concession of a rule has in common.
struct Make {
    concession: ConcessionKind,
    reason: Text,
}

impl Make {
    fn of(rule: &ConcessionRule) -> Self {
        Self { concession: rule.concession(), reason: rule.reason().into() }
    }
}

/// How a rule plans, and names what it grants.
struct Grants<P, K> {
    plan: P,
    key: K,
}

struct Run<P, K, F> {
    make: Make,
    grants: Grants<P, K>,
    report: GrantReport,
    progress: F,
}

impl<P, K, F> SetWork for Run<P, K, F>
where
    P: Fn(&Account, &[Entry]) -> Result<ConcessionPlan, Refusal> + Send + Sync,
    K: Fn(&AccountId, &PlannedConcession) -> Result<IdempotencyKey, Refusal> + Send + Sync,
    F: FnMut(RunProgress) + Send,
{
    type Told = ConcessionPlan;

    fn plan(
        &self,
        account: &Account,
        entries: &[Entry],
        _calendar: &Calendar,
    ) -> Result<(Vec<Line>, ConcessionPlan), Refusal> {
        let plan = (self.grants.plan)(account, entries)?;
        let mut lines = Vec::with_capacity(plan.grants.len());
        for entry in entries.iter().filter(|entry| plan.take_back.contains(&entry.position)) {
            lines.push(Line::reversing(entry, "what it was granted for is no more", back_key(&entry.key)?)?);
        }
        for one in &plan.grants {
            let Make { concession, reason } = &self.make;
            lines.push(Line {
                term: self.report.term,
                kind: EntryKind::Concession { concession: *concession, reason: reason.clone() },
                effect: one.amount.checked_neg()?,
                key: (self.grants.key)(&account.id, one)?,
            });
        }
        Ok((lines, plan))
    }

    fn recorded(&mut self, _account: &AccountId, lines: &[Line]) -> Result<(), Refusal> {
        let report = &mut self.report;
        for line in lines {
            if line.effect.is_negative() {
                report.granted = report.granted.saturating_add(1);
                report.amount = report.amount.checked_sub(line.effect)?;
            } else {
                report.taken_back = report.taken_back.saturating_add(1);
                report.amount_taken_back = report.amount_taken_back.checked_add(line.effect)?;
            }
        }
        Ok(())
    }

    fn done(&mut self, _account: &AccountId, told: ConcessionPlan) -> Result<(), Refusal> {
        let report = &mut self.report;
        report.accounts_seen = report.accounts_seen.saturating_add(1);
        let granted = u64::try_from(told.grants.len()).unwrap_or(u64::MAX);
        report.standing = report.standing.saturating_add(told.standing).saturating_add(granted);
        report.withdrawn = report.withdrawn.saturating_add(told.withdrawn);
        Ok(())
    }

    fn page_done(&mut self) {
        let GrantReport { accounts_seen, granted, taken_back, .. } = self.report;
        (self.progress)(RunProgress { accounts_seen, entries: granted.saturating_add(taken_back) });
    }
}
