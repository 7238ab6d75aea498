//! The store inside a transaction of the caller's own (S6).

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bursar::rule::Posting;
use bursar::seal::SealStep;
use bursar::store::{Billed, BillingOrder, Book, ChangeSet, Committed, Posted, RepriceOrder, Repriced};
use bursar::{BookId, Currency, LedgerStore, StoreError, StoreErrorKind};
use chrono::{DateTime, Utc};
use sqlx::Connection as _;
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::{Phase, failed};
use crate::ledger::lane::{Done, Job};
use crate::ledger::post::Recorded;
use crate::ledger::questions;
use crate::query::Connection;
use crate::surroundings;
use crate::writer::{Begin, transact};

/// The store inside a transaction of the caller's own: what a ledger does [`through`](bursar::Ledger::through) it becomes lasting with the
/// caller's own rows, or not at all. It commits nothing; a call that is refused or fails leaves no trace and the transaction usable.
///
/// It goes by the name of its database: `SqliteTx`, `PostgresTx`, `MySqlTx`. Over any of them:
///
/// ```
/// use bursar::{Error, Ledger, Payment, Receipt};
/// use bursar_store_sqlx::{Engine, SqlStore, SqlTx};
///
/// async fn pay_within<E: Engine>(
///     ledger: &Ledger<SqlStore<E>>,
///     transaction: &mut E::Connection,
///     payment: Payment,
/// ) -> Result<Receipt, Error> {
///     ledger.through(SqlTx::<E>::new(transaction)).pay(payment).await
/// }
/// ```
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
        let detail =
            format!("{}; the whole transaction is undone: roll it back, and begin anew", error.detail);
        StoreError { detail, ..error }
    }

    async fn run(&self, job: Job) -> Result<Done, StoreError> {
        let done = transact::<E>(&mut **self.lock().await?, Begin::Nested, &job).await;
        done.map_err(|error| self.noting(error))
    }

    async fn record(&self, book: &BookId, posting: &Posting) -> Result<Posted, StoreError> {
        let mut conn = self.lock().await?;
        let postings = std::slice::from_ref(posting);
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
}

/// The contract, on the caller's connection.
macro_rules! within {
    ($(async fn $question:ident($($given:ident: $type:ty),*) -> $answer:ty;)*) => {
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

            $(
                async fn $question(&self, $($given: $type),*) -> Result<$answer, StoreError> {
                    questions::$question::<E>(&mut **self.lock().await?, $($given),*).await
                }
            )*

            async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
                self.record(book, &posting).await
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

            async fn keep_seal(&self, book: &BookId, step: u64, what: SealStep) -> Result<bool, StoreError> {
                self.run(Job::Seal(book.clone(), step, what)).await?.sealed()
            }
        }
    };
}

bursar::ledger_store_methods!(within: reading listing reporting);
