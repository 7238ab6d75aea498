//! The store inside a transaction of the caller's own (S6).

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
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
    StoreErrorKind, TermId, TermTotals,
};
use chrono::{DateTime, Utc};
use sqlx::Connection as _;
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::{Phase, failed};
use crate::ledger::lane::{Done, Job};
use crate::ledger::post::Recorded;
use crate::ledger::{read, reports, seal, sums};
use crate::query::Connection;
use crate::surroundings;
use crate::writer::{Begin, transact};

/// The store inside a transaction of the caller's own: what a ledger does [`through`](bursar::Ledger::through) it becomes lasting with the
/// caller's own rows, or not at all. It commits nothing; a call that is refused or fails leaves no trace and the transaction usable.
///
/// It goes by the name of its database: `SqliteTx`, `PostgresTx`, `MySqlTx`.
pub struct SqlTx<'c, E: Engine> {
    conn: Mutex<&'c mut Connection<E>>,
    /// Whether the database has undone the transaction of its own accord: what followed would be outside of any.
    undone: AtomicBool,
}

impl<E: Engine> fmt::Debug for SqlTx<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlTx").field("database", &E::NAME).finish_non_exhaustive()
    }
}

impl<'c, E: Engine> SqlTx<'c, E> {
    /// The store on a connection that is inside a transaction begun through sqlx; `&mut transaction` serves.
    ///
    /// A connection without one is refused with the first call, as [`Misuse`](StoreErrorKind::Misuse).
    #[must_use]
    pub fn new(conn: &'c mut Connection<E>) -> Self {
        Self { conn: Mutex::new(conn), undone: AtomicBool::new(false) }
    }

    async fn lock(&self) -> Result<MutexGuard<'_, &'c mut Connection<E>>, StoreError> {
        let conn = self.conn.lock().await;
        if !conn.is_in_transaction() {
            let detail = "the connection is in no transaction that was begun through sqlx; begin one";
            return Err(StoreError::new(StoreErrorKind::Misuse, "use the caller's transaction", detail));
        }
        if self.undone.load(Ordering::Relaxed) {
            let detail = "the database has undone the transaction; roll it back, and begin anew";
            return Err(StoreError::new(StoreErrorKind::Misuse, "use the caller's transaction", detail));
        }
        Ok(conn)
    }

    /// Takes note of an error that has ended the transaction.
    fn noting(&self, error: StoreError) -> StoreError {
        let source = error.source.as_ref().and_then(|source| source.downcast_ref::<sqlx::Error>());
        if !source.is_some_and(E::ends_transaction) {
            return error;
        }
        self.undone.store(true, Ordering::Relaxed);
        let detail = format!("{}; the whole transaction is undone: roll it back, and begin anew", error.detail);
        StoreError { detail, ..error }
    }

    async fn run(&self, job: Job) -> Result<Done, StoreError> {
        let done = transact::<E>(&mut **self.lock().await?, Begin::Nested, &job).await;
        done.map_err(|error| self.noting(error))
    }
}

#[async_trait]
impl<E: Engine> LedgerStore for SqlTx<'_, E> {
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
        self.run(Job::Open(book.clone(), currency)).await?.opened()
    }

    async fn books(&self, after: Option<&BookId>, limit: u32) -> Result<Vec<BookId>, StoreError> {
        read::books::<E>(&mut **self.lock().await?, after, limit).await
    }

    async fn book(&self, book: &BookId) -> Result<Option<Book>, StoreError> {
        read::book::<E>(&mut **self.lock().await?, book).await
    }

    async fn fees(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&FeeKey>,
        limit: u32,
    ) -> Result<Vec<Fee>, StoreError> {
        read::fees::<E>(&mut **self.lock().await?, book, term, after, limit).await
    }

    async fn fees_of(&self, book: &BookId, term: TermId, payers: &[Payer]) -> Result<Vec<Fee>, StoreError> {
        read::fees_of::<E>(&mut **self.lock().await?, book, term, payers).await
    }

    async fn fee_charged(&self, book: &BookId, fee: &FeeKey) -> Result<bool, StoreError> {
        read::fee_charged::<E>(&mut **self.lock().await?, book, fee).await
    }

    async fn accounts(&self, book: &BookId, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        read::accounts::<E>(&mut **self.lock().await?, book, ids).await
    }

    async fn list_accounts(
        &self,
        book: &BookId,
        filter: AccountFilter,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        read::list_accounts::<E>(&mut **self.lock().await?, book, filter, after, limit).await
    }

    async fn entries(
        &self,
        book: &BookId,
        account: &AccountId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        read::entries::<E>(&mut **self.lock().await?, book, account, after, limit).await
    }

    async fn scan(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        read::scan::<E>(&mut **self.lock().await?, book, after, limit).await
    }

    async fn entries_of(
        &self,
        book: &BookId,
        accounts: &[AccountId],
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        reports::entries_of::<E>(&mut **self.lock().await?, book, accounts, after, limit).await
    }

    async fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, StoreError> {
        read::entries_by_key::<E>(&mut **self.lock().await?, book, keys).await
    }

    async fn reversal_of(
        &self,
        book: &BookId,
        account: &AccountId,
        position: u32,
    ) -> Result<Option<u32>, StoreError> {
        read::reversal_of::<E>(&mut **self.lock().await?, book, account, position).await
    }

    async fn charges(
        &self,
        book: &BookId,
        term: TermId,
        accounts: &[AccountId],
    ) -> Result<Vec<ChargeMade>, StoreError> {
        read::charges::<E>(&mut **self.lock().await?, book, term, accounts).await
    }

    async fn totals(
        &self,
        book: &BookId,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        E::totals(&mut **self.lock().await?, book, accounts).await
    }

    async fn term_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<TermRow>, StoreError> {
        E::term_rows(&mut **self.lock().await?, book, term, after, limit).await
    }

    async fn summary_rows(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        E::summary_rows(&mut **self.lock().await?, book, term, after, limit).await
    }

    async fn aged_rows(
        &self,
        book: &BookId,
        order: &AgingOrder,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<AgedRow>, StoreError> {
        E::aged_rows(&mut **self.lock().await?, book, order, after, limit).await
    }

    async fn owing(
        &self,
        book: &BookId,
        filter: &OwingFilter,
        after: Option<(i64, &AccountId)>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        reports::owing::<E>(&mut **self.lock().await?, book, filter, after, limit).await
    }

    async fn book_totals(&self, book: &BookId) -> Result<BookTotals, StoreError> {
        sums::book_totals::<E>(&mut **self.lock().await?, book).await
    }

    async fn file_marks(
        &self,
        book: &BookId,
        after_lines: u64,
        limit: u32,
    ) -> Result<Vec<FileMark>, StoreError> {
        read::file_marks::<E>(&mut **self.lock().await?, book, after_lines, limit).await
    }

    async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
        let mut conn = self.lock().await?;
        let postings = std::slice::from_ref(&posting);
        // One statement, which leaves no trace when it fails: it mostly needs no savepoint.
        let recorded = if E::SURVIVES_CONSTRAINT {
            E::post(&mut conn, book, postings, Phase::Before).await.map_err(|error| self.noting(error))?
        } else {
            let mut savepoint = conn.begin().await.map_err(failed::<E>("set a savepoint"))?;
            let recorded = E::post(&mut savepoint, book, postings, Phase::Before).await;
            match &recorded {
                Ok(Recorded::Positions(_)) => savepoint.commit().await,
                _ => savepoint.rollback().await,
            }
            .map_err(failed::<E>("leave a savepoint"))?;
            recorded?
        };
        Ok(match recorded {
            Recorded::Positions(positions) => match positions.first() {
                Some(Some(position)) => Posted::Admitted { position: *position },
                _ => Posted::NotAdmitted,
            },
            Recorded::Constraint => Posted::NotAdmitted,
        })
    }

    async fn commit(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError> {
        self.run(Job::Commit(book.clone(), changes)).await?.committed()
    }

    async fn bill(&self, book: &BookId, order: BillingOrder) -> Result<Billed, StoreError> {
        self.run(Job::Bill(book.clone(), order)).await?.billed()
    }

    async fn reprice(&self, book: &BookId, order: RepriceOrder) -> Result<Repriced, StoreError> {
        self.run(Job::Reprice(book.clone(), order)).await?.repriced()
    }

    async fn seal_state(&self, book: &BookId) -> Result<SealState, StoreError> {
        seal::seal_state::<E>(&mut **self.lock().await?, book).await
    }

    async fn seals(&self, book: &BookId, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError> {
        seal::seals::<E>(&mut **self.lock().await?, book, after, limit).await
    }

    async fn sealed(&self, book: &BookId, accounts: &[AccountId]) -> Result<Vec<SegmentEnd>, StoreError> {
        seal::sealed::<E>(&mut **self.lock().await?, book, accounts).await
    }

    async fn segments(
        &self,
        book: &BookId,
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Segment>, StoreError> {
        seal::segments::<E>(&mut **self.lock().await?, book, after, limit).await
    }

    async fn keep_seal(&self, book: &BookId, step: u64, what: SealStep) -> Result<bool, StoreError> {
        self.run(Job::Seal(book.clone(), step, what)).await?.sealed()
    }
}
