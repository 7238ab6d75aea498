//! The session store: what it asks of the lane that writes, and of the relay that reads.

use async_trait::async_trait;
use bursar::StoreErrorKind as Kind;
use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{
    Content, GoneReason, KeyHash, SessionStore, StoreError, StoreErrorKind, UserId, UserSession, Version,
};
use chrono::{DateTime, Utc};

use super::batch::{Create, Delete, Touch, Update};
use super::lane::{SessionJob, SessionWork};
use super::load::list_user;
use super::relay::Asked;
use crate::engine::Engine;
use crate::lane::shut_down;
use crate::store::{SqlStore, reading};

/// The error of a session store for one of the SQL store's.
fn session_error(error: bursar::StoreError) -> StoreError {
    let kind = match error.kind {
        Kind::Busy => StoreErrorKind::Busy,
        Kind::UnknownOutcome => StoreErrorKind::UnknownOutcome,
        Kind::Full => StoreErrorKind::Full,
        Kind::ReadOnly => StoreErrorKind::ReadOnly,
        Kind::Corrupt => StoreErrorKind::Corrupt,
        Kind::NotADatabase | Kind::NewerSchema | Kind::Misuse => StoreErrorKind::Misuse,
        // Whatever else there may be is no absence, and may pass.
        _ => StoreErrorKind::Unavailable,
    };
    let session = StoreError::new(kind, error.operation, error.detail);
    match error.source {
        Some(source) => session.with_source(source),
        None => session,
    }
}

impl<E: Engine> SqlStore<E> {
    async fn list(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: i64,
    ) -> Result<Vec<UserSession>, bursar::StoreError> {
        reading!(self, list_user::<E>, user, after, limit, now)
    }
}

#[async_trait]
impl<E: Engine> SessionStore for SqlStore<E> {
    async fn load(&self, key: &KeyHash, now: DateTime<Utc>) -> Result<Loaded, StoreError> {
        let asked = Asked { key: *key, now: now.timestamp_micros() };
        crate::proxy::through(self.proxied, self.relay.load(asked)).await.map_err(session_error)
    }

    async fn create(
        &self,
        key: &KeyHash,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Created, StoreError> {
        let create = Create { key: *key, content: content.clone(), now: now.timestamp_micros() };
        let work = |reply| SessionWork::Create(create, reply);
        self.writes.write_session(key, "create a session", work).await.map_err(session_error)
    }

    async fn update(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let update = Update { key: *key, version, content: content.clone(), now: now.timestamp_micros() };
        let work = |reply| SessionWork::Update(update, reply);
        self.writes.write_session(key, "update a session", work).await.map_err(session_error)
    }

    async fn touch(
        &self,
        key: &KeyHash,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Touched, StoreError> {
        let (expires_at, now) = (expires_at.timestamp_micros(), now.timestamp_micros());
        let touch = Touch { key: *key, expires_at, now };
        let work = |reply| SessionWork::Touch(touch, reply);
        self.writes.write_session(key, "touch a session", work).await.map_err(session_error)
    }

    async fn rotate(&self, key: &KeyHash, to: &KeyHash, now: DateTime<Utc>) -> Result<Rotated, StoreError> {
        let job = SessionJob::Rotate { key: *key, to: *to, now: now.timestamp_micros() };
        let done = self.writes.run_session("rotate a session", job).await.map_err(session_error)?;
        done.rotated().map_err(session_error)
    }

    async fn delete(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: DateTime<Utc>,
    ) -> Result<Deleted, StoreError> {
        let delete = Delete { key: *key, version, reason, now: now.timestamp_micros() };
        let work = |reply| SessionWork::Delete(delete, reply);
        self.writes.write_session(key, "delete a session", work).await.map_err(session_error)
    }

    async fn list_user(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<UserSession>, StoreError> {
        if self.relay.is_closed() {
            return Err(session_error(shut_down("list a user's sessions")));
        }
        let now = now.timestamp_micros();
        self.list(user, after, limit, now).await.map_err(session_error)
    }

    async fn delete_user(
        &self,
        user: &UserId,
        except: Option<&KeyHash>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let (user, except) = (user.clone(), except.copied());
        let job = SessionJob::DeleteUser { user, except, now: now.timestamp_micros() };
        let done = self.writes.run_session("delete a user's sessions", job).await.map_err(session_error)?;
        done.rows().map_err(session_error)
    }

    async fn delete_expired(&self, limit: u32, now: DateTime<Utc>) -> Result<u32, StoreError> {
        let job = SessionJob::DeleteExpired { limit, now: now.timestamp_micros() };
        let done = self.writes.run_session("delete expired sessions", job).await.map_err(session_error)?;
        let deleted = done.rows().map_err(session_error)?;
        Ok(u32::try_from(deleted).unwrap_or(limit))
    }
}
