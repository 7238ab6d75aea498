//! The store itself: its books under one lock, and its clock.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use bursar::{BookId, StoreError};
use chrono::{DateTime, Utc};

use crate::book::BookLog;
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
    pub(crate) books: Arc<RwLock<HashMap<BookId, BookLog>>>,
    pub(crate) clock: Clock,
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
    pub(crate) fn read<T: Default>(&self, book: &BookId, look: impl FnOnce(&BookLog) -> T) -> T {
        // A writer changes a book only once everything is admitted, so that even one that died has left it whole.
        let books = self.books.read().unwrap_or_else(PoisonError::into_inner);
        books.get(book).map(look).unwrap_or_default()
    }

    /// Admits changes and keeps them in one step; `None` when they are not admitted.
    pub(crate) fn write<T>(
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
