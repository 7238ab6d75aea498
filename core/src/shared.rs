//! Stores behind a pointer: what an application holds as `Arc<dyn LedgerStore>` is a store itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::rule::Posting;
use crate::store::{
    AccountFilter, Billed, BillingOrder, Book, BookTotals, ChangeSet, ChargeMade, Committed, FileMark,
    Posted, RepriceOrder, Repriced, TermRow,
};
use crate::{
    Account, AccountId, BookId, Currency, Entry, Fee, FeeKey, IdempotencyKey, LedgerStore, Payer, StoreError,
    TermId, TermTotals,
};

/// Says each call again to the store behind the pointer. No default method is left out, so that the pointer offers what the store does.
macro_rules! forward {
    ($($(#[$doc:meta])* fn $call:ident(&self $(, $given:ident: $of:ty)*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: LedgerStore + ?Sized> LedgerStore for Arc<S> {
            fn now(&self) -> DateTime<Utc> {
                (**self).now()
            }

            fn new_id(&self) -> Uuid {
                (**self).new_id()
            }

            async fn pause(&self, time: Duration) {
                (**self).pause(time).await;
            }

            $(async fn $call(&self $(, $given: $of)*) -> Result<$answer, StoreError> {
                (**self).$call($($given),*).await
            })*
        }
    };
}

forward! {
    fn open_book(&self, book: &BookId, currency: Currency) -> Book;
    fn book(&self, book: &BookId) -> Option<Book>;
    fn fees(&self, book: &BookId, term: TermId, after: Option<&FeeKey>, limit: u32) -> Vec<Fee>;
    fn fees_of(&self, book: &BookId, term: TermId, payers: &[Payer]) -> Vec<Fee>;
    fn fee_charged(&self, book: &BookId, fee: &FeeKey) -> bool;
    fn accounts(&self, book: &BookId, ids: &[AccountId]) -> Vec<Account>;
    fn list_accounts(&self, book: &BookId, filter: AccountFilter, after: Option<&AccountId>, limit: u32) -> Vec<Account>;
    fn entries(&self, book: &BookId, account: &AccountId, after: u32, limit: u32) -> Vec<Entry>;
    fn scan(&self, book: &BookId, after: Option<(&AccountId, u32)>, limit: u32) -> Vec<Entry>;
    fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Vec<Entry>;
    fn reversal_of(&self, book: &BookId, account: &AccountId, position: u32) -> Option<u32>;
    fn charges(&self, book: &BookId, term: TermId, accounts: &[AccountId]) -> Vec<ChargeMade>;
    fn totals(&self, book: &BookId, accounts: &[AccountId]) -> Vec<(AccountId, TermTotals)>;
    fn term_rows(&self, book: &BookId, term: TermId, after: Option<&AccountId>, limit: u32) -> Vec<TermRow>;
    fn book_totals(&self, book: &BookId) -> BookTotals;
    fn file_marks(&self, book: &BookId, after_lines: u64, limit: u32) -> Vec<FileMark>;
    fn post(&self, book: &BookId, posting: Posting) -> Posted;
    fn commit(&self, book: &BookId, changes: ChangeSet) -> Committed;
    fn bill(&self, book: &BookId, order: BillingOrder) -> Billed;
    fn reprice(&self, book: &BookId, order: RepriceOrder) -> Repriced;
}
