//! A store that fails at one of its calls: before it has done it, or after, so that the caller does not know.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bursar::rule::Posting;
use bursar::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};
use bursar::store::{
    AccountFilter, Billed, BillingOrder, Book, BookTotals, ChangeSet, ChargeMade, Committed, FileMark,
    Posted, RepriceOrder, Repriced, TermRow,
};
use bursar::{
    Account, AccountId, BookId, Currency, Entry, Fee, FeeKey, IdempotencyKey, LedgerStore, Payer, StoreError,
    StoreErrorKind, TermId, TermTotals,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done.
    Before,
    /// It is done, and the answer is lost.
    After,
}

/// A store whose call number `at` fails, counted from 1.
#[derive(Clone)]
pub struct Faulty<S> {
    store: S,
    fault: Fault,
    at: u32,
    calls: Arc<AtomicU32>,
}

impl<S> Faulty<S> {
    pub fn new(store: S, fault: Fault, at: u32) -> Self {
        Self { store, fault, at, calls: Arc::new(AtomicU32::new(0)) }
    }

    /// Whether the call that fails has come.
    pub fn has_failed(&self) -> bool {
        self.calls.load(Ordering::SeqCst) >= self.at
    }

    fn is_now(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.at
    }
}

macro_rules! faulty {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: LedgerStore> LedgerStore for Faulty<S> {
            fn now(&self) -> DateTime<Utc> {
                self.store.now()
            }

            fn new_id(&self) -> Uuid {
                self.store.new_id()
            }

            async fn pause(&self, _time: Duration) {}

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    let fails = self.is_now();
                    if fails && self.fault == Fault::Before {
                        return Err(StoreError::new(StoreErrorKind::Unavailable, "test", "cut before"));
                    }
                    let answer = self.store.$name($($argument),*).await;
                    if fails {
                        return Err(StoreError::new(StoreErrorKind::UnknownOutcome, "test", "cut after"));
                    }
                    answer
                }
            )*
        }
    };
}

faulty! {
    async fn open_book(book: &BookId, currency: Currency) -> Book;
    async fn books(after: Option<&BookId>, limit: u32) -> Vec<BookId>;
    async fn book(book: &BookId) -> Option<Book>;
    async fn fees(book: &BookId, term: TermId, after: Option<&FeeKey>, limit: u32) -> Vec<Fee>;
    async fn fees_of(book: &BookId, term: TermId, payers: &[Payer]) -> Vec<Fee>;
    async fn fee_charged(book: &BookId, fee: &FeeKey) -> bool;
    async fn accounts(book: &BookId, ids: &[AccountId]) -> Vec<Account>;
    async fn list_accounts(book: &BookId, filter: AccountFilter, after: Option<&AccountId>, limit: u32) -> Vec<Account>;
    async fn entries(book: &BookId, account: &AccountId, after: u32, limit: u32) -> Vec<Entry>;
    async fn scan(book: &BookId, after: Option<(&AccountId, u32)>, limit: u32) -> Vec<Entry>;
    async fn entries_by_key(book: &BookId, keys: &[IdempotencyKey]) -> Vec<Entry>;
    async fn reversal_of(book: &BookId, account: &AccountId, position: u32) -> Option<u32>;
    async fn charges(book: &BookId, term: TermId, accounts: &[AccountId]) -> Vec<ChargeMade>;
    async fn totals(book: &BookId, accounts: &[AccountId]) -> Vec<(AccountId, TermTotals)>;
    async fn term_rows(book: &BookId, term: TermId, after: Option<&AccountId>, limit: u32) -> Vec<TermRow>;
    async fn book_totals(book: &BookId) -> BookTotals;
    async fn seal_state(book: &BookId) -> SealState;
    async fn seals(book: &BookId, after: u64, limit: u32) -> Vec<Seal>;
    async fn sealed(book: &BookId, accounts: &[AccountId]) -> Vec<SegmentEnd>;
    async fn segments(book: &BookId, after: Option<(&AccountId, u32)>, limit: u32) -> Vec<Segment>;
    async fn keep_seal(book: &BookId, step: u64, what: SealStep) -> bool;
    async fn file_marks(book: &BookId, after_lines: u64, limit: u32) -> Vec<FileMark>;
    async fn post(book: &BookId, posting: Posting) -> Posted;
    async fn commit(book: &BookId, changes: ChangeSet) -> Committed;
    async fn bill(book: &BookId, order: BillingOrder) -> Billed;
    async fn reprice(book: &BookId, order: RepriceOrder) -> Repriced;
}
