//! Reports: statements, aging, debtors and term summaries, drawn up when they are asked for.

use std::collections::VecDeque;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Ledger, PAGE_MAX};
use crate::aging::aging_day;
use crate::by_entries;
use crate::debtors::DebtorOrder;
use crate::name::IntoName;
use crate::store::{AgedRow, AgingOrder, OwingFilter};
use crate::{
    Account, AccountAging, AccountId, Aging, Allocation, AsOf, BookAging, Buckets, Debtor, DebtorFilter,
    DebtorKey, Error, LedgerStore, Span, Statement, TermId, TermSummary,
};

/// A page of debtors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebtorPage {
    /// The debtors in the order asked for.
    pub debtors: Vec<Debtor>,
    /// What the next page goes on after; `None` when there is none.
    pub next: Option<DebtorKey>,
}

impl<S: LedgerStore> Ledger<S> {
    /// The statement of an account for a term, some terms, some days, or everything: see [`Span`].
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`](crate::Refusal::UnknownAccount); [`Refusal::UnknownTerm`](crate::Refusal::UnknownTerm) when the first or last term is not defined.
    pub async fn statement(
        &self,
        account: impl IntoName<AccountId>,
        span: impl Into<Span>,
    ) -> Result<Statement, Error> {
        self.statement_as_of(account, span, AsOf::ALL).await
    }

    /// The statement as it would have been drawn up on a day, and as it was recorded by an instant.
    ///
    /// # Errors
    /// Those of [`statement`](Ledger::statement).
    pub async fn statement_as_of(
        &self,
        account: impl IntoName<AccountId>,
        span: impl Into<Span>,
        as_of: impl Into<AsOf>,
    ) -> Result<Statement, Error> {
        let (account, span) = (account.into_name()?, span.into());
        if let Span::Terms { first, last } = span {
            let calendar = self.state().await?.calendar;
            calendar.term(first)?;
            calendar.term(last)?;
        }
        let entries = self.all_entries(&account).await?;
        Ok(Statement::of(&account, span, as_of.into(), entries, self.currency)?)
    }

    /// Which credits of an account settle which of its debits.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`](crate::Refusal::UnknownAccount).
    pub async fn allocation(&self, account: impl IntoName<AccountId>) -> Result<Allocation, Error> {
        self.allocation_as_of(account, AsOf::ALL).await
    }

    /// Which credits of an account settled which of its debits as of a day.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`](crate::Refusal::UnknownAccount).
    pub async fn allocation_as_of(
        &self,
        account: impl IntoName<AccountId>,
        as_of: impl Into<AsOf>,
    ) -> Result<Allocation, Error> {
        let entries = self.all_entries(&account.into_name()?).await?;
        Ok(Allocation::of(&as_of.into().of(entries), self.currency)?)
    }

    /// What was or is outstanding on an account as of a day, by how long it was overdue then.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`](crate::Refusal::UnknownAccount); [`Refusal::Missing`](crate::Refusal::Missing) when `as_of` has no day.
    pub async fn aging(
        &self,
        account: impl IntoName<AccountId>,
        as_of: impl Into<AsOf>,
        buckets: &Buckets,
    ) -> Result<Aging, Error> {
        let entries = self.all_entries(&account.into_name()?).await?;
        Ok(Aging::of(&entries, as_of.into(), buckets, self.currency)?)
    }

    /// The aging of every account as of a day, in byte order of accounts, read page by page as they are asked for. Accounts that owed
    /// nothing are among them.
    ///
    /// # Errors
    /// [`Refusal::Missing`](crate::Refusal::Missing) when `as_of` has no day.
    pub fn agings(&self, as_of: impl Into<AsOf>, buckets: &Buckets) -> Result<Agings<'_, S>, Error> {
        let as_of = as_of.into();
        let order = AgingOrder { as_of, floors: buckets.floors(aging_day(as_of)?) };
        let (page, after) = (VecDeque::new(), None);
        Ok(Agings { ledger: self, order, buckets: buckets.clone(), page, after, done: false })
    }

    /// The aging of the whole book as of a day: the sum of its accounts'.
    ///
    /// # Errors
    /// [`Refusal::Missing`](crate::Refusal::Missing) when `as_of` has no day; [`Refusal::Overflow`](crate::Refusal::Overflow).
    pub async fn book_aging(&self, as_of: impl Into<AsOf>, buckets: &Buckets) -> Result<BookAging, Error> {
        let as_of = as_of.into();
        let mut whole = BookAging::nothing(as_of, buckets, self.currency);
        let mut agings = self.agings(as_of, buckets)?;
        while let Some(one) = agings.next().await? {
            whole.add(&one.aging)?;
        }
        Ok(whole)
    }

    /// A page of those who owe, from after a key; at most `limit` and [`PAGE_MAX`]. What they owe is as it is now.
    ///
    /// # Errors
    /// Those of the amount in the filter.
    pub async fn debtors(
        &self,
        filter: &DebtorFilter,
        after: Option<&DebtorKey>,
        limit: u32,
    ) -> Result<DebtorPage, Error> {
        let limit = limit.min(PAGE_MAX);
        let at_least = match filter.at_least {
            Some(amount) => amount.in_currency(self.currency)?.minor().max(1),
            None => 1,
        };
        let owing = OwingFilter { group: filter.group.clone(), standing: filter.standing, at_least };
        match filter.order {
            DebtorOrder::Amount => self.debtors_by_amount(filter, &owing, after, limit).await,
            DebtorOrder::Age => self.debtors_by_age(filter, &owing, after, limit).await,
        }
    }

    async fn debtors_by_amount(
        &self,
        filter: &DebtorFilter,
        owing: &OwingFilter,
        after: Option<&DebtorKey>,
        limit: u32,
    ) -> Result<DebtorPage, Error> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut after = after.map(|key| (key.outstanding.minor(), key.account.clone()));
        let mut debtors: Vec<Debtor> = Vec::new();
        // One more than the page holds tells whether there is a next one.
        while most > 0 && debtors.len() <= most {
            let from = after.as_ref().map(|(balance, account)| (*balance, account));
            let page = self.store.owing(&self.book, owing, from, limit.saturating_add(1)).await?;
            let full = page.len() > most;
            after = page.last().map(|last| (last.balance.minor(), last.id.clone()));
            debtors.extend(self.as_debtors(page, filter).await?);
            if !full {
                break;
            }
        }
        let more = debtors.len() > most;
        debtors.truncate(most);
        let next = if more { debtors.last().map(Debtor::key) } else { None };
        Ok(DebtorPage { debtors, next })
    }

    async fn debtors_by_age(
        &self,
        filter: &DebtorFilter,
        owing: &OwingFilter,
        after: Option<&DebtorKey>,
        limit: u32,
    ) -> Result<DebtorPage, Error> {
        const ACCOUNTS_A_PAGE: u32 = 500;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let after = after.map(|key| (key.since, key.account.clone()));
        let mut oldest: Vec<Debtor> = Vec::new();
        let mut more = false;
        let mut last: Option<(i64, AccountId)> = None;
        loop {
            let from = last.as_ref().map(|(balance, account)| (*balance, account));
            let page = self.store.owing(&self.book, owing, from, ACCOUNTS_A_PAGE).await?;
            let Some(end) = page.last() else { break };
            last = Some((end.balance.minor(), end.id.clone()));
            let found = self.as_debtors(page, filter).await?;
            oldest.extend(
                found.into_iter().filter(|debtor| after.as_ref().is_none_or(|after| by_age(debtor) > *after)),
            );
            oldest.sort_by_key(by_age);
            more |= oldest.len() > most;
            oldest.truncate(most);
        }
        let next = if more { oldest.last().map(Debtor::key) } else { None };
        Ok(DebtorPage { debtors: oldest, next })
    }

    /// Accounts that owe, with how old their debts are, as far as the filter takes them.
    async fn as_debtors(&self, accounts: Vec<Account>, filter: &DebtorFilter) -> Result<Vec<Debtor>, Error> {
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
        let mut entries = by_entries::all_of(&self.store, &self.book, &ids).await?;
        let mut debtors = Vec::with_capacity(accounts.len());
        for account in accounts {
            let entries = entries.remove(&account.id).unwrap_or_default();
            // What was recorded since the account was read is not part of its balance.
            let own = entries.iter().filter(|entry| entry.position <= account.version);
            let allocation = Allocation::of(own, self.currency)?;
            let debtor = Debtor::of(account, &allocation, filter.day)?;
            let old_enough =
                |debtor: &Debtor| filter.overdue_for.is_none_or(|days| debtor.days_overdue >= days);
            debtors.extend(debtor.filter(old_enough));
        }
        Ok(debtors)
    }

    /// A term of the whole book: how much was charged, conceded, collected and is outstanding, by status and by fee groups.
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`](crate::Refusal::UnknownTerm), [`Refusal::Overflow`](crate::Refusal::Overflow).
    pub async fn term_summary(&self, term: TermId) -> Result<TermSummary, Error> {
        self.state().await?.calendar.term(term)?;
        let mut summary = TermSummary::nothing(term, self.currency);
        let mut after: Option<AccountId> = None;
        loop {
            let page = self.store.summary_rows(&self.book, term, after.as_ref(), PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok(summary) };
            after = Some(last.account.clone());
            for row in page {
                summary.add(row, self.currency)?;
            }
        }
    }
}

fn by_age(debtor: &Debtor) -> (NaiveDate, AccountId) {
    (debtor.since, debtor.account.id.clone())
}

/// The aging of every account, read page by page.
#[derive(Debug)]
pub struct Agings<'a, S> {
    ledger: &'a Ledger<S>,
    order: AgingOrder,
    buckets: Buckets,
    page: VecDeque<AgedRow>,
    after: Option<AccountId>,
    done: bool,
}

impl<S: LedgerStore> Agings<'_, S> {
    /// The next account's aging, or `None` after the last.
    ///
    /// # Errors
    /// [`Error::Store`] when a page cannot be read, after which it may be asked again; [`Refusal::Overflow`](crate::Refusal::Overflow).
    pub async fn next(&mut self) -> Result<Option<AccountAging>, Error> {
        let Ledger { store, book, currency, .. } = self.ledger;
        if self.page.is_empty() && !self.done {
            let page = store.aged_rows(book, &self.order, self.after.as_ref(), PAGE_MAX).await?;
            match page.last() {
                Some(last) => self.after = Some(last.account.clone()),
                None => self.done = true,
            }
            self.page = page.into();
        }
        let Some(AgedRow { account, totals }) = self.page.pop_front() else { return Ok(None) };
        let aging = Aging::derive(&totals, self.order.as_of, &self.buckets, *currency)?;
        Ok(Some(AccountAging { account, aging }))
    }
}
