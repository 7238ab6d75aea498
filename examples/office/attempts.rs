//! The lockout: who failed to sign in too often waits.
//!
//! It is kept in memory, so that a guess costs no write: a restart forgets it, and of several processes each counts for itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// So many failures in a row lock a name.
pub const FAILURES_MAX: u32 = 5;
/// For so long, in minutes; every further failure locks it again.
pub const LOCKED_MINUTES: i64 = 5;
/// Failures are forgotten after so long, in hours.
const KEPT_HOURS: i64 = 24;
/// So many names are remembered. With more, those that are not locked are forgotten.
const NAMES_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Tried {
    failures: u32,
    last_at: DateTime<Utc>,
    locked_until: Option<DateTime<Utc>>,
}

/// Failures by name, of known and unknown names alike, so that nobody learns which are known.
#[derive(Default)]
pub struct Attempts {
    by_name: Mutex<HashMap<String, Tried>>,
}

impl Attempts {
    /// Counts an attempt as failed before the password is looked at, so that many at once are no way around the lock.
    ///
    /// # Errors
    /// Until when the name is locked.
    pub fn begin(&self, name: &str, now: DateTime<Utc>) -> Result<(), DateTime<Utc>> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = TimeDelta::hours(KEPT_HOURS);
        if by_name.len() >= NAMES_MAX && !by_name.contains_key(name) {
            by_name.retain(|_, tried| tried.locked_until.is_some_and(|until| until > now));
        }
        let fresh = Tried { failures: 0, last_at: now, locked_until: None };
        let tried = by_name.entry(name.to_owned()).or_insert(fresh);
        if let Some(until) = tried.locked_until.filter(|until| *until > now) {
            return Err(until);
        }
        if now.signed_duration_since(tried.last_at) > kept {
            *tried = fresh;
        }
        tried.failures = tried.failures.saturating_add(1);
        tried.last_at = now;
        if tried.failures >= FAILURES_MAX {
            tried.locked_until = now.checked_add_signed(TimeDelta::minutes(LOCKED_MINUTES));
        }
        Ok(())
    }

    /// Forgets the failures of one who has signed in.
    pub fn succeeded(&self, name: &str) {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    #[test]
    fn the_fifth_failure_locks_for_five_minutes() {
        let attempts = Attempts::default();
        for _ in 0..FAILURES_MAX {
            attempts.begin("a", at(0)).unwrap();
        }
        assert_eq!(attempts.begin("a", at(1)), Err(at(LOCKED_MINUTES)));
        attempts.begin("b", at(1)).unwrap();
        attempts.begin("a", at(LOCKED_MINUTES)).unwrap();
        assert!(attempts.begin("a", at(LOCKED_MINUTES)).is_err(), "one more failure locks again");
    }

    #[test]
    fn a_success_and_a_day_forget() {
        let attempts = Attempts::default();
        for minute in [0, 1, 2] {
            for _ in 1..FAILURES_MAX {
                attempts.begin("a", at(minute)).unwrap();
            }
            attempts.succeeded("a");
        }
        for _ in 1..FAILURES_MAX {
            attempts.begin("a", at(3)).unwrap();
        }
        attempts.begin("a", at(3 + 24 * 60 + 1)).unwrap();
        attempts.begin("a", at(3 + 24 * 60 + 1)).unwrap();
    }

    #[test]
    fn a_flood_of_names_is_forgotten_but_locks_are_kept() {
        let attempts = Attempts::default();
        for _ in 0..FAILURES_MAX {
            attempts.begin("locked", at(0)).unwrap();
        }
        for name in 0..NAMES_MAX {
            attempts.begin(&name.to_string(), at(0)).unwrap();
        }
        assert!(attempts.by_name.lock().unwrap().len() < NAMES_MAX);
        assert!(attempts.begin("locked", at(1)).is_err());
    }
}
