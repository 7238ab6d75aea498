//! A school in the store under test: a book with its terms, and short ways to post, commit and look.

use std::sync::Arc;

use super::failure::{Failure, holds, same};
use super::given::Given;
use super::kinds::{account, code, day, group, key, payment};
use crate::rule::Posting;
use crate::store::{AccountChange, AccountFilter, Book, BookChange, ChangeSet, Committed, Posted};
use crate::{
    Account, AccountId, BookId, Currency, Entry, EntryKind, Fee, FeeGroup, FeeKey, Instalment, LedgerStore,
    Money, NewEntry, Payer, Standing, Term, TermId,
};

/// More rows than any case makes.
pub(super) const ALL: u32 = 10_000;

/// A book of the store under test.
#[derive(Clone)]
pub(super) struct School {
    pub(super) store: Arc<dyn LedgerStore>,
    pub(super) id: BookId,
}

pub(super) const CURRENCY: Currency = Currency::USD;

pub(super) fn money(minor: i64) -> Money {
    Money::from_minor(minor, CURRENCY)
}

/// Three terms of 2026 and the first of 2027.
pub(super) fn terms() -> Result<Vec<Term>, Failure> {
    let days = [
        (2026, 1, "2026-01-12", "2026-04-09"),
        (2026, 2, "2026-05-04", "2026-08-06"),
        (2026, 3, "2026-09-07", "2026-12-03"),
        (2027, 1, "2027-01-11", "2027-04-08"),
    ];
    let term = |(year, number, from, to)| Ok(Term::new(TermId::new(year, number)?, day(from)?, day(to)?)?);
    days.into_iter().map(term).collect()
}

/// A group's fee in instalments of these amounts and days.
pub(super) fn group_fee(
    term: TermId,
    payer: &str,
    name: &str,
    parts: &[(i64, &str)],
) -> Result<Fee, Failure> {
    fee(term, Payer::Group(group(payer)?), name, parts)
}

/// An account's own fee.
pub(super) fn own_fee(term: TermId, payer: &str, name: &str, parts: &[(i64, &str)]) -> Result<Fee, Failure> {
    fee(term, Payer::Account(account(payer)?), name, parts)
}

fn fee(term: TermId, payer: Payer, name: &str, parts: &[(i64, &str)]) -> Result<Fee, Failure> {
    let instalment =
        |(minor, due_on): &(i64, &str)| Ok(Instalment { amount: money(*minor), due_on: day(due_on)? });
    let instalments = parts.iter().map(instalment).collect::<Result<_, Failure>>()?;
    Ok(Fee { key: FeeKey { term, payer, code: code(name)? }, instalments, revision: 0 })
}

/// An account as it is opened.
pub(super) fn pupil(name: &str, groups: &[&str], enrolled_on: &str) -> Result<Account, Failure> {
    let groups = groups.iter().map(|name| group(name)).collect::<Result<Vec<FeeGroup>, _>>()?;
    Ok(Account {
        id: account(name)?,
        enrolled_on: day(enrolled_on)?,
        standing: Standing::Active,
        groups,
        version: 0,
        revision: 0,
        balance: money(0),
    })
}

impl School {
    /// A school with its terms, none of which is current.
    pub(super) async fn open(given: &Given) -> Result<Self, Failure> {
        Self::open_named(&given.store, "hillside").await
    }

    pub(super) async fn open_named(store: &Arc<dyn LedgerStore>, name: &str) -> Result<Self, Failure> {
        let school = Self { store: Arc::clone(store), id: BookId::new(name)? };
        school.store.open_book(&school.id, CURRENCY).await?;
        school.change(terms()?.into_iter().map(BookChange::DefineTerm).collect()).await?;
        Ok(school)
    }

    /// The same school by another way in.
    pub(super) fn by(&self, store: Arc<dyn LedgerStore>) -> Self {
        Self { store, id: self.id.clone() }
    }

    pub(super) async fn book(&self) -> Result<Book, Failure> {
        let book = self.store.book(&self.id).await?;
        book.ok_or_else(|| Failure::new(format!("book {} was opened, but is not found", self.id)))
    }

    /// Makes changes of the book, which must be admitted.
    pub(super) async fn change(&self, book: Vec<BookChange>) -> Result<(), Failure> {
        let book_version = Some(self.book().await?.version);
        self.keep(ChangeSet { book_version, book, ..ChangeSet::default() }).await?;
        Ok(())
    }

    /// Commits what must be admitted.
    pub(super) async fn keep(&self, changes: ChangeSet) -> Result<Vec<u32>, Failure> {
        let postings = changes.postings.len();
        match self.store.commit(&self.id, changes.clone()).await? {
            Committed::Admitted { positions } => {
                same("the number of positions of a change set", &positions.len(), &postings)?;
                Ok(positions)
            }
            Committed::NotAdmitted => {
                Err(Failure::new(format!("a change set was not admitted: {changes:?}")))
            }
        }
    }

    /// Commits what must not be admitted.
    pub(super) async fn refuse_set(&self, what: &str, changes: ChangeSet) -> Result<(), Failure> {
        let answer = self.store.commit(&self.id, changes).await?;
        holds(answer == Committed::NotAdmitted, || format!("{what} was admitted: {answer:?}"))
    }

    pub(super) async fn open_account(&self, pupil: Account) -> Result<(), Failure> {
        let accounts = vec![AccountChange::Open(pupil)];
        self.keep(ChangeSet { accounts, ..ChangeSet::default() }).await.map(|_| ())
    }

    /// Opens accounts in the group `PRIMARY`.
    pub(super) async fn open_accounts(&self, names: &[&str]) -> Result<(), Failure> {
        for name in names {
            self.open_account(pupil(name, &["PRIMARY"], "2026-01-12")?).await?;
        }
        Ok(())
    }

    /// An entry of the first term, with this effect in minor units.
    pub(super) fn entry(
        &self,
        name: &str,
        under: &str,
        kind: EntryKind,
        effect: i64,
    ) -> Result<NewEntry, Failure> {
        Ok(NewEntry {
            id: self.store.new_id(),
            account: account(name)?,
            term: TermId::new(2026, 1)?,
            kind,
            effect: money(effect),
            effective_on: day("2026-02-01")?,
            recorded_at: self.store.now(),
            recorded_by: None,
            key: key(under)?,
            note: None,
        })
    }

    pub(super) fn posting(
        &self,
        name: &str,
        under: &str,
        kind: EntryKind,
        effect: i64,
    ) -> Result<Posting, Failure> {
        Ok(Posting::new(self.entry(name, under, kind, effect)?))
    }

    /// Posts what must be admitted; its position.
    pub(super) async fn admit(&self, posting: Posting) -> Result<u32, Failure> {
        match self.store.post(&self.id, posting.clone()).await? {
            Posted::Admitted { position } => Ok(position),
            Posted::NotAdmitted => Err(Failure::new(format!("a posting was not admitted: {posting:?}"))),
        }
    }

    /// Posts what must not be admitted, and must leave no trace on the account, by itself or in a change set.
    pub(super) async fn refuse(&self, what: &str, posting: Posting) -> Result<(), Failure> {
        let id = posting.entry.account.clone();
        let before = self.find(&id).await?;
        let answer = self.store.post(&self.id, posting.clone()).await?;
        holds(answer == Posted::NotAdmitted, || format!("{what} was admitted by itself: {answer:?}"))?;
        let changes = ChangeSet { postings: vec![posting], ..ChangeSet::default() };
        self.refuse_set(&format!("{what}, in a change set,"), changes).await?;
        same(&format!("the account after {what}"), &self.find(&id).await?, &before)
    }

    /// Posts an entry of the first term that must be admitted; its position.
    pub(super) async fn record(
        &self,
        name: &str,
        under: &str,
        kind: EntryKind,
        effect: i64,
    ) -> Result<u32, Failure> {
        self.admit(self.posting(name, under, kind, effect)?).await
    }

    pub(super) async fn pay(&self, name: &str, under: &str, minor: i64) -> Result<u32, Failure> {
        let effect = minor.checked_neg().unwrap_or(0);
        self.record(name, under, payment(), effect).await
    }

    pub(super) async fn find(&self, id: &AccountId) -> Result<Option<Account>, Failure> {
        let mut found = self.store.accounts(&self.id, std::slice::from_ref(id)).await?;
        holds(found.len() <= 1, || format!("account {id} is found {} times", found.len()))?;
        Ok(found.pop())
    }

    pub(super) async fn account(&self, name: &str) -> Result<Account, Failure> {
        let found = self.find(&account(name)?).await?;
        found.ok_or_else(|| Failure::new(format!("account {name} was opened, but is not found")))
    }

    pub(super) async fn accounts(&self) -> Result<Vec<Account>, Failure> {
        Ok(self.store.list_accounts(&self.id, AccountFilter::All, None, ALL).await?)
    }

    pub(super) async fn entries(&self, name: &str) -> Result<Vec<Entry>, Failure> {
        Ok(self.store.entries(&self.id, &account(name)?, 0, ALL).await?)
    }

    /// Every entry of the book, in one page.
    pub(super) async fn all_entries(&self) -> Result<Vec<Entry>, Failure> {
        Ok(self.store.scan(&self.id, None, ALL).await?)
    }

    /// The account has entries at 1, 2, 3 … without gap or repeat, as many as its version, and their effects are its balance (S2, B1).
    pub(super) async fn sound(&self, name: &str) -> Result<Vec<Entry>, Failure> {
        let entries = self.entries(name).await?;
        let there = self.account(name).await?;
        let positions: Vec<u32> = entries.iter().map(|entry| entry.position).collect();
        let expected: Vec<u32> = (1..=there.version).collect();
        same(&format!("the positions of {name}, up to its version"), &positions, &expected)?;
        let sum: i128 = entries.iter().map(|entry| i128::from(entry.effect.minor())).sum();
        same(&format!("the kept balance of {name}"), &i128::from(there.balance.minor()), &sum)?;
        Ok(entries)
    }
}
