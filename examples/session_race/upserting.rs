//! The same site with sessions as many layers keep them: read whole when the request comes, written whole with its answer, and inserted
//! where they are not there (*upsert*).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use bursar_session::SessionKey;
use http::header::SET_COOKIE;
use http::{HeaderValue, StatusCode};

use crate::Failure;
use crate::site::{Site, Slow, Waiting, cookie_of, key_of, listed};

type Values = BTreeMap<String, String>;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The request's own copy of the session.
#[derive(Clone, Default)]
struct Copy(Arc<Mutex<Values>>);

impl Copy {
    fn set(&self, name: &str, value: &str) {
        locked(&self.0).insert(name.to_owned(), value.to_owned());
    }
}

/// The store: sessions by key.
type Store = Arc<Mutex<BTreeMap<String, Values>>>;

/// The layer.
async fn session(State(store): State<Store>, mut request: Request, next: Next) -> Response {
    let presented = cookie_of(request.headers()).map(ToOwned::to_owned);
    let read = presented.as_ref().and_then(|key| locked(&store).get(key).cloned());
    let live = read.is_some();
    let before = read.unwrap_or_default();
    let copy = Copy(Arc::new(Mutex::new(before.clone())));
    request.extensions_mut().insert(copy.clone());

    let mut response = next.run(request).await;
    let after = locked(&copy.0).clone();
    // It is even as careful as to save only what was changed.
    if after == before {
        return response;
    }
    let cookie = match presented.filter(|_| live) {
        Some(key) if after.is_empty() => {
            locked(&store).remove(&key);
            Some("session=; Max-Age=0".to_owned())
        }
        Some(key) => {
            locked(&store).insert(key, after); // the upsert
            None
        }
        None => {
            let Ok(key) = SessionKey::generate() else {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                return response;
            };
            locked(&store).insert(key.cookie_value(), after);
            Some(format!("session={}", key.cookie_value()))
        }
    };
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

async fn login(Extension(session): Extension<Copy>) -> Redirect {
    session.set("user", "clerk-7");
    Redirect::to("/")
}

async fn logout(Extension(session): Extension<Copy>) -> Redirect {
    locked(&session.0).clear();
    Redirect::to("/")
}

async fn me(Extension(session): Extension<Copy>) -> String {
    locked(&session.0).get("user").cloned().unwrap_or_else(|| "nobody".to_owned())
}

async fn report(Extension(session): Extension<Copy>, State(slow): State<Slow>) -> &'static str {
    slow.work().await;
    session.set("report", "done");
    "the report"
}

async fn set(
    Extension(session): Extension<Copy>,
    Path(name): Path<String>,
    State(slow): State<Slow>,
) -> &'static str {
    slow.work().await;
    session.set(&name, "new");
    "set"
}

pub(crate) struct Upserting {
    store: Store,
    router: Router,
    waiting: Waiting,
}

impl Upserting {
    pub(crate) fn new() -> Self {
        let store = Store::default();
        let (slow, waiting) = Slow::new();
        let router = Router::new()
            .route("/login", post(login))
            .route("/logout", post(logout))
            .route("/me", get(me))
            .route("/report", get(report).post(report))
            .route("/set/{name}", post(set))
            .layer(from_fn_with_state(Arc::clone(&store), session))
            .with_state(slow);
        Self { store, router, waiting }
    }
}

impl Site for Upserting {
    fn router(&self) -> &Router {
        &self.router
    }

    fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    async fn kept(&self, cookie: &str) -> Result<String, Failure> {
        let key = key_of(cookie).ok_or("the cookie bears no key")?;
        Ok(locked(&self.store).get(key).map_or_else(|| "nothing".to_owned(), listed))
    }
}
