//! How a store is opened.

use std::sync::Arc;
use std::time::Duration;

use bursar_session::StoreError;
use redis::Client;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use crate::RedisStore;
use crate::error::{Asked, store_error};
use crate::link::{Link, Replicas, Wire};
use crate::names::Names;

const OPEN: &str = "connect to Redis";

/// How a store is opened: the defaults suit one application on a server or a cluster.
///
/// ```no_run
/// use std::time::Duration;
/// use bursar_store_redis::RedisOptions;
///
/// # async fn open() -> Result<(), bursar_session::StoreError> {
/// let options = RedisOptions::new().prefix("hillside:").timeout(Duration::from_millis(500));
/// let store = options.open("redis://127.0.0.1:6379").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisOptions {
    prefix: String,
    timeout: Duration,
    replicas: Option<Replicas>,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl RedisOptions {
    /// The defaults: names that begin with `bursar:`, answers within 2 seconds, and no waiting for replicas.
    #[must_use]
    pub fn new() -> Self {
        Self { prefix: "bursar:".to_owned(), timeout: Duration::from_secs(2), replicas: None }
    }

    /// What the names of all keys in Redis begin with. Stores of one prefix share their sessions; no prefix may begin with another's.
    /// In a cluster, one that holds `{…}` keeps everything on one node.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// How long a command, or a connection, is waited for. A write that has no answer by then is of
    /// [unknown outcome](bursar_session::StoreErrorKind::UnknownOutcome).
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Has creations, updates, rotations and ends of sessions answered only when so many replicas have them, so that they survive a failover:
    /// otherwise it may undo the last of them, a logout too. Where fewer have it within `timeout`, the write is of
    /// [unknown outcome](bursar_session::StoreErrorKind::UnknownOutcome): it was done, and may not last.
    ///
    /// In a cluster it is the replicas of one master that count. What waits goes by a connection of its own, but for a
    /// [caller's](RedisStore::with_connection).
    #[must_use]
    pub fn wait_for_replicas(self, count: u32, timeout: Duration) -> Self {
        Self { replicas: (count > 0).then_some(Replicas { count, timeout }), ..self }
    }

    /// Opens a store on one server: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `unix:PATH`, or `rediss://` with a TLS feature of the
    /// crate `redis`.
    ///
    /// Needs a tokio runtime, which the connection then lives on.
    ///
    /// # Errors
    /// [`Misuse`](bursar_session::StoreErrorKind::Misuse) for an address that is none or a user who is not let in,
    /// [`Unavailable`](bursar_session::StoreErrorKind::Unavailable) where no server is reached.
    pub async fn open(&self, url: &str) -> Result<RedisStore, StoreError> {
        let failed = |error| store_error(OPEN, Asked::Read, error);
        let client = Client::open(url).map_err(failed)?;
        let reads = self.connect(&client).await?;
        let writes = if self.replicas.is_some() { self.connect(&client).await? } else { reads.clone() };
        Ok(self.over(Wire::One(reads), Wire::One(writes)))
    }

    async fn connect(&self, client: &Client) -> Result<ConnectionManager, StoreError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout.saturating_add(self.waiting())))
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_millis(200));
        let connected = ConnectionManager::new_with_config(client.clone(), config).await;
        connected.map_err(|error| store_error(OPEN, Asked::Read, error))
    }

    fn waiting(&self) -> Duration {
        self.replicas.map_or(Duration::ZERO, |replicas| replicas.timeout)
    }

    /// A store on a connection of the caller's own, which has been made as he needs it.
    ///
    /// Its response timeout is to be no shorter than [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_connection(&self, connection: ConnectionManager) -> RedisStore {
        self.over(Wire::One(connection.clone()), Wire::One(connection))
    }

    /// Opens a store on a cluster, of which some nodes are given: `redis://HOST:PORT`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    #[cfg(feature = "cluster")]
    pub async fn cluster<T: AsRef<str>>(
        &self,
        urls: impl IntoIterator<Item = T>,
    ) -> Result<RedisStore, StoreError> {
        let failed = |error| store_error(OPEN, Asked::Read, error);
        let urls = urls.into_iter().map(|url| url.as_ref().to_owned());
        let client = redis::cluster::ClusterClient::builder(urls)
            .connection_timeout(self.timeout)
            .response_timeout(self.timeout.saturating_add(self.waiting()))
            .retries(4)
            .build()
            .map_err(failed)?;
        let connect = async || {
            let connected = tokio::time::timeout(self.timeout, client.get_async_connection()).await;
            let late = |_| crate::error::too_late(OPEN, Asked::Read, self.timeout);
            connected.map_err(late)?.map(Wire::Cluster).map_err(failed)
        };
        let reads = connect().await?;
        let writes = if self.replicas.is_some() { connect().await? } else { reads.clone() };
        Ok(self.over(reads, writes))
    }

    fn over(&self, reads: Wire, writes: Wire) -> RedisStore {
        let link = Link::new(reads, writes, self.timeout, self.replicas);
        RedisStore {
            link: Arc::new(link),
            names: Arc::new(Names::new(self.prefix.clone())),
            walk: Arc::default(),
        }
    }
}
