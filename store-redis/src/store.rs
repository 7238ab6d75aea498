//! The store: what it is opened with, and each call.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{
    Content, Gone, GoneReason, KeyHash, SessionStore, StoreError, UserId, UserSession, Version,
};
use chrono::{DateTime, Utc};
use redis::aio::ConnectionManager;

use crate::RedisOptions;
use crate::clean::Walk;
use crate::error::contended;
use crate::link::Link;
use crate::names::Names;
use crate::row::Judged;
use crate::settle::{Settled, TRIES};

const LOAD: &str = "load a session";

/// Sessions on Redis or Valkey. Clones share the connection.
///
/// ```no_run
/// use bursar_session::{SessionKey, SessionStore};
/// use bursar_store_redis::RedisStore;
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::open("redis://127.0.0.1:6379").await?;
/// let key = SessionKey::generate()?;
/// let found = store.load(&key.hash(), chrono::DateTime::UNIX_EPOCH).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) link: Arc<Link>,
    pub(crate) names: Arc<Names>,
    /// Where a cleaning stopped.
    pub(crate) walk: Arc<Mutex<Option<Walk>>>,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a password.
        f.debug_struct("RedisStore").field("names", &self.names).finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Opens a store on one server, by the [defaults](RedisOptions::new).
    ///
    /// # Errors
    /// As [`RedisOptions::open`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        RedisOptions::new().open(url).await
    }

    /// A store on a connection of the caller's own, by the [defaults](RedisOptions::new).
    #[must_use]
    pub fn with_connection(connection: ConnectionManager) -> Self {
        RedisOptions::new().with_connection(connection)
    }

    /// Opens a store on a cluster, of which some nodes are given, by the [defaults](RedisOptions::new).
    ///
    /// # Errors
    /// As [`RedisOptions::open`].
    #[cfg(feature = "cluster")]
    pub async fn cluster<T: AsRef<str>>(urls: impl IntoIterator<Item = T>) -> Result<Self, StoreError> {
        RedisOptions::new().cluster(urls).await
    }

    /// For how long the steps of a call may lie apart without others taking its beginning for its end.
    pub(crate) fn grace(&self) -> Duration {
        self.link.timeout.saturating_mul(20)
    }

    pub(crate) async fn load_one(&self, key: &KeyHash, now: i64) -> Result<Loaded, StoreError> {
        for _ in 0..TRIES {
            let seen = self.whole(LOAD, key).await?;
            let judged = match seen.row().judge(now) {
                Judged::Pending(pending) => match self.settle(LOAD, key, &pending).await? {
                    Settled::Again => continue,
                    Settled::Open(_) | Settled::Nothing => Judged::Gone(Gone::UNKNOWN),
                },
                Judged::Marked(live) => {
                    if !self.settle_mark(LOAD, key, live.user, &live.mark, false).await? {
                        continue;
                    }
                    live.judge(now)
                }
                judged => judged,
            };
            return Ok(match judged {
                Judged::Live(live) => live.loaded(),
                Judged::Gone(gone) => Loaded::Gone(gone),
                Judged::Pending(_) | Judged::Marked(_) | Judged::Undecodable => Loaded::Undecodable,
            });
        }
        Err(contended(LOAD))
    }
}

#[async_trait]
impl SessionStore for RedisStore {
    async fn load(&self, key: &KeyHash, now: DateTime<Utc>) -> Result<Loaded, StoreError> {
        self.load_one(key, now.timestamp_micros()).await
    }

    async fn create(
        &self,
        key: &KeyHash,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Created, StoreError> {
        self.create_one(key, content, now.timestamp_micros()).await
    }

    async fn update(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.update_one(key, version, content, now.timestamp_micros()).await
    }

    async fn touch(
        &self,
        key: &KeyHash,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Touched, StoreError> {
        self.touch_one(key, expires_at.timestamp_micros(), now.timestamp_micros()).await
    }

    async fn rotate(&self, key: &KeyHash, to: &KeyHash, now: DateTime<Utc>) -> Result<Rotated, StoreError> {
        self.rotate_one(key, to, now.timestamp_micros()).await
    }

    async fn delete(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: DateTime<Utc>,
    ) -> Result<Deleted, StoreError> {
        self.delete_one(key, version, reason, now.timestamp_micros()).await
    }

    async fn list_user(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<UserSession>, StoreError> {
        self.list(user, after, limit, now.timestamp_micros()).await
    }

    async fn delete_user(
        &self,
        user: &UserId,
        except: Option<&KeyHash>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.end_all(user, except, now.timestamp_micros()).await
    }

    async fn delete_expired(&self, limit: u32, now: DateTime<Utc>) -> Result<u32, StoreError> {
        self.clean(limit, now.timestamp_micros()).await
    }
}
