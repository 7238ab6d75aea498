//! The store as one of ledgers: each call is one step under one lock.

use std::collections::{BTreeSet, HashSet};
use std::future::poll_fn;
use std::sync::PoisonError;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bursar::rule::Posting;
use bursar::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};
use bursar::store::{
    AccountFilter, AgedRow, AgingOrder, Book, BookTotals, ChangeSet, ChargeMade, Committed, FileMark,
    OwingFilter, Posted, RepriceOrder, Repriced, SummaryRow, TermRow,
};
use bursar::{
    Account, AccountId, AgedTotals, BookId, Currency, Entry, Fee, FeeKey, IdempotencyKey, LedgerStore, Payer,
    Refusal, StoreError, TermId, TermTotals,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::account::AccountLog;
use crate::book::BookLog;
use crate::staged::Staged;
use crate::{MemoryStore, reprice};

/// The first of them, as many as a page holds.
fn page<'a, T: Clone + 'a>(rows: impl Iterator<Item = &'a T>, limit: u32) -> Vec<T> {
    rows.take(rows_max(limit)).cloned().collect()
}

fn rows_max(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl MemoryStore {
    /// Sums something of each account of a page.
    fn sum<T>(
        &self,
        book: &BookId,
        after: Option<&AccountId>,
        limit: u32,
        of: impl Fn(&AccountLog) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, StoreError> {
        let sums = self.read(book, |log| {
            Some(log.accounts_after(after).take(rows_max(limit)).map(of).collect::<Result<Vec<_>, _>>())
        });
        let too_large =
            |refusal: Refusal| StoreError::corrupt("sum the entries of an account", refusal.to_string());
        sums.unwrap_or(Ok(Vec::new())).map_err(too_large)
    }
}

#[async_trait]
impl LedgerStore for MemoryStore {
    fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    fn new_id(&self) -> Uuid {
        #[expect(clippy::disallowed_methods, reason = "a store supplies the ids; core takes them from here")]
        Uuid::now_v7()
    }

    async fn pause(&self, _time: Duration) {
        // No write waits for another here, so letting the other tasks run is pause enough, and asks no runtime for a timer.
        let mut yielded = false;
        poll_fn(|context| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    async fn open_book(&self, book: &BookId, currency: Currency) -> Result<Book, StoreError> {
        let mut books = self.books.write().unwrap_or_else(PoisonError::into_inner);
        let log = books.entry(book.clone()).or_insert_with(|| BookLog::new(book.clone(), currency));
        Ok(log.book.clone())
    }

    async fn books(&self, after: Option<&BookId>, limit: u32) -> Result<Vec<BookId>, StoreError> {
        let books = self.books.read().unwrap_or_else(PoisonError::into_inner);
        let mut ids: Vec<BookId> =
            books.keys().filter(|id| after.is_none_or(|after| *id > after)).cloned().collect();
        ids.sort_unstable();
        ids.truncate(rows_max(limit));
        Ok(ids)
    }

    async fn book(&self, book: &BookId) -> Result<Option<Book>, StoreError> {
        Ok(self.read(book, |log| Some(log.book.clone())))
    }

    async fn fees(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&FeeKey>,
        limit: u32,
    ) -> Result<Vec<Fee>, StoreError> {
        Ok(self.read(book, |log| page(log.fees_after(term, after), limit)))
    }

    async fn fees_of(&self, book: &BookId, term: TermId, payers: &[Payer]) -> Result<Vec<Fee>, StoreError> {
        Ok(self.read(book, |log| log.fees_of(term, payers)))
    }

    async fn fee_charged(&self, book: &BookId, fee: &FeeKey) -> Result<bool, StoreError> {
        Ok(self.read(book, |log| log.fee_charged(fee)))
    }

    async fn accounts(&self, book: &BookId, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        Ok(self.read(book, |log| log.accounts(ids).map(|found| found.head.account.clone()).collect()))
    }

    async fn list_accounts(
        &self,
        book: &BookId,
        filter: AccountFilter,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        Ok(self.read(book, |log| page(log.listed(filter, after), limit)))
    }

    async fn entries(
        &self,
        book: &BookId,
        account: &AccountId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        Ok(self.read(book, |log| {
            log.account(account).map(|found| page(found.entries_after(after), limit)).unwrap_or_default()
        }))
    }

    async fn scan(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        Ok(self.read(book, |log| page(log.scan(after), limit)))
    }

    async fn entries_of(
        &self,
        book: &BookId,
        accounts: &[AccountId],
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let accounts: BTreeSet<&AccountId> = accounts.iter().collect();
        let (last, position) = after.unzip();
        Ok(self.read(book, |log| {
            let left = accounts.into_iter().filter(|account| last.is_none_or(|last| *account >= last));
            let found = left.filter_map(|account| Some((account, log.account(account)?)));
            let entries = found.flat_map(|(account, found)| {
                found.entries_after(position.filter(|_| last == Some(account)).unwrap_or(0))
            });
            page(entries, limit)
        }))
    }

    async fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, StoreError> {
        let once: HashSet<&IdempotencyKey> = keys.iter().collect();
        Ok(self.read(book, |log| once.into_iter().filter_map(|key| log.entry_by_key(key)).cloned().collect()))
    }

    async fn reversal_of(
        &self,
        book: &BookId,
        account: &AccountId,
        position: u32,
    ) -> Result<Option<u32>, StoreError> {
        Ok(self.read(book, |log| log.account(account)?.reversal_of(position)))
    }

    async fn charges(
        &self,
        book: &BookId,
        term: TermId,
        accounts: &[AccountId],
    ) -> Result<Vec<ChargeMade>, StoreError> {
        Ok(self.read(book, |log| log.accounts(accounts).flat_map(|found| found.charges_made(term)).collect()))
    }

    async fn totals(
        &self,
        book: &BookId,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        let of = |log: &AccountLog| (log.head.account.id.clone(), log.head.totals.clone());
        Ok(self.read(book, |log| log.accounts(accounts).map(of).collect()))
    }

    async fn term_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<TermRow>, StoreError> {
        self.sum(book, after, limit, |found| found.head.term_row(term))
    }

    async fn summary_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        self.sum(book, after, limit, |found| found.summary_row(term))
    }

    async fn aged_rows(
        &self,
        book: &BookId,
        order: &AgingOrder,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<AgedRow>, StoreError> {
        self.sum(book, after, limit, |found| {
            let totals = AgedTotals::fold(found.entries_after(0), order.as_of, &order.floors)?;
            Ok(AgedRow { account: found.head.account.id.clone(), totals })
        })
    }

    async fn owing(
        &self,
        book: &BookId,
        filter: &OwingFilter,
        after: Option<(i64, &AccountId)>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        Ok(self.read(book, |log| {
            let mut owing = log.owing(filter, after);
            owing.truncate(rows_max(limit));
            owing.into_iter().cloned().collect()
        }))
    }

    async fn book_totals(&self, book: &BookId) -> Result<BookTotals, StoreError> {
        Ok(self.read(book, BookLog::totals))
    }

    async fn file_marks(
        &self,
        book: &BookId,
        after_lines: u64,
        limit: u32,
    ) -> Result<Vec<FileMark>, StoreError> {
        Ok(self.read(book, |log| page(log.marks_after(after_lines), limit)))
    }

    async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
        let posted = self.write(book, |log| {
            let mut staged = Staged::default();
            let position = staged.post(log, posting)?;
            Ok((staged, position))
        })?;
        Ok(posted.map_or(Posted::NotAdmitted, |position| Posted::Admitted { position }))
    }

    async fn commit(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError> {
        let committed = self.write(book, |log| Staged::change_set(log, changes))?;
        Ok(committed.map_or(Committed::NotAdmitted, |positions| Committed::Admitted { positions }))
    }

    async fn reprice(&self, book: &BookId, order: RepriceOrder) -> Result<Repriced, StoreError> {
        let repriced = self.write(book, |log| reprice::stage(log, order))?;
        Ok(repriced.map_or(Repriced::NotAdmitted, |counts| Repriced::Done {
            charges: counts.charges,
            left: counts.left,
        }))
    }

    async fn seal_state(&self, book: &BookId) -> Result<SealState, StoreError> {
        Ok(self.read(book, |log| log.seals.state()))
    }

    async fn seals(&self, book: &BookId, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError> {
        Ok(self.read(book, |log| page(log.seals.roots_after(after), limit)))
    }

    async fn sealed(&self, book: &BookId, accounts: &[AccountId]) -> Result<Vec<SegmentEnd>, StoreError> {
        let once: BTreeSet<&AccountId> = accounts.iter().collect();
        Ok(self.read(book, |log| once.into_iter().filter_map(|account| log.seals.end(account)).collect()))
    }

    async fn segments(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Segment>, StoreError> {
        Ok(self.read(book, |log| page(log.seals.segments_after(after), limit)))
    }

    async fn keep_seal(&self, book: &BookId, step: u64, what: SealStep) -> Result<bool, StoreError> {
        let mut books = self.books.write().unwrap_or_else(PoisonError::into_inner);
        Ok(books.get_mut(book).is_some_and(|log| log.seals.keep(step, what)))
    }
}
