//! The contract once more, as simply as it can be written: what a store must answer when calls come one after the other.

use super::world::{Instant, told_until};
use crate::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use crate::{Content, Gone, GoneReason, KeyHash, Record, UserId, UserSession, Version};

/// What is under a key.
enum Row {
    Session(Record),
    Ended(Gone, Instant),
}

/// Sessions as a list that is gone through from the start.
#[derive(Default)]
pub(super) struct Naive {
    rows: Vec<(KeyHash, Row)>,
}

impl Naive {
    fn row(&self, key: &KeyHash) -> Option<&Row> {
        self.rows.iter().find(|(other, _)| other == key).map(|(_, row)| row)
    }

    fn set(&mut self, key: &KeyHash, row: Row) {
        self.rows.retain(|(other, _)| other != key);
        self.rows.push((*key, row));
    }

    fn end(&mut self, key: &KeyHash, reason: GoneReason, now: Instant) {
        self.set(key, Row::Ended(Gone::new(reason, now), now));
    }

    fn live(&self, key: &KeyHash, now: Instant) -> Result<Record, Gone> {
        match self.row(key) {
            Some(Row::Session(record)) if now < record.content.expires_at => Ok(record.clone()),
            Some(Row::Session(record)) => Err(Gone::new(GoneReason::Expired, record.content.expires_at)),
            Some(Row::Ended(gone, at)) if now < told_until(*at) => Err(*gone),
            Some(Row::Ended(..)) | None => Err(Gone::UNKNOWN),
        }
    }

    /// Whether the contract leaves open if this key is taken: a tombstone was kept long enough and is not cleaned away yet.
    pub(super) fn is_open(&self, key: &KeyHash, now: Instant) -> bool {
        matches!(self.row(key), Some(Row::Ended(_, at)) if told_until(*at) <= now)
    }

    pub(super) fn is_taken(&self, key: &KeyHash) -> bool {
        self.row(key).is_some()
    }

    pub(super) fn is_live(&self, key: &KeyHash, now: Instant) -> bool {
        self.live(key, now).is_ok()
    }

    /// The version of a session, or the first one.
    pub(super) fn version(&self, key: &KeyHash) -> Version {
        match self.row(key) {
            Some(Row::Session(record)) => record.version,
            _ => Version::FIRST,
        }
    }

    /// The instants at which something ends.
    pub(super) fn ends(&self) -> Vec<Instant> {
        let end = |(_, row): &(KeyHash, Row)| match row {
            Row::Session(record) => record.content.expires_at,
            Row::Ended(_, at) => told_until(*at),
        };
        self.rows.iter().map(end).collect()
    }

    pub(super) fn load(&self, key: &KeyHash, now: Instant) -> Loaded {
        match self.live(key, now) {
            Ok(record) => Loaded::Live(record),
            Err(gone) => Loaded::Gone(gone),
        }
    }

    pub(super) fn create(&mut self, key: &KeyHash, content: &Content, now: Instant) -> Created {
        if self.is_taken(key) {
            return Created::Exists;
        }
        let record = Record { version: Version::FIRST, created_at: now, content: content.clone() };
        self.set(key, Row::Session(record));
        Created::Created
    }

    pub(super) fn update(
        &mut self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: Instant,
    ) -> Updated {
        match self.live(key, now) {
            Err(gone) => Updated::Gone(gone),
            Ok(found) if found.version != version => Updated::Stale,
            Ok(found) => {
                let version = version.next();
                self.set(key, Row::Session(Record { version, content: content.clone(), ..found }));
                Updated::Updated(version)
            }
        }
    }

    pub(super) fn touch(&mut self, key: &KeyHash, until: Instant, now: Instant) -> Touched {
        match self.live(key, now) {
            Err(gone) => Touched::Gone(gone),
            Ok(mut found) => {
                let content = &mut found.content;
                content.expires_at = content.expires_at.max(until.min(content.ends_at));
                self.set(key, Row::Session(found));
                Touched::Touched
            }
        }
    }

    pub(super) fn rotate(&mut self, key: &KeyHash, to: &KeyHash, now: Instant) -> Rotated {
        match self.live(key, now) {
            Err(gone) => Rotated::Gone(gone),
            Ok(_) if self.is_taken(to) => Rotated::Exists,
            Ok(found) => {
                self.end(key, GoneReason::Rotated, now);
                self.set(to, Row::Session(found));
                Rotated::Rotated
            }
        }
    }

    pub(super) fn delete(
        &mut self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: Instant,
    ) -> Deleted {
        match self.live(key, now) {
            Err(gone) => Deleted::Gone(gone),
            Ok(found) if version.is_some_and(|version| version != found.version) => Deleted::Stale,
            Ok(_) => {
                self.end(key, reason, now);
                Deleted::Deleted
            }
        }
    }

    pub(super) fn list(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: usize,
        now: Instant,
    ) -> Vec<UserSession> {
        let mut found = Vec::new();
        for (key, _) in &self.rows {
            if let Ok(record) = self.live(key, now)
                && record.content.user.as_ref() == Some(user)
                && after.is_none_or(|after| after < key)
            {
                let Content { expires_at, ends_at, .. } = record.content;
                found.push(UserSession { key: *key, created_at: record.created_at, expires_at, ends_at });
            }
        }
        found.sort_by_key(|session| session.key);
        found.truncate(limit);
        found
    }

    pub(super) fn end_all(&mut self, user: &UserId, except: Option<&KeyHash>, now: Instant) -> u64 {
        let mut ended = 0_u64;
        for session in self.list(user, None, usize::MAX, now) {
            if Some(&session.key) != except {
                self.end(&session.key, GoneReason::LoggedOut, now);
                ended = ended.saturating_add(1);
            }
        }
        ended
    }

    /// Deletes all that is over.
    pub(super) fn clean(&mut self, now: Instant) -> usize {
        let before = self.rows.len();
        self.rows.retain(|(_, row)| match row {
            Row::Session(record) => now < record.content.expires_at,
            Row::Ended(_, at) => now < told_until(*at),
        });
        before.saturating_sub(self.rows.len())
    }
}
