//! Durations, ends and clocks beyond all sense: they are bounded, and nothing overflows (R4).

use std::time::Duration;

use bursar_session::store::Loaded;
use bursar_session::{
    LIFETIME_MAX, LIFETIME_MIN, Outcome, SessionCookie, SessionKey, SessionLayer, SessionStore, hours,
};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use http::{HeaderMap, Method, StatusCode, Uri};
use proptest::prelude::*;

use crate::site::{Site, block_on, given, now, with_key};

#[tokio::test]
async fn durations_are_bounded() {
    for (told, kept) in [(Duration::ZERO, LIFETIME_MIN), (Duration::MAX, LIFETIME_MAX)] {
        let site = Site::of(|layer| layer.idle_timeout(told).lifetime(told));
        let key = site.with_value("a", "").await;
        let content = site.record(&key).await.content;
        assert_eq!((content.expires_at, content.ends_at), (now() + kept, now() + kept));

        let site = Site::of(|layer| layer.lifetime(LIFETIME_MAX));
        let session = site.begin(&HeaderMap::new());
        session.insert("a", &1).unwrap();
        session.set_idle_timeout(told).unwrap();
        let key = given(&site.finish(&session).await).unwrap();
        let content = site.record(&key).await.content;
        assert_eq!((content.idle_timeout, content.expires_at), (Some(kept), now() + kept));
    }
}

#[tokio::test]
async fn an_end_at_the_end_of_time_is_bounded() {
    let site = Site::of(|layer| layer.cookie(SessionCookie::default().persistent()));
    let session = site.begin(&HeaderMap::new());
    session.insert("a", &1).unwrap();
    session.set_end(&DateTime::<Utc>::MAX_UTC).unwrap();
    let finished = site.finish(&session).await;
    let content = site.record(&given(&finished).unwrap()).await.content;
    assert_eq!(content.ends_at, now() + LIFETIME_MAX);
    assert!(content.expires_at <= now() + hours(1), "it is idle as soon as any other");
    assert!(finished.cookie.unwrap().to_str().unwrap().contains("Max-Age="));
}

#[tokio::test]
async fn an_end_that_has_passed_ends_the_session() {
    let east = FixedOffset::east_opt(86_399).unwrap();
    for end in [DateTime::<Utc>::MIN_UTC, now() - TimeDelta::microseconds(1), now()] {
        let site = Site::new();
        let key = site.with_value("a", "").await;
        let session = site.begin(&with_key(&key));
        // In another time zone it is the same instant, as far as there is one.
        match end.checked_add_signed(TimeDelta::days(1)) {
            Some(_) if end > DateTime::<Utc>::MIN_UTC => session.set_end(&end.with_timezone(&east)).unwrap(),
            _ => session.set_end(&end).unwrap(),
        }
        site.finish(&session).await;
        assert!(matches!(site.kept(&key).await, Loaded::Gone(_)), "{end}");
        assert_eq!(site.begin(&with_key(&key)).get::<String>("a").await.unwrap(), None);
    }
}

/// What a request, and one after it, come to by a clock that stands still there.
async fn at(clock: DateTime<Utc>, end: Option<DateTime<Utc>>, idle: Option<Duration>) {
    let store = MemoryStore::new();
    let layer = SessionLayer::new(store.clone())
        .with_clock(move || clock)
        .cookie(SessionCookie::default().persistent());
    let begin = |headers: &HeaderMap| layer.begin(&Method::GET, &Uri::from_static("/"), headers);
    let session = begin(&HeaderMap::new());
    session.insert("a", &1).unwrap();
    session.set_user("u").unwrap();
    if let Some(end) = &end {
        session.set_end(end).unwrap();
    }
    if let Some(idle) = idle {
        session.set_idle_timeout(idle).unwrap();
    }
    let finished = layer.finish(&session, StatusCode::OK, None).await;
    assert!(matches!(finished.outcome, Outcome::Saved), "{:?}", finished.outcome);
    let key: SessionKey = given(&finished).unwrap();
    let session = begin(&with_key(&key));
    let found: Option<u8> = session.get("a").await.unwrap();
    session.rotate().await.unwrap();
    session.update("a", |n: &mut u8| *n = n.saturating_add(1)).await.unwrap();
    let outcome = layer.finish(&session, StatusCode::OK, None).await.outcome;
    assert!(matches!(outcome, Outcome::Saved | Outcome::Interrupted(_)), "{outcome:?}");
    if found.is_some() {
        assert!(matches!(store.load(&key.hash(), clock).await.unwrap(), Loaded::Gone(_)), "it has a new key");
    }
    layer.sessions().end_all("u").await.unwrap();
    layer.sessions().of_user("u", None, u32::MAX).await.unwrap();
    store.delete_expired(u32::MAX, clock).await.unwrap();
}

#[tokio::test]
async fn clocks_may_stand_anywhere() {
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    for clock in [first, DateTime::UNIX_EPOCH, now(), last - TimeDelta::seconds(1), last] {
        for end in [None, Some(first), Some(last)] {
            at(clock, end, None).await;
            at(clock, end, Some(Duration::MAX)).await;
        }
    }
}

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    any::<i64>().prop_map(|micros| {
        let range = DateTime::<Utc>::MAX_UTC.timestamp_micros() / 2;
        DateTime::from_timestamp_micros(micros % range).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_clock_end_and_idle_timeout_will_do(
        clock in instant(),
        end in prop::option::of(instant()),
        idle in prop::option::of(any::<Duration>()),
    ) {
        block_on(at(clock, end, idle));
    }
}
