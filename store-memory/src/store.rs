//! The store itself: its books under one lock, its clock, and the contract that it keeps.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, PoisonError, RwLock};
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
use crate::reprice;
use crate::staged::{Staged, Stop};

type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A store of ledgers in memory, and with the feature `session` of sessions.
///
/// Clones share what they hold; it is gone with the last of them. A million payments take a few seconds and some 300 MB.
///
/// ```
/// use bursar::{Currency, Ledger};
/// use bursar_store_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bursar::Error> {
/// let store = MemoryStore::new();
/// let written = Ledger::open(store.clone(), "hillside", Currency::USD).await?;
/// let read = Ledger::open_existing(store, "hillside").await?;
/// assert_eq!(read.currency(), written.currency());
/// # Ok(())
/// # }
/// ```
#[cfg_attr(feature = "session", doc = include_str!("sessions.md"))]
#[derive(Clone)]
pub struct MemoryStore {
    books: Arc<RwLock<HashMap<BookId, BookLog>>>,
    clock: Clock,
    #[cfg(feature = "session")]
    pub(crate) sessions: Arc<RwLock<crate::sessions::Sessions>>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store by the system's clock.
    #[must_use]
    pub fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a store supplies the clock; core takes it from here")]
        let clock = Utc::now;
        Self {
            books: Arc::default(),
            clock: Arc::new(clock),
            #[cfg(feature = "session")]
            sessions: Arc::default(),
        }
    }

    /// The store by another clock, for tests that say what day it is.
    ///
    /// ```
    /// use bursar::LedgerStore;
    /// use bursar_store_memory::MemoryStore;
    /// use chrono::{DateTime, Utc};
    ///
    /// let then: DateTime<Utc> = "2026-02-01T08:00:00Z".parse()?;
    /// let store = MemoryStore::new().with_clock(move || then);
    /// assert_eq!(store.now(), then);
    /// # Ok::<(), chrono::ParseError>(())
    /// ```
    #[must_use]
    pub fn with_clock(self, clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Reads a book; what an absent one has is nothing.
    fn read<T: Default>(&self, book: &BookId, look: impl FnOnce(&BookLog) -> T) -> T {
        // A writer changes a book only once everything is admitted, so that even one that died has left it whole.
        let books = self.books.read().unwrap_or_else(PoisonError::into_inner);
        books.get(book).map(look).unwrap_or_default()
    }

    /// Admits changes and keeps them in one step; `None` when they are not admitted.
    fn write<T>(
        &self,
        book: &BookId,
        stage: impl FnOnce(&BookLog) -> Result<(Staged, T), Stop>,
    ) -> Result<Option<T>, StoreError> {
        let mut books = self.books.write().unwrap_or_else(PoisonError::into_inner);
        let Some(book) = books.get_mut(book) else { return Ok(None) };
        match stage(book) {
            Ok((staged, answer)) => {
                staged.keep(book);
                Ok(Some(answer))
            }
            Err(Stop::NotAdmitted) => Ok(None),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

/// The first of them, as many as a page holds.
fn page<'a, T: Clone + 'a>(rows: impl Iterator<Item = &'a T>, limit: u32) -> Vec<T> {
    rows.take(rows_max(limit)).cloned().collect()
}

fn rows_max(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn too_large(refusal: &Refusal) -> StoreError {
    StoreError::corrupt("sum the entries of an account", refusal.to_string())
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
        let once: std::collections::HashSet<&IdempotencyKey> = keys.iter().collect();
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
        let rows: Vec<Result<TermRow, Refusal>> = self.read(book, |log| {
            log.accounts_after(after).take(rows_max(limit)).map(|found| found.head.term_row(term)).collect()
        });
        rows.into_iter().collect::<Result<_, Refusal>>().map_err(|refusal| too_large(&refusal))
    }

    async fn summary_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        let rows: Vec<Result<SummaryRow, Refusal>> = self.read(book, |log| {
            log.accounts_after(after).take(rows_max(limit)).map(|found| found.summary_row(term)).collect()
        });
        rows.into_iter().collect::<Result<_, Refusal>>().map_err(|refusal| too_large(&refusal))
    }

    async fn aged_rows(
        &self,
        book: &BookId,
        order: &AgingOrder,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<AgedRow>, StoreError> {
        let aged = |found: &AccountLog| {
            let totals = AgedTotals::fold(found.entries_after(0), order.as_of, &order.floors)?;
            Ok(AgedRow { account: found.head.account.id.clone(), totals })
        };
        let rows: Vec<Result<AgedRow, Refusal>> =
            self.read(book, |log| log.accounts_after(after).take(rows_max(limit)).map(aged).collect());
        rows.into_iter().collect::<Result<_, Refusal>>().map_err(|refusal| too_large(&refusal))
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
