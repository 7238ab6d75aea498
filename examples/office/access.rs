//! Who asks: the clerk of the session, looked up for every request, so that one who is removed is out at once.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Response};
use bursar_session::Session;
use http::request::Parts;

use super::Office;
use super::clerks::Role;
use super::failure::Failure;
use bursar_examples::book::AnyLedger;

/// What the session remembers of the token of its forms.
pub const TOKEN: &str = "token";

/// A clerk who is signed in.
#[derive(Clone, Debug)]
pub struct Clerk {
    /// The name.
    pub name: String,
    /// What the clerk may do.
    pub role: Role,
    /// The token of the session's forms.
    pub token: String,
    /// The session.
    pub session: Session,
}

impl Clerk {
    /// The book, with the clerk as the one who records.
    ///
    /// # Errors
    /// A name that no entry bears.
    pub fn book(&self, office: &Office) -> Result<AnyLedger, Failure> {
        Ok(office.school.clone().recorded_by(&self.name)?)
    }

    /// That the clerk is the head.
    ///
    /// # Errors
    /// [`Failure::forbidden`], with what only the head may do.
    pub fn must_be_head(&self, what: &str) -> Result<(), Failure> {
        if self.role == Role::Head { Ok(()) } else { Err(Failure::forbidden(what)) }
    }
}

/// Who asks, where anybody may.
pub struct Access {
    /// The clerk, if one is signed in.
    pub clerk: Option<Clerk>,
}

impl Access {
    /// Looks it up.
    ///
    /// # Errors
    /// Those of the session and of the table of clerks.
    pub async fn from_request_parts(parts: &mut Parts, office: &Office) -> Result<Self, Failure> {
        let session = Session::from_request_parts(parts, office).await;
        let session = session.map_err(|missing| Failure::Broken(missing.to_string()))?;
        let Some(user) = session.user().await? else { return Ok(Self { clerk: None }) };
        let Some(known) = office.clerks.find(user.as_str()).await? else { return Ok(Self { clerk: None }) };
        let token = session.get(TOKEN).await?.unwrap_or_default();
        Ok(Self { clerk: Some(Clerk { name: known.name, role: known.role, token, session }) })
    }
}

impl FromRequestParts<Office> for Clerk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, office: &Office) -> Result<Self, Response> {
        let found = Access::from_request_parts(parts, office).await.map_err(Failure::into_response)?;
        found.clerk.ok_or_else(|| {
            let next = parts.uri.path_and_query().map_or("/", |asked| asked.as_str());
            Failure::SignedOut { next: next.to_owned() }.into_response()
        })
    }
}
