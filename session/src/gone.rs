//! Sessions that are gone, why, and the error for who finds his gone (R5).

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// How long a store keeps the reason for which a session is gone: a minute. A tombstone opens nothing.
pub const TOMBSTONE_KEPT: Duration = Duration::from_secs(60);

/// Why a session is gone.
///
/// ```
/// use bursar_session::GoneReason;
///
/// for reason in GoneReason::ALL {
///     assert_eq!(GoneReason::from_number(i64::from(reason.number())), Some(reason));
/// }
/// assert_eq!(GoneReason::LoggedOut.as_str(), "logged_out");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GoneReason {
    /// It was ended: by a logout, with all of its user's, or by clearing it when it had no user.
    LoggedOut,
    /// It has a newer key, which this one does not lead to: the browser that was answered holds it.
    Rotated,
    /// Its idle timeout or its lifetime has passed.
    Expired,
    /// A request took the last value out of it, and it was bound to no user. Nothing was in it that could be missed: what another request
    /// sets at the same time goes into a new session.
    Emptied,
}

impl GoneReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::LoggedOut, Self::Rotated, Self::Expired, Self::Emptied];

    /// The reason as a stable word, for logs and API clients: `logged_out`, `rotated`, `expired`, `emptied`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::Rotated => "rotated",
            Self::Expired => "expired",
            Self::Emptied => "emptied",
        }
    }

    /// The number by which a store may keep it: 1 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::LoggedOut => 1,
            Self::Rotated => 2,
            Self::Expired => 3,
            Self::Emptied => 4,
        }
    }

    /// The reason of such a number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| i64::from(reason.number()) == number)
    }
}

impl fmt::Display for GoneReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoggedOut => "it was logged out",
            Self::Rotated => "it has a new key since somebody logged in",
            Self::Expired => "it expired",
            Self::Emptied => "another request took the last value out of it",
        })
    }
}

/// A session that a store does not have, with what its tombstone tells where there is one.
///
/// It is the proof of an absence: a store that cannot look answers with an error instead.
///
/// ```
/// use bursar_session::{Gone, GoneReason};
/// use chrono::DateTime;
///
/// let gone = Gone::new(GoneReason::Rotated, DateTime::UNIX_EPOCH);
/// assert_eq!(gone.reason, Some(GoneReason::Rotated));
/// assert_eq!(Gone::UNKNOWN.reason, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Why, where it is known.
    pub reason: Option<GoneReason>,
    /// Since when, in UTC, where it is known.
    pub at: Option<DateTime<Utc>>,
}

impl Gone {
    /// Gone without a trace: never there, or longer gone than tombstones are kept.
    pub const UNKNOWN: Self = Self { reason: None, at: None };

    /// Gone for this reason since then.
    #[must_use]
    pub const fn new(reason: GoneReason, at: DateTime<Utc>) -> Self {
        Self { reason: Some(reason), at: Some(at) }
    }
}

/// The session ended while a request was under way, so that what the request changed in it has no place to go.
///
/// Nothing of it was saved, and it will not come back. What the handler did elsewhere (in a database, say) may have been done.
///
/// ```
/// use bursar_session::{Gone, GoneReason, SessionInterrupted};
/// use chrono::DateTime;
///
/// let interrupted = SessionInterrupted::from(Gone::new(GoneReason::LoggedOut, DateTime::UNIX_EPOCH));
/// assert_eq!(interrupted.to_string(), "the session ended while the request was under way: it was logged out");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session ended while the request was under way{}", of_reason(self.reason))]
#[non_exhaustive]
pub struct SessionInterrupted {
    /// Why the session is gone, where it is known.
    pub reason: Option<GoneReason>,
}

fn of_reason(reason: Option<GoneReason>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

impl SessionInterrupted {
    /// The stable code for API clients.
    pub const CODE: &'static str = "session_interrupted";
}

impl From<Gone> for SessionInterrupted {
    fn from(gone: Gone) -> Self {
        Self { reason: gone.reason }
    }
}

#[cfg(test)]
mod tests {
    use super::GoneReason;

    #[test]
    fn reasons_are_read_back() {
        for reason in GoneReason::ALL {
            assert_eq!(GoneReason::from_number(i64::from(reason.number())), Some(reason));
        }
        assert_eq!(GoneReason::from_number(0), None);
        assert_eq!(GoneReason::from_number(5), None);
    }
}
