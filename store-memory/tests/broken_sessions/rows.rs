//! What a broken store keeps, how it keeps it, and how it looks at it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use bursar_session::store::Loaded;
use bursar_session::{Content, Gone, GoneReason, KeyHash, Record, TOMBSTONE_KEPT, UserId};
use chrono::{DateTime, Utc};

use crate::faults::Fault;

pub(crate) type Instant = DateTime<Utc>;

#[derive(Clone)]
pub(crate) enum Row {
    Session(Record),
    Tombstone(GoneReason, Instant),
}

#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) rows: BTreeMap<KeyHash, Row>,
    /// What only a fault looks at: sessions as they were before they ended, …
    pub(crate) buried: HashMap<KeyHash, Record>,
    /// … as they were when they were created, in that order, …
    pub(crate) first: Vec<(KeyHash, Content)>,
    /// … the first key of one that was rotated, …
    pub(crate) first_keys: HashMap<KeyHash, KeyHash>,
    /// … what was read last, what was asked for, what is locked, and what is read at once.
    pub(crate) seen: HashMap<KeyHash, Loaded>,
    pub(crate) asked: HashSet<KeyHash>,
    pub(crate) locked: HashSet<KeyHash>,
    pub(crate) batch: Vec<KeyHash>,
}

fn coarse(at: Instant) -> Instant {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap()
}

fn in_53_bits(at: Instant) -> Instant {
    let micros = at.timestamp_micros();
    let kept = if micros > 1 << 53 { micros & !0x1f } else { micros };
    DateTime::from_timestamp_micros(kept).unwrap()
}

/// The content as it is kept.
pub(crate) fn bent(fault: Fault, content: &Content) -> Content {
    let mut content = content.clone();
    let data = content.data.clone();
    match fault {
        Fault::DataAreRewritten => content.data = data.replace(" : ", ":").replace("\\/", "/").into(),
        Fault::DataAreTrimmed => content.data = data.trim().into(),
        Fault::DataAreCut => content.data = data[..data.floor_char_boundary(65_535)].into(),
        Fault::InstantsAreCoarse => {
            content.expires_at = coarse(content.expires_at);
            content.ends_at = coarse(content.ends_at);
        }
        Fault::InstantsAreFloats => {
            content.expires_at = in_53_bits(content.expires_at);
            content.ends_at = in_53_bits(content.ends_at);
        }
        Fault::TimeoutsAreLost => content.idle_timeout = None,
        Fault::TimeoutsAreCoarse => {
            content.idle_timeout = content.idle_timeout.map(|timeout| Duration::from_secs(timeout.as_secs()));
        }
        Fault::UsersAreTrimmed => {
            content.user = content.user.map(|user| UserId::new(user.as_str().trim()).unwrap());
        }
        _ => {}
    }
    content
}

/// The key as it is compared.
pub(crate) fn bent_key(fault: Fault, key: &KeyHash) -> KeyHash {
    let mut bytes = *key.as_bytes();
    match fault {
        Fault::KeysAreComparedByHalf => bytes[16..].fill(0),
        Fault::KeysEndAtZero => {
            bytes.iter_mut().skip_while(|byte| **byte != 0).for_each(|byte| *byte = 0);
        }
        Fault::KeysLoseTheirCase => bytes.make_ascii_lowercase(),
        _ => {}
    }
    KeyHash::from_bytes(bytes)
}

/// How long a tombstone is told.
fn told(fault: Fault, at: Instant, now: Instant) -> bool {
    match fault {
        Fault::TombstonesStayForEver => true,
        Fault::TombstonesAreShort => now < at + (TOMBSTONE_KEPT - Duration::from_secs(1)),
        Fault::TombstonesAreLong => now <= at + TOMBSTONE_KEPT,
        _ => now < at + TOMBSTONE_KEPT,
    }
}

fn expired(fault: Fault, record: &Record, now: Instant) -> bool {
    let expires_at = record.content.expires_at;
    match fault {
        Fault::DeadlinesAreIncluded => expires_at < now,
        Fault::DeadlinesAreEarly => expires_at - Duration::from_secs(1) <= now,
        Fault::SessionsAgeByTheirCreation => {
            expires_at <= now || record.created_at + Duration::from_secs(86_400) <= now
        }
        _ => expires_at <= now,
    }
}

impl Rows {
    pub(crate) fn look(&self, fault: Fault, key: &KeyHash, now: Instant) -> Result<Record, Gone> {
        match self.rows.get(key) {
            None => Err(Gone::UNKNOWN),
            Some(Row::Session(record)) if !expired(fault, record, now) => Ok(record.clone()),
            Some(Row::Session(record)) => Err(match fault {
                Fault::ExpiryIsNotTold => Gone::UNKNOWN,
                Fault::ExpiryIsToldAsNow => Gone::new(GoneReason::Expired, now),
                _ => Gone::new(GoneReason::Expired, record.content.expires_at),
            }),
            Some(Row::Tombstone(reason, at)) => {
                let before = self.buried.get(key);
                match (fault, before) {
                    (Fault::DeadlinesHideTheReason, Some(before)) if before.content.expires_at <= now => {
                        return Err(Gone::new(GoneReason::Expired, before.content.expires_at));
                    }
                    (Fault::TombstonesOpen, Some(before)) if !told(fault, *at, now) => {
                        return Ok(before.clone());
                    }
                    _ => {}
                }
                Err(if told(fault, *at, now) { Gone::new(*reason, *at) } else { Gone::UNKNOWN })
            }
        }
    }

    /// The session under a key, whether it has expired or not.
    pub(crate) fn session(&self, key: &KeyHash) -> Option<Record> {
        match self.rows.get(key) {
            Some(Row::Session(record)) => Some(record.clone()),
            _ => None,
        }
    }

    pub(crate) fn put(&mut self, key: &KeyHash, record: Record) {
        self.rows.insert(*key, Row::Session(record));
    }

    pub(crate) fn bury(&mut self, key: &KeyHash, reason: GoneReason, now: Instant) {
        if let Some(record) = self.session(key) {
            self.buried.insert(*key, record);
        }
        self.rows.insert(*key, Row::Tombstone(reason, now));
    }

    /// Whether a cleaning may delete this row.
    pub(crate) fn over(&self, fault: Fault, key: &KeyHash, now: Instant) -> bool {
        match self.rows.get(key) {
            None => false,
            Some(Row::Session(record)) => match fault {
                Fault::CleaningsTakeTheLiving => record.created_at < now,
                Fault::CleaningsGoByTheFirstDeadline => {
                    let first = self.first.iter().find(|(first, _)| first == key);
                    first.map_or(record.content.expires_at, |(_, content)| content.expires_at) <= now
                }
                Fault::CleaningsAreLate => record.content.expires_at < now,
                _ => record.content.expires_at <= now,
            },
            Some(Row::Tombstone(_, at)) => match fault {
                Fault::TombstonesAreCleanedAtOnce => true,
                Fault::TombstonesPileUp => false,
                Fault::TombstonesKeepTheDeadline => {
                    self.buried.get(key).is_none_or(|before| before.content.expires_at <= now)
                }
                _ => *at + TOMBSTONE_KEPT <= now,
            },
        }
    }
}
