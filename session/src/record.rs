//! A session as a store keeps it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{KeyHash, UserId};

/// How often a session has been changed: 1 when it is created, and one more with every update. A touch is no change.
///
/// ```
/// use bursar_session::Version;
///
/// assert_eq!(Version::FIRST.next(), Version::new(2).unwrap());
/// assert_eq!(Version::new(0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

impl Version {
    /// The version of a session that was just created.
    pub const FIRST: Self = Self(1);

    /// The version of this number, as a store has kept it; `None` below 1.
    #[must_use]
    pub const fn new(number: i64) -> Option<Self> {
        if number >= 1 { Some(Self(number)) } else { None }
    }

    /// Its number: 1 or more.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The version after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What a request may change in a session, as a store keeps it.
///
/// Instants are in UTC, to the microsecond. `Debug` shows neither the data nor the user.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// The data: a JSON object as text, which a store keeps to the letter.
    pub data: Arc<str>,
    /// The user that the session is bound to.
    pub user: Option<UserId>,
    /// The end of the idle time: from this instant on the session is gone. Touches move it forwards, never past [`ends_at`](Self::ends_at).
    pub expires_at: DateTime<Utc>,
    /// The end of the lifetime, whatever is done until then.
    pub ends_at: DateTime<Utc>,
    /// The session's own idle timeout, where it was given one; else it is the application's.
    pub idle_timeout: Option<Duration>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("data_bytes", &self.data.len())
            .field("has_user", &self.user.is_some())
            .field("expires_at", &self.expires_at)
            .field("ends_at", &self.ends_at)
            .field("idle_timeout", &self.idle_timeout)
            .finish()
    }
}

/// A session as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which change of it this is.
    pub version: Version,
    /// When it was created, in UTC.
    pub created_at: DateTime<Utc>,
    /// What it holds.
    pub content: Content,
}

/// One of a user's sessions, as they are listed (R13).
///
/// ```
/// use bursar_session::UserSession;
///
/// /// How a page that lists a user's sessions shows one.
/// fn shown(session: &UserSession) -> String {
///     format!("since {}, until {}", session.created_at.format("%d %B, %H:%M"), session.ends_at.format("%d %B, %H:%M"))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSession {
    /// What the store knows it by.
    pub key: KeyHash,
    /// When it was created, in UTC.
    pub created_at: DateTime<Utc>,
    /// When it expires unless it is used, in UTC.
    pub expires_at: DateTime<Utc>,
    /// When it ends at the latest, in UTC.
    pub ends_at: DateTime<Utc>,
}
