//! A browser: what it sends, and what it keeps of an answer.

use ::cookie::Cookie;
use http::header::{ACCEPT, COOKIE, SET_COOKIE};
use http::{Method, Request, Response};

use crate::SessionKey;

/// A browser with its cookies. A copy is another tab that has not seen later answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Browser {
    cookies: Vec<(String, String)>,
    /// What it accepts: HTML, or JSON as a program does.
    pub(super) program: bool,
}

impl Browser {
    /// A browser that holds this key.
    pub(super) fn with_key(name: &str, key: &SessionKey) -> Self {
        Self { cookies: vec![(name.to_owned(), key.cookie_value())], program: false }
    }

    /// Adds a cookie before all others.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.cookies.insert(0, (name.to_owned(), value.to_owned()));
    }

    /// A program with the same cookies.
    pub(super) fn as_program(&self) -> Self {
        Self { program: true, ..self.clone() }
    }

    pub(super) fn request(&self, method: Method, target: &str) -> Request<String> {
        let accept = if self.program { "application/json" } else { "text/html" };
        let mut builder = Request::builder().method(method).uri(target).header(ACCEPT, accept);
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            builder = builder.header(COOKIE, cookies.join("; "));
        }
        builder.body(String::new()).unwrap_or_default()
    }

    /// Keeps the cookies of an answer, and drops those that it removes.
    pub(super) fn receive(&mut self, response: &Response<String>) {
        for cookie in set_cookies(response) {
            self.cookies.retain(|(name, _)| name != cookie.name());
            if cookie.max_age().is_none_or(|age| !is_zero(age)) {
                self.cookies.push((cookie.name().to_owned(), cookie.value().to_owned()));
            }
        }
    }

    /// The session key that it holds.
    pub(super) fn key(&self, name: &str) -> Option<SessionKey> {
        let (_, value) = self.cookies.iter().find(|(held, _)| held == name)?;
        SessionKey::parse(value)
    }
}

/// The cookies that an answer sets or removes.
pub(super) fn set_cookies(response: &Response<String>) -> Vec<Cookie<'static>> {
    let texts = response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    texts.filter_map(|text| Cookie::parse(text.to_owned()).ok()).collect()
}

/// What an answer does to the session cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CookieSent {
    None,
    Removed,
    Set(String),
}

/// What an answer does to the cookie of this name.
pub(super) fn cookie_sent(response: &Response<String>, name: &str) -> CookieSent {
    match set_cookies(response).into_iter().find(|cookie| cookie.name() == name) {
        None => CookieSent::None,
        Some(cookie) if cookie.max_age().is_some_and(is_zero) => CookieSent::Removed,
        Some(cookie) => CookieSent::Set(cookie.value().to_owned()),
    }
}

/// Whether a cookie of this age is a removal.
pub(super) fn is_zero(age: ::cookie::time::Duration) -> bool {
    age.is_zero()
}
