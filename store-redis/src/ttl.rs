//! How long Redis keeps what, by its own clock and in milliseconds: always longer than a caller would, whose clock may be changed.

/// A minute and an hour.
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// How much longer than it has to a row is there, in milliseconds: Redis deletes it by itself, and never sooner than a caller would whose clock
/// is changed.
const SLACK: i64 = HOUR;

/// How long the row of a session is there, for a command.
pub(crate) fn session_ttl(expires_at: i64, now: i64) -> String {
    millis_until(expires_at, now).saturating_add(MINUTE).saturating_add(SLACK).to_string()
}

/// By how much that is longer than the session.
pub(crate) fn slack() -> String {
    MINUTE.saturating_add(SLACK).to_string()
}

/// How long a tombstone is there.
pub(crate) fn tombstone_ttl() -> String {
    slack()
}

/// How long whatever depends on a session is there: longer than the session can be.
pub(crate) fn lasting_ttl(expires_at: i64, ends_at: i64, now: i64) -> String {
    let longest = millis_until(expires_at.max(ends_at), now);
    longest.saturating_add(MINUTE).saturating_add(SLACK).saturating_add(SLACK).to_string()
}

/// From one instant to another in milliseconds, and none if it is not after it.
fn millis_until(until: i64, now: i64) -> i64 {
    until.saturating_sub(now).max(0) / 1_000
}
