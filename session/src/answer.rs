//! What is answered when a session could not be saved (R6): plain functions of the outcome and the request, so that every adapter answers
//! alike.

use std::fmt;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::request::{Asked, Client};
use crate::{Conflict, Error, Outcome, SessionInterrupted};

/// An interruption, as it is told to the application's own hook.
///
/// ```
/// use bursar_session::{GoneReason, Interruption};
///
/// fn says(interruption: &Interruption) -> &'static str {
///     match interruption.interrupted.reason {
///         Some(GoneReason::LoggedOut) => "You have logged out in another window.",
///         Some(GoneReason::Expired) => "You were away for too long.",
///         _ => "Your session has ended.",
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Interruption {
    /// Why the session is gone.
    pub interrupted: SessionInterrupted,
    /// What was asked.
    pub asked: Asked,
}

type Hook = Arc<dyn Fn(&Interruption) -> Option<Response<String>> + Send + Sync>;

/// What is answered when a session ended while a request was changing it.
///
/// | who asked | answer |
/// |---|---|
/// | a program ([`Client::Api`]) | 401, `application/problem+json` with the code `session_interrupted` |
/// | a browser, for a page (GET, HEAD) | 303 to the login page, with where to come back to as `next`; 409 where no login page is set, or for the login page itself |
/// | a browser, anything else | 409: the action may have been done already, and is not repeated |
#[derive(Clone, Default)]
pub struct Interrupted {
    login: Option<String>,
    hook: Option<Hook>,
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupted")
            .field("login", &self.login)
            .field("has_hook", &self.hook.is_some())
            .finish()
    }
}

impl Interrupted {
    /// Pages are redirected to this login page, a path such as `/login`, with the parameter `next`: a path and query on this origin, to
    /// be gone back to after the login. Check it there all the same: a parameter can come from anybody. The login page itself is not
    /// redirected, or it could lead to itself for ever: it is answered with 409.
    #[must_use]
    pub fn redirect_to(login: impl Into<String>) -> Self {
        Self { login: Some(login.into()), hook: None }
    }

    /// The application's own answer; `None` leaves it as it is.
    ///
    /// ```
    /// use bursar_session::Interrupted;
    /// use http::{Response, StatusCode};
    ///
    /// Interrupted::redirect_to("/login").or_else(|interruption| {
    ///     let legacy = interruption.asked.path().starts_with("/legacy/");
    ///     let response = Response::builder().status(StatusCode::FORBIDDEN).body("please log in".to_owned());
    ///     legacy.then_some(response.ok()?)
    /// });
    /// ```
    #[must_use]
    pub fn or_else(
        self,
        hook: impl Fn(&Interruption) -> Option<Response<String>> + Send + Sync + 'static,
    ) -> Self {
        Self { hook: Some(Arc::new(hook)), ..self }
    }

    /// Where a page is redirected to; `None` where it cannot be.
    fn location(&self, asked: &Asked) -> Option<HeaderValue> {
        let login = self.login.as_deref()?;
        let path = login.split(['?', '#']).next().unwrap_or(login);
        // The login page does not lead to itself.
        if asked.path().trim_end_matches('/') == path.trim_end_matches('/') {
            return None;
        }
        let Some(next) = asked.next() else { return HeaderValue::from_str(login).ok() };
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let (login, fragment) =
            login.split_once('#').map_or((login, None), |(login, rest)| (login, Some(rest)));
        let join = if login.contains('?') { '&' } else { '?' };
        let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
        HeaderValue::from_str(&format!("{login}{join}next={next}{fragment}")).ok()
    }
}

/// The answer to be given instead of the handler's, when the outcome asks for one.
///
/// ```
/// use bursar_session::answer::answer;
/// use bursar_session::{Asked, Conflict, Error, Interrupted, Outcome};
/// use http::{HeaderMap, Method, StatusCode, Uri};
///
/// let asked = Asked::new(&Method::POST, &Uri::from_static("/payments"), &HeaderMap::new());
/// let outcome = Outcome::of(Error::Conflict(Conflict::Clear).into());
/// let response = answer(&Interrupted::default(), &asked, &outcome).unwrap();
/// assert_eq!(response.status(), StatusCode::CONFLICT);
/// assert!(answer(&Interrupted::default(), &asked, &Outcome::Saved).is_none());
/// ```
#[must_use]
pub fn answer(policy: &Interrupted, asked: &Asked, outcome: &Outcome) -> Option<Response<String>> {
    match outcome {
        Outcome::Interrupted(interrupted) => Some(interruption(policy, asked, *interrupted)),
        Outcome::Failed(error) => Some(failure(asked, error)),
        _ => None,
    }
}

fn interruption(policy: &Interrupted, asked: &Asked, interrupted: SessionInterrupted) -> Response<String> {
    if let Some(hook) = &policy.hook
        && let Some(response) = hook(&Interruption { interrupted, asked: asked.clone() })
    {
        return response;
    }
    let repeated = if asked.is_page() {
        ""
    } else {
        ". What you asked for may have been done already: look before you ask again"
    };
    let detail = format!("{interrupted}{repeated}.");
    if asked.client == Client::Api {
        let reason = interrupted.reason.map(crate::GoneReason::as_str);
        let problem =
            Problem { reason, ..Problem::new(StatusCode::UNAUTHORIZED, SessionInterrupted::CODE, &detail) };
        return problem.response(StatusCode::UNAUTHORIZED);
    }
    if asked.is_page()
        && let Some(location) = policy.location(asked)
    {
        let mut response =
            text(StatusCode::SEE_OTHER, "Your session has ended. Please log in again.\n".into());
        response.headers_mut().insert(LOCATION, location);
        return response;
    }
    text(StatusCode::CONFLICT, format!("Your session has ended: {detail}\n"))
}

/// What is answered to an error where nothing is known of the request.
pub(crate) fn plain(error: &Error) -> Response<String> {
    text(error.status(), format!("{}\n", error.status().canonical_reason().unwrap_or("Error")))
}

/// The answer to an error that is no interruption.
fn failure(asked: &Asked, error: &Error) -> Response<String> {
    let status = error.status();
    let done = if asked.is_page() {
        ""
    } else {
        " What you asked for may have been done already: look before you ask again."
    };
    let what = match error {
        Error::Conflict(_) | Error::Contended { .. } => {
            "Another request changed your session at the same time."
        }
        Error::Store(_) => {
            "Your session cannot be reached at the moment. You are not logged out. Please try again."
        }
        _ => "Your session could not be saved.",
    };
    let mut response = if asked.client == Client::Api {
        let names = match error {
            Error::Conflict(Conflict::Values(names)) => Some(names.as_slice()),
            _ => None,
        };
        let detail = format!("{what}{done}");
        Problem { names, ..Problem::new(status, error.code(), &detail) }.response(status)
    } else {
        text(status, format!("{what}{done}\n"))
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// A problem as programs read it (RFC 9457).
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<&'a [String]>,
    detail: &'a str,
}

impl<'a> Problem<'a> {
    fn new(status: StatusCode, code: &'a str, detail: &'a str) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            code,
            reason: None,
            names: None,
            detail,
        }
    }

    fn response(&self, status: StatusCode) -> Response<String> {
        // Texts and numbers alone can always be written.
        let body = serde_json::to_string(self).unwrap_or_default();
        with_type(status, "application/problem+json", body)
    }
}

fn text(status: StatusCode, body: String) -> Response<String> {
    with_type(status, "text/plain; charset=utf-8", body)
}

fn with_type(status: StatusCode, content_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
    use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

    use super::{Interrupted, answer};
    use crate::request::{Asked, Client};
    use crate::{Conflict, Error, GoneReason, Outcome, SessionInterrupted, StoreError, StoreErrorKind};

    fn asked(method: &Method, target: &str, client: Client) -> Asked {
        Asked { client, ..Asked::new(method, &target.parse().unwrap(), &HeaderMap::new()) }
    }

    fn interrupted() -> Outcome {
        Outcome::Interrupted(SessionInterrupted { reason: Some(GoneReason::LoggedOut) })
    }

    fn location(login: &str, target: &str) -> Option<String> {
        let asked = asked(&Method::GET, target, Client::Page);
        let response = answer(&Interrupted::redirect_to(login), &asked, &interrupted()).unwrap();
        let to_login = response.status() == StatusCode::SEE_OTHER;
        assert!(to_login || response.status() == StatusCode::CONFLICT);
        response.headers().get(LOCATION).map(|to| to.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_page_goes_to_the_login_page_and_back() {
        let to = location("/login", "/students?page=2&sort=a%20b");
        assert_eq!(to.as_deref(), Some("/login?next=%2Fstudents%3Fpage%3D2%26sort%3Da%2520b"));
        assert_eq!(location("/login?lang=en#form", "/a").as_deref(), Some("/login?lang=en&next=%2Fa#form"));
        for target in ["/login", "/login/", "/login?next=%2Fa"] {
            assert_eq!(location("/login", target), None, "{target}: the login page does not lead to itself");
        }
        assert_eq!(location("/log\nin", "/a"), None);
        let asked = asked(&Method::GET, "/a", Client::Page);
        let response = answer(&Interrupted::default(), &asked, &interrupted()).unwrap();
        assert_eq!(response.status(), StatusCode::CONFLICT);
    }

    #[test]
    fn what_may_have_been_done_is_not_repeated() {
        for client in [Client::Page, Client::Api] {
            let asked = asked(&Method::POST, "/payments", client);
            let response = answer(&Interrupted::redirect_to("/login"), &asked, &interrupted()).unwrap();
            assert!(response.body().contains("may have been done already"), "{}", response.body());
            assert!(response.body().contains("logged out"), "{}", response.body());
            assert!(response.headers().get(LOCATION).is_none());
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        }
    }

    #[test]
    fn a_program_gets_a_problem() {
        let asked = asked(&Method::GET, "/api/students", Client::Api);
        let response = answer(&Interrupted::redirect_to("/login"), &asked, &interrupted()).unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let problem: serde_json::Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(problem["code"], "session_interrupted");
        assert_eq!(problem["reason"], "logged_out");
        assert_eq!(problem["status"], 401);
    }

    #[test]
    fn other_errors_have_answers_of_their_own() {
        let down = || Error::Store(StoreError::new(StoreErrorKind::Busy, "load a session", "locked"));
        let conflict = || Error::Conflict(Conflict::Values(vec!["cart".into()]));
        let cases: [(Error, u16, &str); 4] = [
            (down(), 503, "session_unavailable"),
            (conflict(), 409, "session_conflict"),
            (Error::Contended { attempts: 3 }, 503, "session_contended"),
            (Error::TooLarge { bytes: 2, bytes_max: 1 }, 500, "session_too_large"),
        ];
        for (error, status, code) in cases {
            let outcome = Outcome::of(Arc::new(error));
            let page =
                answer(&Interrupted::default(), &asked(&Method::POST, "/", Client::Page), &outcome).unwrap();
            let api =
                answer(&Interrupted::default(), &asked(&Method::POST, "/", Client::Api), &outcome).unwrap();
            assert_eq!((page.status().as_u16(), api.status().as_u16()), (status, status));
            assert_eq!(page.headers().contains_key(RETRY_AFTER), status == 503);
            assert!(api.body().contains(code), "{}", api.body());
        }
        for served in [Outcome::Unused, Outcome::Read, Outcome::Saved, Outcome::Discarded] {
            assert!(
                answer(&Interrupted::default(), &asked(&Method::POST, "/", Client::Page), &served).is_none()
            );
        }
    }

    #[test]
    fn debug_says_where_to_and_whether_there_is_a_hook() {
        let policy = Interrupted::redirect_to("/login");
        assert_eq!(format!("{policy:?}"), r#"Interrupted { login: Some("/login"), has_hook: false }"#);
        let policy = Interrupted::default().or_else(|_| None);
        assert_eq!(format!("{policy:?}"), "Interrupted { login: None, has_hook: true }");
    }

    #[test]
    fn the_application_may_answer_itself() {
        let policy = Interrupted::redirect_to("/login").or_else(|interruption| {
            let mut response = Response::new(interruption.interrupted.to_string());
            response.headers_mut().insert("x-own", HeaderValue::from_static("1"));
            (interruption.asked.path() == "/own").then_some(response)
        });
        let own = answer(&policy, &asked(&Method::GET, "/own", Client::Page), &interrupted()).unwrap();
        assert!(own.headers().contains_key("x-own"));
        let ours = answer(&policy, &asked(&Method::GET, "/a", Client::Page), &interrupted()).unwrap();
        assert_eq!(ours.status(), StatusCode::SEE_OTHER);
    }
}
