//! A store over the memory store that is broken in one way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bursar::rule::Posting;
use bursar::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};
use bursar::store::{
    AccountFilter, AgedRow, AgingOrder, Billed, BillingOrder, Book, BookTotals, ChangeSet, ChargeMade,
    Committed, FileMark, OwingFilter, Posted, RepriceOrder, Repriced, SummaryRow, TermRow,
};
use bursar::{
    Account, AccountId, BookId, Currency, Entry, EntryKind, Fee, FeeKey, IdempotencyKey, LedgerStore, Money,
    NewEntry, Payer, StoreError, TermId, TermTotals, Totals,
};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::bulk;
use crate::faults::Fault;

#[derive(Default)]
struct Remembered {
    accounts: HashMap<(BookId, AccountId), Account>,
    books: HashMap<BookId, Book>,
    opened: Vec<BookId>,
}

#[derive(Clone)]
pub(crate) struct Broken {
    pub(crate) inner: MemoryStore,
    pub(crate) fault: Fault,
    remembered: Arc<Mutex<Remembered>>,
    writers: Arc<AtomicUsize>,
}

/// A write on its way.
pub(crate) struct Writing(Arc<AtomicUsize>);

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { inner: MemoryStore::new(), fault, remembered: Arc::default(), writers: Arc::default() }
    }

    pub(crate) fn writing(&self) -> Writing {
        self.writers.fetch_add(1, Ordering::SeqCst);
        Writing(Arc::clone(&self.writers))
    }

    pub(crate) fn writers(&self) -> usize {
        self.writers.load(Ordering::SeqCst)
    }

    pub(crate) fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Whether what is asked now cannot be read, and is taken for absent.
    fn absent(&self) -> bool {
        self.is(Fault::ErrorsAreReadAsAbsence) && self.writers() > 0
    }

    async fn write_slowly(&self) -> Option<Writing> {
        if !self.is(Fault::ErrorsAreReadAsAbsence) {
            return None;
        }
        let writing = self.writing();
        tokio::task::yield_now().await;
        Some(writing)
    }

    /// How many rows are read for a page of so many.
    pub(crate) fn limit(&self, limit: u32, further: bool) -> u32 {
        match self.fault {
            Fault::PagesSkip if further => limit.saturating_add(1),
            Fault::PagesAreLong => limit.saturating_add(1),
            Fault::PagesAreShort => limit.div_ceil(2),
            _ => limit,
        }
    }

    pub(crate) fn page<T>(&self, mut rows: Vec<T>, further: bool) -> Vec<T> {
        if self.is(Fault::PagesSkip) && further && !rows.is_empty() {
            rows.remove(0);
        }
        rows
    }

    fn position(&self, position: u32) -> u32 {
        if self.is(Fault::PositionsHaveAGap) && position >= 3 { position + 1 } else { position }
    }

    fn answered(&self, position: u32) -> u32 {
        if self.is(Fault::PositionsAreAnsweredTwice) {
            (position - 1).max(1)
        } else {
            self.position(position)
        }
    }

    fn seen(&self, entries: Vec<Entry>) -> Vec<Entry> {
        entries.into_iter().map(|entry| NewEntry::clone(&entry).at(self.position(entry.position))).collect()
    }

    pub(crate) async fn account(&self, book: &BookId, mut account: Account) -> Result<Account, StoreError> {
        if self.is(Fault::BalancesForgetReversals) {
            let entries = self.inner.entries(book, &account.id, 0, u32::MAX).await?;
            let kept = entries.iter().filter(|entry| !matches!(entry.kind, EntryKind::Reversal { .. }));
            let minor = kept.map(|entry| entry.effect.minor()).sum();
            account.balance = Money::from_minor(minor, account.balance.currency());
        }
        if self.is(Fault::AccountsAreStale) {
            let at = (book.clone(), account.id.clone());
            let mut remembered = self.remembered.lock().unwrap();
            let before = remembered.accounts.insert(at, account.clone());
            return Ok(before.unwrap_or(account));
        }
        Ok(account)
    }

    fn books(&self, asked: &BookId) -> Vec<BookId> {
        if self.is(Fault::BooksMix) {
            self.remembered.lock().unwrap().opened.clone()
        } else {
            vec![asked.clone()]
        }
    }
}

#[async_trait]
impl LedgerStore for Broken {
    fn now(&self) -> DateTime<Utc> {
        self.inner.now()
    }

    fn new_id(&self) -> Uuid {
        if self.is(Fault::IdsRepeat) {
            Uuid::from_u128(0x7000_8000_0000_0000_0000)
        } else {
            self.inner.new_id()
        }
    }

    async fn pause(&self, time: Duration) {
        self.inner.pause(time).await;
    }

    async fn open_book(&self, book: &BookId, currency: Currency) -> Result<Book, StoreError> {
        let opened = self.inner.open_book(book, currency).await?;
        self.remembered.lock().unwrap().opened.push(book.clone());
        Ok(if self.is(Fault::BooksAreReopened) { Book { currency, ..opened } } else { opened })
    }

    async fn books(&self, after: Option<&BookId>, limit: u32) -> Result<Vec<BookId>, StoreError> {
        let further = after.is_some();
        let mut rows = self.inner.books(after, self.limit(limit, further)).await?;
        if self.is(Fault::OrderIsByCollation) {
            rows.sort_by_key(|book| book.as_str().to_lowercase());
        }
        if self.is(Fault::PagesRepeat) {
            rows.splice(0..0, after.cloned());
        }
        Ok(self.page(rows, further))
    }

    async fn book(&self, book: &BookId) -> Result<Option<Book>, StoreError> {
        let found = self.inner.book(book).await?.filter(|_| !self.absent());
        if self.is(Fault::BooksAreStale)
            && let Some(found) = &found
        {
            let before = self.remembered.lock().unwrap().books.insert(book.clone(), found.clone());
            return Ok(before.or(Some(found.clone())));
        }
        Ok(found)
    }

    async fn fees(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&FeeKey>,
        limit: u32,
    ) -> Result<Vec<Fee>, StoreError> {
        let further = after.is_some();
        Ok(self.page(self.inner.fees(book, term, after, self.limit(limit, further)).await?, further))
    }

    async fn fees_of(&self, book: &BookId, term: TermId, payers: &[Payer]) -> Result<Vec<Fee>, StoreError> {
        self.inner.fees_of(book, term, payers).await
    }

    async fn fee_charged(&self, book: &BookId, fee: &FeeKey) -> Result<bool, StoreError> {
        self.inner.fee_charged(book, fee).await
    }

    async fn accounts(&self, book: &BookId, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        let mut found = Vec::new();
        for book in self.books(book) {
            for account in self.inner.accounts(&book, ids).await? {
                found.push(self.account(&book, account).await?);
            }
        }
        found.retain(|_| !self.absent());
        Ok(found)
    }

    async fn list_accounts(
        &self,
        book: &BookId,
        filter: AccountFilter,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let further = after.is_some();
        let rows = if self.is(Fault::OrderIsByCollation) {
            let mut rows = self.inner.list_accounts(book, filter, None, u32::MAX).await?;
            rows.sort_by_key(|account| account.id.as_str().to_lowercase());
            let from = after.map_or(0, |after| rows.iter().take_while(|one| one.id != *after).count() + 1);
            rows.into_iter().skip(from).take(usize::try_from(limit).unwrap()).collect()
        } else if self.is(Fault::DebtorsOweNothing) && filter == AccountFilter::Debtors {
            let mut rows = self.inner.list_accounts(book, AccountFilter::All, after, u32::MAX).await?;
            rows.retain(|account| !account.balance.is_negative());
            rows.into_iter().take(usize::try_from(limit).unwrap()).collect()
        } else {
            let mut rows = self.inner.list_accounts(book, filter, after, self.limit(limit, further)).await?;
            if self.is(Fault::PagesRepeat)
                && let Some(after) = after
            {
                rows.splice(0..0, self.inner.accounts(book, std::slice::from_ref(after)).await?);
                rows.truncate(usize::try_from(limit).unwrap());
            }
            self.page(rows, further)
        };
        let mut seen = Vec::new();
        for account in rows {
            seen.push(self.account(book, account).await?);
        }
        seen.retain(|_| !self.absent());
        Ok(seen)
    }

    async fn entries(
        &self,
        book: &BookId,
        account: &AccountId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let further = after > 0;
        let rows = self.inner.entries(book, account, after, self.limit(limit, further)).await?;
        Ok(self.seen(self.page(rows, further)))
    }

    async fn scan(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let further = after.is_some();
        let rows = self.inner.scan(book, after, self.limit(limit, further)).await?;
        Ok(self.seen(self.page(rows, further)))
    }

    async fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, StoreError> {
        let mut found = Vec::new();
        for book in self.books(book) {
            found.extend(self.inner.entries_by_key(&book, keys).await?);
        }
        Ok(self.seen(found))
    }

    async fn reversal_of(
        &self,
        book: &BookId,
        account: &AccountId,
        position: u32,
    ) -> Result<Option<u32>, StoreError> {
        let found = self.inner.reversal_of(book, account, position).await?;
        Ok(found.filter(|_| !self.is(Fault::ReversalsAreNotFound)))
    }

    async fn charges(
        &self,
        book: &BookId,
        term: TermId,
        accounts: &[AccountId],
    ) -> Result<Vec<ChargeMade>, StoreError> {
        let mut made = self.inner.charges(book, term, accounts).await?;
        made.retain(|made| made.live || !self.is(Fault::ReversedChargesAreHidden));
        Ok(made)
    }

    async fn totals(
        &self,
        book: &BookId,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        self.inner.totals(book, accounts).await
    }

    async fn term_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<TermRow>, StoreError> {
        let further = after.is_some();
        let rows = self.inner.term_rows(book, term, after, self.limit(limit, further)).await?;
        let mut rows = self.page(rows, further);
        rows.retain(|row| row.totals != Totals::default() || !self.is(Fault::RowsAreOnlyOfEntries));
        for row in &mut rows {
            row.earlier = if self.is(Fault::NothingIsBroughtForward) { 0 } else { row.earlier };
        }
        Ok(rows)
    }

    async fn entries_of(
        &self,
        book: &BookId,
        accounts: &[AccountId],
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        Ok(self.seen(self.entries_of_broken(book, accounts, after, limit).await?))
    }

    async fn summary_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        self.summary_rows_broken(book, term, after, limit).await
    }

    async fn aged_rows(
        &self,
        book: &BookId,
        order: &AgingOrder,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<AgedRow>, StoreError> {
        self.aged_rows_broken(book, order, after, limit).await
    }

    async fn owing(
        &self,
        book: &BookId,
        filter: &OwingFilter,
        after: Option<(i64, &AccountId)>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        self.owing_broken(book, filter, after, limit).await
    }

    async fn book_totals(&self, book: &BookId) -> Result<BookTotals, StoreError> {
        let mut totals = self.inner.book_totals(book).await?;
        if self.is(Fault::SumsAreNarrow) {
            totals.effects = totals.effects.clamp(i64::MIN.into(), i64::MAX.into());
        }
        if self.is(Fault::SumsMiscount) {
            totals.entries = totals.accounts;
        }
        Ok(totals)
    }

    async fn file_marks(
        &self,
        book: &BookId,
        after_lines: u64,
        limit: u32,
    ) -> Result<Vec<FileMark>, StoreError> {
        self.inner.file_marks(book, after_lines, limit).await
    }

    async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
        let _writing = self.write_slowly().await;
        Ok(match self.post_broken(book, posting).await? {
            Posted::Admitted { position } => Posted::Admitted { position: self.answered(position) },
            Posted::NotAdmitted => Posted::NotAdmitted,
        })
    }

    async fn commit(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError> {
        let _writing = self.write_slowly().await;
        Ok(match self.commit_broken(book, changes).await? {
            Committed::Admitted { positions } => Committed::Admitted {
                positions: positions.into_iter().map(|position| self.answered(position)).collect(),
            },
            Committed::NotAdmitted => Committed::NotAdmitted,
        })
    }

    async fn bill(&self, book: &BookId, order: BillingOrder) -> Result<Billed, StoreError> {
        bulk::bill(&self.inner, book, order, self.fault).await
    }

    async fn reprice(&self, book: &BookId, order: RepriceOrder) -> Result<Repriced, StoreError> {
        self.reprice_broken(book, order).await
    }

    async fn seal_state(&self, book: &BookId) -> Result<SealState, StoreError> {
        self.seal_state_broken(book).await
    }

    async fn seals(&self, book: &BookId, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError> {
        let further = after > 0;
        let rows = self.inner.seals(book, after, self.limit(limit, further)).await?;
        Ok(self.page(self.seen_seals(rows), further))
    }

    async fn sealed(&self, book: &BookId, accounts: &[AccountId]) -> Result<Vec<SegmentEnd>, StoreError> {
        let mut found = Vec::new();
        for book in self.books(book) {
            found.extend(self.sealed_broken(&book, accounts).await?);
        }
        Ok(found)
    }

    async fn segments(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Segment>, StoreError> {
        let further = after.is_some();
        let rows = self.inner.segments(book, after, self.limit(limit, further)).await?;
        Ok(self.page(rows, further))
    }

    async fn keep_seal(&self, book: &BookId, step: u64, what: SealStep) -> Result<bool, StoreError> {
        self.keep_seal_broken(book, step, what).await
    }
}
