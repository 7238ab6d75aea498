//! A store of sessions that is written to be simple, and is broken in one way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{
    Content, Gone, GoneReason, KeyHash, SessionStore, StoreError, StoreErrorKind, UserId, UserSession,
    Version,
};

use crate::faults::Fault;
use crate::rows::{Instant, Rows, bent_key};

pub(crate) struct Broken {
    pub(crate) fault: Fault,
    pub(crate) rows: Arc<Mutex<Rows>>,
    writers: AtomicUsize,
}

/// A write on its way.
pub(crate) struct Writing<'a>(&'a AtomicUsize);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, rows: Arc::default(), writers: AtomicUsize::new(0) }
    }

    pub(crate) fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    /// Lets others in, in the middle of what should be one step.
    pub(crate) async fn pause(&self) {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }

    /// The time, or one at which nothing has expired where a fault looks at no deadline.
    pub(crate) fn time(&self, fault: Fault, now: Instant) -> Instant {
        if self.is(fault) { Instant::default() } else { now }
    }

    async fn write_slowly(&self, fault: Fault) -> Option<Writing<'_>> {
        if !self.is(fault) {
            return None;
        }
        self.writers.fetch_add(1, Ordering::SeqCst);
        let writing = Writing(&self.writers);
        self.pause().await;
        Some(writing)
    }

    /// The key that is read, which is another's where a batch mixes them.
    async fn mixed(&self, key: KeyHash) -> KeyHash {
        if !self.is(Fault::AnswersAreMixed) {
            return key;
        }
        self.lock().batch.push(key);
        self.pause().await;
        let batch = std::mem::take(&mut self.lock().batch);
        batch.last().copied().unwrap_or(key)
    }

    /// Takes the lock of a row, which a caller who goes away never gives back.
    async fn jam(&self, key: &KeyHash) {
        if self.is(Fault::CallsThatAreDroppedJam) {
            while !self.lock().locked.insert(*key) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            self.pause().await;
            self.lock().locked.remove(key);
        }
    }
}

#[async_trait]
impl SessionStore for Broken {
    async fn load(&self, key: &KeyHash, now: Instant) -> Result<Loaded, StoreError> {
        if self.is(Fault::ErrorsAreReadAsAbsence) && self.writers.load(Ordering::SeqCst) > 0 {
            return Ok(Loaded::Gone(Gone::UNKNOWN));
        }
        let key = self.mixed(bent_key(self.fault, key)).await;
        let mut rows = self.lock();
        rows.asked.insert(key);
        let found = rows.look(self.fault, &key, self.time(Fault::TheExpiredIsRead, now));
        if found.is_err() && self.is(Fault::TheLateDecide) && rows.session(&key).is_some() {
            rows.rows.remove(&key);
        }
        let loaded = found.map_or_else(Loaded::Gone, Loaded::Live);
        let before = rows.seen.insert(key, loaded.clone());
        Ok(before.filter(|_| self.is(Fault::ReadsAreStale)).unwrap_or(loaded))
    }

    async fn create(&self, key: &KeyHash, content: &Content, now: Instant) -> Result<Created, StoreError> {
        Ok(self.create_broken(&bent_key(self.fault, key), content, now).await)
    }

    async fn update(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: Instant,
    ) -> Result<Updated, StoreError> {
        let _writing = self.write_slowly(Fault::ErrorsAreReadAsAbsence).await;
        self.jam(key).await;
        Ok(self.update_broken(&bent_key(self.fault, key), version, content, now).await)
    }

    async fn touch(&self, key: &KeyHash, expires_at: Instant, now: Instant) -> Result<Touched, StoreError> {
        self.jam(key).await;
        Ok(self.touch_broken(&bent_key(self.fault, key), expires_at, now).await)
    }

    async fn rotate(&self, key: &KeyHash, to: &KeyHash, now: Instant) -> Result<Rotated, StoreError> {
        let writing = self.write_slowly(Fault::DeadlocksAreAnswers).await;
        if writing.is_some() && self.writers.load(Ordering::SeqCst) > 1 {
            return Err(StoreError::new(StoreErrorKind::Busy, "rotate", "deadlock detected"));
        }
        Ok(self.rotate_broken(&bent_key(self.fault, key), &bent_key(self.fault, to), now).await)
    }

    async fn delete(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: Instant,
    ) -> Result<Deleted, StoreError> {
        Ok(self.delete_broken(&bent_key(self.fault, key), version, reason, now).await)
    }

    async fn list_user(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: Instant,
    ) -> Result<Vec<UserSession>, StoreError> {
        Ok(self.list_broken(user, after, limit, now))
    }

    async fn delete_user(
        &self,
        user: &UserId,
        except: Option<&KeyHash>,
        now: Instant,
    ) -> Result<u64, StoreError> {
        Ok(self.end_all_broken(user, except, now).await)
    }

    async fn delete_expired(&self, limit: u32, now: Instant) -> Result<u32, StoreError> {
        Ok(self.clean_broken(limit, now).await)
    }
}
