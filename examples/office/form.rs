//! Forms: the key that each bears, the token, and who sent it.

use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::IntoResponse as _;
use bursar::{Currency, IdempotencyKey, IntoName as _, Money};
use bursar_session::{GoneReason, Session};
use chrono::NaiveDate;
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use super::access::{Access, Clerk};
use super::failure::{Became, Failure, Message};
use super::{Office, password, show};

/// The key of what a form records, made when the form is shown: 128 random bits. Whoever knows it has seen the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A new key.
    ///
    /// # Errors
    /// [`Failure::Broken`] when the system has no randomness to give.
    pub fn generate() -> Result<Self, Failure> {
        Ok(Self(secret()?))
    }

    /// The key of a form that came back; `None` for what this office has not made.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let ours = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        ours.then(|| Self(text.to_owned()))
    }

    /// The key as the ledger knows it.
    #[must_use]
    pub fn name(&self) -> IdempotencyKey {
        let named: Result<IdempotencyKey, _> = format!("office:{}", self.0).as_str().into_name();
        // Thirty-nine plain characters are always a name.
        named.unwrap_or_else(|_| unreachable!())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 128 random bits, in hexadecimal digits.
///
/// # Errors
/// [`Failure::Broken`] when the system has no randomness to give.
pub fn secret() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    password::random(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// What every form bears; a key where it records an entry under it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Borne {
    token: String,
    key: String,
}

/// What a form says that is a button alone: nothing.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

/// A form that a clerk has sent from a page of this office.
pub struct Posted<T> {
    /// Who sent it.
    pub clerk: Clerk,
    /// What it says.
    pub form: T,
}

impl<T: DeserializeOwned> FromRequest<Office> for Posted<T> {
    type Rejection = axum::response::Response;

    async fn from_request(request: Request, office: &Office) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let body = Bytes::from_request(Request::from_parts(parts.clone(), body), office).await;
        let body = body.map_err(axum::response::IntoResponse::into_response)?;
        let sent = read(&mut parts, &body, office).await;
        sent.map(|(clerk, form)| Self { clerk, form }).map_err(Failure::into_response)
    }
}

async fn read<T: DeserializeOwned>(
    parts: &mut Parts,
    body: &[u8],
    office: &Office,
) -> Result<(Clerk, T), Failure> {
    let borne: Borne = serde_html_form::from_bytes(body).map_err(|error| garbled(&error))?;
    let clerk = sender(parts, office, &borne.token, Key::parse(&borne.key)).await?;
    let form = serde_html_form::from_bytes(body).map_err(|error| garbled(&error))?;
    Ok((clerk, form))
}

fn garbled(error: &dyn fmt::Display) -> Failure {
    Message::new(StatusCode::BAD_REQUEST, "Not understood", format!("The form could not be read: {error}."))
        .into()
}

/// Who has sent a form; a failure that says what became of it, if nobody is signed in any more.
///
/// # Errors
/// [`Failure::TooLate`], and a message where the token is not that of the session.
pub async fn sender(
    parts: &mut Parts,
    office: &Office,
    token: &str,
    key: Option<Key>,
) -> Result<Clerk, Failure> {
    let next = parts.uri.path().to_owned();
    match Access::from_request_parts(parts, office).await?.clerk {
        Some(clerk) => match same(&clerk.token, token, &next) {
            Ok(()) => Ok(clerk),
            Err(stale) => Err(out_of_date(office, key.as_ref()).await.unwrap_or(stale)),
        },
        None => Err(too_late(office, key.as_ref(), None, next).await),
    }
}

/// What is said to one whose form is of an earlier session, but was recorded: not that nothing was done. `None` where it was not.
async fn out_of_date(office: &Office, key: Option<&Key>) -> Option<Failure> {
    let became = Became::of(&office.school, key?).await;
    let Became::Recorded(entry) = &became else { return None };
    let student = format!("/students/{}", show::segment(entry.account.as_str()));
    let text = format!(
        "This form is not of your present session: you signed in anew since it was shown. {}",
        became.sentence()
    );
    let message = Message::new(StatusCode::FORBIDDEN, "Form out of date", text);
    Some(message.leading_to(student, "See the student").into())
}

/// What is said to one who is not signed in any more.
pub async fn too_late(
    office: &Office,
    key: Option<&Key>,
    reason: Option<GoneReason>,
    next: String,
) -> Failure {
    let became = match key {
        Some(key) => Some(Became::of(&office.school, key).await),
        None => None,
    };
    let why = reason.map(|reason| match reason {
        GoneReason::LoggedOut => "you signed out in another window",
        GoneReason::Rotated => "you signed in again in another window",
        GoneReason::Expired => "it was not used for too long",
        _ => "it was emptied",
    });
    Failure::TooLate { became, why, next }
}

/// Whether a form bears the token of its session.
///
/// # Errors
/// A message that says it does not.
pub fn same(expected: &str, given: &str, path: &str) -> Result<(), Failure> {
    if !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        return Ok(());
    }
    let text = "This form is not of your present session: you signed in anew since it was shown, or it came from elsewhere. \
                Nothing was done now. Open the page again and fill the form in there.";
    Err(Message::new(StatusCode::FORBIDDEN, "Form out of date", text)
        .leading_to(path, "Open the page again")
        .into())
}

/// Saves the session before something is done that cannot be undone, so that who was signed out meanwhile does not do it (R5). `what`
/// is kept in the session, for the first page to say what became of it, where the ledger knows it by a key.
///
/// # Errors
/// [`Failure::TooLate`] when the session is gone, with what became of the form; the session's other errors.
pub async fn save_before(
    office: &Office,
    session: &Session,
    key: Option<&Key>,
    what: &str,
    next: &str,
) -> Result<(), Failure> {
    session.insert(SENT, &(key.map(ToString::to_string).unwrap_or_default(), what))?;
    match session.save().await {
        Ok(()) => Ok(()),
        Err(bursar_session::Error::Interrupted(interrupted)) => {
            Err(too_late(office, key, interrupted.reason, next.to_owned()).await)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the session remembers of the form that was sent last: its key, and what it was to record.
pub const SENT: &str = "sent";

/// A text that may be left out.
#[must_use]
pub fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// An amount as it is typed: spaces and commas between thousands are passed over.
///
/// # Errors
/// Of [`Money::parse`].
pub fn amount(text: &str, currency: Currency) -> Result<Money, bursar::Refusal> {
    let text = text.trim().replace(['\u{a0}', ' '], "");
    let text = text.strip_prefix(currency.code()).unwrap_or(&text);
    Money::parse(&ungrouped(text), currency)
}

/// Without the commas of thousands: "1,240.00" is 1240.00, and "12,40" stays what it is, to be refused rather than guessed at.
fn ungrouped(text: &str) -> String {
    let whole = text.split('.').next().unwrap_or(text);
    let mut groups = whole.split(',');
    let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
    if first && groups.all(|group| group.len() == 3) { text.replace(',', "") } else { text.to_owned() }
}

/// A word of a list.
///
/// # Errors
/// Which words are allowed.
pub fn word<T: std::str::FromStr<Err = bursar::UnknownWord>>(what: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|unknown| format!("{text:?} is no {what}; {unknown}"))
}

/// A day; today where none is given.
///
/// # Errors
/// Of [`bursar::date`].
pub fn day(text: &str, today: NaiveDate) -> Result<NaiveDate, bursar::Refusal> {
    given(text).map_or(Ok(today), bursar::date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_of_this_office() {
        let key = Key::generate().unwrap();
        assert_eq!(Key::parse(&key.to_string()), Some(key.clone()));
        assert!(key.name().as_str().starts_with("office:"));
        for bad in ["", "0", &"g".repeat(32), &"0".repeat(33), &"A".repeat(32)] {
            assert_eq!(Key::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn amounts_are_read_as_people_type_them() {
        let read = |text| amount(text, Currency::USD).map(|money| money.to_string());
        for (text, money) in
            [("80", "80.00"), (" 80.5 ", "80.50"), ("1,240.00", "1240.00"), ("USD 1 240", "1240.00")]
        {
            assert_eq!(read(text).unwrap(), money, "{text}");
        }
        for bad in ["", "x", "12,40", "1,2345", "1.234", ",100", "80 or so"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
