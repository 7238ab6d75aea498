//! One book: its accounts, fees and marks, and how they are found.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;

use bursar::store::{AccountFilter, Book, BookTotals, FileMark, OwingFilter};
use bursar::{
    Account, AccountId, BookId, Calendar, Currency, Entry, EntryKind, Fee, FeeKey, IdempotencyKey, NewEntry,
    Payer, TermId,
};

use hashbrown::HashTable;

use crate::account::AccountLog;
use crate::seals::SealLog;

/// Where an entry is; small, since there is one for every key.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The account's place in the list of accounts.
    account: u32,
    position: u32,
}

/// A book with everything in it.
#[derive(Debug)]
pub(crate) struct BookLog {
    pub(crate) book: Book,
    pub(crate) fees: BTreeMap<FeeKey, Fee>,
    /// The fees from which a charge was made.
    charged: HashSet<FeeKey>,
    accounts: Vec<AccountLog>,
    /// The place of an account in the list, for finding one …
    places: HashMap<AccountId, u32>,
    /// … and for listing them in byte order.
    ordered: BTreeMap<AccountId, u32>,
    /// Where the entry of a key is. The keys themselves are in the entries: with a million of them it shows.
    keys: HashTable<Place>,
    hasher: RandomState,
    /// By lines, then digest.
    marks: BTreeMap<(u64, [u8; 32]), FileMark>,
    pub(crate) seals: SealLog,
}

/// The fee from which a charge says that it was made, if any: a group's where it names the group, the account's own where it has a
/// slot alone.
fn fee_of(entry: &NewEntry) -> Option<FeeKey> {
    let EntryKind::Charge { code, origin, .. } = &entry.kind else { return None };
    let payer = match (&origin.group, origin.slot) {
        (Some(group), _) => Payer::Group(group.clone()),
        (None, Some(_)) => Payer::Account(entry.account.clone()),
        (None, None) => return None,
    };
    Some(FeeKey { term: entry.term, payer, code: code.clone() })
}

impl BookLog {
    pub(crate) fn new(id: BookId, currency: Currency) -> Self {
        Self {
            book: Book { id, currency, version: 0, calendar: Calendar::default() },
            fees: BTreeMap::new(),
            charged: HashSet::new(),
            accounts: Vec::new(),
            places: HashMap::new(),
            ordered: BTreeMap::new(),
            keys: HashTable::new(),
            hasher: RandomState::new(),
            marks: BTreeMap::new(),
            seals: SealLog::default(),
        }
    }

    fn at(&self, place: u32) -> Option<&AccountLog> {
        usize::try_from(place).ok().and_then(|place| self.accounts.get(place))
    }

    pub(crate) fn account(&self, id: &AccountId) -> Option<&AccountLog> {
        self.places.get(id).and_then(|place| self.at(*place))
    }

    /// These accounts, as far as they exist, each once.
    pub(crate) fn accounts<'a>(&'a self, ids: &[AccountId]) -> impl Iterator<Item = &'a AccountLog> {
        let places: BTreeSet<u32> = ids.iter().filter_map(|id| self.places.get(id)).copied().collect();
        places.into_iter().filter_map(|place| self.at(place))
    }

    /// The accounts in byte order, from after one.
    pub(crate) fn accounts_after<'a>(
        &'a self,
        after: Option<&AccountId>,
    ) -> impl Iterator<Item = &'a AccountLog> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.ordered.range((from, Bound::Unbounded)).filter_map(|(_, place)| self.at(*place))
    }

    pub(crate) fn listed<'a>(
        &'a self,
        filter: AccountFilter,
        after: Option<&AccountId>,
    ) -> impl Iterator<Item = &'a Account> {
        self.accounts_after(after).map(|log| &log.head.account).filter(move |account| match filter {
            AccountFilter::All => true,
            AccountFilter::Debtors => account.balance.is_positive(),
            AccountFilter::InCredit => account.balance.is_negative(),
        })
    }

    /// The accounts that owe, those that owe most first, from after a balance and an account. There is no index of them: every post would have
    /// to move its account in it.
    pub(crate) fn owing(&self, filter: &OwingFilter, after: Option<(i64, &AccountId)>) -> Vec<&Account> {
        let place = |account: &Account| Reverse(account.balance.minor());
        let follows = |account: &Account| {
            after.is_none_or(|(balance, id)| (place(account), &account.id) > (Reverse(balance), id))
        };
        let all = self.listed(AccountFilter::Debtors, None);
        let mut owing: Vec<&Account> =
            all.filter(|account| filter.holds(account) && follows(account)).collect();
        // They come in byte order, which a stable sort keeps among those that owe as much.
        owing.sort_by_key(|account| place(account));
        owing
    }

    /// All entries by account and position, from after one.
    pub(crate) fn scan<'a>(&'a self, after: Option<(&AccountId, u32)>) -> impl Iterator<Item = &'a Entry> {
        let (account, position) = after.unzip();
        let rest = account.and_then(|account| self.account(account));
        let rest = rest.into_iter().flat_map(move |log| log.entries_after(position.unwrap_or(0)));
        rest.chain(self.accounts_after(account).flat_map(|log| log.entries_after(0)))
    }

    pub(crate) fn fees_after<'a>(
        &'a self,
        term: TermId,
        after: Option<&FeeKey>,
    ) -> impl Iterator<Item = &'a Fee> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.fees
            .range((from, Bound::Unbounded))
            .map(|(_, fee)| fee)
            .skip_while(move |fee| fee.key.term < term)
            .take_while(move |fee| fee.key.term == term)
    }

    /// The fees of a term that any of these payers pays.
    pub(crate) fn fees_of(&self, term: TermId, payers: &[Payer]) -> Vec<Fee> {
        let payers: HashSet<&Payer> = payers.iter().collect();
        self.fees_after(term, None).filter(|fee| payers.contains(&fee.key.payer)).cloned().collect()
    }

    pub(crate) fn fee_charged(&self, fee: &FeeKey) -> bool {
        self.charged.contains(fee)
    }

    pub(crate) fn key_known(&self, key: &IdempotencyKey) -> bool {
        self.entry_by_key(key).is_some()
    }

    pub(crate) fn entry_by_key(&self, key: &IdempotencyKey) -> Option<&Entry> {
        let is_it = |place: &Place| self.entry_at(*place).is_some_and(|entry| entry.key == *key);
        self.keys.find(self.hasher.hash_one(key), is_it).and_then(|place| self.entry_at(*place))
    }

    fn entry_at(&self, place: Place) -> Option<&Entry> {
        self.at(place.account)?.entry(place.position)
    }

    pub(crate) fn totals(&self) -> BookTotals {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        BookTotals {
            accounts: count(self.accounts.len()),
            entries: count(self.accounts.iter().map(AccountLog::entry_count).sum()),
            effects: self.accounts.iter().map(AccountLog::effects).sum(),
            balances: self.accounts.iter().map(|log| i128::from(log.head.account.balance.minor())).sum(),
        }
    }

    /// The marks with more than so many lines, by lines.
    pub(crate) fn marks_after(&self, lines: u64) -> impl Iterator<Item = &FileMark> {
        self.marks.range((Bound::Excluded((lines, [u8::MAX; 32])), Bound::Unbounded)).map(|(_, mark)| mark)
    }

    /// Whether so many more accounts fit.
    pub(crate) fn has_room_for(&self, accounts: usize) -> bool {
        self.accounts.len().checked_add(accounts).is_some_and(|count| u32::try_from(count).is_ok())
    }

    pub(crate) fn account_mut(&mut self, id: &AccountId) -> Option<&mut AccountLog> {
        let place = usize::try_from(*self.places.get(id)?).ok()?;
        self.accounts.get_mut(place)
    }

    /// Takes a new account, for which there is room.
    pub(crate) fn open(&mut self, log: AccountLog) {
        if let Ok(place) = u32::try_from(self.accounts.len()) {
            let id = &log.head.account.id;
            self.places.insert(id.clone(), place);
            self.ordered.insert(id.clone(), place);
            self.accounts.push(log);
        }
    }

    /// Takes an entry that was admitted.
    pub(crate) fn push(&mut self, entry: Entry) {
        let Some(place) = self.places.get(&entry.account).copied() else { return };
        let Some(log) = usize::try_from(place).ok().and_then(|at| self.accounts.get_mut(at)) else { return };
        let (hash, at) =
            (self.hasher.hash_one(&entry.key), Place { account: place, position: entry.position });
        if let Some(fee) = fee_of(&entry) {
            self.charged.insert(fee);
        }
        log.push(entry);
        let (accounts, hasher) = (&self.accounts, &self.hasher);
        self.keys.insert_unique(hash, at, |place| {
            let log = usize::try_from(place.account).ok().and_then(|at| accounts.get(at));
            log.and_then(|log| log.entry(place.position)).map_or(0, |entry| hasher.hash_one(&entry.key))
        });
    }

    /// Keeps a mark in the place of the one that it names.
    pub(crate) fn mark(&mut self, mark: FileMark) {
        if let Some(replaced) = mark.replaces {
            self.marks.retain(|(_, digest), _| *digest != replaced);
        }
        self.marks.insert((mark.lines, mark.digest), mark);
    }
}
