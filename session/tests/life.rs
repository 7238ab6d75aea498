//! The life of a session by chance: uses, pauses, own deadlines, logouts, against a naive model of when it is there (R4, R9, R14).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bursar_session::{Outcome, SessionLayer, hours, minutes};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Utc};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Act {
    Read,
    Poll,
    Set(u32),
    IdleTimeout(u32),
    /// An end so many minutes from now, which may have passed.
    End(i64),
    Rotate,
    Flush,
    Fail(u32),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Read),
        2 => Just(Act::Poll),
        4 => (0..3_u32).prop_map(Act::Set),
        1 => (1..60_u32).prop_map(Act::IdleTimeout),
        1 => (-5..200_i64).prop_map(Act::End),
        2 => Just(Act::Rotate),
        1 => Just(Act::Flush),
        1 => (0..3_u32).prop_map(Act::Fail),
    ]
}

/// The model: in seconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Model {
    value: u32,
    idle: i64,
    /// Whether the idle timeout is its own.
    own: bool,
    expires: i64,
    ends: i64,
}

impl Model {
    /// Prolongs it, where that gains a tenth of the idle timeout.
    fn used(&mut self, now: i64) {
        let until = (now + self.idle).min(self.ends);
        if (until - self.expires) * 10 >= self.idle {
            self.expires = until;
        }
    }

    /// What this request leaves of the session, if there is one.
    fn after(model: Option<Self>, act: Act, now: i64) -> Option<Self> {
        let mut there = model.filter(|there| there.expires > now);
        if let (Act::Set(value), None) = (act, there) {
            return Some(Self { value, idle: 1_800, own: false, expires: now + 1_800, ends: now + 43_200 });
        }
        let session = there.as_mut()?;
        match act {
            Act::Poll => {}
            Act::Read | Act::Rotate | Act::Fail(_) => session.used(now),
            Act::Set(value) => {
                session.value = value;
                session.used(now);
            }
            // What is so already is no change, and the request a use like any other.
            Act::IdleTimeout(count) if session.own && session.idle == i64::from(count) * 60 => {
                session.used(now);
            }
            Act::IdleTimeout(count) => {
                session.idle = i64::from(count) * 60;
                session.own = true;
                session.expires = (now + session.idle).min(session.ends);
            }
            Act::End(count) if session.ends == now + count * 60 => session.used(now),
            Act::End(count) => {
                session.ends = now + count * 60;
                session.expires = (now + session.idle).min(session.ends);
            }
            Act::Flush => return None,
        }
        there
    }
}

async fn live(acts: &[(u16, Act)]) {
    let seconds = Arc::new(AtomicI64::new(4_000_000_000));
    let clock = Arc::clone(&seconds);
    let now = move || DateTime::<Utc>::from_timestamp(clock.load(Ordering::SeqCst), 0).unwrap();
    let layer = SessionLayer::new(MemoryStore::new())
        .idle_timeout(minutes(30))
        .lifetime(hours(12))
        .with_clock(now.clone());
    let (mut headers, mut model) = (HeaderMap::new(), None::<Model>);
    for (pause, act) in acts {
        seconds.fetch_add(i64::from(*pause), Ordering::SeqCst);
        let at = now().timestamp();
        let before = model.filter(|there| there.expires > at);
        let session = layer.begin(&Method::POST, &Uri::from_static("/"), &headers);
        let found: Option<u32> = session.get("value").await.unwrap();
        assert_eq!(found, before.map(|there| there.value), "{act:?}");
        let mut status = StatusCode::OK;
        match *act {
            Act::Read => {}
            Act::Poll => session.no_activity(),
            Act::Set(value) => session.insert("value", &value).unwrap(),
            Act::IdleTimeout(count) => session.set_idle_timeout(minutes(count)).unwrap(),
            Act::End(count) => session.set_end(&(now() + chrono::TimeDelta::minutes(count))).unwrap(),
            Act::Rotate => session.rotate().await.unwrap(),
            Act::Flush => session.flush().await.unwrap(),
            Act::Fail(value) => {
                session.insert("value", &value).unwrap();
                status = StatusCode::INTERNAL_SERVER_ERROR;
            }
        }
        let finished = layer.finish(&session, status, None).await;
        assert!(!matches!(finished.outcome, Outcome::Interrupted(_) | Outcome::Failed(_)), "{finished:?}");
        if let Some(cookie) = finished.cookie {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            headers.insert(COOKIE, HeaderValue::from_str(&cookie).unwrap());
        }
        model = Model::after(model, *act, at);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_session_is_there_when_the_model_says(
        acts in prop::collection::vec((prop_oneof![0..400_u16, 0..4_000_u16], act()), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(live(&acts));
    }
}
