//! When sessions expire (R4): the idle timeout, the lifetime, and how seldom the former is moved.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::Error;

/// So many minutes.
#[must_use]
pub const fn minutes(count: u32) -> Duration {
    Duration::from_mins(widened(count))
}

/// So many hours.
#[must_use]
pub const fn hours(count: u32) -> Duration {
    Duration::from_hours(widened(count))
}

/// So many days, of 24 hours each.
#[must_use]
pub const fn days(count: u32) -> Duration {
    Duration::from_hours(widened(count).saturating_mul(24))
}

#[expect(clippy::as_conversions, reason = "it widens, and From is not const")]
const fn widened(count: u32) -> u64 {
    count as u64
}

/// The longest that a session may last, idle or not: 400 days, which is also the longest that browsers keep a cookie (RFC 6265bis, 5.5).
pub const LIFETIME_MAX: Duration = days(400);

/// The shortest idle timeout and lifetime: a second.
pub const LIFETIME_MIN: Duration = Duration::from_secs(1);

/// A duration within what sessions may last.
pub(crate) fn bounded(duration: Duration) -> Duration {
    duration.clamp(LIFETIME_MIN, LIFETIME_MAX)
}

/// An instant as stores keep it: to the microsecond.
pub(crate) fn kept(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

/// So much later, or the last instant there is.
pub(crate) fn after(now: DateTime<Utc>, duration: Duration) -> DateTime<Utc> {
    let delta = TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
    kept(now.checked_add_signed(delta).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

/// How long a session may last, and how much it may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) idle_timeout: Duration,
    pub(crate) lifetime: Duration,
    pub(crate) data_bytes_max: usize,
}

impl Limits {
    fn idle(&self, own: Option<Duration>) -> Duration {
        own.unwrap_or(self.idle_timeout)
    }

    /// The end of the lifetime of a session that is created now.
    pub(crate) fn end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        after(now, self.lifetime)
    }

    /// The end of the idle time of a session that is used now; never past the end of its lifetime.
    pub(crate) fn idle_end(
        &self,
        own: Option<Duration>,
        ends_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        after(now, self.idle(own)).min(ends_at)
    }

    /// Whether moving the end of the idle time from here to there is worth a write: at most once in a tenth of the idle timeout.
    pub(crate) fn touch_due(&self, own: Option<Duration>, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        let interval = self.idle(own) / 10;
        to.signed_duration_since(from).to_std().is_ok_and(|gain| gain >= interval)
    }

    pub(crate) const fn check_size(&self, bytes: usize) -> Result<(), Error> {
        if bytes > self.data_bytes_max {
            return Err(Error::TooLarge { bytes, bytes_max: self.data_bytes_max });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{LIFETIME_MAX, Limits, bounded, days, hours, minutes};

    fn limits() -> Limits {
        Limits { idle_timeout: minutes(30), lifetime: hours(12), data_bytes_max: 100 }
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn the_idle_time_ends_with_the_lifetime() {
        assert_eq!(limits().idle_end(None, at(720), at(0)), at(30));
        assert_eq!(limits().idle_end(None, at(720), at(700)), at(720));
        assert_eq!(limits().idle_end(Some(minutes(5)), at(720), at(0)), at(5));
    }

    #[test]
    fn a_touch_is_due_once_in_a_tenth() {
        assert!(!limits().touch_due(None, at(30), at(32)));
        assert!(limits().touch_due(None, at(30), at(33)));
        assert!(!limits().touch_due(None, at(33), at(30)), "never backwards");
        assert!(limits().touch_due(Some(minutes(10)), at(10), at(11)));
    }

    #[test]
    fn durations_are_bounded() {
        assert_eq!(bounded(minutes(0)).as_secs(), 1);
        assert_eq!(bounded(days(4_000)), LIFETIME_MAX);
        assert_eq!(
            limits().idle_end(
                None,
                DateTime::<Utc>::MAX_UTC,
                DateTime::<Utc>::MAX_UTC - TimeDelta::minutes(1)
            ),
            super::kept(DateTime::<Utc>::MAX_UTC)
        );
    }
}
