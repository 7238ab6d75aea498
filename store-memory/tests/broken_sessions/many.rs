//! Calls that are about many sessions: a user's, and those that are over.

use bursar_session::{GoneReason, KeyHash, Record, UserId, UserSession, Version};

use crate::faults::Fault;
use crate::rows::{Instant, Row, Rows};
use crate::store::Broken;

impl Broken {
    fn is_of(&self, rows: &Rows, user: &UserId, key: &KeyHash, record: &Record) -> bool {
        let of = match self.fault {
            Fault::ListingsForgetBindings => {
                let first = rows.first.iter().find(|(first, _)| first == key);
                first.and_then(|(_, content)| content.user.clone())
            }
            _ => record.content.user.clone(),
        };
        match (self.fault, of) {
            (Fault::TheEndOfAllIsEverybodys, _) | (Fault::ListingsShowNobodys, None) => true,
            (_, None) => false,
            (Fault::UsersLoseTheirCase, Some(of)) => of.as_str().eq_ignore_ascii_case(user.as_str()),
            (_, Some(of)) => of == *user,
        }
    }

    /// A user's sessions with their keys.
    fn of_user(&self, rows: &Rows, user: &UserId, now: Instant) -> Vec<(KeyHash, Record)> {
        let all = rows.rows.keys().filter_map(|key| match rows.rows.get(key) {
            Some(Row::Tombstone(..)) if self.is(Fault::TombstonesAreListed) => {
                Some((*key, rows.buried.get(key)?.clone()))
            }
            _ => Some((*key, rows.look(self.fault, key, now).ok()?)),
        });
        all.filter(|(key, record)| self.is_of(rows, user, key, record)).collect()
    }

    pub(crate) fn list_broken(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: Instant,
    ) -> Vec<UserSession> {
        let rows = self.lock();
        let mut found = self.of_user(&rows, user, self.time(Fault::ListingsShowTheExpired, now));
        match self.fault {
            Fault::PagesRepeat => found.retain(|(key, _)| after.is_none_or(|after| key >= after)),
            _ => found.retain(|(key, _)| after.is_none_or(|after| key > after)),
        }
        if self.is(Fault::ListingsAreByCreation) {
            found.sort_by_key(|(key, _)| rows.first.iter().position(|(first, _)| first == key));
        }
        let limit = match self.fault {
            Fault::PagesAreShort => limit.div_ceil(2),
            Fault::PagesAreLong => limit.saturating_add(1),
            _ => limit,
        };
        let listed = found.into_iter().take(usize::try_from(limit).unwrap()).map(|(key, record)| {
            let first_key =
                rows.first_keys.get(&key).copied().filter(|_| self.is(Fault::ListingsForgetRotations));
            let (mut expires_at, ends_at) = (record.content.expires_at, record.content.ends_at);
            if self.is(Fault::ListingsMixTheDeadlines) {
                expires_at = ends_at;
            }
            UserSession { key: first_key.unwrap_or(key), created_at: record.created_at, expires_at, ends_at }
        });
        listed.collect()
    }

    pub(crate) async fn end_all_broken(&self, user: &UserId, except: Option<&KeyHash>, now: Instant) -> u64 {
        let time = self.time(Fault::TheEndOfAllTakesTheExpired, now);
        let mut found = self.of_user(&self.lock(), user, time);
        let counted = found.len();
        if matches!(self.fault, Fault::TheEndOfAllGoesInSteps | Fault::TheEndOfAllMiscounts) {
            self.pause().await;
        }
        if self.is(Fault::TheEndOfAllGoesInSteps) {
            return self.end_in_steps(&found, except, now).await;
        }
        let mut rows = self.lock();
        found = self.of_user(&rows, user, time);
        let is_one = found.iter().any(|(key, _)| Some(key) == except);
        if self.is(Fault::ExceptionsOfOthersProtect) && except.is_some() && !is_one {
            return 0;
        }
        let mut ended = 0;
        for (key, record) in found {
            if Some(&key) == except && !self.is(Fault::ExceptionsAreForgotten) {
                if self.is(Fault::ExceptionsAreRecreated) {
                    rows.put(&key, Record { version: Version::FIRST, created_at: now, ..record });
                }
                continue;
            }
            match self.fault {
                Fault::TheEndOfAllLeavesNoReason => {
                    rows.rows.remove(&key);
                }
                _ => rows.bury(&key, GoneReason::LoggedOut, now),
            }
            ended += 1;
        }
        if self.is(Fault::TheEndOfAllMiscounts) { u64::try_from(counted).unwrap() } else { ended }
    }

    async fn end_in_steps(&self, found: &[(KeyHash, Record)], except: Option<&KeyHash>, now: Instant) -> u64 {
        let mut ended = 0;
        for (key, _) in found.iter().filter(|(key, _)| Some(key) != except) {
            {
                let mut rows = self.lock();
                if rows.session(key).is_some() {
                    rows.bury(key, GoneReason::LoggedOut, now);
                    ended += 1;
                }
            }
            tokio::task::yield_now().await;
        }
        ended
    }

    pub(crate) async fn clean_broken(&self, limit: u32, now: Instant) -> u32 {
        let limit = if self.is(Fault::CleaningsAreUnbounded) { u32::MAX } else { limit };
        let limit = usize::try_from(limit).unwrap();
        let over = |rows: &Rows| -> Vec<KeyHash> {
            let keys = rows.rows.keys().copied();
            keys.filter(|key| rows.over(self.fault, key, now)).take(limit).collect()
        };
        let found = over(&self.lock());
        let beforehand =
            matches!(self.fault, Fault::CleaningsAreCheckedBeforehand | Fault::CleaningsCountWhatTheyFound);
        if beforehand {
            self.pause().await;
        }
        let mut rows = self.lock();
        let keys = if beforehand { found.clone() } else { over(&rows) };
        let mut deleted = 0;
        for key in keys {
            if self.is(Fault::CleaningsCountWhatTheyFound) && !rows.over(self.fault, &key, now) {
                continue;
            }
            let row = rows.rows.remove(&key);
            deleted += u32::from(row.is_some());
            if let (Fault::CleaningsLeaveTombstones, Some(Row::Session(_))) = (self.fault, row) {
                rows.bury(&key, GoneReason::Expired, now);
            }
        }
        match self.fault {
            Fault::CleaningsCountWhatTheyFound => u32::try_from(found.len()).unwrap(),
            Fault::CleaningsDoNotCount => 0,
            _ => deleted,
        }
    }
}
