//! What a case answers when a store does not hold, and the two checks that make it.

use std::fmt::Debug;

use crate::{Error, StoreError};

/// Why a store does not pass a case: what was expected, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    what: String,
}

impl Failure {
    /// A failure in words.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }

    /// The failure, and during what it came.
    pub(super) fn during(self, what: &str) -> Self {
        Self::new(format!("{what}: {}", self.what))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(format!("the store failed with {:?} where it had to answer: {error}", error.kind))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(format!("the session failed where it had to answer: {error}"))
    }
}

/// Fails unless it holds.
pub(super) fn holds(holds: bool, what: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(what())) }
}

/// Fails unless what was found is what was expected.
pub(super) fn same<T: Debug + PartialEq>(what: &str, found: &T, expected: &T) -> Result<(), Failure> {
    holds(found == expected, || format!("{what}: expected {expected:?}, found {found:?}"))
}
