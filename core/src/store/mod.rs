//! The store contract: what a ledger asks of a database (S1–S10). A store keeps; it does not decide.

mod bulk;
mod change;
mod rows;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use bulk::{Billed, BilledPage, BillingOrder, RepriceOrder, Repriced, nth_id};
pub use change::{AccountChange, BookChange, ChangeSet, Committed, FileMark, Posted};
pub use rows::{
    AccountFilter, AgedRow, AgingOrder, BookTotals, ChargeMade, OwingFilter, SummaryRow, TermRow,
};

pub use crate::billing_key::{billing_key, redo_key, undo_key};
use crate::by_entries;
use crate::rule::Posting;
use crate::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};
use crate::{
    Account, AccountId, BookId, Calendar, Currency, Entry, Fee, FeeKey, IdempotencyKey, Payer, StoreError,
    TermId, TermTotals,
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
