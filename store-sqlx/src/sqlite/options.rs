//! How a database file is opened.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use bursar::{StoreError, StoreErrorKind};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Sqlite, SqlitePool};
use tokio::time::Instant;

use super::error::is_busy;
use super::open::SqliteStore;
use crate::error::failed;
use crate::migrate::migrate;
#[cfg(feature = "session")]
use crate::session::load::Reader;
use crate::surroundings::pause;
use crate::writer::Writer;
use crate::writes::Writes;

/// How a database file is opened: the defaults suit a school's server.
///
/// ```
/// use std::time::Duration;
/// use bursar_store_sqlx::SqliteOptions;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bursar::StoreError> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("fees.db");
/// let options = SqliteOptions::new().readers(2).busy_timeout(Duration::from_secs(10));
/// let store = options.open(path).await?;
/// # store.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    readers: u32,
    busy_timeout: Duration,
    cache_kib: u32,
    checkpoint_pages: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl SqliteOptions {
    /// The defaults: 4 readers, 5 seconds of waiting for a locked database, 64 MiB of cache a connection, a checkpoint every 16,000 pages.
    #[must_use]
    pub const fn new() -> Self {
        Self { readers: 4, busy_timeout: Duration::from_secs(5), cache_kib: 65_536, checkpoint_pages: 16_000 }
    }

    /// How many connections read ledgers beside the one that writes; at least one. Sessions are read through two more, once there are any.
    #[must_use]
    pub const fn readers(self, readers: u32) -> Self {
        Self { readers, ..self }
    }

    /// How long a write waits while another process has the database locked; it then fails as
    /// [`Busy`](StoreErrorKind::Busy).
    #[must_use]
    pub const fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..self }
    }

    /// How much of the file each connection keeps in memory, at most, in KiB.
    #[must_use]
    pub const fn cache_kib(self, cache_kib: u32) -> Self {
        Self { cache_kib, ..self }
    }

    /// After how many pages (of 4 KiB) of the write-ahead log these are written back into the file. More means fewer of these pauses, a
    /// longer log beside the file, and a longer recovery after a crash.
    #[must_use]
    pub const fn checkpoint_pages(self, checkpoint_pages: u32) -> Self {
        Self { checkpoint_pages, ..self }
    }

    /// Opens a database file, and creates it where it does not exist. It is given by its path, or as `sqlite:PATH` with sqlx's
    /// parameters (`?mode=ro`).
    ///
    /// Needs a tokio runtime, which the store's one writing task then lives on.
    ///
    /// # Errors
    /// [`NotADatabase`](StoreErrorKind::NotADatabase), [`CannotOpen`](StoreErrorKind::CannotOpen),
    /// [`ReadOnly`](StoreErrorKind::ReadOnly), [`NewerSchema`](StoreErrorKind::NewerSchema), [`Busy`](StoreErrorKind::Busy),
    /// [`Corrupt`](StoreErrorKind::Corrupt), [`Full`](StoreErrorKind::Full).
    pub async fn open(&self, path_or_url: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        let options = self.connect_options(path_or_url.as_ref())?;
        let writing =
            options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let writing = writing.pragma("wal_autocheckpoint", self.checkpoint_pages.to_string());
        // One connection that is never given up, so that its prepared statements and its cache stay.
        let writer = lasting().max_connections(1).connect_lazy_with(writing);
        self.prepare(&writer).await?;
        let reading = options.pragma("query_only", "ON");
        let readers = lasting().max_connections(self.readers.max(1)).connect_lazy_with(reading);
        let writer = Writer::new(writer, true, self.busy_timeout);
        #[cfg(feature = "session")]
        let sessions = Reader::Own(readers.connect_options());
        let store = SqliteStore::over(readers, Writes::in_one_lane(writer), true);
        #[cfg(feature = "session")]
        let store = store.reading_sessions(sessions);
        Ok(store)
    }

    fn connect_options(&self, path: &Path) -> Result<SqliteConnectOptions, StoreError> {
        // A path that is no text is no address either.
        let path_or_url = path.to_str().unwrap_or("a path");
        let misuse = |detail: String| StoreError::new(StoreErrorKind::Misuse, "open the database", detail);
        if path_or_url.is_empty() || path_or_url.contains(":memory:") || path_or_url.contains("mode=memory") {
            let detail = "this is no file; a database in memory is opened by SqliteStore::in_memory";
            return Err(misuse(detail.to_owned()));
        }
        let options = if path_or_url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(path_or_url);
            let options =
                options.map_err(|error| misuse(format!("the address is not understood: {error}")))?;
            if path_or_url.contains("mode=ro") { options } else { options.create_if_missing(true) }
        } else {
            SqliteConnectOptions::new().filename(path).create_if_missing(true)
        };
        Ok(common(options, self.busy_timeout).pragma("cache_size", format!("-{}", self.cache_kib)))
    }

    /// Connects for the first time and brings the schema up to date. Switching a new file to its log cannot be waited for by SQLite's own
    /// timeout, so that several processes that start at once are told to wait here.
    async fn prepare(&self, writer: &SqlitePool) -> Result<(), StoreError> {
        let until = Instant::now() + self.busy_timeout;
        loop {
            match writer.acquire().await {
                Ok(mut conn) => return migrate::<Sqlite>(&mut conn).await,
                Err(error) => {
                    if Instant::now() >= until || !is_busy(&error) {
                        return Err(failed::<Sqlite>("open the database")(error));
                    }
                    pause(Duration::from_millis(10)).await;
                }
            }
        }
    }
}

/// What every connection of the store's own has.
pub(super) fn common(options: SqliteConnectOptions, busy_timeout: Duration) -> SqliteConnectOptions {
    // The tables keep together by joins and triggers, not by foreign keys; sqlx turns these on unless told otherwise.
    options
        .foreign_keys(false)
        .busy_timeout(busy_timeout)
        .row_buffer_size(1_024)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

/// A pool whose connections are neither tested (there is no network to lose them) nor replaced when they are old.
pub(super) fn lasting() -> SqlitePoolOptions {
    SqlitePoolOptions::new().test_before_acquire(false).idle_timeout(None).max_lifetime(None)
}
