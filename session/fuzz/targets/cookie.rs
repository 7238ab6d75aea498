//! Any bytes as `Cookie` headers, one a line: nothing panics, nobody reads another's session, and no key is adopted that the store did
//! not give out (R7, R8).
//!
//! `@` in the input stands for the key of a session that is there, so that right cookies are met among wrong ones.
#![no_main]

use bursar_session::store::Loaded;
use bursar_session::{Finished, Gone, Outcome, Session, SessionKey, SessionLayer, SessionStore};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Utc};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "of the other session";

fuzz_target!(|bytes: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(run(bytes));
});

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn begin(layer: &SessionLayer, headers: &HeaderMap) -> Session {
    layer.begin(&Method::GET, &Uri::from_static("/"), headers)
}

async fn finish(layer: &SessionLayer, session: &Session) -> Finished {
    layer.finish(session, StatusCode::OK, None).await
}

/// The key that the browser is given.
fn given(finished: &Finished) -> Option<SessionKey> {
    let cookie = finished.cookie.as_ref()?.to_str().unwrap();
    SessionKey::parse(cookie.split([';', '=']).nth(1).unwrap())
}

async fn record(store: &MemoryStore, key: &SessionKey) -> Loaded {
    store.load(&key.hash(), now()).await.unwrap()
}

/// The headers of the input, with the key in the place of each `@`; lines that are no header's value are left out.
fn headers(bytes: &[u8], key: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.split(|byte| *byte == b'@').collect::<Vec<_>>().join(key.as_bytes());
        if let Ok(value) = HeaderValue::from_bytes(&line) {
            headers.append(COOKIE, value);
        }
    }
    headers
}

/// Every part of the headers that could be taken for a key.
fn presented(headers: &HeaderMap) -> Vec<SessionKey> {
    let mut keys = Vec::new();
    for value in headers.get_all(COOKIE) {
        keys.extend(
            value.as_bytes().windows(43).filter_map(|part| SessionKey::parse(str::from_utf8(part).ok()?)),
        );
    }
    keys
}

async fn run(bytes: &[u8]) {
    let store = MemoryStore::new();
    let layer = SessionLayer::new(store.clone()).with_clock(now);
    let other = begin(&layer, &HeaderMap::new());
    other.insert("secret", SECRET).unwrap();
    let key = given(&finish(&layer, &other).await).unwrap();
    let before = record(&store, &key).await;

    let headers = headers(bytes, &key.cookie_value());
    let presented = presented(&headers);
    let session = begin(&layer, &headers);
    let secret: Option<String> = session.get("secret").await.unwrap();
    if secret.is_some() {
        assert!(presented.contains(&key), "a session is read by who does not bear its key");
    }
    session.insert("n", &1).unwrap();
    let finished = finish(&layer, &session).await;
    assert!(matches!(finished.outcome, Outcome::Saved), "{:?}", finished.outcome);
    match given(&finished) {
        Some(new) => {
            assert_eq!(secret, None);
            assert!(!presented.contains(&new), "a key of the client's is adopted");
            assert!(matches!(record(&store, &new).await, Loaded::Live(_)));
            assert_eq!(record(&store, &key).await, before, "another's session is changed");
        }
        None => assert_eq!(secret.as_deref(), Some(SECRET)),
    }
    for other in presented.iter().filter(|other| **other != key) {
        assert_eq!(
            record(&store, other).await,
            Loaded::Gone(Gone::UNKNOWN),
            "a forged key creates a session"
        );
    }
}
