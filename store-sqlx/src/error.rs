//! What a database and sqlx report, as the errors of a store: each says what to do.

use bursar::{StoreError, StoreErrorKind};
use sqlx::Database;

use crate::engine::Engine;

/// What was going on when an error came: it tells whether the outcome is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading, or writing what is not committed yet: nothing was recorded.
    Before,
    /// Committing: what the database did is not known.
    Commit,
}

/// What a database's own errors mean.
pub trait Errors: Database {
    /// Whether a constraint of the tables refused it: a key, a slot or a position taken, a balance past its bound.
    fn is_constraint(error: &sqlx::Error) -> bool;

    /// Whether the database has undone the whole transaction of its own accord, and takes what follows for single statements.
    #[must_use]
    fn ends_transaction(_error: &sqlx::Error) -> bool {
        false
    }

    /// What an error is and what to do about it, beyond what is alike everywhere.
    fn explain(phase: Phase, error: &sqlx::Error) -> (StoreErrorKind, &'static str);
}

/// The error of a store for one of sqlx's.
pub(crate) fn store_error<E: Engine>(
    operation: &'static str,
    phase: Phase,
    error: sqlx::Error,
) -> StoreError {
    let (kind, what) = alike(&error).unwrap_or_else(|| E::explain(phase, &error));
    StoreError::new(kind, operation, format!("{what} ({error})")).with_source(error)
}

/// [`store_error`] of a statement before the commit.
pub(crate) fn failed<E: Engine>(operation: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| store_error::<E>(operation, Phase::Before, error)
}

/// What means the same in every database.
const fn alike(error: &sqlx::Error) -> Option<(StoreErrorKind, &'static str)> {
    match error {
        sqlx::Error::PoolTimedOut => Some((
            StoreErrorKind::Unavailable,
            "every connection is in use, or none can be had; try again, or allow the pool more connections",
        )),
        sqlx::Error::PoolClosed => {
            Some((StoreErrorKind::Unavailable, "the pool is closed; open the store anew"))
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            Some((StoreErrorKind::Corrupt, "a row holds what it cannot hold; restore a backup"))
        }
        _ => None,
    }
}
