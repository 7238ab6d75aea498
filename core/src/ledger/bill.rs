//! Billing a term, account by account or in bulk.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::attempts::Attempts;
use super::set_work::RunProgress;
use super::{Ledger, PAGE_MAX, is_full};
use crate::billing::{BillingReport, SKIPPED_LISTED_MAX, SkipReason, Skipped};
use crate::store::{
    AccountFilter, Billed, BilledPage, BillingOrder, BookChange, ChangeSet, Committed, FileMark,
};
use crate::{
    Account, AccountId, BillingPlan, Currency, Error, Fee, FeeCode, LedgerStore, Money, Payer, Refusal,
    SetRule, Term, TermId,
};

impl<S: LedgerStore> Ledger<S> {
    /// Makes a term the current one and bills it, as of today. See [`activate_on`](Ledger::activate_on).
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let second = TermId::new(2026, 2)?;
    /// school.define_term(Term::new(second, date("2026-05-04")?, date("2026-08-06")?)?).await?;
    /// school.set_fee(second, "PRIMARY", "tuition", dec!(125)).await?;
    /// let report = school.activate(second).await?;
    /// assert_eq!((report.charges, report.amount.to_string().as_str()), (1, "125.00"));
    /// // Run again it charges nobody twice.
    /// assert_eq!(school.activate(second).await?.charges, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`activate_on`](Ledger::activate_on).
    pub async fn activate(&self, term: TermId) -> Result<BillingReport, Error> {
        self.activate_on(term, self.today()).await
    }

    /// Makes a term the current one and bills every eligible account the fees of its groups and its own, once. Running it again, or after
    /// a crash, charges nobody twice and misses nobody: it charges only what was not charged yet.
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::TermClosed`], [`Refusal::Locked`] when the day is locked.
    pub async fn activate_on(&self, term: TermId, on: NaiveDate) -> Result<BillingReport, Error> {
        self.activate_with(term, on, |_| {}).await
    }

    /// Does what [`activate_on`](Ledger::activate_on) does, and tells how far it has come after every page of accounts.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// # for n in 18..30 {
    /// #     school.enrol(n, ["PRIMARY"], date("2026-01-10")?).await?;
    /// # }
    /// let mut seen = 0;
    /// school.activate_with(term, date("2026-01-13")?, |progress| seen = progress.accounts_seen).await?;
    /// assert_eq!(seen, 13);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`activate_on`](Ledger::activate_on).
    #[tracing::instrument(name = "bursar.activate", skip_all, fields(book = %self.book, %term))]
    pub async fn activate_with(
        &self,
        term: TermId,
        on: NaiveDate,
        progress: impl FnMut(RunProgress) + Send,
    ) -> Result<BillingReport, Error> {
        self.make_current_at(term, on, None).await?;
        self.bill_term_with(term, on, progress).await
    }

    /// Makes a term the current one and bills nobody.
    pub(crate) async fn make_current_at(
        &self,
        term: TermId,
        on: NaiveDate,
        mark: Option<FileMark>,
    ) -> Result<(), Error> {
        self.change_book(mark, |book| {
            book.calendar.open_term(term, "activation")?;
            book.calendar.unlocked(on)?;
            Ok((book.calendar.current() != Some(term)).then_some(BookChange::MakeCurrent(term)))
        })
        .await
    }

    /// Bills a term without making it current: every eligible account, once.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// // A club that was priced after the term had begun.
    /// school.define_fee(NewFee::of_group(term, "PRIMARY", "chess", dec!(10))).await?;
    /// let report = school.bill_term(term, date("2026-02-02")?).await?;
    /// assert_eq!((report.charges, report.amount.to_string().as_str()), (1, "10.00"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::TermClosed`], [`Refusal::Locked`] when the day is locked.
    pub async fn bill_term(&self, term: TermId, on: NaiveDate) -> Result<BillingReport, Error> {
        self.bill_term_with(term, on, |_| {}).await
    }

    async fn bill_term_with(
        &self,
        term: TermId,
        on: NaiveDate,
        mut progress: impl FnMut(RunProgress) + Send,
    ) -> Result<BillingReport, Error> {
        let mut report = BillingReport::new(term, Money::zero(self.currency));
        let rule = self.policy().set_rule();
        let mut after: Option<AccountId> = None;
        loop {
            let list_max = SKIPPED_LISTED_MAX.saturating_sub(report.skipped_accounts.len());
            let page = self.bill_page(term, on, rule.as_ref(), after.as_ref(), list_max).await?;
            report.add(&page, self.currency)?;
            progress(RunProgress { accounts_seen: report.accounts_seen, entries: report.charges });
            after = page.next;
            if after.is_none() {
                tracing::info!(charges = report.charges, accounts = report.accounts_seen, "billed");
                return Ok(report);
            }
        }
    }

    async fn bill_page(
        &self,
        term: TermId,
        on: NaiveDate,
        rule: Option<&SetRule>,
        after: Option<&AccountId>,
        list_max: usize,
    ) -> Result<BilledPage, Error> {
        if let Some(rule) = rule {
            let order = BillingOrder {
                term,
                on,
                rule: rule.clone(),
                after: after.cloned(),
                limit: PAGE_MAX,
                list_max,
                recorded_at: self.now(),
                recorded_by: self.recorder(),
                first_id: self.store.new_id(),
            };
            match self.store.bill(&self.book, order).await? {
                Billed::Page(page) => return Ok(page),
                // Account by account the reason comes to light: a closed term, a lock, a balance past its bound.
                Billed::NotOffered | Billed::NotAdmitted => {}
            }
        }
        self.bill_page_by_account(term, on, after, list_max).await
    }

    /// Plans a page account by account and commits it against what it was planned on; a page that moved is planned anew.
    async fn bill_page_by_account(
        &self,
        term: TermId,
        on: NaiveDate,
        after: Option<&AccountId>,
        list_max: usize,
    ) -> Result<BilledPage, Error> {
        const ACCOUNTS_A_PAGE: u32 = 500;
        let mut attempts = Attempts::default();
        loop {
            let book = self.state().await?;
            book.calendar.unlocked(on)?;
            let open = book.calendar.open_term(term, "charges")?;
            let plans = self.plans(open, on, after, ACCOUNTS_A_PAGE).await?;
            let mut page = BilledPage::default();
            let mut changes = ChangeSet { book_version: Some(book.version), ..ChangeSet::default() };
            let full = is_full(plans.len(), ACCOUNTS_A_PAGE);
            page.next = plans.last().map(|(account, _)| account.id.clone()).filter(|_| full);
            for (account, plan) in plans {
                page.count(&account, &plan, list_max)?;
                let mut postings = self.billed_postings(&account.id, term, plan.charges, on);
                // The first of an account's charges carries the version that all were planned on.
                if let Some(first) = postings.first_mut() {
                    first.version = Some(account.version);
                }
                changes.postings.append(&mut postings);
            }
            if changes.postings.is_empty()
                || self.store.commit(&self.book, changes).await? != Committed::NotAdmitted
            {
                return Ok(page);
            }
            attempts.again(self).await?;
        }
    }

    async fn plans(
        &self,
        term: &Term,
        on: NaiveDate,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<(Account, BillingPlan)>, Error> {
        let accounts = self.store.list_accounts(&self.book, AccountFilter::All, after, limit).await?;
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
        let payers: BTreeSet<Payer> = accounts.iter().flat_map(Account::payers).collect();
        let payers: Vec<Payer> = payers.into_iter().collect();
        let fees = self.store.fees_of(&self.book, term.id, &payers).await?;
        let mut charged: BTreeMap<AccountId, Vec<FeeCode>> = BTreeMap::new();
        for made in self.store.charges(&self.book, term.id, &ids).await? {
            charged.entry(made.account).or_default().push(made.code);
        }
        let fees = FeesByPayer::new(fees);
        let mut plans = Vec::with_capacity(accounts.len());
        for account in accounts {
            let codes = charged.get(&account.id).map_or(&[][..], Vec::as_slice);
            let plan = BillingPlan::of(&account, term, &fees.of(&account), codes, self.policy(), on)?;
            plans.push((account, plan));
        }
        Ok(plans)
    }

    /// A page of the accounts that billing a term as of today would pass over, or pass over for a code, with the reason; after an account
    /// in byte order. The second part is where the next page begins, if there is one; a page may be empty and have a next.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.enrol("s-18", ["BOARDERS"], date("2026-01-10")?).await?;
    /// let (skipped, next) = school.unbilled(term, None).await?;
    /// assert_eq!((skipped[0].account.as_str(), skipped[0].reason.to_string()), ("s-18", "its groups have no fee in the term".into()));
    /// assert!(next.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`].
    pub async fn unbilled(
        &self,
        term: TermId,
        after: Option<&AccountId>,
    ) -> Result<(Vec<Skipped>, Option<AccountId>), Error> {
        const ACCOUNTS_A_PAGE: u32 = 1_000;
        let calendar = self.state().await?.calendar;
        let plans = self.plans(calendar.term(term)?, self.today(), after, ACCOUNTS_A_PAGE).await?;
        let full = is_full(plans.len(), ACCOUNTS_A_PAGE);
        let next = plans.last().map(|(account, _)| account.id.clone()).filter(|_| full);
        let skips = |(account, plan): (Account, BillingPlan)| {
            plan.skipped.into_iter().map(move |reason| Skipped { account: account.id.clone(), reason })
        };
        Ok((plans.into_iter().flat_map(skips).collect(), next))
    }
}

/// The fees of a page of accounts, found by who pays them.
struct FeesByPayer {
    by_payer: BTreeMap<Payer, Vec<Fee>>,
}

impl FeesByPayer {
    fn new(fees: Vec<Fee>) -> Self {
        let mut by_payer: BTreeMap<Payer, Vec<Fee>> = BTreeMap::new();
        for fee in fees {
            by_payer.entry(fee.key.payer.clone()).or_default().push(fee);
        }
        Self { by_payer }
    }

    fn of(&self, account: &Account) -> Vec<Fee> {
        account.payers().filter_map(|payer| self.by_payer.get(&payer)).flatten().cloned().collect()
    }
}

impl BilledPage {
    fn count(&mut self, account: &Account, plan: &BillingPlan, list_max: usize) -> Result<(), Refusal> {
        self.accounts_seen = self.accounts_seen.saturating_add(1);
        if !plan.charges.is_empty() {
            self.accounts_charged = self.accounts_charged.saturating_add(1);
        }
        for charge in &plan.charges {
            self.charges = self.charges.saturating_add(1);
            self.amount = self.amount.checked_add(charge.amount.minor()).ok_or(Refusal::Overflow)?;
        }
        for reason in &plan.skipped {
            self.count_skip(reason);
            if self.listed.len() < list_max {
                self.listed.push(Skipped { account: account.id.clone(), reason: reason.clone() });
            }
        }
        Ok(())
    }

    fn count_skip(&mut self, reason: &SkipReason) {
        match self.skipped.iter_mut().find(|(word, _)| *word == reason.as_str()) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.skipped.push((reason.as_str(), 1)),
        }
    }
}

impl BillingReport {
    fn add(&mut self, page: &BilledPage, currency: Currency) -> Result<(), Refusal> {
        self.accounts_seen = self.accounts_seen.saturating_add(page.accounts_seen);
        self.accounts_charged = self.accounts_charged.saturating_add(page.accounts_charged);
        self.charges = self.charges.saturating_add(page.charges);
        self.amount = self.amount.checked_add(Money::from_minor(page.amount, currency))?;
        for (word, count) in page.skipped.iter().filter(|(_, count)| *count > 0) {
            let total = self.skipped.entry((*word).to_owned()).or_default();
            *total = total.saturating_add(*count);
        }
        let room = SKIPPED_LISTED_MAX.saturating_sub(self.skipped_accounts.len());
        self.skipped_accounts.extend(page.listed.iter().take(room).cloned());
        Ok(())
    }
}
