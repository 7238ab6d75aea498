//! The store as one of sessions: each call is one step under one lock, which is not the ledgers'.

use std::sync::PoisonError;

use async_trait::async_trait;
use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{Content, GoneReason, KeyHash, SessionStore, StoreError, UserId, UserSession, Version};
use chrono::{DateTime, Utc};

use crate::MemoryStore;
use crate::sessions::Sessions;

impl MemoryStore {
    fn read_sessions<T>(&self, look: impl FnOnce(&Sessions) -> T) -> T {
        // Nothing in a write can fail half-way, so that one that died has left the sessions whole.
        look(&self.sessions.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write_sessions<T>(&self, change: impl FnOnce(&mut Sessions) -> T) -> T {
        change(&mut self.sessions.write().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn load(&self, key: &KeyHash, now: DateTime<Utc>) -> Result<Loaded, StoreError> {
        Ok(self.read_sessions(|sessions| sessions.load(key, now)))
    }

    async fn create(
        &self,
        key: &KeyHash,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Created, StoreError> {
        Ok(self.write_sessions(|sessions| sessions.create(key, content, now)))
    }

    async fn update(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        Ok(self.write_sessions(|sessions| sessions.update(key, version, content, now)))
    }

    async fn touch(
        &self,
        key: &KeyHash,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Touched, StoreError> {
        Ok(self.write_sessions(|sessions| sessions.touch(key, expires_at, now)))
    }

    async fn rotate(&self, key: &KeyHash, to: &KeyHash, now: DateTime<Utc>) -> Result<Rotated, StoreError> {
        Ok(self.write_sessions(|sessions| sessions.rotate(key, to, now)))
    }

    async fn delete(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: DateTime<Utc>,
    ) -> Result<Deleted, StoreError> {
        Ok(self.write_sessions(|sessions| sessions.delete(key, version, reason, now)))
    }

    async fn list_user(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<UserSession>, StoreError> {
        Ok(self.read_sessions(|sessions| sessions.list_user(user, after, limit, now)))
    }

    async fn delete_user(
        &self,
        user: &UserId,
        except: Option<&KeyHash>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        Ok(self.write_sessions(|sessions| sessions.delete_user(user, except, now)))
    }

    async fn delete_expired(&self, limit: u32, now: DateTime<Utc>) -> Result<u32, StoreError> {
        Ok(self.write_sessions(|sessions| sessions.delete_expired(limit, now)))
    }
}
