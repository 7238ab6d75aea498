//! Charging late fees: a rule run over the book, or over one account.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Ledger;
use super::line::Line;
use super::set_work::{RunProgress, SetWork, Whose};
use crate::billing::SKIPPED_LISTED_MAX;
use crate::name::IntoName;
use crate::rule_key::back_key;
use crate::{
    Account, AccountId, Calendar, ChargeOrigin, Entry, EntryKind, Error, LateFee, LateFeeDue, LedgerStore,
    Money, Refusal, RuleName, TermId,
};

/// What a run of a late-fee rule did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LateFeeReport {
    /// The rule.
    pub rule: RuleName,
    /// The day of the run.
    pub on: NaiveDate,
    /// How many accounts were looked at.
    pub accounts_seen: u64,
    /// How many late fees were charged.
    pub charged: u64,
    /// The sum of these.
    pub amount: Money,
    /// How many late fees were reversed, since what they were charged on has been reversed.
    pub taken_back: u64,
    /// The sum of these, above zero.
    pub amount_taken_back: Money,
    /// How many late fees could not be charged, since neither the term of the overdue charge nor the current one is open. The next run
    /// tries again.
    pub skipped: u64,
    /// The first [`SKIPPED_LISTED_MAX`] of them.
    pub skipped_late_fees: Vec<SkippedLateFee>,
    /// How many late fees stand though, by what is recorded now, nothing was overdue when they were charged: see
    /// [`LateFeePlan::overtaken`](crate::LateFeePlan::overtaken).
    pub overtaken: u64,
    /// The first [`SKIPPED_LISTED_MAX`] of them: the account, and the position of the late fee.
    pub overtaken_late_fees: Vec<(AccountId, u32)>,
}

/// A late fee that could not be charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkippedLateFee {
    /// The account.
    pub account: AccountId,
    /// What would have been charged.
    pub late_fee: LateFeeDue,
}

impl LateFeeReport {
    fn new(rule: &LateFee, on: NaiveDate, zero: Money) -> Self {
        Self {
            rule: rule.name().clone(),
            on,
            accounts_seen: 0,
            charged: 0,
            amount: zero,
            taken_back: 0,
            amount_taken_back: zero,
            skipped: 0,
            skipped_late_fees: Vec::new(),
            overtaken: 0,
            overtaken_late_fees: Vec::new(),
        }
    }
}

impl<S: LedgerStore> Ledger<S> {
    /// Charges the late fees that a rule makes due by a day, on every account, and reverses those on charges that have been reversed. It
    /// can be run every night or once a month, again, or after it was cut short: every late fee has a key of its own and is charged once.
    ///
    /// A late fee takes effect and is due on the day of the run. It is in the term of the overdue charge if that is open, else in the
    /// current one if that is open, else it is reported as skipped. All entries of the book are read, page by page, since who has paid by
    /// now may have paid late.
    ///
    /// ```
    /// # use bursar::{Currency, LateFee, Ledger, Term, TermId, date};
    /// # use bursar_store_memory::MemoryStore;
    /// # use rust_decimal_macros::dec;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar::Error> {
    /// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
    /// # let term = TermId::new(2026, 1)?;
    /// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    /// # school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    /// # school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
    /// # school.activate_on(term, date("2026-01-12")?).await?;
    /// // The tuition of 120.00 was due on 12 January and is not paid.
    /// let rule = LateFee::new("late", dec!(5))?.after_grace(14);
    /// assert_eq!(school.charge_late_fees(&rule, date("2026-01-26")?).await?.charged, 0, "the last day of grace");
    /// assert_eq!(school.charge_late_fees(&rule, date("2026-01-27")?).await?.charged, 1);
    /// assert_eq!(school.charge_late_fees(&rule, date("2026-02-28")?).await?.charged, 0, "once");
    /// assert_eq!(school.account("s-17").await?.balance.to_string(), "125.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::Locked`] when the day is locked; [`Refusal::NotPositive`], [`Refusal::TooManyDecimals`], [`Refusal::CurrencyMismatch`],
    /// [`Refusal::AmountTooLarge`] for an amount of the rule; [`Refusal::BalanceTooLarge`]. What was charged before an error stands; the
    /// same run goes on.
    pub async fn charge_late_fees(&self, rule: &LateFee, on: NaiveDate) -> Result<LateFeeReport, Error> {
        self.charge_late_fees_with(rule, on, |_| {}).await
    }

    /// Does what [`charge_late_fees`](Ledger::charge_late_fees) does, and tells how far it has come after every page of accounts.
    ///
    /// # Errors
    /// Those of [`charge_late_fees`](Ledger::charge_late_fees).
    #[tracing::instrument(name = "bursar.charge_late_fees", skip_all, fields(book = %self.book, rule = %rule.name(), %on))]
    pub async fn charge_late_fees_with(
        &self,
        rule: &LateFee,
        on: NaiveDate,
        progress: impl FnMut(RunProgress) + Send,
    ) -> Result<LateFeeReport, Error> {
        self.late_fee_run(rule, on, Whose::Every, progress).await
    }

    /// Charges the late fees of one account: see [`charge_late_fees`](Ledger::charge_late_fees).
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let rule = LateFee::new("late", dec!(5))?;
    /// let report = school.charge_late_fees_of("s-17", &rule, date("2026-01-13")?).await?;
    /// assert_eq!((report.charged, report.amount.to_string()), (1, "5.00".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`], and those of [`charge_late_fees`](Ledger::charge_late_fees).
    pub async fn charge_late_fees_of(
        &self,
        account: impl IntoName<AccountId>,
        rule: &LateFee,
        on: NaiveDate,
    ) -> Result<LateFeeReport, Error> {
        let listed = self.known_accounts([&account.into_name()?]).await?;
        self.late_fee_run(rule, on, Whose::Listed(&listed), |_| {}).await
    }

    async fn late_fee_run(
        &self,
        rule: &LateFee,
        on: NaiveDate,
        whose: Whose<'_>,
        progress: impl FnMut(RunProgress) + Send,
    ) -> Result<LateFeeReport, Error> {
        let rule = rule.in_book(self.currency)?;
        self.state().await?.calendar.unlocked(on)?;
        let report = LateFeeReport::new(&rule, on, Money::zero(self.currency));
        let mut run = Run { rule, on, report, progress };
        self.run(whose, on, &mut run).await?;
        tracing::info!(charged = run.report.charged, taken_back = run.report.taken_back, "late fees charged");
        Ok(run.report)
    }
}

struct Run<P> {
    rule: LateFee,
    on: NaiveDate,
    report: LateFeeReport,
    progress: P,
}

/// What is reported of an account beside what is recorded on it.
struct Told {
    skipped: Vec<LateFeeDue>,
    overtaken: Vec<u32>,
}

impl<P: FnMut(RunProgress) + Send> SetWork for Run<P> {
    type Told = Told;

    fn plan(
        &self,
        account: &Account,
        entries: &[Entry],
        calendar: &Calendar,
    ) -> Result<(Vec<Line>, Told), Refusal> {
        let mut plan = self.rule.plan(entries, self.on, account.balance.currency())?;
        if self.rule.group().is_some_and(|group| !account.groups.contains(group)) {
            plan.due.clear();
        }
        let mut told = Told { skipped: Vec::new(), overtaken: plan.overtaken };
        let mut lines = Vec::with_capacity(plan.due.len());
        for entry in entries.iter().filter(|entry| plan.take_back.contains(&entry.position)) {
            lines.push(Line::reversing(
                entry,
                "what it was charged on has been reversed",
                back_key(&entry.key)?,
            )?);
        }
        for late_fee in plan.due {
            let Some(term) = term_of(&late_fee, calendar) else {
                told.skipped.push(late_fee);
                continue;
            };
            let (code, origin) = (self.rule.code().clone(), ChargeOrigin::default());
            let kind = EntryKind::Charge { code, due_on: self.on, origin };
            let key = self.rule.key(&account.id, late_fee.charge, late_fee.period)?;
            lines.push(Line { term, kind, effect: late_fee.amount, key });
        }
        Ok((lines, told))
    }

    fn recorded(&mut self, _account: &AccountId, lines: &[Line]) -> Result<(), Refusal> {
        let report = &mut self.report;
        for line in lines {
            if line.effect.is_positive() {
                report.charged = report.charged.saturating_add(1);
                report.amount = report.amount.checked_add(line.effect)?;
            } else {
                report.taken_back = report.taken_back.saturating_add(1);
                report.amount_taken_back = report.amount_taken_back.checked_sub(line.effect)?;
            }
        }
        Ok(())
    }

    fn done(&mut self, account: &AccountId, told: Told) -> Result<(), Refusal> {
        let report = &mut self.report;
        report.accounts_seen = report.accounts_seen.saturating_add(1);
        for late_fee in told.skipped {
            report.skipped = report.skipped.saturating_add(1);
            if report.skipped_late_fees.len() < SKIPPED_LISTED_MAX {
                report.skipped_late_fees.push(SkippedLateFee { account: account.clone(), late_fee });
            }
        }
        for position in told.overtaken {
            report.overtaken = report.overtaken.saturating_add(1);
            if report.overtaken_late_fees.len() < SKIPPED_LISTED_MAX {
                report.overtaken_late_fees.push((account.clone(), position));
            }
        }
        Ok(())
    }

    fn page_done(&mut self) {
        let LateFeeReport { accounts_seen, charged, taken_back, .. } = self.report;
        (self.progress)(RunProgress { accounts_seen, entries: charged.saturating_add(taken_back) });
    }
}

/// The term in which a late fee is charged: that of what is overdue, else the current one, whichever is open.
fn term_of(late_fee: &LateFeeDue, calendar: &Calendar) -> Option<TermId> {
    let open = |term: &TermId| calendar.find(*term).is_some_and(|term| !term.closed);
    Some(late_fee.term).filter(open).or_else(|| calendar.current().filter(open))
}
