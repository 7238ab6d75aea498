//! Reading: accounts, entries, balances. Every figure is derived when it is asked for.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Ledger, PAGE_MAX, is_full};
use crate::name::IntoName;
use crate::store::{AccountFilter, TermRow};
use crate::{
    Account, AccountId, Calendar, Entry, Error, Fee, FeeKey, IdempotencyKey, LedgerStore, Money,
    ReceiptNumber, Refusal, TermBalance, TermId, TermTotals,
};

/// The balance of a whole book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BookBalance {
    /// How many accounts it has.
    pub accounts: u64,
    /// How many entries.
    pub entries: u64,
    /// The sum of all balances: positive is owed to the school.
    pub balance: Money,
}

impl<S: LedgerStore> Ledger<S> {
    /// The terms, the current one, and the lock.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let calendar = school.calendar().await?;
    /// assert_eq!((calendar.current(), calendar.terms().len()), (Some(term), 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None of its own.
    pub async fn calendar(&self) -> Result<Calendar, Error> {
        Ok(self.state().await?.calendar)
    }

    /// The current term, where one has been activated.
    ///
    /// # Errors
    /// None of its own.
    pub async fn current_term(&self) -> Result<Option<TermId>, Error> {
        Ok(self.state().await?.calendar.current())
    }

    /// A page of the fees of a term in the order of their keys, from after a key; at most `limit` and [`PAGE_MAX`].
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let fees = school.fees(term, None, PAGE_MAX).await?;
    /// assert_eq!((fees[0].key.payer.to_string(), fees[0].price(school.currency())?.to_string()), ("group PRIMARY".into(), "120.00".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None of its own.
    pub async fn fees(&self, term: TermId, after: Option<&FeeKey>, limit: u32) -> Result<Vec<Fee>, Error> {
        Ok(self.store.fees(&self.book, term, after, limit.min(PAGE_MAX)).await?)
    }

    /// An account.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let account = school.account("s-17").await?;
    /// assert_eq!((account.standing, account.outstanding().to_string()), (Standing::Active, "120.00".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub async fn account(&self, account: impl IntoName<AccountId>) -> Result<Account, Error> {
        let account = account.into_name()?;
        let found = self.store.accounts(&self.book, std::slice::from_ref(&account)).await?.pop();
        found.ok_or_else(|| Refusal::UnknownAccount { account }.into())
    }

    /// A page of accounts in byte order, from after one; at most `limit` and [`PAGE_MAX`].
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// use bursar::store::AccountFilter;
    ///
    /// # for n in 1..=3_u32 {
    /// #     school.enrol(n, ["PRIMARY"], date("2026-01-10")?).await?;
    /// # }
    /// let mut after: Option<AccountId> = None;
    /// let mut owing = 0;
    /// loop {
    ///     let page = school.accounts(AccountFilter::Debtors, after.as_ref(), 2).await?;
    ///     let Some(last) = page.last() else { break };
    ///     owing += page.len();
    ///     after = Some(last.id.clone());
    /// }
    /// assert_eq!(owing, 4);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None of its own.
    pub async fn accounts(
        &self,
        filter: AccountFilter,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, Error> {
        Ok(self.store.list_accounts(&self.book, filter, after, limit.min(PAGE_MAX)).await?)
    }

    /// A page of an account's entries in the order of positions, from after one; at most `limit` and [`PAGE_MAX`].
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
    /// let entries = school.entries("s-17", 0, PAGE_MAX).await?;
    /// let words: Vec<&str> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    /// assert_eq!(words, ["charge", "payment"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub async fn entries(
        &self,
        account: impl IntoName<AccountId>,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Entry>, Error> {
        let account = account.into_name()?;
        let entries = self.store.entries(&self.book, &account, after, limit.min(PAGE_MAX)).await?;
        if entries.is_empty() {
            self.account(&account).await?;
        }
        Ok(entries)
    }

    /// The entry recorded under a key, if any: the answer to an unknown outcome.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// // The connection broke while the payment was under way: was it recorded?
    /// let key = IdempotencyKey::new("till-1-0001")?;
    /// assert_eq!(school.entry_by_key(&key).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None of its own.
    pub async fn entry_by_key(&self, key: &IdempotencyKey) -> Result<Option<Entry>, Error> {
        Ok(self.store.entries_by_key(&self.book, std::slice::from_ref(key)).await?.pop())
    }

    /// The entry that a receipt number names.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let number = school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?.number;
    /// assert_eq!(school.entry_by_receipt(&number.to_string().parse()?).await?.amount().to_string(), "80.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownEntry`].
    pub async fn entry_by_receipt(&self, number: &ReceiptNumber) -> Result<Entry, Error> {
        self.entry(number.account(), number.position()).await
    }

    pub(super) async fn entry(&self, account: &AccountId, position: u32) -> Result<Entry, Error> {
        let unknown = || Refusal::UnknownEntry { account: account.clone(), position };
        let after = position.checked_sub(1).ok_or_else(unknown)?;
        let found = self.store.entries(&self.book, account, after, 1).await?.pop();
        found.filter(|entry| entry.position == position).ok_or_else(|| unknown().into())
    }

    /// All entries of one account, page after page.
    pub(crate) async fn all_entries(&self, account: &AccountId) -> Result<Vec<Entry>, Error> {
        let mut all = self.entries(account, 0, PAGE_MAX).await?;
        while let Some(last) = all.last().map(|entry| entry.position) {
            let page = self.store.entries(&self.book, account, last, PAGE_MAX).await?;
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        Ok(all)
    }

    /// The figures of an account in a term, whether or not it has entries there.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
    /// let now = school.term_balance("s-17", term).await?;
    /// assert_eq!((now.total_due.to_string(), now.outstanding.to_string()), ("120.00".into(), "40.00".into()));
    /// assert_eq!(now.status, PaymentStatus::Partial);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`], [`Refusal::UnknownTerm`].
    pub async fn term_balance(
        &self,
        account: impl IntoName<AccountId>,
        term: TermId,
    ) -> Result<TermBalance, Error> {
        let account = account.into_name()?;
        let totals = self.totals_of(&account).await?;
        if !totals.terms().iter().any(|(with_entries, _)| *with_entries == term) {
            self.state().await?.calendar.term(term)?;
        }
        Ok(totals.balance_of(&account, term, self.currency)?)
    }

    /// The figures of an account in every term in which it has entries, in order.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let owed = OpeningBalance::of(dec!(35), "owed from 2025").account("s-17").for_term(term).key("arrears-s-17");
    /// school.bring_in(owed).await?;
    /// let balances = school.balances("s-17").await?;
    /// assert_eq!((balances.len(), balances[0].total_due.to_string()), (1, "155.00".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub async fn balances(&self, account: impl IntoName<AccountId>) -> Result<Vec<TermBalance>, Error> {
        let account = account.into_name()?;
        Ok(self.totals_of(&account).await?.balances(&account, self.currency)?)
    }

    async fn totals_of(&self, account: &AccountId) -> Result<TermTotals, Error> {
        match self.store.totals(&self.book, std::slice::from_ref(account)).await?.pop() {
            Some((_, totals)) if !totals.terms().is_empty() => Ok(totals),
            _ => {
                self.account(account).await?;
                Ok(TermTotals::default())
            }
        }
    }

    /// The figures of several accounts in every term in which they have entries, account by account in the order asked; at most
    /// [`PAGE_MAX`] accounts. Unknown accounts have none.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.enrol("s-18", ["PRIMARY"], date("2026-02-02")?).await?;
    /// let family = [AccountId::new("s-17")?, AccountId::new("s-18")?];
    /// let owed = Money::sum(school.balances_of(&family).await?.iter().map(|one| one.outstanding), school.currency())?;
    /// assert_eq!(owed.to_string(), "240.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None of its own.
    pub async fn balances_of(&self, accounts: &[AccountId]) -> Result<Vec<TermBalance>, Error> {
        let most = usize::try_from(PAGE_MAX).unwrap_or(usize::MAX);
        let accounts = accounts.get(..most).unwrap_or(accounts);
        let found = self.store.totals(&self.book, accounts).await?;
        let mut by_account: std::collections::HashMap<AccountId, TermTotals> = found.into_iter().collect();
        let mut balances = Vec::new();
        for account in accounts {
            if let Some(totals) = by_account.remove(account) {
                balances.extend(totals.balances(account, self.currency)?);
            }
        }
        Ok(balances)
    }

    /// The figures of every account in a term, brought forward included, in byte order of accounts, read page by page as they are asked
    /// for. An account without entries in the term is among them, with what it brings forward.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let mut all = school.term_balances(term);
    /// let mut unpaid = Vec::new();
    /// while let Some(one) = all.next().await? {
    ///     if one.status == PaymentStatus::Unpaid {
    ///         unpaid.push(one.account);
    ///     }
    /// }
    /// assert_eq!(unpaid, [AccountId::new("s-17")?]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn term_balances(&self, term: TermId) -> TermBalances<'_, S> {
        TermBalances { ledger: self, term, page: VecDeque::new(), after: None, checked: false, done: false }
    }

    /// The balance of the whole book, summed over its entries.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let book = school.book_balance().await?;
    /// assert_eq!((book.accounts, book.entries, book.balance.to_string()), (1, 1, "120.00".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub async fn book_balance(&self) -> Result<BookBalance, Error> {
        let totals = self.store.book_totals(&self.book).await?;
        let balance = i64::try_from(totals.effects).map_err(|_| Refusal::Overflow)?;
        let balance = Money::from_minor(balance, self.currency);
        Ok(BookBalance { accounts: totals.accounts, entries: totals.entries, balance })
    }
}

/// The figures of every account in a term, read page by page.
#[derive(Debug)]
pub struct TermBalances<'a, S> {
    ledger: &'a Ledger<S>,
    term: TermId,
    page: VecDeque<TermRow>,
    after: Option<AccountId>,
    checked: bool,
    done: bool,
}

impl<S: LedgerStore> TermBalances<'_, S> {
    /// The next account's figures, or `None` after the last.
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`]; [`Error::Store`] when a page cannot be read, after which it may be asked again.
    pub async fn next(&mut self) -> Result<Option<TermBalance>, Error> {
        if self.page.is_empty() && !self.done {
            self.read_page().await?;
        }
        let Some(TermRow { account, earlier, totals }) = self.page.pop_front() else {
            return Ok(None);
        };
        Ok(Some(TermBalance::derive(account, self.term, earlier, totals, self.ledger.currency)?))
    }

    async fn read_page(&mut self) -> Result<(), Error> {
        let Ledger { store, book, .. } = self.ledger;
        if !self.checked {
            self.ledger.state().await?.calendar.term(self.term)?;
            self.checked = true;
        }
        let page = store.term_rows(book, self.term, self.after.as_ref(), PAGE_MAX).await?;
        self.done = !is_full(page.len(), PAGE_MAX);
        self.after = page.last().map(|row| row.account.clone());
        self.page = page.into();
        Ok(())
    }
}
