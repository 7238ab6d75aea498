//! What is answered when a page cannot do what it was asked: each in words, with what became of it and where to go on.

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use bursar::{Entry, Ledger, LedgerStore};
use http::StatusCode;

use super::form::Key;
use super::shell::{Shell, sign_in};
use super::show;

/// What became of something that was to be recorded under a key.
#[derive(Clone, Debug)]
pub enum Became {
    /// It was recorded.
    Recorded(Box<Entry>),
    /// It was not recorded.
    NotRecorded,
    /// The book cannot be asked at the moment.
    Unknown,
}

impl Became {
    /// Asks the book.
    pub async fn of<S: LedgerStore>(school: &Ledger<S>, key: &Key) -> Self {
        match school.entry_by_key(&key.name()).await {
            Ok(Some(entry)) => Self::Recorded(Box::new(entry)),
            Ok(None) => Self::NotRecorded,
            Err(error) => {
                tracing::warn!(%error, "a key could not be looked up");
                Self::Unknown
            }
        }
    }

    /// The words for it.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Recorded(entry) => format!(
                "What you sent was recorded, once: {} of {} for {}, no. {} there. Do not send it again.",
                show::word(entry.kind.as_str()).to_lowercase(),
                show::cash(entry.amount()),
                entry.account,
                entry.position
            ),
            Self::NotRecorded => "What you sent was not recorded. Sign in, and fill in a new form.".to_owned(),
            Self::Unknown => {
                "Whether what you sent was recorded cannot be told at the moment. Sign in and look before you send it again.".to_owned()
            }
        }
    }
}

/// A page that says something, and leads on.
#[derive(Clone, Debug)]
pub struct Message {
    /// The status of the answer.
    pub status: StatusCode,
    /// The heading.
    pub title: String,
    /// What there is to say.
    pub text: String,
    /// Where to go on: the path, and the words of the link.
    pub on: (String, String),
}

impl Message {
    /// A message that leads to the first page.
    #[must_use]
    pub fn new(status: StatusCode, title: &str, text: impl Into<String>) -> Self {
        let on = ("/".to_owned(), "Go to the first page".to_owned());
        Self { status, title: title.to_owned(), text: text.into(), on }
    }

    /// The message with another way on.
    #[must_use]
    pub fn leading_to(self, path: impl Into<String>, words: &str) -> Self {
        Self { on: (path.into(), words.to_owned()), ..self }
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    shell: Shell,
    message: Message,
}

impl IntoResponse for Message {
    fn into_response(self) -> Response {
        let status = self.status;
        (status, Html(self.page())).into_response()
    }
}

impl Message {
    /// The page as it is sent.
    #[must_use]
    pub fn page(self) -> String {
        let plain = format!("{}: {}", self.title, self.text);
        MessagePage { shell: Shell::bare(&self.title), message: self }.render().unwrap_or(plain)
    }
}

/// Why a page cannot do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// Nobody is signed in, and a page was asked for: the way leads over the sign-in page and back.
    SignedOut {
        /// Where to come back to.
        next: String,
    },
    /// Nobody is signed in any more, and something was to be done.
    TooLate {
        /// What became of it; `None` where it bore no key, and was not done.
        became: Option<Became>,
        /// Why the session is gone, where that is known.
        why: Option<&'static str>,
        /// Where to come back to.
        next: String,
    },
    /// Something else that is said in words.
    Told(Box<Message>),
    /// The ledger.
    Ledger(bursar::Error),
    /// The session: the layer answers.
    Session(bursar_session::Error),
    /// The table of clerks cannot be reached.
    Down(sqlx::Error),
    /// What should not be.
    Broken(String),
}

impl From<bursar::Error> for Failure {
    fn from(error: bursar::Error) -> Self {
        Self::Ledger(error)
    }
}

impl From<bursar::Refusal> for Failure {
    fn from(refusal: bursar::Refusal) -> Self {
        Self::Ledger(refusal.into())
    }
}

impl From<bursar_session::Error> for Failure {
    fn from(error: bursar_session::Error) -> Self {
        Self::Session(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Down(error)
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::Broken(format!("a template: {error}"))
    }
}

impl From<Message> for Failure {
    fn from(message: Message) -> Self {
        Self::Told(Box::new(message))
    }
}

impl Failure {
    /// There is no such page.
    #[must_use]
    pub fn not_found(what: impl Into<String>) -> Self {
        Message::new(StatusCode::NOT_FOUND, "Not found", what).into()
    }

    /// What the clerk may not do.
    #[must_use]
    pub fn forbidden(what: &str) -> Self {
        Message::new(StatusCode::FORBIDDEN, "Not allowed", format!("{what} Ask the head.")).into()
    }
}

/// The message for what a ledger call ended with.
fn of_ledger(error: &bursar::Error) -> Message {
    let say = |status, title, text: String| Message::new(status, title, text);
    match error {
        bursar::Error::Refused(refusal) => say(StatusCode::UNPROCESSABLE_ENTITY, "Not done", sentence(&refusal.to_string())),
        bursar::Error::Conflict { .. } => {
            say(StatusCode::CONFLICT, "Try again", "Others changed the same account at the same time. Nothing was recorded; try again.".into())
        }
        bursar::Error::UnknownOutcome { .. } => say(
            StatusCode::SERVICE_UNAVAILABLE,
            "It is not known yet whether this was recorded",
            "The connection to the database was lost. Go back and send the same form again: it is recorded at most once.".into(),
        ),
        error if error.may_retry() => say(
            StatusCode::SERVICE_UNAVAILABLE,
            "The database cannot be reached",
            "Nothing was recorded. Try again in a moment.".into(),
        ),
        _ => broken(),
    }
}

fn broken() -> Message {
    let text = "Nothing was recorded. The log says more; call whoever looks after the office.";
    Message::new(StatusCode::INTERNAL_SERVER_ERROR, "The office has a fault", text)
}

/// A text as a sentence.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::SignedOut { next } => Redirect::to(&sign_in(&next)).into_response(),
            Self::TooLate { became, why, next } => {
                let why = why.map_or_else(
                    || "Your session has ended.".to_owned(),
                    |why| format!("Your session has ended: {why}."),
                );
                let what = became.as_ref().map_or_else(
                    || {
                        "Nothing was done now. If you had sent this before, sign in and look what came of it."
                            .to_owned()
                    },
                    Became::sentence,
                );
                let message =
                    Message::new(StatusCode::CONFLICT, "You are signed out", format!("{why} {what}"));
                let receipt = match became {
                    Some(Became::Recorded(entry)) => {
                        format!("/students/{}", show::segment(entry.account.as_str()))
                    }
                    _ => next,
                };
                message.leading_to(sign_in(&receipt), "Sign in").into_response()
            }
            Self::Told(message) => message.into_response(),
            Self::Ledger(error) => {
                let message = of_ledger(&error);
                if message.status.is_server_error() {
                    tracing::error!(%error, "a page failed");
                }
                message.into_response()
            }
            Self::Session(error) => error.into_response(),
            Self::Down(error) => {
                tracing::error!(%error, "the table of clerks cannot be reached");
                let text = "Nothing was recorded. Try again in a moment.";
                Message::new(StatusCode::SERVICE_UNAVAILABLE, "The database cannot be reached", text)
                    .into_response()
            }
            Self::Broken(what) => {
                tracing::error!("{what}");
                broken().into_response()
            }
        }
    }
}
