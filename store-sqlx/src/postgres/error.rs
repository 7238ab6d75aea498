//! What PostgreSQL reports.

use std::borrow::Cow;

use bursar::StoreErrorKind;
use sqlx::Postgres;

use crate::error::{Errors, Phase};

fn state(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error()?.code()
}

impl Errors for Postgres {
    /// Whether a constraint of the tables refused it: the class 23 of states.
    fn is_constraint(error: &sqlx::Error) -> bool {
        state(error).is_some_and(|state| state.starts_with("23"))
    }

    fn explain(phase: Phase, error: &sqlx::Error) -> (StoreErrorKind, &'static str) {
        let open = phase == Phase::Commit;
        match error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => lost(open),
            sqlx::Error::Tls(_) => (
                StoreErrorKind::CannotOpen,
                "no encrypted connection can be had; look at sslmode and certificates, or enable one of sqlx's TLS features",
            ),
            sqlx::Error::Configuration(_) => (
                StoreErrorKind::Misuse,
                "the address of the database is not understood; give postgres://USER:PASSWORD@HOST/DATABASE",
            ),
            _ => state(error).map_or_else(unknown, |state| of_state(&state, open)),
        }
    }
}

const fn lost(open: bool) -> (StoreErrorKind, &'static str) {
    if open {
        (StoreErrorKind::UnknownOutcome, "the connection was lost under way; ask whether it was done")
    } else {
        (
            StoreErrorKind::Unavailable,
            "the server cannot be reached, or the connection was lost; look after it, then try again",
        )
    }
}

const fn unknown() -> (StoreErrorKind, &'static str) {
    (StoreErrorKind::Misuse, "PostgreSQL does not take the statement: are the tables this library's own?")
}

fn of_state(state: &str, open: bool) -> (StoreErrorKind, &'static str) {
    match state {
        // Deadlocks, and what stricter isolation than READ COMMITTED brings.
        "40001" | "40P01" => (
            StoreErrorKind::Busy,
            "others changed the same at the same time; try the whole transaction again",
        ),
        "55P03" | "57014" => (
            StoreErrorKind::Busy,
            "it took too long, mostly because others have locked what it needs; try again, or wait longer (lock_timeout, statement_timeout)",
        ),
        "25006" => (
            StoreErrorKind::ReadOnly,
            "the database may not be written: is it a standby, or a read-only session? connect to the primary",
        ),
        "53100" => (StoreErrorKind::Full, "the server's disk is full; make room, then try again"),
        "53300" => (
            StoreErrorKind::Unavailable,
            "the server has no connection left; try again, or allow it more (max_connections)",
        ),
        // A server that stops may do so between the commit and its answer.
        "57P01" | "57P02" => lost(open),
        "57P03" => (StoreErrorKind::Unavailable, "the server is starting or stopping; try again"),
        "28000" | "28P01" => (
            StoreErrorKind::CannotOpen,
            "the server does not let this user in; check user, password and pg_hba.conf",
        ),
        "3D000" => (StoreErrorKind::CannotOpen, "there is no such database; check the name, or create it"),
        "3F000" => (StoreErrorKind::CannotOpen, "there is no schema to make tables in; check search_path"),
        "42501" => (
            StoreErrorKind::CannotOpen,
            "the user lacks a privilege; grant it the use of bursar's tables, and CREATE on the schema where they are to be made",
        ),
        "0A000" => (
            StoreErrorKind::Misuse,
            "the server or a proxy before it lacks something that is needed; PostgreSQL 12 or later is",
        ),
        "26000" | "42P05" => (
            StoreErrorKind::Misuse,
            "a proxy mixes prepared statements up; use PgBouncer 1.21 or later with max_prepared_statements set",
        ),
        "XX001" | "XX002" => (StoreErrorKind::Corrupt, "the database is damaged; restore a backup"),
        _ => match state.get(..2) {
            Some("08") => lost(open),
            Some("53") => (
                StoreErrorKind::Unavailable,
                "the server is short of something; look after it, then try again",
            ),
            Some("58") if open => lost(open),
            Some("58") => {
                (StoreErrorKind::Unavailable, "the server's disk failed; look after it, then try again")
            }
            _ => unknown(),
        },
    }
}
