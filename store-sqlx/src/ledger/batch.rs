//! Postings that may go to the database in one statement.

use std::collections::HashSet;

use bursar::rule::Posting;
use bursar::{AccountId, BilledSlot, BookId, EntryKind, FeeCode, IdempotencyKey, TermId};

/// Postings of one book that do not get in each other's way. A statement judges them all by the state before it; so two of which the
/// second depends on the first are not in one batch: two of a key, a slot or a reversed entry, or one that names the version of an account
/// which another has moved.
#[derive(Debug)]
pub(crate) struct Batch {
    book: BookId,
    postings: Vec<Posting>,
    keys: HashSet<IdempotencyKey>,
    accounts: HashSet<AccountId>,
    reversed: HashSet<(AccountId, u32)>,
    slots: HashSet<(AccountId, TermId, FeeCode, BilledSlot)>,
}

impl Batch {
    pub(crate) fn new(book: BookId) -> Self {
        Self {
            book,
            postings: Vec::new(),
            keys: HashSet::new(),
            accounts: HashSet::new(),
            reversed: HashSet::new(),
            slots: HashSet::new(),
        }
    }

    pub(crate) const fn book(&self) -> &BookId {
        &self.book
    }

    pub(crate) fn postings(&self) -> &[Posting] {
        &self.postings
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.postings.is_empty()
    }

    /// Whether a posting may join; else it has to wait for those already here.
    pub(crate) fn fits(&self, posting: &Posting) -> bool {
        let entry = &posting.entry;
        let moved = posting.version.is_some() && self.accounts.contains(&entry.account);
        let reversed =
            posting.reverses().is_some_and(|of| self.reversed.contains(&(entry.account.clone(), of)));
        let billed = slot(posting).is_some_and(|slot| self.slots.contains(&slot));
        !(self.keys.contains(&entry.key) || moved || reversed || billed)
    }

    /// Takes in a posting that fits.
    pub(crate) fn add(&mut self, posting: Posting) {
        let entry = &posting.entry;
        self.keys.insert(entry.key.clone());
        self.accounts.insert(entry.account.clone());
        self.reversed.extend(posting.reverses().map(|of| (entry.account.clone(), of)));
        self.slots.extend(slot(&posting));
        self.postings.push(posting);
    }

    /// Parts postings into batches to be recorded one after the other.
    pub(crate) fn runs(book: &BookId, postings: Vec<Posting>) -> Vec<Self> {
        let mut runs: Vec<Self> = Vec::new();
        let mut run = Self::new(book.clone());
        for posting in postings {
            if !run.fits(&posting) {
                runs.push(std::mem::replace(&mut run, Self::new(book.clone())));
            }
            run.add(posting);
        }
        runs.push(run);
        runs.retain(|run| !run.is_empty());
        runs
    }
}

fn slot(posting: &Posting) -> Option<(AccountId, TermId, FeeCode, BilledSlot)> {
    match &posting.entry.kind {
        EntryKind::Charge { code, origin, .. } => {
            origin.slot.map(|slot| (posting.entry.account.clone(), posting.entry.term, code.clone(), slot))
        }
        _ => None,
    }
}
