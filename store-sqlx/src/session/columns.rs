//! Sessions as columns, the same in every database. A row that says what no session can is undecodable, never an error of the store.

use std::time::Duration;

use bursar_session::store::Loaded;
use bursar_session::{Content, Gone, GoneReason, Record, TOMBSTONE_KEPT, UserId, Version};
use chrono::{DateTime, Utc};

/// When a tombstone of this instant has been kept long enough, in microseconds since 1970.
pub(crate) fn kept_until(now: i64) -> i64 {
    now.saturating_add(micros(TOMBSTONE_KEPT))
}

/// A duration in whole microseconds, as far as they can be counted.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Whether a session lives, as its row says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    pub(crate) gone: i64,
    pub(crate) gone_at: Option<i64>,
    pub(crate) expires_at: i64,
}

impl Life {
    /// Why it is gone, if it is.
    pub(crate) fn gone(self, now: i64) -> Option<Gone> {
        let instant = DateTime::from_timestamp_micros;
        match (self.gone, self.expires_at <= now) {
            (0, false) => None,
            (0, true) => Some(Gone { reason: Some(GoneReason::Expired), at: instant(self.expires_at) }),
            // A tombstone that has been kept long enough tells nothing, whether or not it is still there.
            (_, true) => Some(Gone::UNKNOWN),
            (gone, false) => {
                Some(Gone { reason: GoneReason::from_number(gone), at: self.gone_at.and_then(instant) })
            }
        }
    }
}

/// The row of a session.
#[derive(Clone, Copy)]
pub(crate) struct SessionColumns<'a> {
    pub(crate) version: i64,
    pub(crate) life: Life,
    pub(crate) created_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) idle_timeout: Option<i64>,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) data: &'a str,
}

impl SessionColumns<'_> {
    /// What a load finds in it.
    pub(crate) fn loaded(self, now: i64) -> Loaded {
        match self.life.gone(now) {
            Some(gone) => Loaded::Gone(gone),
            None => self.record().map_or(Loaded::Undecodable, Loaded::Live),
        }
    }

    fn record(self) -> Option<Record> {
        let instant = DateTime::<Utc>::from_timestamp_micros;
        let idle_timeout = match self.idle_timeout {
            Some(micros) => Some(Duration::from_micros(u64::try_from(micros).ok()?)),
            None => None,
        };
        let user = match self.user_id {
            Some(id) => Some(UserId::new(id).ok()?),
            None => None,
        };
        let content = Content {
            data: self.data.into(),
            user,
            expires_at: instant(self.life.expires_at)?,
            ends_at: instant(self.ends_at)?,
            idle_timeout,
        };
        Some(Record { version: Version::new(self.version)?, created_at: instant(self.created_at)?, content })
    }
}

/// The instant of so many microseconds, or the nearest that there is.
pub(crate) fn nearest_instant(micros: i64) -> DateTime<Utc> {
    let end = if micros < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    DateTime::from_timestamp_micros(micros).unwrap_or(end)
}
