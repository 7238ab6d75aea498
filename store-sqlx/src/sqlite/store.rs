//! The store over a database of its own, or over the caller's pool.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bursar::rule::Posting;
use bursar::store::{
    AccountFilter, Billed, BillingOrder, Book, BookTotals, ChangeSet, ChargeMade, Committed, FileMark,
    Posted, RepriceOrder, Repriced, TermRow,
};
use bursar::{
    Account, AccountId, BookId, Currency, Entry, Fee, FeeKey, IdempotencyKey, LedgerStore, Payer, StoreError,
    TermId, TermTotals,
};
use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Sqlite, SqlitePool};
use uuid::Uuid;

use super::error::failed;
use super::migrate::migrate;
use super::options::{SqliteOptions, common, lasting};
use super::read;
#[cfg(feature = "session")]
use super::session::SqliteReader;
use super::sums;
use super::writer::{SqliteWriter, Work};
use crate::lane::Lane;
use crate::ledger_lane::Job;
#[cfg(feature = "session")]
use crate::relay::Relay;
use crate::surroundings;

/// How many connections read sessions.
#[cfg(feature = "session")]
const SESSION_TURNS: usize = 2;

/// Ledgers, and with the feature `session` sessions, in an SQLite database.
///
/// Clones share everything. All writes go through one task, which takes whatever is asked for at one moment to the disk together; reads
/// have connections of their own and wait for nobody. Several stores and processes may share a file.
///
/// ```
/// use bursar::{Currency, Ledger, Payment, Term, TermId, date};
/// use bursar_store_sqlx::SqliteStore;
/// use rust_decimal_macros::dec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bursar::Error> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("fees.db");
/// # let path = path.to_str().unwrap();
/// let ledger = Ledger::open(SqliteStore::open(path).await?, "hillside", Currency::USD).await?;
/// let term = TermId::new(2026, 1)?;
/// ledger.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
/// ledger.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
/// ledger.enrol("s-17", ["PRIMARY"], date("2026-01-12")?).await?;
/// ledger.activate(term).await?;
///
/// ledger.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
/// assert_eq!(ledger.term_balance("s-17", term).await?.balance.to_string(), "40.00");
/// # ledger.store().close().await;
/// # Ok(())
/// # }
/// ```
#[cfg_attr(feature = "session", doc = include_str!("session/example.md"))]
#[derive(Clone, Debug)]
pub struct SqliteStore {
    readers: SqlitePool,
    pub(super) lane: Lane<Work>,
    #[cfg(feature = "session")]
    pub(super) relay: Relay<SqliteReader>,
    /// Whether the connections are the store's own.
    owns: bool,
}

impl SqliteStore {
    /// Opens a database file with the default [`SqliteOptions`], and creates it where it does not exist.
    ///
    /// # Errors
    /// Those of [`SqliteOptions::open`].
    pub async fn open(path_or_url: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteOptions::new().open(path_or_url).await
    }

    /// A database in memory, gone with the last clone of the store.
    ///
    /// # Errors
    /// [`Unavailable`](bursar::StoreErrorKind::Unavailable) when there is no memory.
    pub async fn in_memory() -> Result<Self, StoreError> {
        // Every connection to memory is a database of its own: there must be one, which is never given up.
        let options = common(SqliteConnectOptions::new(), Duration::from_secs(5));
        let pool = lasting().min_connections(1).max_connections(1).connect_lazy_with(options);
        Ok(Self { owns: true, ..Self::with_pool(pool).await? })
    }

    /// The tables in the caller's database, over the caller's pool; all of them begin with `bursar_`. Reads and the one writing task take
    /// connections from the pool as they need them and give them back at once.
    ///
    /// How durable a write is, how long it waits for a lock, and whether readers wait for writers is as the pool's options say:
    /// `journal_mode` WAL, `synchronous` FULL and a `busy_timeout` are advised. Who holds the last connection of the pool and calls the
    /// store waits for himself: within a transaction of one's own it is [`SqliteTx`](crate::SqliteTx) that one wants.
    ///
    /// ```
    /// use bursar::{Currency, Ledger};
    /// use bursar_store_sqlx::{SqliteStore, sqlx::SqlitePool};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = format!("sqlite:{}?mode=rwc", folder.path().join("school.db").display());
    /// let pool = SqlitePool::connect(&url).await?;
    /// let ledger = Ledger::open(SqliteStore::with_pool(pool.clone()).await?, "hillside", Currency::USD).await?;
    /// # ledger.store().close().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`SqliteOptions::open`].
    pub async fn with_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        let mut conn = pool.acquire().await.map_err(failed("connect"))?;
        migrate(&mut conn).await?;
        drop(conn);
        let writer = SqliteWriter::new(pool.clone(), false, Duration::from_secs(5));
        Ok(Self::over(pool, writer, false))
    }

    pub(super) fn over(readers: SqlitePool, writer: SqliteWriter, owns: bool) -> Self {
        #[cfg(feature = "session")]
        let relay = Relay::new(SqliteReader::Pool(readers.clone()), SESSION_TURNS);
        Self {
            readers,
            lane: Lane::open(writer),
            #[cfg(feature = "session")]
            relay,
            owns,
        }
    }

    /// The store with connections of their own for the loads of sessions.
    #[cfg(feature = "session")]
    pub(super) fn reading_sessions(self) -> Self {
        let options = self.readers.connect_options();
        Self { relay: Relay::new(SqliteReader::Own(options), SESSION_TURNS), ..self }
    }

    /// Finishes what was asked for and closes the connections of the store's own, for all clones; a pool of the caller's stays open. Without
    /// it the same happens, unseen, some time after the last clone is dropped.
    pub async fn close(&self) {
        self.lane.close().await;
        #[cfg(feature = "session")]
        for held in self.relay.close() {
            held.close().await;
        }
        if self.owns {
            self.readers.close().await;
        }
    }

    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.readers.acquire().await.map_err(failed("connect"))
    }
}

#[async_trait]
impl LedgerStore for SqliteStore {
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
            None => self.lane.run(Job::Open(book.clone(), currency)).await?.opened(),
        }
    }

    async fn book(&self, book: &BookId) -> Result<Option<Book>, StoreError> {
        read::book(&mut *self.reader().await?, book).await
    }

    async fn fees(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&FeeKey>,
        limit: u32,
    ) -> Result<Vec<Fee>, StoreError> {
        read::fees(&mut *self.reader().await?, book, term, after, limit).await
    }

    async fn fees_of(&self, book: &BookId, term: TermId, payers: &[Payer]) -> Result<Vec<Fee>, StoreError> {
        read::fees_of(&mut *self.reader().await?, book, term, payers).await
    }

    async fn fee_charged(&self, book: &BookId, fee: &FeeKey) -> Result<bool, StoreError> {
        read::fee_charged(&mut *self.reader().await?, book, fee).await
    }

    async fn accounts(&self, book: &BookId, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        read::accounts(&mut *self.reader().await?, book, ids).await
    }

    async fn list_accounts(
        &self,
        book: &BookId,
        filter: AccountFilter,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        read::list_accounts(&mut *self.reader().await?, book, filter, after, limit).await
    }

    async fn entries(
        &self,
        book: &BookId,
        account: &AccountId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        read::entries(&mut *self.reader().await?, book, account, after, limit).await
    }

    async fn scan(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        read::scan(&mut *self.reader().await?, book, after, limit).await
    }

    async fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, StoreError> {
        read::entries_by_key(&mut *self.reader().await?, book, keys).await
    }

    async fn reversal_of(
        &self,
        book: &BookId,
        account: &AccountId,
        position: u32,
    ) -> Result<Option<u32>, StoreError> {
        read::reversal_of(&mut *self.reader().await?, book, account, position).await
    }

    async fn charges(
        &self,
        book: &BookId,
        term: TermId,
        accounts: &[AccountId],
    ) -> Result<Vec<ChargeMade>, StoreError> {
        read::charges(&mut *self.reader().await?, book, term, accounts).await
    }

    async fn totals(
        &self,
        book: &BookId,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        sums::totals(&mut *self.reader().await?, book, accounts).await
    }

    async fn term_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<TermRow>, StoreError> {
        sums::term_rows(&mut *self.reader().await?, book, term, after, limit).await
    }

    async fn book_totals(&self, book: &BookId) -> Result<BookTotals, StoreError> {
        sums::book_totals(&mut *self.reader().await?, book).await
    }

    async fn file_marks(
        &self,
        book: &BookId,
        after_lines: u64,
        limit: u32,
    ) -> Result<Vec<FileMark>, StoreError> {
        read::file_marks(&mut *self.reader().await?, book, after_lines, limit).await
    }

    async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
        self.lane.post(book, posting).await
    }

    async fn commit(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError> {
        self.lane.run(Job::Commit(book.clone(), changes)).await?.committed()
    }

    async fn bill(&self, book: &BookId, order: BillingOrder) -> Result<Billed, StoreError> {
        self.lane.run(Job::Bill(book.clone(), order)).await?.billed()
    }

    async fn reprice(&self, book: &BookId, order: RepriceOrder) -> Result<Repriced, StoreError> {
        self.lane.run(Job::Reprice(book.clone(), order)).await?.repriced()
    }
}
