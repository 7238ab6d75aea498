//! A store of sessions around another one, which counts what it is asked for, session by session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{Content, GoneReason, KeyHash, SessionStore, StoreError, UserId, UserSession, Version};
use chrono::{DateTime, Utc};

/// How often something was asked for, or was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    /// Sessions read.
    pub(crate) loads: u64,
    /// Sessions created.
    pub(crate) creates: u64,
    /// Contents written.
    pub(crate) updates: u64,
    /// Writes that came too late, and changed nothing.
    pub(crate) overtaken: u64,
    /// Idle times prolonged.
    pub(crate) touches: u64,
    /// Keys changed.
    pub(crate) rotations: u64,
    /// Sessions deleted.
    pub(crate) deletions: u64,
}

impl Calls {
    /// Those of both.
    pub(crate) fn add(&mut self, more: &Self) {
        let pairs = [
            (&mut self.loads, more.loads),
            (&mut self.creates, more.creates),
            (&mut self.updates, more.updates),
            (&mut self.overtaken, more.overtaken),
            (&mut self.touches, more.touches),
            (&mut self.rotations, more.rotations),
            (&mut self.deletions, more.deletions),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
    }

    /// What changes a session, but for its idle time.
    pub(crate) const fn writes(&self) -> u64 {
        self.creates
            .saturating_add(self.updates)
            .saturating_add(self.rotations)
            .saturating_add(self.deletions)
    }
}

#[derive(Default)]
struct Counted {
    all: Calls,
    by_key: HashMap<KeyHash, Calls>,
}

/// The store.
pub(crate) struct Counting {
    store: Arc<dyn SessionStore>,
    counted: Mutex<Counted>,
}

impl Counting {
    /// Around a store.
    pub(crate) fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store, counted: Mutex::default() }
    }

    /// All that was counted.
    pub(crate) fn all(&self) -> Calls {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    /// What was counted of a session since it was taken last.
    pub(crate) fn take(&self, key: &KeyHash) -> Calls {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).by_key.remove(key).unwrap_or_default()
    }

    fn count(&self, key: Option<&KeyHash>, calls: Calls) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.all.add(&calls);
        if let Some(key) = key {
            counted.by_key.entry(*key).or_default().add(&calls);
        }
    }
}

const NONE: Calls =
    Calls { loads: 0, creates: 0, updates: 0, overtaken: 0, touches: 0, rotations: 0, deletions: 0 };

#[async_trait]
impl SessionStore for Counting {
    async fn load(&self, key: &KeyHash, now: DateTime<Utc>) -> Result<Loaded, StoreError> {
        self.count(Some(key), Calls { loads: 1, ..NONE });
        self.store.load(key, now).await
    }

    async fn create(
        &self,
        key: &KeyHash,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Created, StoreError> {
        let done = self.store.create(key, content, now).await;
        if let Ok(Created::Created) = done {
            self.count(Some(key), Calls { creates: 1, ..NONE });
        }
        done
    }

    async fn update(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let done = self.store.update(key, version, content, now).await;
        match done {
            Ok(Updated::Updated(_)) => self.count(Some(key), Calls { updates: 1, ..NONE }),
            Ok(_) => self.count(Some(key), Calls { overtaken: 1, ..NONE }),
            Err(_) => {}
        }
        done
    }

    async fn touch(
        &self,
        key: &KeyHash,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Touched, StoreError> {
        self.count(Some(key), Calls { touches: 1, ..NONE });
        self.store.touch(key, expires_at, now).await
    }

    async fn rotate(&self, key: &KeyHash, to: &KeyHash, now: DateTime<Utc>) -> Result<Rotated, StoreError> {
        let done = self.store.rotate(key, to, now).await;
        if let Ok(Rotated::Rotated) = done {
            self.count(Some(key), Calls { rotations: 1, ..NONE });
        }
        done
    }

    async fn delete(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: DateTime<Utc>,
    ) -> Result<Deleted, StoreError> {
        let done = self.store.delete(key, version, reason, now).await;
        if let Ok(Deleted::Deleted) = done {
            self.count(Some(key), Calls { deletions: 1, ..NONE });
        }
        done
    }

    async fn list_user(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<UserSession>, StoreError> {
        self.store.list_user(user, after, limit, now).await
    }

    async fn delete_user(
        &self,
        user: &UserId,
        except: Option<&KeyHash>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let done = self.store.delete_user(user, except, now).await;
        if let Ok(deleted) = done {
            self.count(None, Calls { deletions: deleted, ..NONE });
        }
        done
    }

    async fn delete_expired(&self, limit: u32, now: DateTime<Utc>) -> Result<u32, StoreError> {
        self.store.delete_expired(limit, now).await
    }
}
