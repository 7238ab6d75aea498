//! The store over a database of its own, or over the caller's pool.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bursar::rule::Posting;
use bursar::seal::SealStep;
use bursar::store::{Billed, BillingOrder, Book, ChangeSet, Committed, Posted, RepriceOrder, Repriced};
use bursar::{BookId, Currency, LedgerStore, StoreError};
use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Pool};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::failed;
use crate::ledger::lane::Job;
use crate::ledger::questions;
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
///
/// What is written for any of the three databases is written for a store over an [`Engine`]:
///
/// ```
/// use bursar::{Currency, Error, Ledger};
/// use bursar_store_sqlx::{Engine, SqlStore};
///
/// async fn open_both<E: Engine>(store: &SqlStore<E>) -> Result<[Ledger<SqlStore<E>>; 2], Error> {
///     Ok([
///         Ledger::open(store.clone(), "hillside", Currency::USD).await?,
///         Ledger::open(store.clone(), "lakeside", Currency::KES).await?,
///     ])
/// }
/// ```
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
    pub(crate) fn over(readers: Pool<E>, writes: Writes<E>, owns: bool) -> Self {
        Self {
            #[cfg(feature = "session")]
            relay: Relay::new(Reader::Pool(readers.clone()), E::SESSION_TURNS),
            readers,
            writes,
            owns,
            proxied: false,
        }
    }

    /// The store with connections for the loads of sessions alone.
    #[cfg(feature = "session")]
    pub(crate) fn reading_sessions(self, reader: Reader<E>) -> Self {
        Self { relay: Relay::new(reader, E::SESSION_TURNS), ..self }
    }

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

/// The contract: what is asked goes through a reader, what is written through the lanes.
macro_rules! stored {
    ($(async fn $question:ident($($given:ident: $type:ty),*) -> $answer:ty;)*) => {
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

            $(
                async fn $question(&self, $($given: $type),*) -> Result<$answer, StoreError> {
                    reading!(self, questions::$question::<E>, $($given),*)
                }
            )*

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

            async fn keep_seal(&self, book: &BookId, step: u64, what: SealStep) -> Result<bool, StoreError> {
                self.writes.run(Job::Seal(book.clone(), step, what)).await?.sealed()
            }
        }
    };
}

bursar::ledger_store_methods!(stored: reading listing reporting);
