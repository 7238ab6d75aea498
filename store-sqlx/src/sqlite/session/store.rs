//! The session store: what it asks of the lane that writes, and of the relay that reads.

use async_trait::async_trait;
use bursar::StoreErrorKind as Kind;
use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{
    Content, GoneReason, KeyHash, SessionStore, StoreError, StoreErrorKind, UserId, UserSession, Version,
};
use chrono::{DateTime, Utc};

use super::load::list_user;
use crate::lane::shut_down;
use crate::relay::Asked;
use crate::session_batch::{Create, Delete, Touch, Update};
use crate::session_lane::{SessionJob, SessionWork};
use crate::sqlite::SqliteStore;
use crate::sqlite::writer::Work;

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

impl SqliteStore {
    async fn session_job(
        &self,
        operation: &'static str,
        job: SessionJob,
    ) -> Result<crate::session_lane::SessionDone, StoreError> {
        let done = self.lane.ask(operation, |reply| Work::Session(SessionWork::Run(job, reply)));
        done.await.map_err(session_error)
    }
}

#[async_trait]
impl SessionStore for SqliteStore {
    async fn load(&self, key: &KeyHash, now: DateTime<Utc>) -> Result<Loaded, StoreError> {
        let asked = Asked { key: *key, now: now.timestamp_micros() };
        self.relay.load(asked).await.map_err(session_error)
    }

    async fn create(
        &self,
        key: &KeyHash,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Created, StoreError> {
        let create = Create { key: *key, content: content.clone(), now: now.timestamp_micros() };
        let work = |reply| Work::Session(SessionWork::Create(create, reply));
        self.lane.ask("create a session", work).await.map_err(session_error)
    }

    async fn update(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let update = Update { key: *key, version, content: content.clone(), now: now.timestamp_micros() };
        let work = |reply| Work::Session(SessionWork::Update(update, reply));
        self.lane.ask("update a session", work).await.map_err(session_error)
    }

    async fn touch(
        &self,
        key: &KeyHash,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Touched, StoreError> {
        let (expires_at, now) = (expires_at.timestamp_micros(), now.timestamp_micros());
        let touch = Touch { key: *key, expires_at, now };
        let work = |reply| Work::Session(SessionWork::Touch(touch, reply));
        self.lane.ask("touch a session", work).await.map_err(session_error)
    }

    async fn rotate(&self, key: &KeyHash, to: &KeyHash, now: DateTime<Utc>) -> Result<Rotated, StoreError> {
        let job = SessionJob::Rotate { key: *key, to: *to, now: now.timestamp_micros() };
        self.session_job("rotate a session", job).await?.rotated().map_err(session_error)
    }

    async fn delete(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: DateTime<Utc>,
    ) -> Result<Deleted, StoreError> {
        let delete = Delete { key: *key, version, reason, now: now.timestamp_micros() };
        let work = |reply| Work::Session(SessionWork::Delete(delete, reply));
        self.lane.ask("delete a session", work).await.map_err(session_error)
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
        let mut reader = self.reader().await.map_err(session_error)?;
        list_user(&mut reader, user, after, limit, now.timestamp_micros()).await.map_err(session_error)
    }

    async fn delete_user(
        &self,
        user: &UserId,
        except: Option<&KeyHash>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let (user, except) = (user.clone(), except.copied());
        let job = SessionJob::DeleteUser { user, except, now: now.timestamp_micros() };
        self.session_job("delete a user's sessions", job).await?.rows().map_err(session_error)
    }

    async fn delete_expired(&self, limit: u32, now: DateTime<Utc>) -> Result<u32, StoreError> {
        let job = SessionJob::DeleteExpired { limit, now: now.timestamp_micros() };
        let deleted =
            self.session_job("delete expired sessions", job).await?.rows().map_err(session_error)?;
        Ok(u32::try_from(deleted).unwrap_or(limit))
    }
}
