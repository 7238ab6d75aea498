//! The file in which the rows are kept: how each call is one step for every process, and durable before it returns.
//!
//! A call takes the lock, reads all rows, does its part, writes all rows beside the file and renames that over it. So whoever reads sees
//! all of a call or nothing of it, and so does who comes after a crash. It does for an office; for more there are the stores on databases.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{
    Content, GoneReason, KeyHash, SessionStore, StoreError, StoreErrorKind, UserId, UserSession, Version,
};
use chrono::{DateTime, Utc};

use crate::rows::Rows;

/// Sessions in a JSON file.
#[derive(Clone)]
pub(crate) struct FileStore {
    path: PathBuf,
}

impl FileStore {
    /// Opens the file, and creates it where there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self { path: path.to_owned() };
        store.step("open the sessions", |_| ())?;
        Ok(store)
    }

    /// One step, and what it answers.
    fn step<T>(&self, operation: &'static str, step: impl FnOnce(&mut Rows) -> T) -> Result<T, StoreError> {
        // What cannot be read or written is an error, and never an absence (R5).
        let failed = |error: io::Error| {
            let kind = match error.kind() {
                io::ErrorKind::StorageFull => StoreErrorKind::Full,
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    StoreErrorKind::ReadOnly
                }
                io::ErrorKind::InvalidData => StoreErrorKind::Corrupt,
                _ => StoreErrorKind::Unavailable,
            };
            StoreError::new(kind, operation, error.to_string()).with_source(error)
        };
        let lock = self.locked().map_err(failed)?;
        let mut rows = self.read().map_err(failed)?;
        let answer = step(&mut rows);
        if rows.changed {
            self.write(&rows).map_err(failed)?;
        }
        drop(lock);
        Ok(answer)
    }

    /// The lock that all processes share; dropping the file gives it back, and so does the end of the process.
    fn locked(&self) -> io::Result<File> {
        let path = self.path.with_extension("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        lock.lock()?;
        Ok(lock)
    }

    fn read(&self) -> io::Result<Rows> {
        match std::fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Rows::default()),
            Err(error) => Err(error),
        }
    }

    fn write(&self, rows: &Rows) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(rows)?)?;
        file.sync_all()?;
        std::fs::rename(beside, &self.path)
    }

    /// A step on a thread that may wait. It is done to its end even if nobody waits for its answer any more.
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        step: impl FnOnce(&mut Rows) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || store.step(operation, step)).await;
        done.unwrap_or_else(|error| {
            Err(StoreError::new(StoreErrorKind::UnknownOutcome, operation, error.to_string()))
        })
    }
}

#[async_trait]
impl SessionStore for FileStore {
    async fn load(&self, key: &KeyHash, now: DateTime<Utc>) -> Result<Loaded, StoreError> {
        let key = *key;
        self.call("load a session", move |rows| rows.load(&key, now)).await
    }

    async fn create(
        &self,
        key: &KeyHash,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Created, StoreError> {
        let (key, content) = (*key, content.clone());
        let step = move |rows: &mut Rows| rows.create(&key, &content, now);
        self.call("create a session", step).await
    }

    async fn update(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let (key, content) = (*key, content.clone());
        let step = move |rows: &mut Rows| rows.update(&key, version, &content, now);
        self.call("update a session", step).await
    }

    async fn touch(
        &self,
        key: &KeyHash,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Touched, StoreError> {
        let key = *key;
        self.call("touch a session", move |rows| rows.touch(&key, expires_at, now)).await
    }

    async fn rotate(&self, key: &KeyHash, to: &KeyHash, now: DateTime<Utc>) -> Result<Rotated, StoreError> {
        let (key, to) = (*key, *to);
        self.call("rotate a session", move |rows| rows.rotate(&key, &to, now)).await
    }

    async fn delete(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: DateTime<Utc>,
    ) -> Result<Deleted, StoreError> {
        let key = *key;
        self.call("delete a session", move |rows| rows.delete(&key, version, reason, now)).await
    }

    async fn list_user(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<UserSession>, StoreError> {
        let (user, after) = (user.clone(), after.copied());
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let step = move |rows: &mut Rows| rows.list_user(&user, after.as_ref(), limit, now);
        self.call("list a user's sessions", step).await
    }

    async fn delete_user(
        &self,
        user: &UserId,
        except: Option<&KeyHash>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let (user, except) = (user.clone(), except.copied());
        let step = move |rows: &mut Rows| rows.delete_user(&user, except.as_ref(), now);
        self.call("delete a user's sessions", step).await
    }

    async fn delete_expired(&self, limit: u32, now: DateTime<Utc>) -> Result<u32, StoreError> {
        let step = move |rows: &mut Rows| rows.delete_expired(limit, now);
        self.call("delete expired sessions", step).await
    }
}
