//! What Redis and its client report, as the errors of a session store: each says what to do.

use std::time::Duration;

use bursar_session::{StoreError, StoreErrorKind};
use redis::{ErrorKind, RedisError};

/// What was asked: it tells what is known when no answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To look.
    Read,
    /// To change something.
    Write,
}

/// The error of a store for one of Redis's.
pub(crate) fn store_error(operation: &'static str, asked: Asked, error: RedisError) -> StoreError {
    let (kind, what) = explain(asked, &error);
    // The words of a server may repeat what it was asked, keys and all: its code says enough.
    let said = error.code().map_or_else(|| said(&error), |code| format!("the server says {code}"));
    let failed = StoreError::new(kind, operation, format!("{what} ({said})"));
    if error.is_io_error() { failed.with_source(error) } else { failed }
}

fn said(error: &RedisError) -> String {
    if error.is_io_error() { error.to_string() } else { error.category().to_owned() }
}

/// No answer in time.
pub(crate) fn too_late(operation: &'static str, asked: Asked, waited: Duration) -> StoreError {
    let (kind, what) = lost(asked);
    StoreError::new(kind, operation, format!("{what} (no answer within {waited:?})"))
}

/// Fewer replicas than asked for have taken over what was written.
pub(crate) fn too_few(operation: &'static str, replicas: i64, asked: u32) -> StoreError {
    let detail = format!(
        "it was done, and {replicas} of {asked} replicas have it: a failover may undo it; look after the replicas"
    );
    StoreError::new(StoreErrorKind::UnknownOutcome, operation, detail)
}

/// The answer was lost, and what was written by others since tells nothing of it.
pub(crate) fn unclear(operation: &'static str) -> StoreError {
    let (kind, what) = lost(Asked::Write);
    StoreError::new(kind, operation, what)
}

/// Others were faster, again and again.
pub(crate) fn contended(operation: &'static str) -> StoreError {
    let detail = "others change the same sessions at the same time; try again";
    StoreError::new(StoreErrorKind::Busy, operation, detail)
}

/// An answer that no script gives.
pub(crate) fn not_understood(operation: &'static str) -> StoreError {
    let detail = "the answer is none that Redis gives; is it Redis 7, or Valkey?";
    StoreError::new(StoreErrorKind::Misuse, operation, detail)
}

fn lost(asked: Asked) -> (StoreErrorKind, &'static str) {
    match asked {
        Asked::Read => (StoreErrorKind::Unavailable, "the server did not answer; try again"),
        Asked::Write => {
            (StoreErrorKind::UnknownOutcome, "the answer to a write was lost; ask whether it was done")
        }
    }
}

fn explain(asked: Asked, error: &RedisError) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind as Kind;
    match error.code() {
        Some("READONLY") => {
            return (Kind::ReadOnly, "the server is a replica and takes no writes; connect to the master");
        }
        Some("OOM") => {
            return (
                Kind::Full,
                "the server's memory limit is reached; raise it (maxmemory), or mend what fills it",
            );
        }
        Some("MISCONF") => return (Kind::Full, "the server cannot save to its disk; make room there"),
        Some("BUSY") => return (Kind::Busy, "the server is at a long script of somebody's; try again"),
        Some("LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "NOREPLICAS" | "MOVED" | "ASK") => {
            return (Kind::Unavailable, "the server or its cluster is not ready; try again");
        }
        Some("NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED") => {
            return (Kind::Misuse, "the server does not let this user do it; mend the address or its ACL");
        }
        Some(_) => {
            return (Kind::Misuse, "the server does not take the command; is it Redis 7, or Valkey?");
        }
        None => {}
    }
    match error.kind() {
        ErrorKind::Io if error.is_connection_refusal() => {
            (Kind::Unavailable, "the server cannot be reached; see that it runs, then try again")
        }
        ErrorKind::Io | ErrorKind::Parse => lost(asked),
        ErrorKind::ClusterConnectionNotFound => {
            (Kind::Unavailable, "no node of the cluster can be reached; see that they run, then try again")
        }
        ErrorKind::InvalidClientConfig => {
            (Kind::Misuse, "the address is not understood; give redis://HOST:PORT or unix:PATH")
        }
        ErrorKind::AuthenticationFailed => {
            (Kind::Misuse, "the server does not let this user in; mend the address")
        }
        _ => (Kind::Misuse, "the client does not take it"),
    }
}

#[cfg(test)]
mod tests {
    use bursar_session::StoreErrorKind as Kind;
    use redis::{ErrorKind, RedisError};

    use super::{Asked, store_error};

    fn kinds(code: &str) -> (Kind, Kind) {
        let error = redis::make_extension_error(code.to_owned(), Some("secret".to_owned()));
        let (read, write) =
            (store_error("test", Asked::Read, error.clone()), store_error("test", Asked::Write, error));
        assert!(!format!("{read} {write:?}").contains("secret"));
        (read.kind, write.kind)
    }

    #[test]
    fn what_a_server_says_is_told_apart() {
        for (code, kind) in [
            ("READONLY", Kind::ReadOnly),
            ("OOM", Kind::Full),
            ("MISCONF", Kind::Full),
            ("BUSY", Kind::Busy),
            ("LOADING", Kind::Unavailable),
            ("CLUSTERDOWN", Kind::Unavailable),
            ("TRYAGAIN", Kind::Unavailable),
            ("NOPERM", Kind::Misuse),
            ("ERR", Kind::Misuse),
        ] {
            assert_eq!(kinds(code), (kind, kind), "{code}");
        }
    }

    #[test]
    fn a_lost_answer_to_a_write_leaves_the_outcome_open() {
        for kind in [std::io::ErrorKind::BrokenPipe, std::io::ErrorKind::TimedOut] {
            let error = || RedisError::from(std::io::Error::from(kind));
            assert_eq!(store_error("test", Asked::Read, error()).kind, Kind::Unavailable);
            assert_eq!(store_error("test", Asked::Write, error()).kind, Kind::UnknownOutcome);
        }
        let refused = RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert_eq!(store_error("test", Asked::Write, refused).kind, Kind::Unavailable);
        let wrong = RedisError::from((ErrorKind::InvalidClientConfig, "test"));
        assert_eq!(store_error("test", Asked::Read, wrong).kind, Kind::Misuse);
    }
}
