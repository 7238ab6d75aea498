//! Who asks: a browser with a session of its own, which looks at every answer before it asks again.

use std::future::poll_fn;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, COOKIE, HOST, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use tower_service::Service as _;

use crate::{Failure, values};

/// The most bytes of an answer.
const ANSWER_MAX: usize = 1_024;

/// What a route answers.
#[derive(Clone, Copy, Debug)]
pub enum Answers {
    /// Always the same.
    Text(&'static str),
    /// How often it was asked.
    Count,
}

/// A route, and how it is asked.
#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub answers: Answers,
}

/// A browser. It has no connection: it calls the routes as a server would, with the headers that a browser sends.
pub struct Browser {
    routes: Router,
    route: Route,
    uri: Uri,
    headers: HeaderMap,
    asked: u64,
}

impl Browser {
    /// A browser that has begun a session, by `POST /begin`.
    ///
    /// # Errors
    /// When it was given no cookie.
    pub async fn with_session(routes: Router, route: Route) -> Result<Self, Failure> {
        let mut browser = Self::without_session(routes, route);
        let (headers, _) = browser.call(Method::POST, Uri::from_static("/begin")).await?;
        let cookie = headers.get(SET_COOKIE).ok_or("no session was begun")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default();
        if !cookie.starts_with(values::COOKIE) {
            return Err(format!("the cookie is {cookie:?}").into());
        }
        browser.headers.insert(COOKIE, HeaderValue::from_str(cookie)?);
        Ok(browser)
    }

    /// The same browser, cookie and all, at other routes.
    pub fn at(&self, routes: Router) -> Self {
        Self {
            routes,
            route: self.route.clone(),
            uri: self.uri.clone(),
            headers: self.headers.clone(),
            asked: 0,
        }
    }

    /// A browser that has no cookie yet.
    fn without_session(routes: Router, route: Route) -> Self {
        let accepts = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let headers = HeaderMap::from_iter([
            (HOST, HeaderValue::from_static("fees.school.example")),
            (USER_AGENT, HeaderValue::from_static(agent)),
            (ACCEPT, HeaderValue::from_static(accepts)),
            (ACCEPT_LANGUAGE, HeaderValue::from_static("en-GB,en;q=0.8,sn;q=0.5")),
        ]);
        let uri = Uri::from_static(route.path);
        Self { routes, route, uri, headers, asked: 0 }
    }

    /// Asks once.
    ///
    /// # Errors
    /// When the answer is not the one that was to be expected.
    pub async fn ask(&mut self) -> Result<(), Failure> {
        let (_, body) = self.call(self.route.method.clone(), self.uri.clone()).await?;
        self.asked = self.asked.saturating_add(1);
        let (path, asked) = (self.route.path, self.asked);
        let right = match self.route.answers {
            Answers::Text(text) => body == text,
            Answers::Count => std::str::from_utf8(&body)?.parse::<u64>()? == asked,
        };
        if right { Ok(()) } else { Err(format!("{path} answered {body:?} when asked {asked} times").into()) }
    }

    async fn call(&mut self, method: Method, uri: Uri) -> Result<(HeaderMap, Bytes), Failure> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().clone_from(&self.headers);
        poll_fn(|context| {
            <Router as tower_service::Service<Request<Body>>>::poll_ready(&mut self.routes, context)
        })
        .await?;
        let (parts, body) = self.routes.call(request).await?.into_parts();
        let body = to_bytes(body, ANSWER_MAX).await?;
        if parts.status != StatusCode::OK {
            return Err(format!("{} answered {}: {body:?}", self.route.path, parts.status).into());
        }
        Ok((parts.headers, body))
    }
}
