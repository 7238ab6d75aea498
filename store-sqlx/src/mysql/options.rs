//! How a server is reached.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use bursar::{StoreError, StoreErrorKind};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, MySql, MySqlPool};

use super::open::MySqlStore;
#[cfg(feature = "session")]
use crate::engine::Driver as _;
use crate::error::failed;
use crate::migrate::migrate;
#[cfg(feature = "session")]
use crate::session::load::Reader;
use crate::writer::Writer;
use crate::writes::Writes;

/// How a server is reached, and through how many connections: the defaults suit a school's application.
///
/// ```no_run
/// use std::time::Duration;
/// use bursar_store_sqlx::MySqlOptions;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bursar::StoreError> {
/// let options = MySqlOptions::new().readers(16).statement_timeout(Duration::from_secs(60));
/// let store = options.open("mysql://school:secret@localhost/school").await?;
/// # store.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MySqlOptions {
    readers: u32,
    lanes: u32,
    acquire_timeout: Duration,
    lock_timeout: Duration,
    statement_timeout: Option<Duration>,
    patience: Duration,
    statement_cache: usize,
    waits_for_cluster: bool,
}

impl Default for MySqlOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl MySqlOptions {
    /// The defaults: 8 connections that read and do jobs, 2 lanes that write, 10 seconds of waiting for a connection and for a lock, no limit
    /// to a statement.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            readers: 8,
            lanes: 2,
            acquire_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(10),
            statement_timeout: None,
            patience: Duration::from_secs(10),
            statement_cache: 200,
            waits_for_cluster: false,
        }
    }

    /// How many connections read, and do what is a transaction of its own (change sets, billing), beside those of the lanes; at least one.
    #[must_use]
    pub const fn readers(self, readers: u32) -> Self {
        Self { readers, ..self }
    }

    /// How many lanes write what is gathered, each with a connection of its own; at least one. An account is always in the same lane.
    #[must_use]
    pub const fn lanes(self, lanes: u32) -> Self {
        Self { lanes, ..self }
    }

    /// How long a call waits for a connection; it then fails as [`Unavailable`](StoreErrorKind::Unavailable).
    #[must_use]
    pub const fn acquire_timeout(self, acquire_timeout: Duration) -> Self {
        Self { acquire_timeout, ..self }
    }

    /// How long a statement waits for a lock (`innodb_lock_wait_timeout`, whole seconds). It is then tried again for as long, and fails as
    /// [`Busy`](StoreErrorKind::Busy).
    #[must_use]
    pub const fn lock_timeout(self, lock_timeout: Duration) -> Self {
        Self { lock_timeout, patience: lock_timeout, ..self }
    }

    /// How long a statement may take: in MariaDB any (`max_statement_time`), in MySQL one that reads (`max_execution_time`). It then fails as
    /// [`Busy`](StoreErrorKind::Busy).
    #[must_use]
    pub const fn statement_timeout(self, statement_timeout: Duration) -> Self {
        Self { statement_timeout: Some(statement_timeout), ..self }
    }

    /// How many statements each connection keeps prepared; 0 where a proxy before the server does not know them from one transaction to the
    /// next.
    #[must_use]
    pub const fn statement_cache(self, statement_cache: usize) -> Self {
        Self { statement_cache, ..self }
    }

    /// Whether a statement waits until its node of a Galera cluster has what was committed at the other nodes before (`wsrep_sync_wait = 7`):
    /// for applications that write at one node and read at another at once; conflicts are then tried again for longer, and by the store alone
    /// (`wsrep_retry_autocommit = 0`). Servers without Galera know no such settings; only MariaDB has them.
    #[must_use]
    pub const fn waits_for_cluster(self, waits_for_cluster: bool) -> Self {
        // Nodes meet at the commit, and not in a queue for a lock: who loses has to come again, and may lose again.
        let patience = if waits_for_cluster { Duration::from_secs(30) } else { Duration::from_secs(10) };
        Self { waits_for_cluster, patience, ..self }
    }

    /// Opens the store in a database that is there, given by its address: `mysql://USER:PASSWORD@HOST/DATABASE`, with sqlx's parameters
    /// (`?ssl-mode=VERIFY_IDENTITY`). Its tables are made where they are not.
    ///
    /// Needs a tokio runtime, which the store's writing tasks then live on.
    ///
    /// # Errors
    /// [`Misuse`](StoreErrorKind::Misuse) for an address that is none, [`CannotOpen`](StoreErrorKind::CannotOpen) for a user or a database
    /// that the server does not let in or a right that is missing, [`Unavailable`](StoreErrorKind::Unavailable) for a server that is not there,
    /// [`NewerSchema`](StoreErrorKind::NewerSchema), [`Busy`](StoreErrorKind::Busy), [`ReadOnly`](StoreErrorKind::ReadOnly).
    pub async fn open(&self, url: &str) -> Result<MySqlStore, StoreError> {
        let options = MySqlConnectOptions::from_str(url).map_err(failed::<MySql>("open the database"))?;
        if options.get_database().is_none() {
            let detail = "the address names no database; give mysql://USER:PASSWORD@HOST/DATABASE";
            return Err(StoreError::new(StoreErrorKind::Misuse, "open the database", detail));
        }
        let options = options
            .statement_cache_capacity(self.statement_cache)
            .charset("utf8mb4")
            .disable_statement_logging();
        let readers = self.pool(self.readers.max(1), options.clone());
        self.prepare(&options).await?;
        let writers = (0..self.lanes.max(1)).map(|_| {
            // One connection that is never given up, so that its prepared statements stay.
            let pool = self.pool(1, options.clone());
            Writer::new(pool, true, self.patience)
        });
        let writes = Writes::in_lanes(writers, readers.clone(), self.patience);
        let store = MySqlStore::over(readers, writes, true);
        #[cfg(feature = "session")]
        let store = {
            let turns = u32::try_from(MySql::SESSION_TURNS).unwrap_or(1);
            store.reading_sessions(Reader::OwnPool(self.pool(turns, options)))
        };
        Ok(store)
    }

    /// Connects for the first time, so that what is wrong is said at once, and brings the schema up to date.
    async fn prepare(&self, options: &MySqlConnectOptions) -> Result<(), StoreError> {
        const OPERATION: &str = "open the database";
        let connected = tokio::time::timeout(self.acquire_timeout, options.connect()).await;
        let connected = connected.map_err(|_| {
            let detail = "the server does not answer; check host and port, and look after the server";
            StoreError::new(StoreErrorKind::Unavailable, OPERATION, detail)
        })?;
        let mut conn = connected.map_err(failed::<MySql>(OPERATION))?;
        conn.execute(AssertSqlSafe(self.session())).await.map_err(failed::<MySql>(OPERATION))?;
        migrate::<MySql>(&mut conn).await?;
        if let Err(error) = conn.close().await {
            tracing::debug!(%error, "a connection could not be closed in order");
        }
        Ok(())
    }

    fn pool(&self, connections: u32, options: MySqlConnectOptions) -> MySqlPool {
        let session: Arc<str> = self.session().into();
        MySqlPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(self.acquire_timeout)
            .after_connect(move |conn, _| {
                let session = AssertSqlSafe(Arc::clone(&session));
                Box::pin(async move { conn.execute(session).await.map(drop) })
            })
            .connect_lazy_with(options)
    }

    /// What every connection of the store's own is told. What only MariaDB or only MySQL knows is a comment to the other.
    fn session(&self) -> String {
        let time = self.statement_timeout.map_or_else(String::new, |time| {
            format!(
                "/*M!100101 max_statement_time = {}.{:03}, */ /*!80000 max_execution_time = {}, */ ",
                time.as_secs(),
                time.subsec_millis(),
                time.as_millis()
            )
        });
        // A statement that the node tries again by itself is answered without its rows: it is for the store to try it again.
        let cluster =
            if self.waits_for_cluster { "wsrep_sync_wait = 7, wsrep_retry_autocommit = 0, " } else { "" };
        format!(
            "SET SESSION {time}{cluster}innodb_lock_wait_timeout = {}, \
             sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', autocommit = 1; \
             SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            self.lock_timeout.as_secs().max(1)
        )
    }
}
