//! Reads the entries of a book in order, a page at a time, and goes on behind those that cannot be read.

use std::collections::HashMap;

use super::ahead::{Ahead, Turned};
use crate::store::AccountFilter;
use crate::{AccountId, Entry, Error, IdempotencyKey, Ledger, LedgerStore, StoreError, StoreErrorKind};

const ENTRIES_A_PAGE: u32 = 5_000;
const KEYS_A_QUESTION: usize = 1_000;

/// An entry, or the place of one that cannot be read.
pub(super) enum Item {
    Entry(Entry),
    Unreadable { account: AccountId, position: u32, why: String },
}

impl Item {
    pub(super) fn account(&self) -> &AccountId {
        match self {
            Self::Entry(entry) => &entry.account,
            Self::Unreadable { account, .. } => account,
        }
    }

    pub(super) const fn position(&self) -> u32 {
        match self {
            Self::Entry(entry) => entry.position,
            Self::Unreadable { position, .. } => *position,
        }
    }
}

/// Something that was found while reading.
pub(super) struct Noticed {
    pub(super) invariant: &'static str,
    pub(super) place: Option<(AccountId, u32)>,
    pub(super) detail: String,
}

pub(super) struct EntryReader<'a, S> {
    ledger: &'a Ledger<S>,
    ahead: Ahead<Item>,
    pub(super) noticed: Vec<Noticed>,
}

fn is_corrupt<T>(answer: &Result<T, StoreError>) -> bool {
    answer.as_ref().is_err_and(|error| error.kind == StoreErrorKind::Corrupt)
}

impl<'a, S: LedgerStore> EntryReader<'a, S> {
    pub(super) fn new(ledger: &'a Ledger<S>) -> Self {
        Self { ledger, ahead: Ahead::new(ENTRIES_A_PAGE), noticed: Vec::new() }
    }

    /// The next one, if `wanted` says that it is.
    pub(super) async fn next_if(
        &mut self,
        wanted: impl Fn(&Item) -> bool + Send,
    ) -> Result<Option<Item>, Error> {
        while self.ahead.is_short() {
            self.read_on().await?;
        }
        Ok(self.ahead.take_if(wanted))
    }

    async fn read_on(&mut self) -> Result<(), Error> {
        let Ledger { store, book, .. } = self.ledger;
        let page = store.scan(book, self.ahead.after(), self.ahead.limit()).await;
        match self.ahead.turn(page, |entry| (entry.account.clone(), entry.position))? {
            Turned::Page(page) => {
                self.keys(&page).await?;
                self.ahead.extend(page.into_iter().map(Item::Entry));
                Ok(())
            }
            Turned::Shorter => Ok(()),
            Turned::Unreadable(why) => self.unreadable(&why).await,
        }
    }

    /// The next entry cannot be read. The store does not say where it is; what can be read around it does.
    async fn unreadable(&mut self, why: &str) -> Result<(), Error> {
        let Ledger { store, book, .. } = self.ledger;
        let after = self.ahead.after.clone();
        if let Some((account, position)) = after.as_ref().filter(|(_, position)| *position < u32::MAX) {
            let next = position.saturating_add(1);
            let of_account = store.entries(book, account, *position, 1).await;
            if is_corrupt(&of_account) {
                let there = store.accounts(book, std::slice::from_ref(account)).await?.pop();
                if there.is_some_and(|there| next <= there.version) {
                    self.mark(account.clone(), next, why);
                } else {
                    self.lose(Some(account), why);
                    self.ahead.after = Some((account.clone(), u32::MAX));
                }
                return Ok(());
            }
            of_account?;
        }
        let last = after.map(|(account, _)| account);
        match store.list_accounts(book, AccountFilter::All, last.as_ref(), 1).await?.pop() {
            None => {
                self.lose(last.as_ref(), why);
                self.ahead.end();
            }
            Some(next) => {
                let first = store.entries(book, &next.id, 0, 1).await;
                if is_corrupt(&first) {
                    self.mark(next.id, 1, why);
                } else {
                    first?;
                    self.lose(last.as_ref(), why);
                    self.ahead.after = Some((next.id, 0));
                }
            }
        }
        Ok(())
    }

    fn mark(&mut self, account: AccountId, position: u32, why: &str) {
        let why = why.to_owned();
        self.ahead.after = Some((account.clone(), position));
        self.ahead.extend([Item::Unreadable { account, position, why }]);
    }

    /// One that cannot be read and has no place among the others.
    fn lose(&mut self, after: Option<&AccountId>, why: &str) {
        let detail = match after {
            Some(after) => format!("an entry after those of account {after} cannot be read: {why}"),
            None => format!("an entry before the first account cannot be read: {why}"),
        };
        self.noticed.push(Noticed { invariant: "S1", place: None, detail });
    }

    /// B7: under the key of each entry exactly that entry is found.
    async fn keys(&mut self, page: &[Entry]) -> Result<(), Error> {
        for part in page.chunks(KEYS_A_QUESTION) {
            let keys: Vec<IdempotencyKey> = part.iter().map(|entry| entry.key.clone()).collect();
            let mut found: HashMap<IdempotencyKey, Vec<Entry>> = HashMap::new();
            for entry in self.by_keys(&keys).await? {
                found.entry(entry.key.clone()).or_default().push(entry);
            }
            for entry in part {
                let detail = match found.get(&entry.key).map(Vec::as_slice) {
                    Some([one]) if one == entry => continue,
                    Some([one]) => {
                        format!("its key finds the entry at {} of account {}", one.position, one.account)
                    }
                    Some(several) => format!("its key names {} entries", several.len()),
                    None => "its key finds nothing".to_owned(),
                };
                let place = Some((entry.account.clone(), entry.position));
                self.noticed.push(Noticed { invariant: "B7", place, detail });
            }
        }
        Ok(())
    }

    async fn by_keys(&self, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, Error> {
        let Ledger { store, book, .. } = self.ledger;
        let answer = store.entries_by_key(book, keys).await;
        if !is_corrupt(&answer) {
            return Ok(answer?);
        }
        // One of them finds what cannot be read; the others are asked without it.
        let mut found = Vec::new();
        for key in keys {
            let one = store.entries_by_key(book, std::slice::from_ref(key)).await;
            if !is_corrupt(&one) {
                found.extend(one?);
            }
        }
        Ok(found)
    }
}
