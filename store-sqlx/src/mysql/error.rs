//! What MariaDB, MySQL and sqlx report, as the errors of a store: each says what to do.

use bursar::StoreErrorKind;
use sqlx::MySql;
use sqlx::mysql::MySqlDatabaseError;

use crate::error::{Errors, Phase};

/// Errors of the server that are told apart, by their numbers.
mod number {
    pub(super) const TOO_MANY_CONNECTIONS: u16 = 1040;
    pub(super) const NO_ACCESS_TO_DATABASE: u16 = 1044;
    pub(super) const WRONG_PASSWORD: u16 = 1045;
    pub(super) const NO_DATABASE: u16 = 1046;
    pub(super) const UNKNOWN_DATABASE: u16 = 1049;
    pub(super) const SHUTTING_DOWN: u16 = 1053;
    pub(super) const DUPLICATE: u16 = 1062;
    pub(super) const SYNTAX: u16 = 1064;
    pub(super) const TABLE_FULL: u16 = 1114;
    pub(super) const DISK_FULL: u16 = 1021;
    pub(super) const NORMAL_SHUTDOWN: u16 = 1077;
    pub(super) const COMMAND_DENIED: u16 = 1142;
    pub(super) const HOST_BLOCKED: u16 = 1129;
    pub(super) const PACKET_TOO_LARGE: u16 = 1153;
    pub(super) const TOO_MANY_USER_CONNECTIONS: u16 = 1203;
    pub(super) const USER_LIMIT: u16 = 1226;
    pub(super) const LOCK_WAIT: u16 = 1205;
    pub(super) const DEADLOCK: u16 = 1213;
    pub(super) const READ_ONLY: u16 = 1290;
    pub(super) const READ_ONLY_TRANSACTION: u16 = 1792;
    pub(super) const READ_ONLY_MODE: u16 = 1836;
    pub(super) const INTERRUPTED: u16 = 1317;
    pub(super) const NEEDS_SUPER: u16 = 1419;
    pub(super) const NO_SPACE: u16 = 1041;
    /// MariaDB: `max_statement_time`.
    pub(super) const STATEMENT_TIMEOUT: u16 = 1969;
    /// MySQL: `max_execution_time`.
    pub(super) const EXECUTION_TIMEOUT: u16 = 3024;
    pub(super) const LOCK_NOWAIT: u16 = 3572;
    /// MariaDB: a row has changed since it was read.
    pub(super) const RECORD_CHANGED: u16 = 1020;
    /// MySQL: a check is violated.
    pub(super) const CHECK: u16 = 3819;
    /// MariaDB: the same; MySQL has the number for something else.
    pub(super) const CHECK_MARIADB: u16 = 4025;
    pub(super) const KILLED: u16 = 1927;
    /// Galera: the node is not part of the cluster at the moment.
    pub(super) const NODE_NOT_READY: u16 = 1047;
    /// The trigger that numbers entries: no such account, or not its next position.
    pub(super) const NOT_NEXT: u16 = 31001;
    pub(super) const APPEND_ONLY: u16 = 31002;
}

fn server(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// The server's number of an error.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    server(error).map(MySqlDatabaseError::number)
}

/// Whether the server does not know the words of a statement.
pub(super) fn is_syntax(error: &sqlx::Error) -> bool {
    number(error) == Some(number::SYNTAX)
}

/// Whether a node of Galera broke a statement off, for one that came from another node, while it was still reading the text of a trigger. It
/// says then that the trigger has no text.
fn is_broken_off(error: &sqlx::Error) -> bool {
    server(error).is_some_and(|error| {
        error.number() == number::SYNTAX
            && error.message().starts_with("Unknown trigger has an error in its body")
    })
}

impl Errors for MySql {
    /// Whether a constraint of the tables refused it: a key, a slot or a position taken, a balance past its bound, an account that is not there.
    fn is_constraint(error: &sqlx::Error) -> bool {
        server(error).is_some_and(|error| match error.number() {
            number::DUPLICATE | number::CHECK | number::NOT_NEXT => true,
            number::CHECK_MARIADB => error.code() == Some("23000"),
            _ => false,
        })
    }

    /// Whether the server has undone the whole transaction, and with it all savepoints: what follows on the connection would be outside.
    fn ends_transaction(error: &sqlx::Error) -> bool {
        // After a wait for a lock that was too long only the statement is undone, unless the server is told otherwise; then it cannot be known.
        matches!(number(error), Some(number::DEADLOCK | number::LOCK_WAIT | number::RECORD_CHANGED))
    }

    fn explain(phase: Phase, error: &sqlx::Error) -> (StoreErrorKind, &'static str) {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => lost(phase),
            sqlx::Error::Tls(_) => (
                StoreErrorKind::CannotOpen,
                "no encrypted connection can be had; check ssl-mode in the address, the certificates, and that sqlx has a TLS feature",
            ),
            sqlx::Error::Configuration(_) => (
                StoreErrorKind::Misuse,
                "the address of the database is not understood; give mysql://USER:PASSWORD@HOST/DATABASE",
            ),
            _ if is_broken_off(error) => {
                (StoreErrorKind::Busy, "the statement was broken off for another node's; try again")
            }
            _ => number(error)
                .map_or((StoreErrorKind::Misuse, "the database does not take the statement"), |number| {
                    of_server(phase, number)
                }),
        }
    }
}

const fn lost(phase: Phase) -> (StoreErrorKind, &'static str) {
    match phase {
        Phase::Commit => {
            (StoreErrorKind::UnknownOutcome, "the connection was lost at the commit; ask whether it was done")
        }
        Phase::Before => (
            StoreErrorKind::Unavailable,
            "the server cannot be reached, or the connection was lost; try again, and check that the server runs",
        ),
    }
}

const fn of_server(phase: Phase, number: u16) -> (StoreErrorKind, &'static str) {
    match number {
        number::DEADLOCK | number::RECORD_CHANGED | number::DUPLICATE => {
            (StoreErrorKind::Busy, "others were writing the same at the same moment; try again")
        }
        number::LOCK_WAIT | number::LOCK_NOWAIT => (
            StoreErrorKind::Busy,
            "another connection holds a lock for long; try again, and look what it does",
        ),
        number::STATEMENT_TIMEOUT | number::EXECUTION_TIMEOUT | number::INTERRUPTED => (
            StoreErrorKind::Busy,
            "the statement took longer than it may, or was stopped by hand; try again, or allow it more time (statement_timeout)",
        ),
        number::TOO_MANY_CONNECTIONS | number::TOO_MANY_USER_CONNECTIONS | number::USER_LIMIT => (
            StoreErrorKind::Unavailable,
            "the server has no connection left; try again, or allow it more (max_connections) or the store fewer",
        ),
        number::SHUTTING_DOWN | number::NORMAL_SHUTDOWN | number::KILLED => match phase {
            // The answer says that it was not done, unless the commit was already under way.
            Phase::Commit => lost(Phase::Commit),
            Phase::Before => (StoreErrorKind::Unavailable, "the server is shutting down; try again"),
        },
        number::NODE_NOT_READY => {
            (StoreErrorKind::Unavailable, "the node is not part of its cluster at the moment; try again")
        }
        number::READ_ONLY | number::READ_ONLY_TRANSACTION | number::READ_ONLY_MODE => (
            StoreErrorKind::ReadOnly,
            "the server takes no writes (a replica, or read_only); give the address of the one that does",
        ),
        number::TABLE_FULL | number::DISK_FULL | number::NO_SPACE => {
            (StoreErrorKind::Full, "the server's disk or memory is full; make room, then try again")
        }
        number::WRONG_PASSWORD | number::HOST_BLOCKED => (
            StoreErrorKind::CannotOpen,
            "the server lets this user not in; check the user, the password and the host it may come from",
        ),
        number::UNKNOWN_DATABASE | number::NO_ACCESS_TO_DATABASE => (
            StoreErrorKind::CannotOpen,
            "there is no such database, or this user may not use it; create it, or grant the rights to it",
        ),
        number::NO_DATABASE => (
            StoreErrorKind::Misuse,
            "the address names no database; give mysql://USER:PASSWORD@HOST/DATABASE",
        ),
        number::NEEDS_SUPER => (
            StoreErrorKind::CannotOpen,
            "this user may not create triggers while the server keeps a binary log; set log_bin_trust_function_creators = 1, \
             or open the store once as an administrator",
        ),
        number::COMMAND_DENIED => (
            StoreErrorKind::CannotOpen,
            "this user lacks a right; grant SELECT, INSERT, UPDATE, DELETE, CREATE, CREATE TEMPORARY TABLES, CREATE VIEW, TRIGGER, \
             INDEX, ALTER, DROP on the database",
        ),
        number::PACKET_TOO_LARGE => (
            StoreErrorKind::Misuse,
            "it is larger than the server takes; keep less in it, or raise max_allowed_packet",
        ),
        number::APPEND_ONLY => {
            (StoreErrorKind::Misuse, "entries are neither changed nor deleted; reverse them")
        }
        _ => (
            StoreErrorKind::Misuse,
            "the database does not take the statement: is it MariaDB 10.6 or MySQL 8.0.19 or later, and are the tables this library's own?",
        ),
    }
}
