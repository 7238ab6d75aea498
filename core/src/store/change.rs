//! Changes: what a ledger asks a store to keep, and whether it did.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::rule::Posting;
use crate::{Account, AccountId, Fee, FeeGroup, Standing, Term, TermId};

/// Whether a posting was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It is recorded, durably, at this position.
    Admitted {
        /// The position in the account.
        position: u32,
    },
    /// The rule does not admit it as things are, or its key is known; nothing was recorded. The ledger reads the state and lets the
    /// rule say why.
    NotAdmitted,
}

/// A change of the book itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookChange {
    /// A new term.
    DefineTerm(Term),
    /// A term closes.
    CloseTerm(TermId),
    /// A term becomes the current one.
    MakeCurrent(TermId),
    /// The book is locked through a day, inclusive.
    LockThrough(NaiveDate),
    /// A new fee; not admitted when there is one of its key.
    AddFee(Fee),
    /// A fee in place of the one of its key; not admitted when that one has been charged
    /// (see [`LedgerStore::fee_charged`](crate::LedgerStore::fee_charged)).
    EditFee(Fee),
}

/// A change of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// A new account, at version and revision 0; not admitted when it exists.
    Open(Account),
    /// Other fee groups; raises the revision.
    Regroup {
        /// The account.
        account: AccountId,
        /// Its groups from now on.
        groups: Vec<FeeGroup>,
        /// The revision that this was decided on; not admitted when the account has another.
        revision: u32,
    },
    /// Another standing; raises the revision.
    Move {
        /// The account.
        account: AccountId,
        /// Its standing from now on.
        to: Standing,
        /// The revision that this was decided on; not admitted when the account has another.
        revision: u32,
        /// The version that this was decided on, where the balance mattered (S3).
        version: Option<u32>,
    },
}

/// How far a school file has been read into a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMark {
    /// The digest of the lines read, each chained to those before it.
    pub digest: [u8; 32],
    /// How many lines.
    pub lines: u64,
    /// The mark that this one takes the place of, if any.
    pub replaces: Option<[u8; 32]>,
}

/// Changes that are kept all together or not at all (S1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet {
    /// The book's version that the changes were decided on; not admitted when the book has another.
    pub book_version: Option<u64>,
    /// Changes of the book; any of them raises its version by one.
    pub book: Vec<BookChange>,
    /// Changes of accounts; made before the postings.
    pub accounts: Vec<AccountChange>,
    /// Entries to record, in this order.
    pub postings: Vec<Posting>,
    /// How far a school file has been read with this.
    pub mark: Option<FileMark>,
}

/// Whether a change set was admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is kept, durably; the positions of the postings, in their order.
    Admitted {
        /// One position a posting.
        positions: Vec<u32>,
    },
    /// Something in it is not admitted as things are; nothing was kept.
    NotAdmitted,
}
