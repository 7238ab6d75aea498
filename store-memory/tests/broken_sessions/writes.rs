//! Writes of one session: right unless the store is told to be wrong.

use std::sync::Arc;
use std::time::Duration;

use bursar_session::store::{Created, Deleted, Rotated, Touched, Updated};
use bursar_session::{Content, Gone, GoneReason, KeyHash, Record, Version};

use crate::faults::Fault;
use crate::rows::{Instant, Row, Rows, bent};
use crate::store::Broken;

fn new(content: Content, now: Instant) -> Record {
    Record { version: Version::FIRST, created_at: now, content }
}

/// A content of which nothing is known but when it ends.
fn bare(until: Instant) -> Content {
    Content { data: "{}".into(), user: None, expires_at: until, ends_at: until, idle_timeout: None }
}

impl Broken {
    fn is_taken(&self, rows: &Rows, key: &KeyHash, now: Instant) -> bool {
        match self.fault {
            Fault::CreationsOverwrite => false,
            Fault::DeadKeysAreCreatedAnew => rows.look(self.fault, key, now).is_ok(),
            Fault::AskedKeysAreTaken => rows.asked.contains(key),
            _ => rows.rows.contains_key(key),
        }
    }

    pub(crate) async fn create_broken(&self, key: &KeyHash, content: &Content, now: Instant) -> Created {
        let record = new(bent(self.fault, content), now);
        let taken = self.is_taken(&self.lock(), key, now);
        match self.fault {
            Fault::KeysAreCheckedBeforehand => self.pause().await,
            Fault::CreationsAreAnsweredEarly if !taken => {
                let (rows, key) = (Arc::clone(&self.rows), *key);
                drop(tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    rows.lock().unwrap().put(&key, record);
                }));
                return Created::Created;
            }
            Fault::CreationsGoInSteps if !taken => {
                self.lock().put(key, new(bare(content.ends_at), now));
                self.pause().await;
                self.lock().put(key, record);
                return Created::Created;
            }
            _ => {}
        }
        let mut rows = self.lock();
        let taken =
            if self.is(Fault::KeysAreCheckedBeforehand) { taken } else { self.is_taken(&rows, key, now) };
        if taken {
            return Created::Exists;
        }
        rows.first.retain(|(first, _)| first != key);
        rows.first.push((*key, content.clone()));
        rows.put(key, record);
        Created::Created
    }

    /// What a broken store makes of an update of what is gone.
    fn update_gone(rows: &mut Rows, fault: Fault, key: &KeyHash, record: Record, gone: Gone) -> Updated {
        let absent = !rows.rows.contains_key(key);
        match fault {
            Fault::TheGoneIsStale => return Updated::Stale,
            Fault::UpdatesInsert if absent => {}
            Fault::UpdatesRevive if !absent => {}
            _ => return Updated::Gone(gone),
        }
        let version = record.version;
        rows.put(key, record);
        Updated::Updated(version)
    }

    pub(crate) async fn update_broken(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: Instant,
    ) -> Updated {
        let time = self.time(Fault::TheExpiredIsUpdated, now);
        let before = self.lock().look(self.fault, key, time);
        let beforehand = self.is(Fault::VersionsAreCheckedBeforehand);
        if beforehand {
            self.pause().await;
        }
        let record = {
            let mut rows = self.lock();
            rows.asked.insert(*key);
            let found = match rows.look(self.fault, key, time) {
                Ok(found) => found,
                Err(gone) => {
                    let content = bent(self.fault, content);
                    let record = Record { version: version.next(), ..new(content, now) };
                    return Self::update_gone(&mut rows, self.fault, key, record, gone);
                }
            };
            let read = before.ok().filter(|_| beforehand).unwrap_or_else(|| found.clone());
            let fits = match self.fault {
                Fault::VersionsAreDropped => true,
                Fault::LaterVersionsPass => version >= read.version,
                _ => version == read.version,
            };
            if !fits {
                return Updated::Stale;
            }
            let record = self.updated(&found, read.version, content, now);
            match self.fault {
                Fault::RotatedSessionsAreFrozen if rows.first_keys.contains_key(key) => {}
                Fault::UpdatesWriteTheUsersOthers => {
                    let user = &found.content.user;
                    let of_user =
                        |row: &&mut Row| matches!(row, Row::Session(other) if other.content.user == *user);
                    let others = rows.rows.values_mut().filter(of_user);
                    others.for_each(|row| *row = Row::Session(record.clone()));
                }
                Fault::UpdatesGoInSteps => {
                    let content = Content { user: record.content.user.clone(), ..found.content };
                    rows.put(key, Record { content, ..record });
                }
                _ => rows.put(key, record.clone()),
            }
            record
        };
        let version = record.version;
        if self.is(Fault::UpdatesGoInSteps) {
            self.pause().await;
            self.lock().put(key, record);
        }
        Updated::Updated(version)
    }

    /// The session as it is after an update.
    fn updated(&self, found: &Record, version: Version, content: &Content, now: Instant) -> Record {
        let mut content = bent(self.fault, content);
        match self.fault {
            Fault::UpdatesDoNotShorten => {
                content.expires_at = content.expires_at.max(found.content.expires_at);
            }
            Fault::UpdatesKeepTheUser => content.user.clone_from(&found.content.user),
            _ => {}
        }
        let created_at = if self.is(Fault::UpdatesMoveTheCreation) { now } else { found.created_at };
        let version = if self.is(Fault::VersionsStay) { version } else { version.next() };
        Record { version, created_at, content }
    }

    pub(crate) async fn touch_broken(&self, key: &KeyHash, expires_at: Instant, now: Instant) -> Touched {
        let time = self.time(Fault::TheExpiredIsTouched, now);
        let before = self.lock().look(self.fault, key, time);
        if self.is(Fault::TouchesWriteAllBack) {
            self.pause().await;
        }
        let mut rows = self.lock();
        rows.asked.insert(*key);
        let mut record = match rows.look(self.fault, key, time) {
            Ok(found) => found,
            Err(gone) => {
                let absent = !rows.rows.contains_key(key);
                let buried = rows.buried.get(key).cloned();
                match (self.fault, buried) {
                    (Fault::TouchesInsert, _) if absent => rows.put(key, new(bare(expires_at), now)),
                    (Fault::TouchesRevive, Some(buried)) if !absent => rows.put(key, buried),
                    _ => return Touched::Gone(gone),
                }
                return Touched::Touched;
            }
        };
        if let (Fault::TouchesWriteAllBack, Ok(before)) = (self.fault, before) {
            record = before;
        }
        let frozen = self.is(Fault::RotatedSessionsAreFrozen) && rows.first_keys.contains_key(key);
        let past = self.is(Fault::TouchesPastTheEndAreLost) && expires_at > record.content.ends_at;
        if self.is(Fault::TouchesAreLost) || frozen || past {
            return Touched::Touched;
        }
        let (was, end) = (record.content.expires_at, record.content.ends_at);
        record.content.expires_at = match self.fault {
            Fault::TouchesShorten => expires_at.min(end),
            Fault::TouchesPassTheEnd => was.max(expires_at),
            _ => was.max(expires_at.min(end)),
        };
        if self.is(Fault::TouchesRaiseTheVersion) {
            record.version = record.version.next();
        }
        rows.put(key, record);
        Touched::Touched
    }

    pub(crate) async fn rotate_broken(&self, key: &KeyHash, to: &KeyHash, now: Instant) -> Rotated {
        let time = self.time(Fault::TheExpiredIsRotated, now);
        let before = self.lock().look(self.fault, key, time);
        let beforehand = self.is(Fault::RotationsAreCheckedBeforehand);
        let free = !self.lock().rows.contains_key(to);
        if beforehand
            || matches!(self.fault, Fault::RotationsCopyWhatWasRead | Fault::NewKeysAreCheckedBeforehand)
        {
            self.pause().await;
        }
        let record = {
            let mut rows = self.lock();
            let found = if beforehand { before.clone() } else { rows.look(self.fault, key, time) };
            let found = match found {
                Ok(found) => found,
                Err(gone) => return Rotated::Gone(gone),
            };
            let taken = match self.fault {
                Fault::RotationsOverwrite => key == to,
                Fault::NewKeysAreCheckedBeforehand => !free,
                Fault::RotationsTakeDeadKeys => rows.look(self.fault, to, now).is_ok(),
                _ => rows.rows.contains_key(to),
            };
            if taken {
                return Rotated::Exists;
            }
            let first = rows.first_keys.get(key).copied().unwrap_or(*key);
            rows.first_keys.insert(*to, first);
            let record = self.rotated(found, before, now);
            match self.fault {
                Fault::RotationsShowBoth => rows.put(to, record.clone()),
                Fault::RotationsShowNeither => rows.bury(key, GoneReason::Rotated, now),
                Fault::RotationsLeaveTheOldKey => {
                    rows.put(to, record);
                    return Rotated::Rotated;
                }
                Fault::RotationsLeaveNoReason => {
                    rows.rows.remove(key);
                    rows.put(to, record);
                    return Rotated::Rotated;
                }
                _ => {
                    rows.bury(key, GoneReason::Rotated, now);
                    rows.put(to, record);
                    return Rotated::Rotated;
                }
            }
            record
        };
        self.pause().await;
        let mut rows = self.lock();
        if self.is(Fault::RotationsShowBoth) {
            rows.bury(key, GoneReason::Rotated, now);
        } else {
            rows.put(to, record);
        }
        Rotated::Rotated
    }

    /// The session as it is under its new key.
    fn rotated(&self, found: Record, before: Result<Record, Gone>, now: Instant) -> Record {
        let mut record = found;
        match self.fault {
            Fault::RotationsCopyWhatWasRead => record = before.unwrap_or(record),
            Fault::RotationsLoseTheData => record.content.data = "{}".into(),
            Fault::RotationsForgetTheVersion => record.version = Version::FIRST,
            Fault::RotationsMoveTheCreation => record.created_at = now,
            Fault::RotationsLoseTheUser => record.content.user = None,
            _ => {}
        }
        record
    }

    pub(crate) async fn delete_broken(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: Instant,
    ) -> Deleted {
        let time = self.time(Fault::TheExpiredIsDeleted, now);
        let before = self.lock().look(self.fault, key, time);
        let beforehand = self.is(Fault::DeletionsAreCheckedBeforehand);
        if beforehand {
            self.pause().await;
        }
        let mut rows = self.lock();
        let found = if beforehand { before } else { rows.look(self.fault, key, time) };
        let found = match found {
            Ok(found) => found,
            Err(gone) => {
                let absent = !rows.rows.contains_key(key);
                let overwrite = self.is(Fault::ReasonsAreOverwritten) && gone.reason.is_some();
                if overwrite || (absent && self.is(Fault::TheAbsentIsDeleted)) {
                    rows.bury(key, reason, now);
                }
                return Deleted::Gone(gone);
            }
        };
        let stale = version.is_some_and(|version| version != found.version);
        if stale && !self.is(Fault::DeletionsDropTheVersion) {
            return Deleted::Stale;
        }
        match self.fault {
            Fault::DeletionsLeaveNoReason => {
                rows.rows.remove(key);
            }
            Fault::EveryDeletionIsALogout => rows.bury(key, GoneReason::LoggedOut, now),
            Fault::DeletionsTakeTheUsersOthers => {
                let of_user = |key: &&KeyHash| {
                    rows.session(key).is_some_and(|other| other.content.user == found.content.user)
                };
                let keys: Vec<KeyHash> = rows.rows.keys().filter(of_user).copied().collect();
                keys.iter().for_each(|key| rows.bury(key, reason, now));
            }
            _ => rows.bury(key, reason, now),
        }
        Deleted::Deleted
    }
}
