//! A store in which something happens at every commit: somebody else pays, or the answer is lost.

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
    Account, AccountId, BookId, Currency, Entry, Fee, FeeKey, IdempotencyKey, Ledger, LedgerStore, Payer,
    Payment, StoreError, StoreErrorKind, TermId, TermTotals,
};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Utc};
use rust_decimal_macros::dec;
use uuid::Uuid;

/// What happens at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Account `a` pays 1.00 before it.
    Paid,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is not done, and the answer is lost.
    RequestLost,
}

/// A store in which an event happens at the first so many commits.
#[derive(Clone)]
pub struct Meddling {
    pub inner: MemoryStore,
    pub event: Event,
    pub times: u32,
    commits: Arc<AtomicU32>,
}

impl Meddling {
    pub fn new(inner: MemoryStore, event: Event, times: u32) -> Self {
        Self { inner, event, times, commits: Arc::default() }
    }
}

macro_rules! handed_on {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl LedgerStore for Meddling {
            fn now(&self) -> DateTime<Utc> {
                self.inner.now()
            }

            fn new_id(&self) -> Uuid {
                self.inner.new_id()
            }

            async fn pause(&self, time: Duration) {
                self.inner.pause(time).await;
            }

            async fn commit(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError> {
                let nth = self.commits.fetch_add(1, Ordering::SeqCst);
                if nth >= self.times {
                    return self.inner.commit(book, changes).await;
                }
                let lost = || StoreError::new(StoreErrorKind::UnknownOutcome, "commit", "the line is dead");
                match self.event {
                    Event::Paid => {
                        let school = Ledger::open_existing(self.inner.clone(), book).await.unwrap();
                        let term = TermId::new(2026, 1).unwrap();
                        let payment = Payment::cash(dec!(1)).from("a").for_term(term).key(format!("meddling-{nth}"));
                        school.pay(payment).await.unwrap();
                        self.inner.commit(book, changes).await
                    }
                    Event::AnswerLost => {
                        self.inner.commit(book, changes).await?;
                        Err(lost())
                    }
                    Event::RequestLost => Err(lost()),
                }
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.inner.$name($($argument),*).await
                }
            )*
        }
    };
}

handed_on! {
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
    async fn bill(book: &BookId, order: BillingOrder) -> Billed;
    async fn reprice(book: &BookId, order: RepriceOrder) -> Repriced;
}
