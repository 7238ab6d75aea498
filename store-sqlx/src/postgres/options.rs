//! How a database is reached.

use std::str::FromStr as _;
use std::time::Duration;

use bursar::{StoreError, StoreErrorKind};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Postgres};

use super::PostgresStore;
use crate::error::failed;
use crate::migrate::migrate;
use crate::proxy;
#[cfg(feature = "session")]
use crate::session::load::Reader;
use crate::writer::Writer;
use crate::writes::{JOBS_MAX, Writes};

/// How a database is reached: the defaults suit a school's server.
///
/// ```no_run
/// use std::time::Duration;
/// use bursar_store_sqlx::PostgresOptions;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bursar::StoreError> {
/// let options = PostgresOptions::new().readers(16).lock_timeout(Duration::from_secs(2));
/// let store = options.open("postgres://bursar@localhost/school").await?;
/// # store.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    readers: u32,
    lanes: u32,
    acquire_timeout: Duration,
    lock_timeout: Duration,
    statement_timeout: Option<Duration>,
    application_name: Option<String>,
    proxied: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl PostgresOptions {
    /// The defaults: 8 connections that read, 2 lanes, 5 seconds of waiting for a connection and for a lock, no limit to a statement,
    /// straight to the server.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            readers: 8,
            lanes: 2,
            acquire_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: None,
            application_name: None,
            proxied: false,
        }
    }

    /// How many connections read ledgers, at most; at least one. Sessions are read through two more, once there are any, and up to four
    /// do what is long: billing, enrolling, changes of the book.
    #[must_use]
    pub fn readers(self, readers: u32) -> Self {
        Self { readers, ..self }
    }

    /// How many connections take postings and sessions to the server, each with what was asked for at one moment; at least one. An
    /// account is always in the same lane. More lanes than the server has idle processors make it slower.
    #[must_use]
    pub fn lanes(self, lanes: u32) -> Self {
        Self { lanes, ..self }
    }

    /// How long is waited for a free connection; it then fails as [`Unavailable`](StoreErrorKind::Unavailable).
    #[must_use]
    pub fn acquire_timeout(self, acquire_timeout: Duration) -> Self {
        Self { acquire_timeout, ..self }
    }

    /// How long a write waits for what others have locked, be it their own transactions; it then fails as [`Busy`](StoreErrorKind::Busy).
    #[must_use]
    pub fn lock_timeout(self, lock_timeout: Duration) -> Self {
        Self { lock_timeout, ..self }
    }

    /// How long a statement may take; it then fails as [`Busy`](StoreErrorKind::Busy).
    #[must_use]
    pub fn statement_timeout(self, statement_timeout: Duration) -> Self {
        Self { statement_timeout: Some(statement_timeout), ..self }
    }

    /// The name by which the server lists the connections; else that of the address, or `bursar`.
    #[must_use]
    pub fn application_name(self, application_name: impl Into<String>) -> Self {
        Self { application_name: Some(application_name.into()), ..self }
    }

    /// Whether a proxy is between that gives a connection of the server to one client for one transaction only, such as `PgBouncer` in
    /// transaction mode. Nothing is then kept on a connection: every statement is sent anew, in a transaction of its own, which costs some round
    /// trips more; and nothing is set for one as a whole: `lock_timeout` and `statement_timeout` are to be set for the user
    /// (`ALTER ROLE … SET`). A [`PostgresTx`](crate::PostgresTx) keeps statements, and needs a connection past the proxy.
    #[must_use]
    pub fn proxied(self, proxied: bool) -> Self {
        Self { proxied, ..self }
    }

    /// Connects to a database, given as `postgres://USER:PASSWORD@HOST:PORT/DATABASE` with sqlx's parameters (`?sslmode=verify-full`), and makes
    /// the tables or brings them up to date. They are in the first schema of the search path.
    ///
    /// Needs a tokio runtime, which the store's writing tasks then live on.
    ///
    /// # Errors
    /// [`Misuse`](StoreErrorKind::Misuse) for an address that is not understood, [`CannotOpen`](StoreErrorKind::CannotOpen),
    /// [`Unavailable`](StoreErrorKind::Unavailable), [`ReadOnly`](StoreErrorKind::ReadOnly), [`NewerSchema`](StoreErrorKind::NewerSchema),
    /// [`Busy`](StoreErrorKind::Busy), [`Corrupt`](StoreErrorKind::Corrupt), [`Full`](StoreErrorKind::Full).
    pub async fn open(&self, url: &str) -> Result<PostgresStore, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(failed::<Postgres>(OPERATION))?;
        self.open_with(options).await
    }

    /// As [`open`](Self::open), with sqlx's own options.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_with(&self, options: PgConnectOptions) -> Result<PostgresStore, StoreError> {
        let options = self.common(options);
        proxy::through(self.proxied, self.prepare(&options)).await?;
        let writing = self.seeking(options.clone());
        let writers = (0..self.lanes.max(1)).map(|_| {
            Writer::new(self.pool(1, writing.clone()), true, self.lock_timeout).through_proxy(self.proxied)
        });
        let readers = self.pool(self.readers.max(1), options.clone());
        let writes = Writes::in_lanes(writers, self.pool(JOBS_MAX, options), self.lock_timeout);
        let store = PostgresStore::over(readers, writes, true).through_proxy(self.proxied);
        #[cfg(feature = "session")]
        let store = store.reading_sessions(Reader::Own(writing.into()));
        Ok(store)
    }

    /// What every connection of the store's own has.
    fn common(&self, options: PgConnectOptions) -> PgConnectOptions {
        let named = options.get_application_name().is_some();
        let options = match &self.application_name {
            Some(name) => options.application_name(name),
            None if named => options,
            None => options.application_name("bursar"),
        };
        let options = options.disable_statement_logging();
        if self.proxied {
            return options;
        }
        let millis = |time: Duration| time.as_millis().clamp(1, 2_147_483_647);
        let options = options.options([
            ("lock_timeout", millis(self.lock_timeout)),
            ("statement_timeout", self.statement_timeout.map_or(0, millis)),
        ]);
        // Compiling a statement takes longer than any of these runs.
        options.options([("default_transaction_isolation", "read committed"), ("jit", "off")])
    }

    /// The same for a connection whose statements are all seeks in indexes: they are planned once, and so that no table is walked, however
    /// small it was then.
    fn seeking(&self, options: PgConnectOptions) -> PgConnectOptions {
        if self.proxied {
            return options;
        }
        options.options([
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("enable_material", "off"),
        ])
    }

    /// A pool that connects when it is asked to.
    fn pool(&self, connections: u32, options: PgConnectOptions) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(self.acquire_timeout);
        pool.test_before_acquire(false).connect_lazy_with(options)
    }

    /// Connects for the first time, so that what is wrong is said at once, and brings the schema up to date.
    async fn prepare(&self, options: &PgConnectOptions) -> Result<(), StoreError> {
        let connected = tokio::time::timeout(self.acquire_timeout, options.connect()).await;
        let connected = connected.map_err(|_| {
            let detail = "the server does not answer; check host and port, and look after the server";
            StoreError::new(StoreErrorKind::Unavailable, OPERATION, detail)
        })?;
        let mut conn = connected.map_err(failed::<Postgres>(OPERATION))?;
        migrate::<Postgres>(&mut conn).await?;
        if let Err(error) = conn.close().await {
            tracing::debug!(%error, "a connection could not be closed in order");
        }
        Ok(())
    }
}

const OPERATION: &str = "open the database";
