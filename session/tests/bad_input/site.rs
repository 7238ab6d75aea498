//! A site in memory, asked without an adapter.

use bursar_session::store::{Created, Loaded};
use bursar_session::{Content, Finished, Record, Session, SessionKey, SessionLayer, SessionStore, hours};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Utc};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

/// Runs a test of drawn input, which cannot be `async` itself.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The headers of a browser that holds a key.
pub(crate) fn with_key(key: &SessionKey) -> HeaderMap {
    with_cookies([format!("__Host-session={}", key.cookie_value())])
}

/// The headers of a browser that holds anything; what no header can say is left out.
pub(crate) fn with_cookies<T: AsRef<[u8]>>(lines: impl IntoIterator<Item = T>) -> HeaderMap {
    let values = lines.into_iter().filter_map(|line| HeaderValue::from_bytes(line.as_ref()).ok());
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(COOKIE, value);
    }
    headers
}

/// The key that a browser is given with an answer.
pub(crate) fn given(finished: &Finished) -> Option<SessionKey> {
    let cookie = finished.cookie.as_ref()?.to_str().unwrap();
    SessionKey::parse(cookie.split([';', '=']).nth(1).unwrap())
}

pub(crate) struct Site {
    pub(crate) store: MemoryStore,
    pub(crate) layer: SessionLayer,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::of(|layer| layer)
    }

    pub(crate) fn of(settings: impl FnOnce(SessionLayer) -> SessionLayer) -> Self {
        let store = MemoryStore::new();
        Self { layer: settings(SessionLayer::new(store.clone()).with_clock(now)), store }
    }

    pub(crate) fn begin(&self, headers: &HeaderMap) -> Session {
        self.layer.begin(&Method::GET, &Uri::from_static("/"), headers)
    }

    pub(crate) async fn finish(&self, session: &Session) -> Finished {
        self.layer.finish(session, StatusCode::OK, None).await
    }

    /// A session that is there, with one value.
    pub(crate) async fn with_value(&self, name: &str, value: &str) -> SessionKey {
        let session = self.begin(&HeaderMap::new());
        session.insert(name, value).unwrap();
        given(&self.finish(&session).await).unwrap()
    }

    /// A session that is there, with any text as its data.
    pub(crate) async fn with_data(&self, data: &str) -> SessionKey {
        let key = SessionKey::generate().unwrap();
        let end = now() + hours(1);
        let content =
            Content { data: data.into(), user: None, expires_at: end, ends_at: end, idle_timeout: None };
        assert_eq!(self.store.create(&key.hash(), &content, now()).await.unwrap(), Created::Created);
        key
    }

    pub(crate) async fn kept(&self, key: &SessionKey) -> Loaded {
        self.store.load(&key.hash(), now()).await.unwrap()
    }

    pub(crate) async fn record(&self, key: &SessionKey) -> Record {
        match self.kept(key).await {
            Loaded::Live(record) => record,
            other => panic!("the session is {other:?}"),
        }
    }
}
