//! Errors: what a call on a session can end with, and what the caller does about it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::{Response, StatusCode};

use crate::SessionInterrupted;
use crate::outcome::Answered;

/// What a call on a [`Session`](crate::Session) can end with.
///
/// A handler that returns one as its answer (the `axum` and `actix` features make answers of them) is answered as the layer answers the
/// same error of its own.
///
/// | variant | what to do | HTTP |
/// |---|---|---|
/// | [`Interrupted`](Error::Interrupted) | undo what can be undone, or let the layer answer | 303, 409 or 401 |
/// | [`Conflict`](Error::Conflict) | ask the user to look again and repeat | 409 |
/// | [`Contended`](Error::Contended) | try again later | 503 |
/// | [`Store`](Error::Store) | as [`StoreError::may_retry`] says; else call the operator | 503 |
/// | the others | mend the program | 500 |
///
/// ```
/// use bursar_session::{Conflict, Error};
/// use http::StatusCode;
///
/// let error = Error::Conflict(Conflict::Values(vec!["cart".into()]));
/// assert_eq!((error.code(), error.status()), ("session_conflict", StatusCode::CONFLICT));
/// assert!(error.may_retry(), "once the user has looked again");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The session ended while the request was under way; nothing was saved (R5).
    #[error(transparent)]
    Interrupted(#[from] SessionInterrupted),
    /// Another request changed the same things at the same time, and they are to conflict; nothing was saved (R3).
    #[error("another request changed the session at the same time: {0}; look at it again and repeat")]
    Conflict(Conflict),
    /// Other requests changed the session, as often as this one tried; nothing was saved.
    #[error(
        "other requests changed the session at the same time, {attempts} times in a row; try again later"
    )]
    Contended {
        /// How often it was tried.
        attempts: u32,
    },
    /// The store could not do its part; nothing was saved, unless the outcome is unknown (R12).
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data would grow past the limit; the change was not made.
    #[error("the session's data would be {bytes} bytes, and {bytes_max} are allowed")]
    TooLarge {
        /// How large the data would be, as JSON.
        bytes: usize,
        /// How large they may be.
        bytes_max: usize,
    },
    /// A name of a value is empty or too long; the change was not made.
    #[error("a value's name has {length} bytes; 1 to {length_max} are allowed")]
    Name {
        /// How many bytes it has.
        length: usize,
        /// How many it may have.
        length_max: usize,
    },
    /// A user's id is empty, too long, or holds control characters; the change was not made.
    #[error(
        "a user's id has {length} characters; 1 to {length_max} are allowed, none of them a control character"
    )]
    UserId {
        /// How many characters it has.
        length: usize,
        /// How many it may have.
        length_max: usize,
    },
    /// A value cannot be written as JSON: a map whose keys are no texts, a number that is none, or a `Serialize` that fails. The change was
    /// not made.
    #[error("the value {name:?}, a {given}, cannot be written as JSON")]
    Encode {
        /// The value's name.
        name: String,
        /// The type that was given.
        given: &'static str,
    },
    /// A value is not of the type that is asked for. What it is, is not said: it may be secret.
    #[error("the value {name:?} is no {asked}")]
    Decode {
        /// The value's name.
        name: String,
        /// The type that was asked for.
        asked: &'static str,
    },
    /// The response has begun: what is changed now can be saved no more (R12).
    #[error("the response has begun; a session is used before the handler returns")]
    ResponseBegun,
    /// The function of an [`update`](crate::Session::update) uses a session; it is to change its value and nothing else.
    #[error("the function of an update uses a session; it is to change its value and nothing else")]
    WithinUpdate,
    /// The system has no randomness to make a key of.
    #[error("the operating system gives no randomness for a session key: {detail}")]
    NoRandomness {
        /// What the system says.
        detail: String,
    },
    /// A cookie cannot have this attribute.
    #[error("the session cookie cannot have the {attribute} {value:?}: {allowed}")]
    Cookie {
        /// Which attribute: `name`, `path`, `domain`.
        attribute: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
}

impl Error {
    /// The stable code for logs and API clients.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Interrupted(_) => SessionInterrupted::CODE,
            Self::Conflict(_) => "session_conflict",
            Self::Contended { .. } => "session_contended",
            Self::Store(_) => "session_unavailable",
            Self::TooLarge { .. } => "session_too_large",
            Self::ResponseBegun => "session_response_begun",
            Self::NoRandomness { .. } => "session_no_randomness",
            Self::Name { .. }
            | Self::UserId { .. }
            | Self::Encode { .. }
            | Self::Decode { .. }
            | Self::WithinUpdate
            | Self::Cookie { .. } => "session_misuse",
        }
    }

    /// The status that fits: 409 for an interruption (a page is rather sent to the login page, and an API client gets 401; the layer
    /// does that), 409 for a conflict, 503 for a store that is down, 500 for what the program has to mend.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Interrupted(_) | Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Contended { .. } | Self::Store(_) | Self::NoRandomness { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::TooLarge { .. }
            | Self::Name { .. }
            | Self::UserId { .. }
            | Self::Encode { .. }
            | Self::Decode { .. }
            | Self::ResponseBegun
            | Self::WithinUpdate
            | Self::Cookie { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer of a handler to this error: marked, so that the layer puts its own in its place, which knows the request (R6). With the
    /// features `axum` and `actix` a handler may return the error itself.
    ///
    /// ```
    /// use bursar_session::{Error, Session};
    /// use http::Response;
    ///
    /// /// A handler for a server that knows neither of the adapters' extractors.
    /// async fn page(session: &Session) -> Response<String> {
    ///     match session.get::<String>("name").await {
    ///         Ok(name) => Response::new(name.unwrap_or_default()),
    ///         Err(error) => error.into_answer(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn into_answer(self) -> Response<String> {
        let mut response = crate::answer::plain(&self);
        response.extensions_mut().insert(Answered(Arc::new(self)));
        response
    }

    /// The same error once more, without its causes: actix-web lends errors and does not give them away.
    #[cfg(feature = "actix")]
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Interrupted(interrupted) => Self::Interrupted(*interrupted),
            Self::Conflict(conflict) => Self::Conflict(conflict.clone()),
            Self::Contended { attempts } => Self::Contended { attempts: *attempts },
            Self::Store(error) => {
                Self::Store(StoreError::new(error.kind, error.operation, error.detail.clone()))
            }
            Self::TooLarge { bytes, bytes_max } => Self::TooLarge { bytes: *bytes, bytes_max: *bytes_max },
            Self::Name { length, length_max } => Self::Name { length: *length, length_max: *length_max },
            Self::UserId { length, length_max } => Self::UserId { length: *length, length_max: *length_max },
            Self::Encode { name, given } => Self::Encode { name: name.clone(), given },
            Self::Decode { name, asked } => Self::Decode { name: name.clone(), asked },
            Self::ResponseBegun => Self::ResponseBegun,
            Self::WithinUpdate => Self::WithinUpdate,
            Self::NoRandomness { detail } => Self::NoRandomness { detail: detail.clone() },
            Self::Cookie { attribute, value, allowed } => {
                Self::Cookie { attribute, value: value.clone(), allowed }
            }
        }
    }

    /// Whether the same request may succeed later without any change.
    #[must_use]
    pub const fn may_retry(&self) -> bool {
        match self {
            Self::Conflict(_) | Self::Contended { .. } => true,
            Self::Store(store) => store.may_retry(),
            _ => false,
        }
    }
}

/// What two requests changed at the same time and is to conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// These values, which are to conflict by their [`MergePolicy`](crate::MergePolicy), in the order of their names.
    Values(Vec<String>),
    /// One of them emptied the session.
    Clear,
    /// One of them bound it to another user, or to none.
    User,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(names) => write!(f, "the values {}", names.join(", ")),
            Self::Clear => f.write_str("one of them cleared it"),
            Self::User => f.write_str("one of them changed its user"),
        }
    }
}

/// What went wrong in a session store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The database is locked by another process longer than the store waits; nothing was changed. Try again.
    Busy,
    /// The database cannot be reached, or the store is shut down; nothing was changed. Try again.
    Unavailable,
    /// The connection was lost at the commit: changed or not. Read the session to find out.
    UnknownOutcome,
    /// The disk or the database's size limit is full; nothing was changed. Make room.
    Full,
    /// The database or its file may not be written; nothing was changed. Mend the permissions.
    ReadOnly,
    /// The database finds itself damaged. Restore a backup.
    Corrupt,
    /// The store was set up or asked in a way that it cannot serve.
    Misuse,
}

/// An error of a session store: its kind, which operation failed, and the cause. It never means that a session is absent.
///
/// ```
/// use bursar_session::{StoreError, StoreErrorKind};
///
/// let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
/// let error = StoreError::new(StoreErrorKind::Unavailable, "load a session", "the connection was lost; try again")
///     .with_source(lost);
/// assert!(error.may_retry());
/// assert_eq!(error.to_string(), "load a session: the connection was lost; try again");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {detail}")]
pub struct StoreError {
    /// What went wrong.
    pub kind: StoreErrorKind,
    /// Which operation failed.
    pub operation: &'static str,
    /// What happened and what to do, in words, without keys or user ids.
    pub detail: String,
    /// The cause, where another library reported it.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// An error without a cause from elsewhere.
    #[must_use]
    pub fn new(kind: StoreErrorKind, operation: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, operation, detail: detail.into(), source: None }
    }

    /// The error with the cause that another library reported.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub const fn may_retry(&self) -> bool {
        matches!(
            self.kind,
            StoreErrorKind::Busy | StoreErrorKind::Unavailable | StoreErrorKind::UnknownOutcome
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Conflict, Error, StoreError, StoreErrorKind};
    use crate::{GoneReason, SessionInterrupted};

    #[test]
    fn what_may_pass_may_be_retried() {
        let store = |kind| Error::Store(StoreError::new(kind, "load a session", "says the test"));
        for error in [
            Error::Conflict(Conflict::Clear),
            Error::Contended { attempts: 3 },
            store(StoreErrorKind::Busy),
            store(StoreErrorKind::Unavailable),
            store(StoreErrorKind::UnknownOutcome),
        ] {
            assert!(error.may_retry(), "{error:?}");
        }
        for error in [
            Error::Interrupted(SessionInterrupted { reason: Some(GoneReason::LoggedOut) }),
            store(StoreErrorKind::Full),
            store(StoreErrorKind::ReadOnly),
            store(StoreErrorKind::Corrupt),
            store(StoreErrorKind::Misuse),
            Error::TooLarge { bytes: 2, bytes_max: 1 },
            Error::Name { length: 0, length_max: 128 },
            Error::UserId { length: 0, length_max: 128 },
            Error::Encode { name: "n".into(), given: "f32" },
            Error::Decode { name: "n".into(), asked: "u32" },
            Error::ResponseBegun,
            Error::WithinUpdate,
            Error::NoRandomness { detail: "none".into() },
            Error::Cookie { attribute: "path", value: "a".into(), allowed: "one that begins with a slash" },
        ] {
            assert!(!error.may_retry(), "{error:?}");
        }
    }

    #[test]
    fn a_conflict_says_of_what() {
        for (conflict, said) in [
            (Conflict::Values(vec!["a".into(), "b".into()]), "the values a, b"),
            (Conflict::Clear, "one of them cleared it"),
            (Conflict::User, "one of them changed its user"),
        ] {
            let error = Error::Conflict(conflict);
            let expected = format!(
                "another request changed the session at the same time: {said}; look at it again and repeat"
            );
            assert_eq!(error.to_string(), expected);
        }
    }
}
