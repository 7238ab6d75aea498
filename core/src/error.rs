//! Errors: a rule refused, or the store could not do its part, and what the caller does about it (S8).

use std::error::Error as StdError;

use crate::{IdempotencyKey, Refusal};

/// What a call on the ledger can end with.
///
/// | variant | what to do | HTTP |
/// |---|---|---|
/// | [`Refused`](Error::Refused) | fix the input | 422 |
/// | [`Conflict`](Error::Conflict) | it was tried again already, in vain: ask the user to try later | 409 |
/// | [`UnknownOutcome`](Error::UnknownOutcome) | send the same request again, with the same key | 503 |
/// | [`Store`](Error::Store) | as [`StoreError::may_retry`] says; else call the operator | 503 or 500 |
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// fn answer(error: &Error) -> u16 {
///     match error {
///         Error::Refused(_) => 422,
///         Error::Conflict { .. } => 409,
///         Error::UnknownOutcome { .. } => 503,
///         other if other.may_retry() => 503,
///         _ => 500,
///     }
/// }
///
/// let unknown = school.account("s-71").await.unwrap_err();
/// assert_eq!((answer(&unknown), unknown.to_string().as_str()), (422, "there is no account s-71 in this book; enrol it first"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule does not allow it; nothing was recorded.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Others changed the same things at the same time, as often as the call was tried; nothing was recorded.
    #[error("others changed the same records at the same time, {attempts} times in a row; try again later")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
    },
    /// The connection was lost at the commit and the store could not be asked since: recorded or not, nobody knows yet.
    /// The same request with the same key finds out, and records nothing twice (B7).
    #[error("it is not known whether this was recorded; send the same request again with the same key{}", of_key(key.as_ref()))]
    UnknownOutcome {
        /// The key to ask by, where the request has one.
        key: Option<IdempotencyKey>,
        /// What was lost.
        source: StoreError,
    },
    /// The store could not do its part; nothing was recorded.
    #[error(transparent)]
    Store(StoreError),
}

fn of_key(key: Option<&IdempotencyKey>) -> String {
    key.map(|key| format!(" ({key})")).unwrap_or_default()
}

impl Error {
    /// The refusal, when a rule refused.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::Conflict { .. } | Self::UnknownOutcome { .. } => true,
            Self::Store(store) => store.may_retry(),
        }
    }
}

impl From<StoreError> for Error {
    fn from(store: StoreError) -> Self {
        match store.kind {
            StoreErrorKind::UnknownOutcome => Self::UnknownOutcome { key: None, source: store },
            _ => Self::Store(store),
        }
    }
}

/// What went wrong in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The database is locked by another process longer than the store waits; nothing was recorded. Try again.
    Busy,
    /// The database cannot be reached, or the store is shut down; nothing was recorded. Try again.
    Unavailable,
    /// The connection was lost at the commit: recorded or not. Ask by key.
    UnknownOutcome,
    /// The disk or the database's size limit is full; nothing was recorded. Make room.
    Full,
    /// The database or its file may not be written; nothing was recorded. Mend the permissions.
    ReadOnly,
    /// The schema is newer than this library knows; nothing was touched. Upgrade the library.
    NewerSchema,
    /// The file is not a database. Check the path.
    NotADatabase,
    /// The file or folder cannot be opened. Check the path and the permissions.
    CannotOpen,
    /// A row says what it cannot say, or the database finds itself damaged. Restore a backup.
    Corrupt,
    /// The store was set up or asked in a way that it cannot serve.
    Misuse,
}

/// An error of a store: its kind, which operation failed, and the cause.
///
/// ```
/// use bursar::{Error, StoreError, StoreErrorKind};
///
/// // As a store says it, and as it reaches the caller.
/// let busy = StoreError::new(StoreErrorKind::Busy, "post an entry", "another process holds the file; try again");
/// let error = Error::from(busy);
/// assert!(error.may_retry());
/// assert_eq!(error.to_string(), "post an entry: another process holds the file; try again");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {detail}")]
pub struct StoreError {
    /// What went wrong.
    pub kind: StoreErrorKind,
    /// Which operation failed.
    pub operation: &'static str,
    /// What happened and what to do, in words.
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

    /// A row that says what it cannot say.
    #[must_use]
    pub fn corrupt(operation: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Corrupt, operation, detail)
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
    use super::*;

    #[test]
    fn only_what_may_pass_by_itself_is_to_be_tried_again() {
        use StoreErrorKind::{
            Busy, CannotOpen, Corrupt, Full, Misuse, NewerSchema, NotADatabase, ReadOnly, Unavailable,
            UnknownOutcome,
        };
        let of = |kind| StoreError::new(kind, "post an entry", "no");
        for kind in [Busy, Unavailable, UnknownOutcome] {
            assert!(of(kind).may_retry() && Error::from(of(kind)).may_retry(), "{kind:?}");
        }
        for kind in [Full, ReadOnly, NewerSchema, NotADatabase, CannotOpen, Corrupt, Misuse] {
            assert!(!of(kind).may_retry() && !Error::from(of(kind)).may_retry(), "{kind:?}");
        }
        assert!(Error::Conflict { attempts: 32 }.may_retry());
        assert!(!Error::from(Refusal::Overflow).may_retry());
    }

    #[test]
    fn an_unknown_outcome_names_the_key_to_ask_by() {
        let source = || StoreError::new(StoreErrorKind::UnknownOutcome, "commit", "the line is dead");
        let ask = "it is not known whether this was recorded; send the same request again with the same key";
        assert_eq!(Error::UnknownOutcome { key: None, source: source() }.to_string(), ask);
        let key = Some(IdempotencyKey::new("till-1-0001").unwrap());
        assert_eq!(
            Error::UnknownOutcome { key, source: source() }.to_string(),
            format!("{ask} (till-1-0001)")
        );
    }
}
