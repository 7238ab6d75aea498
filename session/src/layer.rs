//! The layer: how an application says what its sessions are like, and what every adapter does with a request.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::{CACHE_CONTROL, COOKIE, HeaderMap, SET_COOKIE, VARY};
use http::{HeaderValue, Method, Response, StatusCode, Uri};

use crate::answer::{Interrupted, answer};
use crate::change::MergePolicy;
use crate::expiry::bounded;
use crate::inner::Inner;
use crate::request::Asked;
use crate::session::Session;
use crate::settings::{Counts, Settings};
use crate::state::{Stand, State};
use crate::{Error, Outcome, SessionCookie, SessionStore, Sessions};

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
    #[must_use]
    pub fn with_clock(self, clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.clock = Arc::new(clock))
    }

    /// How often its requests came to something worth watching.
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
    /// session's that the handler has answered with, where it has. For adapters and tests.
    pub async fn finish(&self, session: &Session, status: StatusCode, error: Option<Arc<Error>>) -> Finished {
        let inner = &session.inner;
        let (outcome, stands) = inner.finish(status).await;
        if let Outcome::Unused = outcome {
            return Finished { outcome, response: None, cookie: None };
        }
        let (outcome, stands) = match error {
            Some(error) if stands => (Outcome::of(error), false),
            _ => (outcome, stands),
        };
        self.settings.counters.count(&outcome);
        tell(inner, &outcome);
        let answer = || answer(&self.settings.on_interrupted, &inner.asked, &outcome);
        let response = if stands { None } else { answer() };
        Finished { cookie: cookie(inner), response, outcome }
    }
}

/// The cookie that goes out, if any: the new key, or the removal of one that leads nowhere.
fn cookie(inner: &Inner) -> Option<HeaderValue> {
    let settings = &inner.settings;
    match &inner.lock().stand {
        Stand::Unread => None,
        Stand::Absent(absence) => {
            absence.removes_cookie(inner.begun_at, settings.now()).then(|| settings.cookie.removal())?
        }
        Stand::Live(live) if live.presented && !(live.end_moved && settings.cookie.is_persistent()) => None,
        Stand::Live(live) => {
            let lasts = live.base.ends_at.signed_duration_since(settings.now()).to_std().unwrap_or_default();
            settings.cookie.set(&live.key, lasts)
        }
    }
}

/// Logs what is worth it, once, and nothing of the user's.
fn tell(inner: &Inner, outcome: &Outcome) {
    let (method, path) = (&inner.asked.method, inner.asked.path());
    match outcome {
        Outcome::Interrupted(interrupted) => {
            let reason = interrupted.reason.map_or("unknown", crate::GoneReason::as_str);
            tracing::info!(%method, path, reason, "a session ended while a request was under way");
        }
        Outcome::Failed(error) => match &**error {
            Error::Conflict(_) | Error::Contended { .. } => {
                tracing::info!(%method, path, %error, "a session was changed by several requests at once");
            }
            Error::Store(error) => tracing::error!(%method, path, %error, "a session could not be served"),
            error => tracing::error!(%method, path, %error, "a session could not be served"),
        },
        _ => {}
    }
}

/// What is to be answered in the end.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished {
    /// What became of the session.
    pub outcome: Outcome,
    /// The answer to be given instead of the handler's, where there is one.
    pub response: Option<Response<String>>,
    /// The `Set-Cookie` header to be added, where there is one.
    pub cookie: Option<HeaderValue>,
}

impl Finished {
    /// Whether the answer depends on the session.
    #[must_use]
    pub const fn used(&self) -> bool {
        !matches!(self.outcome, Outcome::Unused)
    }

    /// Whether the outcome is worth leaving in the response's extensions.
    #[must_use]
    pub const fn tells(&self) -> bool {
        !matches!(self.outcome, Outcome::Unused | Outcome::Read)
    }

    /// Adds what belongs to the headers of the answer, be it the handler's or the layer's own: the cookie, `Cache-Control: no-store`
    /// where there is one, and `Vary: Cookie` where the session was used (R11).
    pub fn complete(&self, headers: &mut HeaderMap) {
        if !self.used() {
            return;
        }
        let says = |value: &HeaderValue| {
            value.to_str().is_ok_and(|value| {
                value.split(',').map(str::trim).any(|name| name == "*" || name.eq_ignore_ascii_case("cookie"))
            })
        };
        if !headers.get_all(VARY).iter().any(says) {
            headers.append(VARY, HeaderValue::from_static("Cookie"));
        }
        if let Some(cookie) = &self.cookie {
            headers.append(SET_COOKIE, cookie.clone());
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}
