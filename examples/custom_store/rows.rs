//! What a store does, as plain functions of its rows, the present, and what is asked: there is a row under a key, of a session or of
//! one that is gone, and no function but [`Rows::create`] and [`Rows::rotate`] puts one where none was.

use std::collections::BTreeMap;

use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{
    Content, Gone, GoneReason, KeyHash, Record, TOMBSTONE_KEPT, UserId, UserSession, Version,
};
use chrono::serde::ts_microseconds;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

type Instant = DateTime<Utc>;

/// What is under a key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Row {
    Session(Kept),
    /// The tombstone of one: why it is gone, and since when. It opens nothing.
    Gone(u8, #[serde(with = "ts_microseconds")] Instant),
}

/// A session, as the file has it.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    version: i64,
    #[serde(with = "ts_microseconds")]
    created_at: Instant,
    data: String,
    user: Option<String>,
    #[serde(with = "ts_microseconds")]
    expires_at: Instant,
    #[serde(with = "ts_microseconds")]
    ends_at: Instant,
    idle_timeout_micros: Option<u64>,
}

impl Kept {
    fn of(version: Version, created_at: Instant, content: &Content) -> Self {
        let micros = |idle: std::time::Duration| u64::try_from(idle.as_micros()).unwrap_or(u64::MAX);
        Self {
            version: version.number(),
            created_at,
            data: content.data.to_string(),
            user: content.user.as_ref().map(|user| user.as_str().to_owned()),
            expires_at: content.expires_at,
            ends_at: content.ends_at,
            idle_timeout_micros: content.idle_timeout.map(micros),
        }
    }

    /// The session; `None` when the file says what no session can.
    fn record(&self) -> Option<Record> {
        let content = Content {
            data: self.data.as_str().into(),
            user: self.user.as_ref().map(UserId::new).transpose().ok()?,
            expires_at: self.expires_at,
            ends_at: self.ends_at,
            idle_timeout: self.idle_timeout_micros.map(std::time::Duration::from_micros),
        };
        Some(Record { version: Version::new(self.version)?, created_at: self.created_at, content })
    }
}

/// Rows by the hash of the key, in hexadecimal digits, whose order is that of the bytes.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Rows {
    by_key: BTreeMap<String, Row>,
    /// Whether any was changed since they were read.
    #[serde(skip)]
    pub(crate) changed: bool,
}

fn name(key: &KeyHash) -> String {
    key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(name: &str) -> Option<KeyHash> {
    let byte = |at: usize| u8::from_str_radix(name.get(at * 2..at * 2 + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    Some(KeyHash::from_bytes(bytes?.try_into().ok()?))
}

/// Until when a tombstone tells.
fn told_until(at: Instant) -> Instant {
    let kept = TimeDelta::from_std(TOMBSTONE_KEPT).unwrap_or(TimeDelta::MAX);
    at.checked_add_signed(kept).unwrap_or(Instant::MAX_UTC)
}

impl Row {
    /// The session of a row, or why it is gone. The end itself is past.
    fn live(&self, now: Instant) -> Result<&Kept, Gone> {
        match self {
            Self::Session(kept) if now < kept.expires_at => Ok(kept),
            Self::Session(kept) => Err(Gone::new(GoneReason::Expired, kept.expires_at)),
            Self::Gone(reason, at) if now < told_until(*at) => {
                Err(Gone { reason: GoneReason::from_number(i64::from(*reason)), at: Some(*at) })
            }
            Self::Gone(..) => Err(Gone::UNKNOWN),
        }
    }
}

impl Rows {
    fn live(&self, key: &KeyHash, now: Instant) -> Result<&Kept, Gone> {
        self.by_key.get(&name(key)).map_or(Err(Gone::UNKNOWN), |row| row.live(now))
    }

    fn put(&mut self, key: &KeyHash, row: Row) {
        self.by_key.insert(name(key), row);
        self.changed = true;
    }

    fn end(&mut self, key: &KeyHash, reason: GoneReason, now: Instant) {
        self.put(key, Row::Gone(reason.number(), now));
    }

    pub(crate) fn load(&self, key: &KeyHash, now: Instant) -> Loaded {
        match self.live(key, now) {
            Ok(kept) => kept.record().map_or(Loaded::Undecodable, Loaded::Live),
            Err(gone) => Loaded::Gone(gone),
        }
    }

    pub(crate) fn create(&mut self, key: &KeyHash, content: &Content, now: Instant) -> Created {
        // Whatever is there, were it gone: insert only.
        if self.by_key.contains_key(&name(key)) {
            return Created::Exists;
        }
        self.put(key, Row::Session(Kept::of(Version::FIRST, now, content)));
        Created::Created
    }

    pub(crate) fn update(
        &mut self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: Instant,
    ) -> Updated {
        match self.live(key, now) {
            Err(gone) => Updated::Gone(gone),
            Ok(kept) if kept.version != version.number() => Updated::Stale,
            Ok(kept) => {
                let updated = Kept::of(version.next(), kept.created_at, content);
                self.put(key, Row::Session(updated));
                Updated::Updated(version.next())
            }
        }
    }

    pub(crate) fn touch(&mut self, key: &KeyHash, expires_at: Instant, now: Instant) -> Touched {
        match self.live(key, now) {
            Err(gone) => Touched::Gone(gone),
            Ok(kept) => {
                // Forwards only, and no further than the session's end. The version stays.
                let expires_at = expires_at.min(kept.ends_at);
                if expires_at > kept.expires_at {
                    let touched = Kept { expires_at, ..kept.clone() };
                    self.put(key, Row::Session(touched));
                }
                Touched::Touched
            }
        }
    }

    pub(crate) fn rotate(&mut self, key: &KeyHash, to: &KeyHash, now: Instant) -> Rotated {
        match self.live(key, now) {
            Err(gone) => Rotated::Gone(gone),
            Ok(_) if self.by_key.contains_key(&name(to)) => Rotated::Exists,
            Ok(kept) => {
                let row = Row::Session(kept.clone());
                self.put(to, row);
                self.end(key, GoneReason::Rotated, now);
                Rotated::Rotated
            }
        }
    }

    pub(crate) fn delete(
        &mut self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: Instant,
    ) -> Deleted {
        match self.live(key, now) {
            Err(gone) => Deleted::Gone(gone),
            Ok(kept) if version.is_some_and(|version| version.number() != kept.version) => Deleted::Stale,
            Ok(_) => {
                self.end(key, reason, now);
                Deleted::Deleted
            }
        }
    }

    pub(crate) fn list_user(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: usize,
        now: Instant,
    ) -> Vec<UserSession> {
        let listed = self.by_key.iter().filter_map(|(name, row)| {
            let kept = row.live(now).ok()?;
            let key = key(name).filter(|key| after.is_none_or(|after| after < key))?;
            let session = UserSession {
                key,
                created_at: kept.created_at,
                expires_at: kept.expires_at,
                ends_at: kept.ends_at,
            };
            (kept.user.as_deref() == Some(user.as_str())).then_some(session)
        });
        listed.take(limit).collect()
    }

    pub(crate) fn delete_user(&mut self, user: &UserId, except: Option<&KeyHash>, now: Instant) -> u64 {
        let mut ended = 0;
        for session in self.list_user(user, None, usize::MAX, now) {
            if Some(&session.key) != except {
                self.end(&session.key, GoneReason::LoggedOut, now);
                ended += 1;
            }
        }
        ended
    }

    /// Deletes rows for good: of sessions that have expired, and tombstones that tell no more.
    pub(crate) fn delete_expired(&mut self, limit: u32, now: Instant) -> u32 {
        let mut deleted = 0;
        self.by_key.retain(|_, row| {
            let over = match row {
                Row::Session(kept) => kept.expires_at <= now,
                Row::Gone(_, at) => told_until(*at) <= now,
            };
            let delete = over && deleted < limit;
            deleted += u32::from(delete);
            !delete
        });
        self.changed |= deleted > 0;
        deleted
    }
}
