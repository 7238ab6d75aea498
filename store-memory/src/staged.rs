//! Changes on their way into a book: each is admitted against the book and the changes before it, and nothing is kept until all are.

use std::collections::{BTreeMap, HashMap, HashSet};

use bursar::rule::{self, Posting, State};
use bursar::store::{AccountChange, BookChange, ChangeSet, FileMark};
use bursar::{
    Account, AccountId, Calendar, Entry, Fee, FeeKey, IdempotencyKey, Money, StoreError, StoreErrorKind,
    Term, TermId,
};

use crate::account::{AccountLog, Head, Slot, slot_of};
use crate::book::BookLog;

/// Why changes are not kept.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something in them is not admitted as things are.
    NotAdmitted,
    /// The store cannot keep them.
    Failed(StoreError),
}

fn admitted(holds: bool) -> Result<(), Stop> {
    if holds { Ok(()) } else { Err(Stop::NotAdmitted) }
}

fn no_room(what: &str) -> Stop {
    Stop::Failed(StoreError::new(StoreErrorKind::Full, "record", format!("{what}; nothing was recorded")))
}

/// Changes that are admitted, and the state that they lead to, as far as it differs from the book's.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    calendar: Option<Calendar>,
    book_changed: bool,
    fees: BTreeMap<FeeKey, Fee>,
    heads: HashMap<AccountId, Head>,
    opened: usize,
    entries: Vec<Entry>,
    keys: HashSet<IdempotencyKey>,
    slots: HashSet<(AccountId, Slot)>,
    reversed: HashSet<(AccountId, u32)>,
    mark: Option<FileMark>,
}

impl Staged {
    /// Admits a whole change set; with the positions of its postings.
    pub(crate) fn change_set(book: &BookLog, changes: ChangeSet) -> Result<(Self, Vec<u32>), Stop> {
        let ChangeSet { book_version, book: book_changes, accounts, postings, mark } = changes;
        admitted(book_version.is_none_or(|version| version == book.book.version))?;
        let mut staged = Self { mark, ..Self::default() };
        for change in book_changes {
            staged.change_book(book, change)?;
        }
        for change in accounts {
            staged.change_account(book, change)?;
        }
        let positions =
            postings.into_iter().map(|posting| staged.post(book, posting)).collect::<Result<_, _>>()?;
        Ok((staged, positions))
    }

    pub(crate) fn set_mark(&mut self, mark: Option<FileMark>) {
        self.mark = mark;
    }

    /// Puts a fee in the place of the one of its key, charged or not.
    pub(crate) fn put_fee(&mut self, fee: Fee) {
        self.book_changed = true;
        self.fees.insert(fee.key.clone(), fee);
    }

    fn change_book(&mut self, book: &BookLog, change: BookChange) -> Result<(), Stop> {
        self.book_changed = true;
        match change {
            BookChange::DefineTerm(term) => self.define_term(book, term),
            BookChange::CloseTerm(term) => self.close_term(book, term),
            BookChange::MakeCurrent(term) => {
                let calendar = self.calendar(book);
                admitted(calendar.find(term).is_some())?;
                self.calendar =
                    Some(Calendar::new(calendar.terms().to_vec(), Some(term), calendar.locked_through()));
                Ok(())
            }
            BookChange::LockThrough(day) => {
                let calendar = self.calendar(book);
                self.calendar = Some(Calendar::new(calendar.terms().to_vec(), calendar.current(), Some(day)));
                Ok(())
            }
            BookChange::AddFee(fee) => {
                let there = self.fees.contains_key(&fee.key) || book.fees.contains_key(&fee.key);
                admitted(!there && self.calendar(book).find(fee.key.term).is_some())?;
                self.put_fee(fee);
                Ok(())
            }
            BookChange::EditFee(fee) => {
                let there = self.fees.contains_key(&fee.key) || book.fees.contains_key(&fee.key);
                admitted(there && !book.fee_charged(&fee.key))?;
                self.put_fee(fee);
                Ok(())
            }
        }
    }

    fn define_term(&mut self, book: &BookLog, term: Term) -> Result<(), Stop> {
        let calendar = self.calendar(book);
        admitted(calendar.find(term.id).is_none())?;
        let mut terms = calendar.terms().to_vec();
        terms.push(term);
        self.calendar = Some(Calendar::new(terms, calendar.current(), calendar.locked_through()));
        Ok(())
    }

    fn close_term(&mut self, book: &BookLog, id: TermId) -> Result<(), Stop> {
        let calendar = self.calendar(book);
        admitted(calendar.find(id).is_some())?;
        let close = |term: &Term| Term { closed: term.closed || term.id == id, ..term.clone() };
        let terms = calendar.terms().iter().map(close).collect();
        self.calendar = Some(Calendar::new(terms, calendar.current(), calendar.locked_through()));
        Ok(())
    }

    fn change_account(&mut self, book: &BookLog, change: AccountChange) -> Result<(), Stop> {
        match change {
            AccountChange::Open(account) => {
                admitted(self.head(book, &account.id).is_none())?;
                let zero = Money::zero(book.book.currency);
                let account = Account { version: 0, revision: 0, balance: zero, ..account };
                self.opened = self.opened.saturating_add(1);
                if !book.has_room_for(self.opened) {
                    return Err(no_room("the book has as many accounts as fit"));
                }
                self.heads.insert(account.id.clone(), Head::new(account));
            }
            AccountChange::Regroup { account, groups, revision } => {
                let account = self.at_revision(book, &account, revision)?;
                account.groups = groups;
            }
            AccountChange::Move { account, to, revision, version } => {
                let account = self.at_revision(book, &account, revision)?;
                admitted(version.is_none_or(|version| version == account.version))?;
                account.standing = to;
            }
        }
        Ok(())
    }

    /// The account for a change that was decided on this revision; the revision is raised.
    fn at_revision(&mut self, book: &BookLog, id: &AccountId, revision: u32) -> Result<&mut Account, Stop> {
        let account = self.head_mut(book, id).map(|head| &mut head.account).ok_or(Stop::NotAdmitted)?;
        admitted(account.revision == revision)?;
        account.revision =
            revision.checked_add(1).ok_or_else(|| no_room("the account was changed too often"))?;
        Ok(account)
    }

    /// Admits a posting; with its position.
    pub(crate) fn post(&mut self, book: &BookLog, posting: Posting) -> Result<u32, Stop> {
        let slot = slot_of(posting.entry.term, &posting.entry.kind);
        let head = self.head(book, &posting.entry.account);
        let state = State {
            calendar: self.calendar(book),
            account: head.map(|head| &head.account),
            key_known: book.key_known(&posting.entry.key) || self.keys.contains(&posting.entry.key),
            reversed: posting.reverses().is_some_and(|of| self.is_reversed(book, &posting.entry.account, of)),
        };
        admitted(rule::admits(&posting, state))?;
        if let Some(slot) = slot {
            let taken = book.account(&posting.entry.account).is_some_and(|log| log.has_slot(&slot));
            // S5: within the set as within the book.
            admitted(!taken && self.slots.insert((posting.entry.account.clone(), slot)))?;
        }
        if let Some(of) = posting.reverses() {
            self.reversed.insert((posting.entry.account.clone(), of));
        }
        let mut entry = posting.entry;
        let head = self.head_mut(book, &entry.account).ok_or(Stop::NotAdmitted)?;
        head.totals.add(&entry).map_err(|_| no_room("a total of the account would be past 64 bits"))?;
        let account = &mut head.account;
        account.balance = account.balance.checked_add(entry.effect).map_err(|_| Stop::NotAdmitted)?;
        account.version = account.version.checked_add(1).ok_or_else(|| no_room("the account is full"))?;
        // One copy of the name an account, not one an entry.
        entry.account = account.id.clone();
        let position = account.version;
        self.keys.insert(entry.key.clone());
        self.entries.push(entry.at(position));
        Ok(position)
    }

    fn calendar<'a>(&'a self, book: &'a BookLog) -> &'a Calendar {
        self.calendar.as_ref().unwrap_or(&book.book.calendar)
    }

    fn head<'a>(&'a self, book: &'a BookLog, id: &AccountId) -> Option<&'a Head> {
        self.heads.get(id).or_else(|| book.account(id).map(|log| &log.head))
    }

    fn head_mut(&mut self, book: &BookLog, id: &AccountId) -> Option<&mut Head> {
        if !self.heads.contains_key(id) {
            let head = book.account(id)?.head.clone();
            self.heads.insert(head.account.id.clone(), head);
        }
        self.heads.get_mut(id)
    }

    fn is_reversed(&self, book: &BookLog, account: &AccountId, position: u32) -> bool {
        book.account(account).is_some_and(|log| log.reversal_of(position).is_some())
            || self.reversed.contains(&(account.clone(), position))
    }

    /// Keeps everything that was admitted; nothing in here can be refused any more (S1).
    pub(crate) fn keep(self, book: &mut BookLog) {
        if self.book_changed {
            book.book.version = book.book.version.saturating_add(1);
        }
        if let Some(calendar) = self.calendar {
            book.book.calendar = calendar;
        }
        book.fees.extend(self.fees);
        for (id, head) in self.heads {
            match book.account_mut(&id) {
                Some(log) => log.head = head,
                None => book.open(AccountLog::new(head)),
            }
        }
        for entry in self.entries {
            book.push(entry);
        }
        if let Some(mark) = self.mark {
            book.mark(mark);
        }
    }
}
