//! What a session store does. It keeps; it does not decide.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{Content, Gone, GoneReason, KeyHash, Record, StoreError, UserId, UserSession, Version};

/// What a load found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// The session.
    Live(Record),
    /// There is no such session.
    Gone(Gone),
    /// There is a row, and it says what no session can. It is told apart from an error so that the one session is dropped, and the others
    /// go on.
    Undecodable,
}

/// What became of a creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It was created, as [`Version::FIRST`].
    Created,
    /// There is a session under this key, or the tombstone of one; nothing was changed.
    Exists,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// It was updated; this is its version now.
    Updated(Version),
    /// The session has another version than the one given: somebody changed it; nothing was changed.
    Stale,
    /// There is no such session; nothing was changed.
    Gone(Gone),
}

/// What became of a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// The session expires then, or later.
    Touched,
    /// There is no such session; nothing was changed.
    Gone(Gone),
}

/// What became of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The session has the new key, and the old one is gone.
    Rotated,
    /// There is a session under the new key already, or the tombstone of one; nothing was changed.
    Exists,
    /// There is no session under the old key; nothing was changed.
    Gone(Gone),
}

/// What became of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It was deleted.
    Deleted,
    /// The session has another version than the one given; nothing was changed.
    Stale,
    /// There is no such session; nothing was changed.
    Gone(Gone),
}

/// Where sessions are kept.
///
/// Every call states what it means: insert, change if it is there and as it was read, prolong if it is there. None inserts what is not
/// there but [`create`](Self::create), and no method falls back on another, so that no store can bring a deleted session back (R2).
///
/// What every implementation keeps to, and the suite in `conformance` asks of it:
///
/// - Each call is atomic: seen whole or not at all, by every process that shares the store, and durable as far as the store is before it
///   returns. A caller that goes away leaves it whole or undone.
/// - **Time is the caller's**: `now` says what is expired. A session whose `expires_at` is not after `now` is gone for every
///   call but [`delete_expired`](Self::delete_expired), with the reason [`Expired`](GoneReason::Expired) and its `expires_at` as the instant for as long as the row is there.
/// - **Gone is proven**: it is answered when the session is known to be absent. An I/O error, a busy database, a timeout are a
///   [`StoreError`], never an absence.
/// - **Tombstones**: [`delete`](Self::delete), [`delete_user`](Self::delete_user) and [`rotate`](Self::rotate) leave the reason and the instant under the old key for
///   [`TOMBSTONE_KEPT`](crate::TOMBSTONE_KEPT); nothing else of the session stays.
/// - Instants are kept to the microsecond, data and user ids to the letter.
///
/// A store for tests of one's own is best the one in `bursar-store-memory`.
///
/// ```
/// use std::sync::Arc;
///
/// use bursar_session::store::{Created, Deleted, Loaded, Updated};
/// use bursar_session::{Content, GoneReason, SessionKey, SessionStore, Version, hours, minutes};
/// use bursar_store_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
/// let now = "2126-02-01T08:00:00Z".parse()?;
/// let key = SessionKey::generate()?.hash();
/// let content = Content {
///     data: "{}".into(),
///     user: None,
///     expires_at: now + minutes(30),
///     ends_at: now + hours(12),
///     idle_timeout: None,
/// };
/// assert_eq!(store.create(&key, &content, now).await?, Created::Created);
/// let Loaded::Live(record) = store.load(&key, now).await? else { panic!("it was created") };
/// assert_eq!((record.version, &record.content), (Version::FIRST, &content));
///
/// // A logout comes in between: what was decided on the session as it was changes nothing any more.
/// assert_eq!(store.delete(&key, None, GoneReason::LoggedOut, now).await?, Deleted::Deleted);
/// let late = store.update(&key, record.version, &content, now).await?;
/// assert!(matches!(late, Updated::Gone(gone) if gone.reason == Some(GoneReason::LoggedOut)));
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Reads a session.
    ///
    /// # Errors
    /// [`StoreError`]: the store could not look.
    async fn load(&self, key: &KeyHash, now: DateTime<Utc>) -> Result<Loaded, StoreError>;

    /// Creates a session, of version [`Version::FIRST`] and created `now`. It changes nothing that is there.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was created, unless the outcome is unknown.
    async fn create(
        &self,
        key: &KeyHash,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Created, StoreError>;

    /// Replaces the content of a session that is there and of this version, and raises the version by one. Here the deadlines are
    /// as `content` says, even if that is sooner.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed, unless the outcome is unknown.
    async fn update(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError>;

    /// Moves the end of a session's idle time to `expires_at`: forwards only, and no further than its `ends_at`. Neither
    /// data nor version change. Touches may be gathered into one write, but are answered when they are written.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed, unless the outcome is unknown.
    async fn touch(
        &self,
        key: &KeyHash,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Touched, StoreError>;

    /// Gives a session a new key, in one step: it is never under both or neither. Content, version and creation stay as they are; the
    /// old key is [`Rotated`](GoneReason::Rotated) from then on.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed, unless the outcome is unknown.
    async fn rotate(&self, key: &KeyHash, to: &KeyHash, now: DateTime<Utc>) -> Result<Rotated, StoreError>;

    /// Deletes a session, if a version is given only while it has that one, and keeps the reason.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed, unless the outcome is unknown.
    async fn delete(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: DateTime<Utc>,
    ) -> Result<Deleted, StoreError>;

    /// Lists a user's sessions that are not gone, in the order of their key hashes, those after `after`, at most `limit`. A page that is
    /// shorter is the last one.
    ///
    /// # Errors
    /// [`StoreError`]: the store could not look.
    async fn list_user(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<UserSession>, StoreError>;

    /// Deletes a user's sessions, all but `except`, as [`LoggedOut`](GoneReason::LoggedOut); how many of them were not gone.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed, unless the outcome is unknown.
    async fn delete_user(
        &self,
        user: &UserId,
        except: Option<&KeyHash>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// Deletes up to `limit` rows for good: of sessions that have expired, and tombstones that were kept long enough. Each is judged in the
    /// step that deletes it, so that one that was just touched stays. How many were deleted; fewer than `limit` means that there are no
    /// more.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed, unless the outcome is unknown.
    async fn delete_expired(&self, limit: u32, now: DateTime<Utc>) -> Result<u32, StoreError>;
}
