//! What SQLite reports.

use bursar::StoreErrorKind;
use sqlx::Sqlite;

use crate::error::{Errors, Phase};

/// SQLite's primary result codes that are told apart: the low byte of what it reports.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const NO_MEMORY: i32 = 7;
    pub(super) const READ_ONLY: i32 = 8;
    pub(super) const IO: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANNOT_OPEN: i32 = 14;
    pub(super) const CONSTRAINT: i32 = 19;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

fn primary(error: &sqlx::Error) -> Option<i32> {
    let database = error.as_database_error()?;
    let extended: i32 = database.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// Whether another connection holds what was needed, or has changed what was read; it may be tried again.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary(error), Some(code::BUSY | code::LOCKED))
}

impl Errors for Sqlite {
    fn is_constraint(error: &sqlx::Error) -> bool {
        primary(error) == Some(code::CONSTRAINT)
    }

    fn explain(phase: Phase, error: &sqlx::Error) -> (StoreErrorKind, &'static str) {
        let open = phase == Phase::Commit;
        match error {
            sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) if open => (
                StoreErrorKind::UnknownOutcome,
                "the connection was lost at the commit; ask whether it was done",
            ),
            sqlx::Error::WorkerCrashed => (StoreErrorKind::Unavailable, "the connection was lost; try again"),
            sqlx::Error::Io(_) => (StoreErrorKind::CannotOpen, "the file cannot be opened; check the path"),
            sqlx::Error::Configuration(_) => (
                StoreErrorKind::Misuse,
                "the address of the database is not understood; give a path, or sqlite:PATH",
            ),
            _ => match primary(error) {
                Some(code::BUSY | code::LOCKED) => (
                    StoreErrorKind::Busy,
                    "another connection has the database locked; try again, or wait longer (busy_timeout)",
                ),
                Some(code::READ_ONLY) => (
                    StoreErrorKind::ReadOnly,
                    "the file or its folder may not be written; mend the permissions of both",
                ),
                Some(code::FULL) => (
                    StoreErrorKind::Full,
                    "the disk or the database's size limit is full; make room, then try again",
                ),
                Some(code::CANNOT_OPEN) => (
                    StoreErrorKind::CannotOpen,
                    "the file cannot be opened; check that the path is right and that its folder exists and may be written",
                ),
                Some(code::NOT_A_DATABASE) => {
                    (StoreErrorKind::NotADatabase, "the file is not an SQLite database; check the path")
                }
                Some(code::CORRUPT) => (StoreErrorKind::Corrupt, "the database is damaged; restore a backup"),
                Some(code::IO) if open => (
                    StoreErrorKind::UnknownOutcome,
                    "the disk failed at the commit; ask whether it was done, and look after the disk",
                ),
                Some(code::IO) => {
                    (StoreErrorKind::Unavailable, "the disk failed; look after it, then try again")
                }
                Some(code::NO_MEMORY) => (StoreErrorKind::Unavailable, "there is no memory left; try again"),
                _ => (
                    StoreErrorKind::Misuse,
                    "SQLite does not take the statement: are the tables this library's own?",
                ),
            },
        }
    }
}
