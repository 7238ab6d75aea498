//! The layer: how an application says what its sessions are like, and where an adapter begins and ends a request.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::{COOKIE, HeaderMap};
use http::{Method, StatusCode, Uri};

use crate::answer::Interrupted;
use crate::change::MergePolicy;
use crate::expiry::bounded;
use crate::finish::Finished;
use crate::inner::Inner;
use crate::request::Asked;
use crate::session::Session;
use crate::settings::{Counts, Settings};
use crate::state::State;
use crate::{Error, SessionCookie, SessionStore, Sessions};

/// Sessions for an application: put it around the routes.
///
/// With the feature `tower` it is a `tower::Layer`, with `actix` a middleware of actix-web. It reads a session when a handler asks for it,
/// saves it with the response when it was changed, and answers itself when that cannot be done.
///
/// ```
/// use bursar_session::{Interrupted, SessionLayer, hours, minutes};
/// use bursar_store_memory::MemoryStore;
///
/// let sessions = SessionLayer::new(MemoryStore::new())
///     .idle_timeout(minutes(30))
///     .lifetime(hours(12))
///     .on_interrupted(Interrupted::redirect_to("/login"));
/// ```
#[derive(Clone)]
pub struct SessionLayer {
    pub(crate) settings: Arc<Settings>,
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("settings", &self.settings).finish()
    }
}

impl SessionLayer {
    /// Sessions in this store, with the defaults: 30 minutes idle, 12 hours in all, 64 KiB of data, the default
    /// [`SessionCookie`], the last writer of a value wins, nothing is saved with a server error.
    #[must_use]
    pub fn new(store: impl SessionStore) -> Self {
        Self { settings: Arc::new(Settings::new(Arc::new(store))) }
    }

    /// The same layer over another store, as another process would have it.
    #[cfg(feature = "conformance")]
    pub(crate) fn in_store(self, store: Arc<dyn SessionStore>) -> Self {
        self.with(|settings| settings.store = store)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// For how long a session may be left unused: 30 minutes by default; from a second to 400 days. It is prolonged by use, at
    /// most once in a tenth of this time (R4).
    #[must_use]
    pub fn idle_timeout(self, idle_timeout: Duration) -> Self {
        self.with(|settings| settings.limits.idle_timeout = bounded(idle_timeout))
    }

    /// After how long a session ends in any case: 12 hours by default; from a second to 400 days.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        self.with(|settings| settings.limits.lifetime = bounded(lifetime))
    }

    /// The cookie's attributes.
    ///
    /// ```
    /// use bursar_session::{SessionCookie, SessionLayer};
    /// use bursar_store_memory::MemoryStore;
    ///
    /// let cookie = SessionCookie::new("school")?.with_path("/office")?.persistent();
    /// let sessions = SessionLayer::new(MemoryStore::new()).cookie(cookie);
    /// # Ok::<(), bursar_session::Error>(())
    /// ```
    #[must_use]
    pub fn cookie(self, cookie: SessionCookie) -> Self {
        self.with(|settings| settings.cookie = cookie)
    }

    /// How large a session's data may be, as JSON, in bytes: 65,536 by default.
    #[must_use]
    pub fn data_bytes_max(self, bytes: usize) -> Self {
        self.with(|settings| settings.limits.data_bytes_max = bytes)
    }

    /// What happens when two requests set this value to different things at the same time (R3).
    ///
    /// ```
    /// use bursar_session::{MergePolicy, SessionLayer};
    /// use bursar_store_memory::MemoryStore;
    ///
    /// // Two pages that change the cart at once: the second is told. Of any other value the last writer wins.
    /// let sessions = SessionLayer::new(MemoryStore::new()).merge_policy("cart", MergePolicy::Conflict);
    /// ```
    #[must_use]
    pub fn merge_policy(self, name: impl Into<String>, policy: MergePolicy) -> Self {
        let name: String = name.into();
        self.with(|settings| {
            settings.policies.by_name.insert(name.into(), policy);
        })
    }

    /// The same for values that have no policy of their own: the last writer wins by default.
    #[must_use]
    pub fn default_merge_policy(self, policy: MergePolicy) -> Self {
        self.with(|settings| settings.policies.otherwise = policy)
    }

    /// What is answered when a session ended while a request was changing it (R6).
    #[must_use]
    pub fn on_interrupted(self, interrupted: Interrupted) -> Self {
        self.with(|settings| settings.on_interrupted = interrupted)
    }

    /// Whether changes are saved with an answer of 500 or above: not by default (R10). What was done at once, as a new key or a logout, is
    /// done all the same.
    #[must_use]
    pub fn save_on_server_error(self, save: bool) -> Self {
        self.with(|settings| settings.save_on_server_error = save)
    }

    /// The layer by another clock, for tests that say what time it is.
    ///
    /// ```
    /// use bursar_session::{SessionLayer, minutes};
    /// use bursar_store_memory::MemoryStore;
    /// use chrono::{DateTime, Utc};
    /// # use http::{HeaderMap, Method, Uri};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// let then: DateTime<Utc> = "2126-02-01T08:00:00Z".parse().unwrap();
    /// let sessions = SessionLayer::new(MemoryStore::new()).idle_timeout(minutes(30)).with_clock(move || then);
    /// let session = sessions.begin(&Method::GET, &Uri::from_static("/"), &HeaderMap::new());
    /// session.set_user(17)?;
    /// session.save().await?;
    /// let [listed] = &sessions.sessions().of_user(17, None, 10).await?[..] else { panic!("it is the only one") };
    /// assert_eq!(listed.expires_at, then + minutes(30));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_clock(self, clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.clock = Arc::new(clock))
    }

    /// How often its requests came to something worth watching.
    ///
    /// ```
    /// use bursar_session::SessionLayer;
    /// use bursar_store_memory::MemoryStore;
    ///
    /// let sessions = SessionLayer::new(MemoryStore::new());
    /// assert_eq!(sessions.counts().unavailable, 0);
    /// ```
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.settings.counters.counts()
    }

    /// The sessions of users, to be listed and ended (R13).
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        Sessions { settings: Arc::clone(&self.settings) }
    }

    /// Begins a request: the session for its handler. Nothing is read yet. For adapters and tests.
    #[must_use]
    pub fn begin(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Session {
        let mut cookies = headers.get_all(COOKIE).iter().cloned();
        let inner = Inner {
            settings: Arc::clone(&self.settings),
            asked: Asked::new(method, uri, headers),
            cookie: cookies.next(),
            more_cookies: cookies.collect(),
            begun_at: self.settings.now(),
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(State::default()),
        };
        Session { inner: Arc::new(inner) }
    }

    /// Ends a request: saves, prolongs or does what else is owed, and says what is to be answered. `error` is the error of the
    /// session's that the handler has answered with, where it has. The session goes by the layer that it began with. For adapters and tests.
    ///
    /// ```
    /// use bursar_session::{Outcome, SessionLayer};
    /// use bursar_store_memory::MemoryStore;
    /// use http::{HeaderMap, Method, StatusCode, Uri};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// let sessions = SessionLayer::new(MemoryStore::new());
    /// let session = sessions.begin(&Method::POST, &Uri::from_static("/login"), &HeaderMap::new());
    /// session.set_user(17)?;                                              // what the handler does
    /// let finished = sessions.finish(&session, StatusCode::OK, None).await;
    /// assert!(matches!(finished.outcome, Outcome::Saved));
    /// assert!(finished.response.is_none(), "the handler's own answer is served");
    ///
    /// let mut headers = HeaderMap::new();
    /// finished.complete(&mut headers);
    /// assert!(headers["set-cookie"].to_str().unwrap().starts_with("__Host-session="));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn finish(&self, session: &Session, status: StatusCode, error: Option<Arc<Error>>) -> Finished {
        session.inner.finish(status, error).await
    }
}
