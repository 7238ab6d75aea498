//! What both sites have in common: their pages, how they are asked, and how a slow request is held up at its slowest.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Method, Request};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tower_service::Service;

use crate::Failure;

/// What slow handlers wait at until the story goes on.
#[derive(Clone)]
pub(crate) struct Slow(mpsc::UnboundedSender<oneshot::Sender<()>>);

/// The other end: who has come so far.
pub(crate) type Waiting = Mutex<mpsc::UnboundedReceiver<oneshot::Sender<()>>>;

impl Slow {
    pub(crate) fn new() -> (Self, Waiting) {
        let (come, waiting) = mpsc::unbounded_channel();
        (Self(come), Mutex::new(waiting))
    }

    /// The slow part of a handler.
    pub(crate) async fn work(&self) {
        let (go_on, told) = oneshot::channel();
        if self.0.send(go_on).is_ok() {
            // Whether it is told or the story has ended: it goes on.
            drop(told.await);
        }
    }
}

/// A site with the pages `/login`, `/logout`, `/me`, and slowly `/report` and `/set/{name}`.
pub(crate) trait Site {
    fn router(&self) -> &Router;
    fn waiting(&self) -> &Waiting;

    /// What is kept of the cookie's session, in words.
    async fn kept(&self, cookie: &str) -> Result<String, Failure>;

    async fn ask(&self, asking: &Asking, cookie: Option<&str>) -> Result<Answer, Failure> {
        answer(self.router().clone(), asking.request(cookie)?).await
    }

    /// Asks, and comes back as soon as the request is at its slow part.
    async fn ask_slowly(&self, asking: &Asking, cookie: &str) -> Result<UnderWay, Failure> {
        let asked = tokio::spawn(answer(self.router().clone(), asking.request(Some(cookie))?));
        let go_on = self.waiting().lock().await.recv().await.ok_or("the slow page is gone")?;
        Ok(UnderWay { go_on, asked })
    }
}

async fn answer(mut router: Router, request: Request<Body>) -> Result<Answer, Failure> {
    let response = router.call(request).await.unwrap_or_else(|never: Infallible| match never {});
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, 1 << 16).await?.to_vec())?;
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let (location, set_cookie) = (header(LOCATION), header(SET_COOKIE));
    Ok(Answer { status: parts.status.as_u16(), location, set_cookie, body })
}

/// A slow request.
pub(crate) struct UnderWay {
    go_on: oneshot::Sender<()>,
    asked: JoinHandle<Result<Answer, Failure>>,
}

impl UnderWay {
    pub(crate) async fn finish(self) -> Result<Answer, Failure> {
        self.go_on.send(()).map_err(|()| "the slow request has not waited")?;
        self.asked.await?
    }
}

/// What is asked, and by whom.
pub(crate) struct Asking {
    method: Method,
    path: &'static str,
    accept: &'static str,
}

impl Asking {
    pub(crate) const fn page(path: &'static str) -> Self {
        Self { method: Method::GET, path, accept: "text/html" }
    }

    pub(crate) const fn form(path: &'static str) -> Self {
        Self { method: Method::POST, path, accept: "text/html" }
    }

    pub(crate) const fn program(path: &'static str) -> Self {
        Self { method: Method::GET, path, accept: "application/json" }
    }

    pub(crate) fn about(&self) -> String {
        let who = if self.accept == "text/html" { "a browser" } else { "a program" };
        format!("{who} asks for {} {}", self.method, self.path)
    }

    fn request(&self, cookie: Option<&str>) -> Result<Request<Body>, Failure> {
        let request = Request::builder().method(&self.method).uri(self.path).header(ACCEPT, self.accept);
        let request = match cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        Ok(request.body(Body::empty())?)
    }
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
    set_cookie: Option<String>,
}

impl Answer {
    /// The cookie as a browser sends it back.
    pub(crate) fn cookie(&self) -> Option<String> {
        Some(self.set_cookie.as_deref()?.split(';').next()?.to_owned())
    }

    pub(crate) fn removes_cookie(&self) -> bool {
        self.set_cookie.as_deref().is_some_and(|cookie| cookie.contains("Max-Age=0"))
    }

    pub(crate) fn cookie_effect(&self) -> &'static str {
        match &self.set_cookie {
            None => "stays as it is",
            Some(_) if self.removes_cookie() => "is taken away",
            Some(_) => "is set",
        }
    }
}

/// The value of a cookie, and of the `Cookie` header that bears it alone.
pub(crate) fn key_of(cookie: &str) -> Option<&str> {
    cookie.split_once('=').map(|(_, key)| key)
}

pub(crate) fn cookie_of(headers: &HeaderMap) -> Option<&str> {
    key_of(headers.get(COOKIE)?.to_str().ok()?)
}

/// Values in words.
pub(crate) fn listed(values: &BTreeMap<String, String>) -> String {
    values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}
