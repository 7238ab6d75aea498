//! The store over a database of its own, or over the caller's pool.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bursar::rule::Posting;
use bursar::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};
use bursar::store::{
    AccountFilter, AgedRow, AgingOrder, Billed, BillingOrder, Book, BookTotals, ChangeSet, ChargeMade,
    Committed, FileMark, OwingFilter, Posted, RepriceOrder, Repriced, SummaryRow, TermRow,
};
use bursar::{
    Account, AccountId, BookId, Currency, Entry, Fee, FeeKey, IdempotencyKey, LedgerStore, Payer, StoreError,
    TermId, TermTotals,
};
use chrono::{DateTime, Utc};
use sqlx::{Connection as _, Pool};
use sqlx::pool::PoolConnection;
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::failed;
use crate::ledger::lane::Job;
use crate::ledger::{read, reports, seal, sums};
#[cfg(feature = "session")]
use crate::session::load::Reader;
#[cfg(feature = "session")]
use crate::session::relay::Relay;
use crate::surroundings;
use crate::writes::Writes;

/// Ledgers, and with the feature `session` sessions, in a database. It goes by the database's name: `SqliteStore`, `PostgresStore`,
/// `MySqlStore`.
///
/// Clones share everything. Writes go through a few tasks, each of which takes whatever it is asked for at one moment to the database
/// together; reads have connections of their own and wait for nobody. Several stores and processes may share a database.
pub struct SqlStore<E: Engine> {
    pub(crate) readers: Pool<E>,
    pub(crate) writes: Writes<E>,
    #[cfg(feature = "session")]
    pub(crate) relay: Relay<Reader<E>>,
    /// Whether the connections are the store's own.
    pub(crate) owns: bool,
    /// Whether a proxy is between that keeps nothing on a connection.
    pub(crate) proxied: bool,
}

impl<E: Engine> Clone for SqlStore<E> {
    fn clone(&self) -> Self {
        Self {
            readers: self.readers.clone(),
            writes: self.writes.clone(),
            #[cfg(feature = "session")]
            relay: self.relay.clone(),
            owns: self.owns,
            proxied: self.proxied,
        }
    }
}

impl<E: Engine> fmt::Debug for SqlStore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").field("database", &E::NAME).finish_non_exhaustive()
    }
}

/// Asks a question through a connection of the pool. One that is found lost (the server was started anew) is replaced, and the question asked
/// once more: it changes nothing.
macro_rules! reading {
    ($store:expr, $ask:path $(, $given:expr)*) => {
        crate::proxy::through($store.proxied, async {
        let mut conn = $store.reader().await?;
        match $ask(&mut conn $(, $given)*).await {
            Err(error) if error.kind == bursar::StoreErrorKind::Unavailable && E::MANY_WRITERS => {
                conn.close_on_drop();
                drop(conn);
                let mut conn = $store.fit_reader().await?;
                $ask(&mut conn $(, $given)*).await
            }
            answer => answer,
        }
        })
        .await
    };
}
#[cfg(feature = "session")]
pub(crate) use reading;

impl<E: Engine> SqlStore<E> {
    /// Finishes what was asked for and closes the connections of the store's own, for all clones; a pool of the caller's stays open. Without
    /// it the same happens, unseen, some time after the last clone is dropped.
    pub async fn close(&self) {
        self.writes.close().await;
        #[cfg(feature = "session")]
        for held in self.relay.close() {
            held.close().await;
        }
        if self.owns {
            self.readers.close().await;
        }
    }

    pub(crate) async fn reader(&self) -> Result<PoolConnection<E>, StoreError> {
        self.readers.acquire().await.map_err(failed::<E>("connect"))
    }

    /// One that answers: where one was lost, the others that were idle mostly are as well.
    pub(crate) async fn fit_reader(&self) -> Result<PoolConnection<E>, StoreError> {
        loop {
            let mut conn = self.reader().await?;
            if conn.ping().await.is_ok() {
                return Ok(conn);
            }
            // It leaves the pool: they are used up, and new ones are made, or cannot be.
            conn.close_on_drop();
        }
    }
}

#[async_trait]
impl<E: Engine> LedgerStore for SqlStore<E> {
    fn now(&self) -> DateTime<Utc> {
        surroundings::now()
    }

    fn new_id(&self) -> Uuid {
        surroundings::new_id()
    }

    async fn pause(&self, time: Duration) {
        surroundings::pause(time).await;
    }

    async fn open_book(&self, book: &BookId, currency: Currency) -> Result<Book, StoreError> {
        // Mostly it is there, and opening it writes nothing.
        match self.book(book).await? {
            Some(there) => Ok(there),
            None => self.writes.run(Job::Open(book.clone(), currency)).await?.opened(),
        }
    }

    async fn books(&self, after: Option<&BookId>, limit: u32) -> Result<Vec<BookId>, StoreError> {
        reading!(self, read::books::<E>, after, limit)
    }

    async fn book(&self, book: &BookId) -> Result<Option<Book>, StoreError> {
        reading!(self, read::book::<E>, book)
    }

    async fn fees(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&FeeKey>,
        limit: u32,
    ) -> Result<Vec<Fee>, StoreError> {
        reading!(self, read::fees::<E>, book, term, after, limit)
    }

    async fn fees_of(&self, book: &BookId, term: TermId, payers: &[Payer]) -> Result<Vec<Fee>, StoreError> {
        reading!(self, read::fees_of::<E>, book, term, payers)
    }

    async fn fee_charged(&self, book: &BookId, fee: &FeeKey) -> Result<bool, StoreError> {
        reading!(self, read::fee_charged::<E>, book, fee)
    }

    async fn accounts(&self, book: &BookId, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        reading!(self, read::accounts::<E>, book, ids)
    }

    async fn list_accounts(
        &self,
        book: &BookId,
        filter: AccountFilter,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        reading!(self, read::list_accounts::<E>, book, filter, after, limit)
    }

    async fn entries(
        &self,
        book: &BookId,
        account: &AccountId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        reading!(self, read::entries::<E>, book, account, after, limit)
    }

    async fn scan(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        reading!(self, read::scan::<E>, book, after, limit)
    }

    async fn entries_of(
        &self,
        book: &BookId,
        accounts: &[AccountId],
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        reading!(self, reports::entries_of::<E>, book, accounts, after, limit)
    }

    async fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, StoreError> {
        reading!(self, read::entries_by_key::<E>, book, keys)
    }

    async fn reversal_of(
        &self,
        book: &BookId,
        account: &AccountId,
        position: u32,
    ) -> Result<Option<u32>, StoreError> {
        reading!(self, read::reversal_of::<E>, book, account, position)
    }

    async fn charges(
        &self,
        book: &BookId,
        term: TermId,
        accounts: &[AccountId],
    ) -> Result<Vec<ChargeMade>, StoreError> {
        reading!(self, read::charges::<E>, book, term, accounts)
    }

    async fn totals(
        &self,
        book: &BookId,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        reading!(self, E::totals, book, accounts)
    }

    async fn term_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<TermRow>, StoreError> {
        reading!(self, E::term_rows, book, term, after, limit)
    }

    async fn summary_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        reading!(self, E::summary_rows, book, term, after, limit)
    }

    async fn aged_rows(
        &self,
        book: &BookId,
        order: &AgingOrder,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<AgedRow>, StoreError> {
        reading!(self, E::aged_rows, book, order, after, limit)
    }

    async fn owing(
        &self,
        book: &BookId,
        filter: &OwingFilter,
        after: Option<(i64, &AccountId)>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        reading!(self, reports::owing::<E>, book, filter, after, limit)
    }

    async fn book_totals(&self, book: &BookId) -> Result<BookTotals, StoreError> {
        reading!(self, sums::book_totals::<E>, book)
    }

    async fn file_marks(
        &self,
        book: &BookId,
        after_lines: u64,
        limit: u32,
    ) -> Result<Vec<FileMark>, StoreError> {
        reading!(self, read::file_marks::<E>, book, after_lines, limit)
    }

    async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
        self.writes.post(book, posting).await
    }

    async fn commit(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError> {
        self.writes.run(Job::Commit(book.clone(), changes)).await?.committed()
    }

    async fn bill(&self, book: &BookId, order: BillingOrder) -> Result<Billed, StoreError> {
        self.writes.run(Job::Bill(book.clone(), order)).await?.billed()
    }

    async fn reprice(&self, book: &BookId, order: RepriceOrder) -> Result<Repriced, StoreError> {
        self.writes.run(Job::Reprice(book.clone(), order)).await?.repriced()
    }

    async fn seal_state(&self, book: &BookId) -> Result<SealState, StoreError> {
        reading!(self, seal::seal_state::<E>, book)
    }

    async fn seals(&self, book: &BookId, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError> {
        reading!(self, seal::seals::<E>, book, after, limit)
    }

    async fn sealed(&self, book: &BookId, accounts: &[AccountId]) -> Result<Vec<SegmentEnd>, StoreError> {
        reading!(self, seal::sealed::<E>, book, accounts)
    }

    async fn segments(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Segment>, StoreError> {
        reading!(self, seal::segments::<E>, book, after, limit)
    }

    async fn keep_seal(&self, book: &BookId, step: u64, what: SealStep) -> Result<bool, StoreError> {
        self.writes.run(Job::Seal(book.clone(), step, what)).await?.sealed()
    }
}
