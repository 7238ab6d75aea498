//! Billing a term, account by account or in bulk, and putting a wrong price right.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Ledger, PAGE_MAX};
use crate::billing::{BillingProgress, BillingReport, SKIPPED_LISTED_MAX, SkipReason, Skipped, plan};
use crate::fee::check_amount;
use crate::money::Amount;
use crate::name::{IntoName, check_text};
use crate::store::{
    AccountFilter, Billed, BilledPage, BillingOrder, BookChange, ChangeSet, Committed, FileMark,
    RepriceOrder, Repriced,
};
use crate::{
    Account, AccountId, BillingPlan, Error, Fee, FeeCode, FeeGroup, FeeKey, LedgerStore, Payer, Refusal,
    SetRule, TermId, Text,
};

/// What a repricing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repricing {
    /// How many charges were reversed and made again at the new price.
    pub charges: u64,
    /// How many live charges from the fee were left alone, since they were not at its old price.
    pub left: u64,
}

impl<S: LedgerStore> Ledger<S> {
    /// Makes a term the current one and bills it, as of today. See [`activate_on`](Ledger::activate_on).
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
    /// # Errors
    /// Those of [`activate_on`](Ledger::activate_on).
    #[tracing::instrument(name = "bursar.activate", skip_all, fields(book = %self.book, %term))]
    pub async fn activate_with(
        &self,
        term: TermId,
        on: NaiveDate,
        progress: impl FnMut(BillingProgress) + Send,
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
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::TermClosed`], [`Refusal::Locked`] when the day is locked.
    pub async fn bill_term(&self, term: TermId, on: NaiveDate) -> Result<BillingReport, Error> {
        self.bill_term_with(term, on, |_| {}).await
    }

    async fn bill_term_with(
        &self,
        term: TermId,
        on: NaiveDate,
        mut progress: impl FnMut(BillingProgress) + Send,
    ) -> Result<BillingReport, Error> {
        let mut report = BillingReport::new(term, crate::Money::zero(self.currency));
        let rule = self.policy().set_rule();
        let mut after: Option<AccountId> = None;
        loop {
            let list_max = SKIPPED_LISTED_MAX.saturating_sub(report.skipped_accounts.len());
            let page = self.bill_page(term, on, rule.as_ref(), after.as_ref(), list_max).await?;
            report.add(&page, self.currency)?;
            progress(BillingProgress { accounts_seen: report.accounts_seen, charges: report.charges });
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
        let mut attempt = 0_u32;
        loop {
            let book = self.state().await?;
            book.calendar.unlocked(on)?;
            book.calendar.open_term(term, "charges")?;
            let plans = self.plans(term, on, after, ACCOUNTS_A_PAGE).await?;
            let mut page = BilledPage::default();
            let mut changes = ChangeSet { book_version: Some(book.version), ..ChangeSet::default() };
            let full = plans.len() >= usize::try_from(ACCOUNTS_A_PAGE).unwrap_or(usize::MAX);
            page.next = plans.last().map(|(account, _)| account.id.clone()).filter(|_| full);
            for (account, plan) in plans {
                page.count(&account, &plan, list_max)?;
                let mut postings = self.billed_postings(&account.id, Some(term), plan.charges, on);
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
            self.again(attempt).await?;
            attempt = attempt.saturating_add(1);
        }
    }

    async fn plans(
        &self,
        term: TermId,
        on: NaiveDate,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<(Account, BillingPlan)>, Error> {
        let calendar = self.state().await?.calendar;
        let term = calendar.term(term)?;
        let accounts = self.store.list_accounts(&self.book, AccountFilter::All, after, limit).await?;
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
        let groups: std::collections::BTreeSet<&FeeGroup> =
            accounts.iter().flat_map(|one| &one.groups).collect();
        let payers: Vec<Payer> = groups
            .into_iter()
            .cloned()
            .map(Payer::Group)
            .chain(ids.iter().cloned().map(Payer::Account))
            .collect();
        let fees = self.store.fees_of(&self.book, term.id, &payers).await?;
        let mut charged: BTreeMap<AccountId, Vec<FeeCode>> = BTreeMap::new();
        for made in self.store.charges(&self.book, term.id, &ids).await? {
            charged.entry(made.account).or_default().push(made.code);
        }
        let fees = FeesByPayer::new(fees);
        let mut plans = Vec::with_capacity(accounts.len());
        for account in accounts {
            let codes = charged.get(&account.id).map_or(&[][..], Vec::as_slice);
            let plan = plan(&account, term, &fees.of(&account), codes, self.policy(), on)?;
            plans.push((account, plan));
        }
        Ok(plans)
    }

    /// A page of the accounts that billing a term as of today would pass over, or pass over for a code, with the reason; after an account
    /// in byte order. The second part is where the next page begins, if there is one; a page may be empty and have a next.
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`].
    pub async fn unbilled(
        &self,
        term: TermId,
        after: Option<&AccountId>,
    ) -> Result<(Vec<Skipped>, Option<AccountId>), Error> {
        const ACCOUNTS_A_PAGE: u32 = 1_000;
        let plans = self.plans(term, self.today(), after, ACCOUNTS_A_PAGE).await?;
        let full = plans.len() >= usize::try_from(ACCOUNTS_A_PAGE).unwrap_or(usize::MAX);
        let next = plans.last().map(|(account, _)| account.id.clone()).filter(|_| full);
        let skips = |(account, plan): (Account, BillingPlan)| {
            plan.skipped.into_iter().map(move |reason| Skipped { account: account.id.clone(), reason })
        };
        Ok((plans.into_iter().flat_map(skips).collect(), next))
    }

    /// Puts a wrong price of a group's fee right, as of today. See [`reprice_on`](Ledger::reprice_on).
    ///
    /// # Errors
    /// Those of [`reprice_on`](Ledger::reprice_on).
    pub async fn reprice(
        &self,
        term: TermId,
        group: impl IntoName<FeeGroup>,
        code: impl IntoName<FeeCode>,
        amount: impl Into<Amount>,
        reason: &str,
    ) -> Result<Repricing, Error> {
        self.reprice_on(term, group, code, amount, reason, self.today()).await
    }

    /// Puts a wrong price of a group's fee right: in one atomic step every live charge made from it at the old price is reversed and made
    /// again at the new one, due when the old one was, and the fee takes the new price (its instalments in the old proportions).
    /// Repricing to the price that it has changes nothing.
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::TermClosed`], [`Refusal::UnknownFee`], [`Refusal::Locked`] when the day is locked,
    /// [`Refusal::BadText`] without a reason, [`Refusal::BadInstalments`], and those of an amount.
    pub async fn reprice_on(
        &self,
        term: TermId,
        group: impl IntoName<FeeGroup>,
        code: impl IntoName<FeeCode>,
        amount: impl Into<Amount>,
        reason: &str,
        on: NaiveDate,
    ) -> Result<Repricing, Error> {
        let key = FeeKey { term, payer: Payer::Group(group.into_name()?), code: code.into_name()? };
        self.reprice_at(key, amount.into(), reason, on, None).await
    }

    #[tracing::instrument(name = "bursar.reprice", skip_all, fields(book = %self.book, term = %key.term, code = %key.code))]
    pub(crate) async fn reprice_at(
        &self,
        key: FeeKey,
        amount: Amount,
        reason: &str,
        on: NaiveDate,
        mark: Option<FileMark>,
    ) -> Result<Repricing, Error> {
        let price = amount.in_currency(self.currency)?;
        check_amount("fee", price)?;
        check_text("reason", reason, true)?;
        let mut attempt = 0_u32;
        loop {
            let book = self.state().await?;
            book.calendar.open_term(key.term, "repricing")?;
            book.calendar.unlocked(on)?;
            let old = self.find_fee(&key).await?.ok_or_else(|| key.unknown())?;
            if old.price(self.currency)? == price {
                self.keep_mark(mark).await?;
                return Ok(Repricing::default());
            }
            let order = RepriceOrder {
                book_version: book.version,
                new: old.repriced(price)?,
                old,
                on,
                reason: Text::from(reason),
                recorded_at: self.now(),
                recorded_by: self.recorder(),
                first_id: self.store.new_id(),
                mark: mark.clone(),
            };
            if let Repriced::Done { charges, left } = self.store.reprice(&self.book, order).await? {
                return Ok(Repricing { charges, left });
            }
            self.again(attempt).await?;
            attempt = attempt.saturating_add(1);
        }
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
        let own = Payer::Account(account.id.clone());
        let payers = account.groups.iter().cloned().map(Payer::Group).chain([own]);
        payers.filter_map(|payer| self.by_payer.get(&payer)).flatten().cloned().collect()
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
    fn add(&mut self, page: &BilledPage, currency: crate::Currency) -> Result<(), Refusal> {
        self.accounts_seen = self.accounts_seen.saturating_add(page.accounts_seen);
        self.accounts_charged = self.accounts_charged.saturating_add(page.accounts_charged);
        self.charges = self.charges.saturating_add(page.charges);
        self.amount = self.amount.checked_add(crate::Money::from_minor(page.amount, currency))?;
        for (word, count) in page.skipped.iter().filter(|(_, count)| *count > 0) {
            let total = self.skipped.entry((*word).to_owned()).or_default();
            *total = total.saturating_add(*count);
        }
        let room = SKIPPED_LISTED_MAX.saturating_sub(self.skipped_accounts.len());
        self.skipped_accounts.extend(page.listed.iter().take(room).cloned());
        Ok(())
    }
}
