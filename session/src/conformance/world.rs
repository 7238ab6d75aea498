//! The store under test, seen by both ways in: keys, instants and contents, and short ways to do and to look.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::failure::{Failure, holds, same};
use super::given::Given;
use crate::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use crate::{
    Content, Gone, GoneReason, KeyHash, Record, SessionStore, TOMBSTONE_KEPT, UserId, UserSession, Version,
};

pub(super) type Instant = DateTime<Utc>;

/// More rows than any case makes.
pub(super) const ALL: u32 = 10_000;

/// A second, in microseconds.
pub(super) const SECOND: i64 = 1_000_000;

/// When a session of [`content`] expires, in seconds from the start.
pub(super) const IDLE: i64 = 1_800;

/// When a session of [`content`] ends, in seconds from the start.
pub(super) const END: i64 = 43_200;

/// Half past seven on 2 February 2126 and a fraction of a second, in microseconds.
const START: i64 = 4_925_691_000_123_456;

/// So many microseconds after the start.
pub(super) fn at_micros(micros: i64) -> Instant {
    DateTime::from_timestamp_micros(START.saturating_add(micros)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// So many seconds after the start.
pub(super) fn at(seconds: i64) -> Instant {
    at_micros(seconds.saturating_mul(SECOND))
}

/// The microsecond before an instant.
pub(super) fn just_before(at: Instant) -> Instant {
    DateTime::from_timestamp_micros(at.timestamp_micros().saturating_sub(1)).unwrap_or(at)
}

/// When a tombstone of this instant was kept long enough.
pub(super) fn told_until(at: Instant) -> Instant {
    let kept = i64::try_from(TOMBSTONE_KEPT.as_micros()).unwrap_or(i64::MAX);
    DateTime::from_timestamp_micros(at.timestamp_micros().saturating_add(kept)).unwrap_or(at)
}

/// The n-th key. Their order is not that of their numbers.
pub(super) fn key(n: u32) -> KeyHash {
    KeyHash::from_bytes(Sha256::digest(n.to_be_bytes()).into())
}

pub(super) fn user(id: &str) -> Result<UserId, Failure> {
    Ok(UserId::new(id)?)
}

/// A content with this text in its data, of no user, that expires after [`IDLE`] and ends after [`END`].
pub(super) fn content(text: &str) -> Content {
    Content {
        data: format!("{{\"text\":\"{text}\"}}").into(),
        user: None,
        expires_at: at(IDLE),
        ends_at: at(END),
        idle_timeout: None,
    }
}

/// Such a content of a user.
pub(super) fn content_of(id: &str, text: &str) -> Result<Content, Failure> {
    Ok(Content { user: Some(user(id)?), ..content(text) })
}

/// The n-th of contents that differ in all that they hold, each of one piece. All live through the first hour.
pub(super) fn nth_content(n: i64) -> Result<Content, Failure> {
    Ok(Content {
        data: number(n),
        user: Some(user(&format!("user-{n}"))?),
        expires_at: at(n.saturating_add(3_600)),
        ends_at: at(n.saturating_add(86_400)),
        idle_timeout: Some(Duration::from_secs(u64::try_from(n).unwrap_or(0).saturating_add(600))),
    })
}

/// Data that hold a number.
pub(super) fn number(n: i64) -> Arc<str> {
    format!("{{\"n\":{n}}}").into()
}

/// The number that data hold.
pub(super) fn number_of(content: &Content) -> Result<i64, Failure> {
    let digits = content.data.strip_prefix("{\"n\":").and_then(|rest| rest.strip_suffix('}'));
    let number = digits.and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| Failure::new(format!("data that hold no number: {}", content.data)))
}

/// Fails unless a session is what it should be; says what its data are.
pub(super) fn same_session(what: &str, found: &Record, expected: &Record) -> Result<(), Failure> {
    holds(found.content.data == expected.content.data, || {
        let start = |data: &str| data.chars().take(80).collect::<String>();
        let (found, expected) = (&found.content.data, &expected.content.data);
        let (of_found, of_expected) = (found.len(), expected.len());
        format!(
            "{what}: expected {of_expected} bytes of data, {:?}…, found {of_found}, {:?}…",
            start(expected),
            start(found)
        )
    })?;
    let of = |record: &Record| record.content.user.as_ref().map(|user| user.as_str().to_owned());
    same(&format!("the user of {what}"), &of(found), &of(expected))?;
    same(what, found, expected)
}

/// The store under test. It is written by one way in and read by the other.
#[derive(Clone)]
pub(super) struct World {
    pub(super) store: Arc<dyn SessionStore>,
    other: Arc<dyn SessionStore>,
}

impl World {
    pub(super) fn of(given: &Given) -> Self {
        Self { store: Arc::clone(&given.store), other: Arc::clone(&given.other) }
    }

    /// The same store, by one way in alone.
    pub(super) fn by(store: Arc<dyn SessionStore>) -> Self {
        Self { other: Arc::clone(&store), store }
    }

    /// Creates a session that must not be there; what it is then.
    pub(super) async fn create(
        &self,
        key: &KeyHash,
        content: &Content,
        now: Instant,
    ) -> Result<Record, Failure> {
        same("a creation", &self.store.create(key, content, now).await?, &Created::Created)?;
        Ok(Record { version: Version::FIRST, created_at: now, content: content.clone() })
    }

    /// Updates a session that must be there; what it is then.
    pub(super) async fn update(
        &self,
        key: &KeyHash,
        before: &Record,
        content: &Content,
        now: Instant,
    ) -> Result<Record, Failure> {
        let version = before.version.next();
        let answer = self.store.update(key, before.version, content, now).await?;
        same("an update", &answer, &Updated::Updated(version))?;
        Ok(Record { version, content: content.clone(), ..before.clone() })
    }

    /// Touches a session that must be there.
    pub(super) async fn touch(&self, key: &KeyHash, until: Instant, now: Instant) -> Result<(), Failure> {
        same("a touch", &self.store.touch(key, until, now).await?, &Touched::Touched)
    }

    /// Rotates a session that must be there to a key that must be free.
    pub(super) async fn rotate(&self, key: &KeyHash, to: &KeyHash, now: Instant) -> Result<(), Failure> {
        same("a rotation", &self.store.rotate(key, to, now).await?, &Rotated::Rotated)
    }

    /// Deletes a session that must be there.
    pub(super) async fn delete(
        &self,
        key: &KeyHash,
        reason: GoneReason,
        now: Instant,
    ) -> Result<(), Failure> {
        same("a deletion", &self.store.delete(key, None, reason, now).await?, &Deleted::Deleted)
    }

    /// Cleans; how many rows were deleted.
    pub(super) async fn clean(&self, limit: u32, now: Instant) -> Result<u32, Failure> {
        Ok(self.store.delete_expired(limit, now).await?)
    }

    /// The session under a key, if there is one.
    pub(super) async fn find(&self, key: &KeyHash, now: Instant) -> Result<Option<Record>, Failure> {
        match self.other.load(key, now).await? {
            Loaded::Live(record) => Ok(Some(record)),
            Loaded::Gone(_) => Ok(None),
            Loaded::Undecodable => Err(Failure::new("a session that was written cannot be decoded")),
        }
    }

    /// A session that must be there.
    pub(super) async fn record(&self, key: &KeyHash, now: Instant) -> Result<Record, Failure> {
        match self.other.load(key, now).await? {
            Loaded::Live(record) => Ok(record),
            other => Err(Failure::new(format!("a session that must be there: found {other:?}"))),
        }
    }

    /// Fails unless the session is there and as expected.
    pub(super) async fn is(
        &self,
        what: &str,
        key: &KeyHash,
        expected: &Record,
        now: Instant,
    ) -> Result<(), Failure> {
        let found = self.record(key, now).await.map_err(|failure| failure.during(what))?;
        same_session(what, &found, expected)
    }

    /// Fails unless a load finds the session gone, as expected.
    pub(super) async fn is_gone(
        &self,
        what: &str,
        key: &KeyHash,
        expected: Gone,
        now: Instant,
    ) -> Result<(), Failure> {
        same(&format!("a load of {what}"), &self.other.load(key, now).await?, &Loaded::Gone(expected))
    }

    /// Fails unless every call finds the session gone, as expected, and changes nothing by being made (R2).
    pub(super) async fn is_gone_for_all(
        &self,
        what: &str,
        key: &KeyHash,
        expected: Gone,
        now: Instant,
    ) -> Result<(), Failure> {
        let (unused, new) = (self::key(u32::MAX), content("revived"));
        self.is_gone(what, key, expected, now).await?;
        let updated = self.store.update(key, Version::FIRST, &new, now).await?;
        same(&format!("an update of {what}"), &updated, &Updated::Gone(expected))?;
        self.is_gone(&format!("{what} after an update"), key, expected, now).await?;
        let touched = self.store.touch(key, at(IDLE), now).await?;
        same(&format!("a touch of {what}"), &touched, &Touched::Gone(expected))?;
        self.is_gone(&format!("{what} after a touch"), key, expected, now).await?;
        let rotated = self.store.rotate(key, &unused, now).await?;
        same(&format!("a rotation of {what}"), &rotated, &Rotated::Gone(expected))?;
        self.is_gone(&format!("what {what} was rotated to"), &unused, Gone::UNKNOWN, now).await?;
        self.is_gone(&format!("{what} after a rotation"), key, expected, now).await?;
        for version in [None, Some(Version::FIRST), Version::new(7)] {
            let deleted = self.store.delete(key, version, GoneReason::Emptied, now).await?;
            same(&format!("a deletion of {what}"), &deleted, &Deleted::Gone(expected))?;
        }
        self.is_gone(&format!("{what} after a deletion"), key, expected, now).await
    }

    /// A user's sessions, in one page.
    pub(super) async fn sessions(&self, id: &str, now: Instant) -> Result<Vec<UserSession>, Failure> {
        Ok(self.other.list_user(&user(id)?, None, ALL, now).await?)
    }

    /// Fails unless a user has these sessions and no others.
    pub(super) async fn lists(&self, id: &str, expected: &[KeyHash], now: Instant) -> Result<(), Failure> {
        let found: Vec<KeyHash> = self.sessions(id, now).await?.iter().map(|session| session.key).collect();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        let (of_found, of_expected) = (found.len(), expected.len());
        holds(found == expected, || {
            format!(
                "the sessions of {id}: expected {of_expected} keys, found {of_found}, or others, or in another order"
            )
        })
    }
}
