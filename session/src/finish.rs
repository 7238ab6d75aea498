//! How the end of a request is dealt with: what is still owed is done, and what came of it is told and answered.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::header::{CACHE_CONTROL, HeaderMap, SET_COOKIE, VARY};
use http::{HeaderValue, Response, StatusCode};

#[cfg(any(feature = "tower", feature = "actix"))]
use crate::Session;
use crate::answer::answer;
use crate::inner::Inner;
use crate::save::Written;
use crate::state::Stand;
use crate::store::Touched;
use crate::{Error, KeyHash, Outcome};

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

impl Inner {
    /// See [`SessionLayer::finish`](crate::SessionLayer::finish).
    pub(crate) async fn finish(&self, status: StatusCode, error: Option<Arc<Error>>) -> Finished {
        {
            let mut state = self.lock();
            state.closed = true;
            if !state.used {
                return Finished { outcome: Outcome::Unused, response: None, cookie: None };
            }
        }
        let (outcome, stands) = match (self.outcome(status).await, error) {
            ((_, true), Some(error)) => (Outcome::of(error), false),
            (outcome, _) => outcome,
        };
        let settings = &self.settings;
        settings.counters.count(&outcome);
        log(self, &outcome);
        let response = if stands { None } else { answer(&settings.on_interrupted, &self.asked, &outcome) };
        Finished { cookie: cookie(self), response, outcome }
    }

    /// Does what is owed when the handler has answered with this status; what it came to, and whether the handler's answer stands.
    async fn outcome(&self, status: StatusCode) -> (Outcome, bool) {
        let _turn = self.turn.lock().await;
        let told = self.lock().told;
        match (self.settle(status).await, told) {
            // The handler knows, and has answered.
            (Ok(Outcome::Read | Outcome::Touched), Some(interrupted)) => {
                (Outcome::Interrupted(interrupted), true)
            }
            (Ok(outcome), _) => (outcome, true),
            (Err(error), _) => (Outcome::of(Arc::new(error)), false),
        }
    }

    async fn settle(&self, status: StatusCode) -> Result<Outcome, Error> {
        self.end_if_owed().await?;
        let mut discarded = false;
        let changed = {
            let mut state = self.lock();
            // R10
            if status.is_server_error() && !self.settings.save_on_server_error {
                discarded = !state.log.is_empty();
                state.forget();
            }
            !state.log.is_empty()
        };
        // Who writes prolongs the session by the same step.
        let wrote = changed && self.write().await? != Written::Nothing;
        let touched = !wrote && self.touch().await;
        let state = self.lock();
        Ok(if discarded {
            Outcome::Discarded
        } else if state.written {
            Outcome::Saved
        } else if state.ended {
            Outcome::Ended
        } else if touched {
            Outcome::Touched
        } else {
            Outcome::Read
        })
    }

    /// Prolongs the session by its use, when that is worth a write (R4). That it is gone spoils nothing: the next request will find out.
    async fn touch(&self) -> bool {
        let Some((hash, expires_at)) = self.touch_due() else { return false };
        match self.settings.store.touch(&hash, expires_at, self.settings.now()).await {
            Ok(Touched::Touched) => true,
            Ok(Touched::Gone(gone)) => {
                self.lose(gone);
                false
            }
            // Nothing of the user's is lost with it, and the page is done.
            Err(error) => {
                tracing::warn!(%error, "a session could not be prolonged");
                false
            }
        }
    }

    /// Ends a request that has only read its session and owes it nothing; whether it has.
    #[cfg(any(feature = "tower", feature = "actix"))]
    fn finish_read(&self) -> bool {
        if self.turn.try_lock().is_err() || self.touch_due().is_some() {
            return false;
        }
        let mut state = self.lock();
        let read = matches!(&state.stand, Stand::Live(live) if live.presented && !live.end_moved);
        let owes =
            state.owes_end || state.written || state.ended || state.told.is_some() || !state.log.is_empty();
        state.closed |= read && !owes;
        read && !owes
    }

    fn touch_due(&self) -> Option<(KeyHash, DateTime<Utc>)> {
        let state = self.lock();
        let Stand::Live(live) = &state.stand else { return None };
        let (limits, idle) = (&self.settings.limits, live.base.draft.idle_timeout);
        let end = limits.idle_end(idle, live.base.ends_at, live.read_at);
        let due = state.active && limits.touch_due(idle, live.base.expires_at, end);
        due.then(|| (live.key.hash(), end))
    }
}

/// The short way out of an adapter, and of most requests.
#[cfg(any(feature = "tower", feature = "actix"))]
impl Session {
    /// Ends a request without a call on the store, where none is owed; what it came to.
    pub(crate) fn finish_early(&self) -> Option<Finished> {
        let outcome = {
            let mut state = self.inner.lock();
            if state.used {
                None
            } else {
                state.closed = true;
                Some(Outcome::Unused)
            }
        };
        let outcome = outcome.or_else(|| self.inner.finish_read().then_some(Outcome::Read))?;
        Some(Finished { outcome, response: None, cookie: None })
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
fn log(inner: &Inner, outcome: &Outcome) {
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
            error => tracing::error!(%method, path, %error, "a session could not be served"),
        },
        _ => {}
    }
}
