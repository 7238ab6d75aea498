//! Sessions by the hashes of their keys, live and gone, and the two indexes by which they are found otherwise.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{
    Content, Gone, GoneReason, KeyHash, Record, TOMBSTONE_KEPT, UserId, UserSession, Version,
};
use chrono::{DateTime, TimeDelta, Utc};

/// What is under a key.
#[derive(Debug)]
enum Row {
    /// A session, which may have expired.
    Session(Record),
    /// The tombstone of one.
    Tombstone { reason: GoneReason, at: DateTime<Utc> },
}

impl Row {
    /// From when on it may be deleted.
    fn ends_at(&self) -> DateTime<Utc> {
        match self {
            Self::Session(record) => record.content.expires_at,
            Self::Tombstone { at, .. } => TimeDelta::from_std(TOMBSTONE_KEPT)
                .ok()
                .and_then(|kept| at.checked_add_signed(kept))
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }

    fn user(&self) -> Option<&UserId> {
        match self {
            Self::Session(record) => record.content.user.as_ref(),
            Self::Tombstone { .. } => None,
        }
    }

    /// What the row tells of its session at this moment.
    fn look(&self, now: DateTime<Utc>) -> Result<&Record, Gone> {
        let over = self.ends_at() <= now;
        match self {
            Self::Session(record) if over => Err(Gone::new(GoneReason::Expired, record.content.expires_at)),
            Self::Session(record) => Ok(record),
            Self::Tombstone { .. } if over => Err(Gone::UNKNOWN),
            Self::Tombstone { reason, at } => Err(Gone::new(*reason, *at)),
        }
    }
}

/// Every session of a store.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    rows: HashMap<KeyHash, Row>,
    /// The keys of each user's sessions, in the order in which they are listed.
    of_users: BTreeMap<UserId, BTreeSet<KeyHash>>,
    /// Every key by the instant from which its row may be deleted, so that a cleaning looks at no other.
    ends: BTreeSet<(DateTime<Utc>, KeyHash)>,
}

impl Sessions {
    fn look(&self, key: &KeyHash, now: DateTime<Utc>) -> Result<&Record, Gone> {
        self.rows.get(key).map_or(Err(Gone::UNKNOWN), |row| row.look(now))
    }

    /// Puts a row under a key, in the place of what was there.
    fn put(&mut self, key: KeyHash, row: Row) {
        self.take(&key);
        self.ends.insert((row.ends_at(), key));
        if let Some(user) = row.user() {
            match self.of_users.get_mut(user) {
                Some(keys) => drop(keys.insert(key)),
                None => drop(self.of_users.insert(user.clone(), BTreeSet::from([key]))),
            }
        }
        self.rows.insert(key, row);
    }

    /// Puts a session in the place of what it was.
    fn replace(&mut self, key: &KeyHash, record: Record) {
        match self.rows.get_mut(key) {
            Some(Row::Session(there)) if there.content.user == record.content.user => {
                let (before, after) = (there.content.expires_at, record.content.expires_at);
                *there = record;
                self.move_end(key, before, after);
            }
            _ => self.put(*key, Row::Session(record)),
        }
    }

    fn move_end(&mut self, key: &KeyHash, before: DateTime<Utc>, after: DateTime<Utc>) {
        if before != after {
            self.ends.remove(&(before, *key));
            self.ends.insert((after, *key));
        }
    }

    fn take(&mut self, key: &KeyHash) -> Option<Row> {
        let row = self.rows.remove(key)?;
        self.ends.remove(&(row.ends_at(), *key));
        if let Some(user) = row.user()
            && let Some(keys) = self.of_users.get_mut(user)
        {
            keys.remove(key);
            if keys.is_empty() {
                self.of_users.remove(user);
            }
        }
        Some(row)
    }

    pub(crate) fn load(&self, key: &KeyHash, now: DateTime<Utc>) -> Loaded {
        self.look(key, now).map_or_else(Loaded::Gone, |record| Loaded::Live(record.clone()))
    }

    pub(crate) fn create(&mut self, key: &KeyHash, content: &Content, now: DateTime<Utc>) -> Created {
        if self.rows.contains_key(key) {
            return Created::Exists;
        }
        let record = Record { version: Version::FIRST, created_at: now, content: content.clone() };
        self.put(*key, Row::Session(record));
        Created::Created
    }

    pub(crate) fn update(
        &mut self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Updated {
        let created_at = match self.look(key, now) {
            Ok(record) if record.version == version => record.created_at,
            Ok(_) => return Updated::Stale,
            Err(gone) => return Updated::Gone(gone),
        };
        let version = version.next();
        self.replace(key, Record { version, created_at, content: content.clone() });
        Updated::Updated(version)
    }

    pub(crate) fn touch(&mut self, key: &KeyHash, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Touched {
        let (before, after) = match self.look(key, now) {
            Ok(Record { content, .. }) => (content.expires_at, expires_at.min(content.ends_at)),
            Err(gone) => return Touched::Gone(gone),
        };
        if after > before
            && let Some(Row::Session(record)) = self.rows.get_mut(key)
        {
            record.content.expires_at = after;
            self.move_end(key, before, after);
        }
        Touched::Touched
    }

    pub(crate) fn rotate(&mut self, key: &KeyHash, to: &KeyHash, now: DateTime<Utc>) -> Rotated {
        if let Err(gone) = self.look(key, now) {
            return Rotated::Gone(gone);
        }
        if self.rows.contains_key(to) {
            return Rotated::Exists;
        }
        if let Some(row) = self.take(key) {
            self.put(*to, row);
            self.put(*key, Row::Tombstone { reason: GoneReason::Rotated, at: now });
        }
        Rotated::Rotated
    }

    pub(crate) fn delete(
        &mut self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: DateTime<Utc>,
    ) -> Deleted {
        match self.look(key, now) {
            Ok(record) if version.is_some_and(|version| version != record.version) => Deleted::Stale,
            Ok(_) => {
                self.put(*key, Row::Tombstone { reason, at: now });
                Deleted::Deleted
            }
            Err(gone) => Deleted::Gone(gone),
        }
    }

    /// A user's sessions that are not gone, from after one.
    fn of_user<'a>(
        &'a self,
        user: &UserId,
        after: Option<&KeyHash>,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = (&'a KeyHash, &'a Record)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let keys = self.of_users.get(user).into_iter();
        keys.flat_map(move |keys| keys.range((from, Bound::Unbounded)))
            .filter_map(move |key| Some((key, self.look(key, now).ok()?)))
    }

    pub(crate) fn list_user(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Vec<UserSession> {
        let listed = self.of_user(user, after, now).map(|(key, record)| UserSession {
            key: *key,
            created_at: record.created_at,
            expires_at: record.content.expires_at,
            ends_at: record.content.ends_at,
        });
        listed.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
    }

    pub(crate) fn delete_user(&mut self, user: &UserId, except: Option<&KeyHash>, now: DateTime<Utc>) -> u64 {
        let ended = self.of_user(user, None, now).map(|(key, _)| *key).filter(|key| Some(key) != except);
        let ended: Vec<KeyHash> = ended.collect();
        for key in &ended {
            self.put(*key, Row::Tombstone { reason: GoneReason::LoggedOut, at: now });
        }
        u64::try_from(ended.len()).unwrap_or(u64::MAX)
    }

    pub(crate) fn delete_expired(&mut self, limit: u32, now: DateTime<Utc>) -> u32 {
        let mut deleted = 0_u32;
        while deleted < limit {
            let Some(key) = self.ends.first().filter(|(at, _)| *at <= now).map(|(_, key)| *key) else {
                break;
            };
            self.take(&key);
            deleted = deleted.saturating_add(1);
        }
        deleted
    }
}
