//! A store behind a shared pointer is a store: so that the kind of store can be chosen when the program runs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::rule::Posting;
use crate::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};
use crate::store::{
    AccountFilter, AgedRow, AgingOrder, Billed, BillingOrder, Book, BookTotals, ChangeSet, ChargeMade,
    Committed, FileMark, LedgerStore, OwingFilter, Posted, RepriceOrder, Repriced, SummaryRow, TermRow,
};
use crate::{
    Account, AccountId, BookId, Currency, Entry, Fee, FeeKey, IdempotencyKey, Payer, StoreError, TermId,
    TermTotals,
};

/// Hands every call on.
macro_rules! hand_on {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<T: LedgerStore + ?Sized> LedgerStore for Arc<T> {
            fn now(&self) -> DateTime<Utc> {
                T::now(self)
            }

            fn new_id(&self) -> Uuid {
                T::new_id(self)
            }

            async fn pause(&self, time: Duration) {
                T::pause(self, time).await;
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    T::$name(self, $($argument),*).await
                }
            )*
        }
    };
}

hand_on! {
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
    async fn entries_of(book: &BookId, accounts: &[AccountId], after: Option<(&AccountId, u32)>, limit: u32) -> Vec<Entry>;
    async fn entries_by_key(book: &BookId, keys: &[IdempotencyKey]) -> Vec<Entry>;
    async fn reversal_of(book: &BookId, account: &AccountId, position: u32) -> Option<u32>;
    async fn charges(book: &BookId, term: TermId, accounts: &[AccountId]) -> Vec<ChargeMade>;
    async fn totals(book: &BookId, accounts: &[AccountId]) -> Vec<(AccountId, TermTotals)>;
    async fn term_rows(book: &BookId, term: TermId, after: Option<&AccountId>, limit: u32) -> Vec<TermRow>;
    async fn summary_rows(book: &BookId, term: TermId, after: Option<&AccountId>, limit: u32) -> Vec<SummaryRow>;
    async fn aged_rows(book: &BookId, order: &AgingOrder, after: Option<&AccountId>, limit: u32) -> Vec<AgedRow>;
    async fn owing(book: &BookId, filter: &OwingFilter, after: Option<(i64, &AccountId)>, limit: u32) -> Vec<Account>;
    async fn book_totals(book: &BookId) -> BookTotals;
    async fn file_marks(book: &BookId, after_lines: u64, limit: u32) -> Vec<FileMark>;
    async fn post(book: &BookId, posting: Posting) -> Posted;
    async fn commit(book: &BookId, changes: ChangeSet) -> Committed;
    async fn bill(book: &BookId, order: BillingOrder) -> Billed;
    async fn reprice(book: &BookId, order: RepriceOrder) -> Repriced;
    async fn seal_state(book: &BookId) -> SealState;
    async fn seals(book: &BookId, after: u64, limit: u32) -> Vec<Seal>;
    async fn sealed(book: &BookId, accounts: &[AccountId]) -> Vec<SegmentEnd>;
    async fn segments(book: &BookId, after: Option<(&AccountId, u32)>, limit: u32) -> Vec<Segment>;
    async fn keep_seal(book: &BookId, step: u64, what: SealStep) -> bool;
}
