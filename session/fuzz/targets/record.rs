//! Any text as the data of a stored session: nothing panics, data that are a session's keep all that was not changed, and others are
//! dropped (R3, R12).
#![no_main]

use std::collections::BTreeMap;

use bursar_session::store::{Created, Loaded};
use bursar_session::{
    Content, Error, GoneReason, Outcome, Session, SessionKey, SessionLayer, SessionStore, hours,
};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Utc};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;

const DATA_BYTES_MAX: usize = 512;

fuzz_target!(|data: &str| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(run(data));
});

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The values of data, as they are written; none for data that are no session's. The empty name is the session's own.
fn values(data: &str) -> Option<BTreeMap<String, String>> {
    let mut values: BTreeMap<String, Box<RawValue>> = serde_json::from_str(data).ok()?;
    if let Some(epoch) = values.remove("") {
        epoch.get().parse::<u64>().ok()?;
    }
    Some(values.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect())
}

struct Site {
    store: MemoryStore,
    layer: SessionLayer,
    key: SessionKey,
}

impl Site {
    async fn with(data: &str) -> Self {
        let store = MemoryStore::new();
        let key = SessionKey::generate().unwrap();
        let end = now() + hours(1);
        let content =
            Content { data: data.into(), user: None, expires_at: end, ends_at: end, idle_timeout: None };
        assert_eq!(store.create(&key.hash(), &content, now()).await.unwrap(), Created::Created);
        let layer = SessionLayer::new(store.clone()).with_clock(now).data_bytes_max(DATA_BYTES_MAX);
        Self { store, layer, key }
    }

    fn begin(&self) -> Session {
        let cookie = format!("__Host-session={}", self.key.cookie_value());
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&cookie).unwrap())]);
        self.layer.begin(&Method::GET, &Uri::from_static("/"), &headers)
    }

    async fn finish(&self, session: &Session) -> Outcome {
        self.layer.finish(session, StatusCode::OK, None).await.outcome
    }

    async fn kept(&self) -> Loaded {
        self.store.load(&self.key.hash(), now()).await.unwrap()
    }

    async fn data(&self) -> String {
        match self.kept().await {
            Loaded::Live(record) => record.content.data.to_string(),
            other => panic!("the session is {other:?}"),
        }
    }
}

async fn run(data: &str) {
    let site = Site::with(data).await;
    let session = site.begin();
    let Some(expected) = values(data) else {
        assert_eq!(session.names().await.unwrap(), Vec::<String>::new());
        assert!(matches!(site.finish(&session).await, Outcome::Read));
        assert!(matches!(site.kept().await, Loaded::Gone(_)), "what cannot be decoded is dropped");
        return;
    };
    // Reading changes nothing, whatever the values are.
    assert!(session.names().await.unwrap().iter().eq(expected.keys()));
    for name in expected.keys() {
        match session.get::<Value>(name).await {
            Ok(value) => assert!(value.is_some() || expected[name] == "null"),
            Err(error) => assert!(matches!(error, Error::Decode { .. }), "{error:?}"),
        }
    }
    assert!(matches!(site.finish(&session).await, Outcome::Read));
    assert_eq!(site.data().await, data);
    change(&site, data, expected).await;
    clear(&site).await;
}

/// One value is set and one removed: the others stay to the letter.
async fn change(site: &Site, data: &str, mut expected: BTreeMap<String, String>) {
    let session = site.begin();
    session.names().await.unwrap();
    let removed = expected.keys().next().cloned();
    if let Some(name) = removed
        && session.remove(&name).is_ok()
    {
        expected.remove(&name);
    }
    match session.update("n", |n: &mut u64| *n = n.saturating_add(1)).await {
        Ok(n) => drop(expected.insert("n".into(), n.to_string())),
        Err(Error::Decode { .. } | Error::TooLarge { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    let emptied = expected.is_empty();
    match site.finish(&session).await {
        Outcome::Ended => assert!(emptied),
        Outcome::Saved | Outcome::Read => assert_eq!(values(&site.data().await), Some(expected)),
        Outcome::Failed(error) => {
            assert!(matches!(*error, Error::TooLarge { .. }), "{error:?}");
            assert_eq!(site.data().await, data);
        }
        other => panic!("{other:?}"),
    }
}

/// A session that is cleared is gone, if anything was in it.
async fn clear(site: &Site) {
    let session = site.begin();
    let names = session.names().await.unwrap();
    session.clear().unwrap();
    let outcome = site.finish(&session).await;
    if names.is_empty() {
        assert!(matches!(outcome, Outcome::Read), "{outcome:?}");
    } else {
        assert!(matches!(outcome, Outcome::Ended), "{outcome:?}");
        let Loaded::Gone(gone) = site.kept().await else { panic!("a cleared session is there") };
        assert_eq!(gone.reason, Some(GoneReason::LoggedOut));
    }
}
