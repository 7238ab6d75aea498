//! Sessions for tests: an instant to begin at, keys, contents.
#![allow(dead_code, reason = "each test binary uses some of it")]

use bursar_session::store::{Created, Loaded, Updated};
use bursar_session::{Content, KeyHash, Record, SessionStore, UserId, Version};
use chrono::{DateTime, Duration, Utc};

/// The instant that tests begin at.
pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap()
}

pub(crate) fn after(seconds: i64) -> DateTime<Utc> {
    start() + Duration::seconds(seconds)
}

/// A key hash by a number.
pub(crate) fn key(number: u64) -> KeyHash {
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    KeyHash::from_bytes(bytes)
}

/// A content that expires after an hour and ends after a day.
pub(crate) fn content(data: &str) -> Content {
    Content {
        data: data.into(),
        user: None,
        expires_at: after(3_600),
        ends_at: after(86_400),
        idle_timeout: None,
    }
}

pub(crate) fn of_user(data: &str, user: &str) -> Content {
    Content { user: Some(UserId::new(user).unwrap()), ..content(data) }
}

pub(crate) async fn create(store: &impl SessionStore, number: u64, content: &Content) {
    assert_eq!(store.create(&key(number), content, start()).await.unwrap(), Created::Created);
}

pub(crate) async fn live(store: &impl SessionStore, number: u64) -> Record {
    match store.load(&key(number), start()).await.unwrap() {
        Loaded::Live(record) => record,
        other => panic!("{other:?}"),
    }
}

/// Raises the counter that a session's data is, whoever else does; how often it was tried.
pub(crate) async fn count(store: &impl SessionStore, number: u64) -> u32 {
    for attempt in 1.. {
        let record = live(store, number).await;
        let next: u64 = record.content.data.parse::<u64>().unwrap() + 1;
        let next = Content { data: next.to_string().into(), ..record.content };
        match store.update(&key(number), record.version, &next, start()).await.unwrap() {
            Updated::Updated(version) => {
                assert_eq!(version, record.version.next());
                return attempt;
            }
            Updated::Stale => {}
            Updated::Gone(gone) => panic!("{gone:?}"),
        }
    }
    0
}

pub(crate) fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}
