//! The store contract: what a ledger asks of a database (S1–S10). A store keeps; it does not decide.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::by_entries;
use crate::rule::Posting;
use crate::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};
use crate::{
    Account, AccountId, AgedTotals, AsOf, BilledSlot, BookId, Calendar, Currency, Entry, Fee, FeeCode,
    FeeGroup, FeeKey, IdempotencyKey, Payer, SetRule, Skipped, Standing, StoreError, Term, TermId,
    TermTotals, Text, Totals,
};

/// A book as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// Its id.
    pub id: BookId,
    /// Its currency.
    pub currency: Currency,
    /// Raised by one with every commit that changes the book itself: its terms, its fees, its current term, its lock. A decision on
    /// these is made against it.
    pub version: u64,
    /// Its terms, the current one, and the lock.
    pub calendar: Calendar,
}

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
    /// (see [`LedgerStore::fee_charged`]).
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

/// An order to bill accounts in bulk.
#[derive(Clone, Debug)]
pub struct BillingOrder {
    /// The term.
    pub term: TermId,
    /// The effective date of the charges.
    pub on: NaiveDate,
    /// Which accounts.
    pub rule: SetRule,
    /// After which account to go on, in byte order; `None` at the start.
    pub after: Option<AccountId>,
    /// How many accounts to look at, at most.
    pub limit: u32,
    /// How many skipped accounts to list, at most; they are counted all the same.
    pub list_max: usize,
    /// The instant of recording.
    pub recorded_at: DateTime<Utc>,
    /// Who bills.
    pub recorded_by: Option<Text>,
    /// The id from which those of the charges are counted up: see [`nth_id`].
    pub first_id: Uuid,
}

/// What a store did of a [`BillingOrder`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Billed {
    /// It has billed these accounts, durably.
    Page(BilledPage),
    /// The term is closed or unknown, the date is locked, or a balance would be past its bound; nothing was charged.
    NotAdmitted,
    /// The store has no bulk billing: the ledger plans account by account.
    NotOffered,
}

/// What became of the accounts of one page of a billing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BilledPage {
    /// How many accounts were looked at.
    pub accounts_seen: u64,
    /// How many of them were charged.
    pub accounts_charged: u64,
    /// How many charges were made.
    pub charges: u64,
    /// The sum of the charges, in minor units.
    pub amount: i64,
    /// How many skips there were, by the words of [`SkipReason::as_str`](crate::SkipReason::as_str).
    pub skipped: Vec<(&'static str, u64)>,
    /// The first of them.
    pub listed: Vec<Skipped>,
    /// The last account looked at, where there may be more after it.
    pub next: Option<AccountId>,
}

/// An order to reprice a group's fee: in one atomic step the live charges made from it at the old price are reversed and made again,
/// and the fee takes the new price.
#[derive(Clone, Debug)]
pub struct RepriceOrder {
    /// The book's version that this was decided on.
    pub book_version: u64,
    /// The fee as it is.
    pub old: Fee,
    /// The fee as it becomes: the same key, as many instalments, the next revision.
    pub new: Fee,
    /// The effective date of the reversals and charges.
    pub on: NaiveDate,
    /// Why.
    pub reason: Text,
    /// The instant of recording.
    pub recorded_at: DateTime<Utc>,
    /// Who reprices.
    pub recorded_by: Option<Text>,
    /// The id from which those of the entries are counted up: see [`nth_id`].
    pub first_id: Uuid,
    /// How far a school file has been read with this.
    pub mark: Option<FileMark>,
}

/// What a repricing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repriced {
    /// It is done, durably.
    Done {
        /// How many charges were reversed and made again.
        charges: u64,
        /// How many live charges from the fee were left, since they were not at its old price.
        left: u64,
    },
    /// The book has moved on, or a rule does not admit it; nothing was changed.
    NotAdmitted,
}

/// Which accounts a listing holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountFilter {
    /// All of them.
    #[default]
    All,
    /// Those that owe.
    Debtors,
    /// Those in credit.
    InCredit,
}

/// An account's figures of one term as a store sums them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermRow {
    /// The account.
    pub account: AccountId,
    /// The sum of the effects of all entries of earlier terms, in minor units.
    pub earlier: i64,
    /// The totals of the term's own entries.
    pub totals: Totals,
}

/// An account's part in a term's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// The account.
    pub account: AccountId,
    /// The sum of the effects of all entries of earlier terms, in minor units.
    pub earlier: i64,
    /// The totals of the term's own entries.
    pub totals: Totals,
    /// The sum of the term's charges that are not reversed.
    pub charged: i64,
    /// The account's fee groups, in byte order.
    pub groups: Vec<FeeGroup>,
}

/// What an aging is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgingOrder {
    /// Which entries count.
    pub as_of: AsOf,
    /// The first due dates of the buckets, falling: see [`Buckets::floors`](crate::Buckets::floors).
    pub floors: Vec<NaiveDate>,
}

/// An account's part in an aging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgedRow {
    /// The account.
    pub account: AccountId,
    /// Its sums.
    pub totals: AgedTotals,
}

/// Which accounts that owe are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwingFilter {
    /// Those in this fee group.
    pub group: Option<FeeGroup>,
    /// Those of this standing.
    pub standing: Option<Standing>,
    /// Those whose balance, in minor units, is at least this; in any case above zero.
    pub at_least: i64,
}

impl OwingFilter {
    /// Whether it holds an account.
    #[must_use]
    pub fn holds(&self, account: &Account) -> bool {
        account.balance.is_positive()
            && account.balance.minor() >= self.at_least
            && self.standing.is_none_or(|standing| account.standing == standing)
            && self.group.as_ref().is_none_or(|group| account.groups.contains(group))
    }
}

/// A charge that an account has in a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeMade {
    /// The account.
    pub account: AccountId,
    /// What for.
    pub code: FeeCode,
    /// Which billing of the code it is; `None` for one by hand.
    pub slot: Option<BilledSlot>,
    /// Whether it is not reversed.
    pub live: bool,
}

/// Sums over a whole book, in minor units; wide, so that they always fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookTotals {
    /// How many accounts.
    pub accounts: u64,
    /// How many entries.
    pub entries: u64,
    /// The sum of the effects of all entries.
    pub effects: i128,
    /// The sum of the balances that the accounts keep.
    pub balances: i128,
}

/// The id that lies `n` after another: how bulk work numbers its entries. The last 48 bits count, the rest stays.
#[must_use]
pub fn nth_id(first: Uuid, n: u64) -> Uuid {
    const COUNTER: u128 = 0xffff_ffff_ffff;
    let first = first.as_u128();
    Uuid::from_u128((first & !COUNTER) | (first.wrapping_add(u128::from(n)) & COUNTER))
}

/// A store of ledgers.
///
/// It is the only thing that a ledger knows of databases, threads, clocks and chance: whoever implements it supplies these too.
/// An implementation runs the suite of [`conformance`](crate::conformance) (feature `conformance`) as its own tests.
///
/// # What every method keeps to
///
/// - A write is durable before it returns, whole or not at all (S1).
/// - Positions in an account are 1, 2, 3 … without gap or repeat, whatever runs at once (S2).
/// - What a rule does not admit is answered as *not admitted* and leaves no trace; the store does not say why: the ledger does.
///   Admission is decided in the same step as the write, on what is committed then ([`rule::admits`](crate::rule::admits) states it).
/// - An account's kept balance is the sum of its entries' effects at every committed moment (B1).
/// - Entries are never updated or deleted (B6).
/// - *Nothing found* comes only from a proven absence, never from an error.
/// - A caller that drops the future of a write loses the answer, not the consistency.
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// The present instant, UTC.
    fn now(&self) -> DateTime<Utc>;

    /// A new id, a UUIDv7.
    fn new_id(&self) -> Uuid;

    /// Waits before a conflict is tried again.
    async fn pause(&self, time: Duration);

    /// Opens a book: creates it with the currency, or gives back the one there is.
    async fn open_book(&self, book: &BookId, currency: Currency) -> Result<Book, StoreError>;

    /// The ids of the books in byte order, from after one.
    async fn books(&self, after: Option<&BookId>, limit: u32) -> Result<Vec<BookId>, StoreError>;

    /// The book, where it exists.
    async fn book(&self, book: &BookId) -> Result<Option<Book>, StoreError>;

    /// The fees of a term in the order of their keys, from after a key.
    async fn fees(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&FeeKey>,
        limit: u32,
    ) -> Result<Vec<Fee>, StoreError>;

    /// The fees of a term that any of these payers pays.
    async fn fees_of(&self, book: &BookId, term: TermId, payers: &[Payer]) -> Result<Vec<Fee>, StoreError>;

    /// Whether any charge was made from this fee: for a group's, a charge whose origin names the group; for an account's own, one
    /// with a slot and no group.
    async fn fee_charged(&self, book: &BookId, fee: &FeeKey) -> Result<bool, StoreError>;

    /// These accounts, as far as they exist, in any order.
    async fn accounts(&self, book: &BookId, ids: &[AccountId]) -> Result<Vec<Account>, StoreError>;

    /// Accounts in byte order of their ids, from after one.
    async fn list_accounts(
        &self,
        book: &BookId,
        filter: AccountFilter,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError>;

    /// The entries of an account in the order of positions, from after one.
    async fn entries(
        &self,
        book: &BookId,
        account: &AccountId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// The entries of the whole book by account (byte order) and position, from after one.
    async fn scan(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// The entries of these accounts by account (byte order) and position, from after one, whether or not that is an account asked for.
    /// An account asked for twice is listed once, an unknown one not at all.
    async fn entries_of(
        &self,
        book: &BookId,
        accounts: &[AccountId],
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        by_entries::entries_of(self, book, accounts, after, limit).await
    }

    /// The entries recorded under these keys, as far as they exist, in any order.
    async fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, StoreError>;

    /// The position of the reversal of an entry, where it is reversed.
    async fn reversal_of(
        &self,
        book: &BookId,
        account: &AccountId,
        position: u32,
    ) -> Result<Option<u32>, StoreError>;

    /// Every charge of these accounts in a term, reversed or not, in any order.
    async fn charges(
        &self,
        book: &BookId,
        term: TermId,
        accounts: &[AccountId],
    ) -> Result<Vec<ChargeMade>, StoreError>;

    /// The totals by term of these accounts; one without entries may be left out.
    async fn totals(
        &self,
        book: &BookId,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError>;

    /// The figures of a term of every account, in byte order, from after one.
    async fn term_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<TermRow>, StoreError>;

    /// The parts in a term's summary of every account, in byte order, from after one. Each row is of one moment.
    ///
    /// A store that can, does it in one statement; as it is, entries are read and summed.
    async fn summary_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        by_entries::summary_rows(self, book, term, after, limit).await
    }

    /// The parts in an aging of every account, in byte order, from after one. Each row is of one moment.
    ///
    /// A store that can, does it in one statement; as it is, entries are read and summed.
    async fn aged_rows(
        &self,
        book: &BookId,
        order: &AgingOrder,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<AgedRow>, StoreError> {
        by_entries::aged_rows(self, book, order, after, limit).await
    }

    /// Accounts that owe, those that owe most first, then in byte order, from after a balance and an account.
    ///
    /// A store that can, finds them by an index; as it is, all accounts that owe are read.
    async fn owing(
        &self,
        book: &BookId,
        filter: &OwingFilter,
        after: Option<(i64, &AccountId)>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        by_entries::owing(self, book, filter, after, limit).await
    }

    /// Sums over the whole book.
    async fn book_totals(&self, book: &BookId) -> Result<BookTotals, StoreError>;

    /// The marks of school files with more than so many lines, by lines.
    async fn file_marks(
        &self,
        book: &BookId,
        after_lines: u64,
        limit: u32,
    ) -> Result<Vec<FileMark>, StoreError>;

    /// Records one entry, gathered with whatever else is posted at that moment (S4).
    async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError>;

    /// Keeps a change set, all together or not at all (S1).
    async fn commit(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError>;

    /// Bills a page of accounts in one step, where the store can.
    async fn bill(&self, book: &BookId, order: BillingOrder) -> Result<Billed, StoreError> {
        let _ = (book, order);
        Ok(Billed::NotOffered)
    }

    /// Reprices a group's fee in one atomic step.
    async fn reprice(&self, book: &BookId, order: RepriceOrder) -> Result<Repriced, StoreError>;

    /// How far the book is sealed.
    async fn seal_state(&self, book: &BookId) -> Result<SealState, StoreError>;

    /// The seals that have their root, by number, from after one.
    async fn seals(&self, book: &BookId, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError>;

    /// How far these accounts are sealed, by a seal that has its root or not, in any order; those without a segment are left out.
    async fn sealed(&self, book: &BookId, accounts: &[AccountId]) -> Result<Vec<SegmentEnd>, StoreError>;

    /// The segments of the whole book by account (byte order) and first position, from after one.
    async fn segments(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Segment>, StoreError>;

    /// Keeps a step of sealing, all together or not at all (S1); whether it did. It does not when there is no such book, when `step` is not
    /// one more than the last step that was kept, or when there is a segment of that account and first position, or a root of that number,
    /// already. Nothing that was kept is ever updated or deleted. Who posts does not wait for it.
    async fn keep_seal(&self, book: &BookId, step: u64, what: SealStep) -> Result<bool, StoreError>;
}
