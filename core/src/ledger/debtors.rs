//! Debtors: who owes, page by page, those that owe most or longest first.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Ledger, PAGE_MAX, is_full};
#[cfg(doc)]
use crate::Refusal;
use crate::by_entries::{ACCOUNTS_A_PAGE, as_read};
use crate::debtors::{DebtorOrder, table};
use crate::store::OwingFilter;
use crate::{Account, AccountId, Allocation, Debtor, DebtorFilter, DebtorKey, Error, LedgerStore};

/// A page of debtors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DebtorPage {
    /// The debtors in the order asked for.
    pub debtors: Vec<Debtor>,
    /// What the next page goes on after; `None` when there is none.
    pub next: Option<DebtorKey>,
}

impl fmt::Display for DebtorPage {
    /// As a table of at most 80 columns, a line each debtor.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table(&self.debtors).fmt(f)
    }
}

impl<S: LedgerStore> Ledger<S> {
    /// A page of those who owe, from after a key; at most `limit` and [`PAGE_MAX`]. What they owe is as it is now.
    ///
    /// ```
    /// use bursar::{Charge, Currency, DebtorFilter, Ledger, Term, TermId, date};
    /// use bursar_store_memory::MemoryStore;
    /// use rust_decimal_macros::dec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar::Error> {
    /// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
    /// # let term = TermId::new(2026, 1)?;
    /// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    /// # for (account, owed) in [("s-17", dec!(40)), ("s-18", dec!(75))] {
    /// #     school.enrol(account, ["PRIMARY"], date("2026-01-12")?).await?;
    /// #     let charge = Charge::of("trip", owed).account(account).for_term(term).key(account);
    /// #     school.charge(charge.on(date("2026-02-01")?)).await?;
    /// # }
    /// let filter = DebtorFilter::on(date("2026-03-31")?);
    /// let first = school.debtors(&filter, None, 1).await?;
    /// assert_eq!((first.debtors[0].account.id.as_str(), first.debtors[0].days_overdue), ("s-18", 58));
    /// let rest = school.debtors(&filter, first.next.as_ref(), 10).await?;
    /// assert_eq!((rest.debtors[0].account.id.as_str(), rest.next), ("s-17", None));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of the amount in the filter: [`Refusal::CurrencyMismatch`], [`Refusal::TooManyDecimals`], [`Refusal::Overflow`].
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
        // One more than the page holds tells whether there is a next one. Where some fall out again, more are read at a time.
        let asked =
            limit.saturating_add(1).max(if filter.overdue_for.is_some() { ACCOUNTS_A_PAGE } else { 0 });
        let mut after = after.map(|key| (key.outstanding.minor(), key.account.clone()));
        let mut debtors: Vec<Debtor> = Vec::new();
        while most > 0 && debtors.len() <= most {
            let from = after.as_ref().map(|(balance, account)| (*balance, account));
            let page = self.store.owing(&self.book, owing, from, asked).await?;
            let full = is_full(page.len(), asked);
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
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let after = after.map(|key| (key.since, key.account.clone()));
        let mut oldest: Vec<Debtor> = Vec::new();
        let mut more = false;
        let mut last: Option<(i64, AccountId)> = None;
        loop {
            let from = last.as_ref().map(|(balance, account)| (*balance, account));
            let page = self.store.owing(&self.book, owing, from, ACCOUNTS_A_PAGE).await?;
            let full = is_full(page.len(), ACCOUNTS_A_PAGE);
            last = page.last().map(|last| (last.balance.minor(), last.id.clone()));
            let found = self.as_debtors(page, filter).await?;
            oldest.extend(
                found.into_iter().filter(|debtor| after.as_ref().is_none_or(|after| by_age(debtor) > *after)),
            );
            oldest.sort_by_key(by_age);
            more |= oldest.len() > most;
            oldest.truncate(most);
            if !full {
                break;
            }
        }
        let next = if more { oldest.last().map(Debtor::key) } else { None };
        Ok(DebtorPage { debtors: oldest, next })
    }

    /// Accounts that owe, with how old their debts are, as far as the filter takes them.
    async fn as_debtors(&self, accounts: Vec<Account>, filter: &DebtorFilter) -> Result<Vec<Debtor>, Error> {
        let mut debtors = Vec::with_capacity(accounts.len());
        for accounts in accounts.chunks(usize::try_from(ACCOUNTS_A_PAGE).unwrap_or(usize::MAX)) {
            let entries = as_read(&self.store, &self.book, accounts).await?;
            for account in accounts {
                let own = entries.get(&account.id).map_or(&[][..], Vec::as_slice);
                let allocation = Allocation::of(own, self.currency)?;
                let debtor = Debtor::of(account.clone(), &allocation, filter.day)?;
                let old_enough =
                    |debtor: &Debtor| filter.overdue_for.is_none_or(|days| debtor.days_overdue >= days);
                debtors.extend(debtor.filter(old_enough));
            }
        }
        Ok(debtors)
    }
}

fn by_age(debtor: &Debtor) -> (NaiveDate, AccountId) {
    (debtor.since, debtor.account.id.clone())
}
