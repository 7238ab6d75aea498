//! The entries of a book one after the other, a page of them in memory.

use std::collections::VecDeque;

use crate::{AccountId, Entry, Error, Ledger, LedgerStore, PAGE_MAX};

/// Every entry by account, in byte order, and position.
pub(super) struct Scan<'l, S> {
    ledger: &'l Ledger<S>,
    page: VecDeque<Entry>,
    after: Option<(AccountId, u32)>,
    done: bool,
}

impl<'l, S: LedgerStore> Scan<'l, S> {
    pub(super) fn of(ledger: &'l Ledger<S>) -> Self {
        Self { ledger, page: VecDeque::new(), after: None, done: false }
    }

    /// The next entry, which stays the next.
    pub(super) async fn peek(&mut self) -> Result<Option<&Entry>, Error> {
        if self.page.is_empty() && !self.done {
            let Ledger { store, book, .. } = self.ledger;
            let after = self.after.as_ref().map(|(account, position)| (account, *position));
            self.page = store.scan(book, after, PAGE_MAX).await?.into();
            match self.page.back() {
                Some(last) => self.after = Some((last.account.clone(), last.position)),
                None => self.done = true,
            }
        }
        Ok(self.page.front())
    }

    /// The next entry.
    pub(super) async fn next(&mut self) -> Result<Option<Entry>, Error> {
        self.peek().await?;
        Ok(self.page.pop_front())
    }

    /// The next entry, if it is one of this account.
    pub(super) async fn next_of(&mut self, account: &AccountId) -> Result<Option<Entry>, Error> {
        let is_of = self.peek().await?.is_some_and(|entry| entry.account == *account);
        Ok(if is_of { self.page.pop_front() } else { None })
    }
}
