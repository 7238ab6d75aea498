//! Keys, instants and contents of sessions, and short ways to do and to look.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::time::Duration;

use bursar_session::store::{Created, Loaded};
use bursar_session::{Content, KeyHash, Record, SessionStore, UserId, Version};
use bursar_store_redis::RedisStore;
use chrono::{DateTime, Utc};

/// More rows than any test makes.
pub(crate) const ALL: u32 = 100_000;

/// The n-th key, of which every byte says something else.
pub(crate) fn key(n: u32) -> KeyHash {
    let mut state = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    KeyHash::from_bytes(std::array::from_fn(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[1]
    }))
}

/// What a session is called in Redis.
pub(crate) fn name(prefix: &str, key: &KeyHash) -> String {
    let hex: String = key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}s:{hex}")
}

/// So many seconds after the morning of a day.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_790_000_000_123_456 + seconds * 1_000_000).unwrap()
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn content(data: &str) -> Content {
    Content {
        data: data.into(),
        user: None,
        expires_at: at(1_800),
        ends_at: at(43_200),
        idle_timeout: Some(Duration::from_secs(1_800)),
    }
}

pub(crate) fn of_user(id: &str, data: &str) -> Content {
    Content { user: Some(user(id)), ..content(data) }
}

pub(crate) async fn create(store: &RedisStore, n: u32, content: &Content) {
    assert_eq!(store.create(&key(n), content, at(0)).await.unwrap(), Created::Created);
}

pub(crate) async fn found(store: &RedisStore, n: u32) -> Option<Record> {
    match store.load(&key(n), at(1)).await.unwrap() {
        Loaded::Live(record) => Some(record),
        Loaded::Gone(_) => None,
        Loaded::Undecodable => panic!("a row that cannot be read"),
    }
}

/// The keys of a user's sessions.
pub(crate) async fn listed(store: &RedisStore, id: &str) -> Vec<KeyHash> {
    let listed = store.list_user(&user(id), None, ALL, at(1)).await.unwrap();
    listed.into_iter().map(|session| session.key).collect()
}

pub(crate) fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}
