//! Signing in and out.

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use bursar_session::Session;
use http::StatusCode;
use serde::Deserialize;

use super::super::Office;
use super::super::access::TOKEN;
use super::super::clerks;
use super::super::failure::Failure;
use super::super::form::{Nothing, Posted, same, secret};
use super::super::shell::{Shell, page, safe_next};

/// Where the sign-in leads to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    next: String,
}

/// What the sign-in form says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SignIn {
    token: String,
    name: String,
    password: String,
    next: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    shell: Shell,
    token: String,
    name: String,
    next: String,
    problem: String,
}

/// The token of an anonymous session's form; a new one where there is none.
async fn token(session: &Session) -> Result<String, Failure> {
    if let Some(token) = session.get(TOKEN).await? {
        return Ok(token);
    }
    let token = secret()?;
    session.insert(TOKEN, &token)?;
    Ok(token)
}

async fn form(session: &Session, name: &str, next: &str, problem: &str) -> Result<Html<String>, Failure> {
    let page = Page {
        shell: Shell::bare("Sign in"),
        token: token(session).await?,
        name: name.to_owned(),
        next: safe_next(next).to_owned(),
        problem: problem.to_owned(),
    };
    Ok(Html(page.render()?))
}

/// The form.
pub async fn show(session: Session, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    Ok(form(&session, "", &asked.next, "").await?.into_response())
}

/// Signs a clerk in: under a new key, so that whoever knew or planted the old one is out.
pub async fn send(
    State(office): State<Office>,
    session: Session,
    Form(sent): Form<SignIn>,
) -> Result<Response, Failure> {
    let again = async |status: StatusCode, problem: &str| -> Result<Response, Failure> {
        Ok((status, form(&session, &sent.name, &sent.next, problem).await?).into_response())
    };
    let expected: String = session.get(TOKEN).await?.unwrap_or_default();
    if same(&expected, &sent.token, "/sign-in").is_err() {
        return again(StatusCode::FORBIDDEN, "The form was out of date. Please sign in again.").await;
    }
    let wrong = "The name or the password is wrong.";
    let Ok(name) = clerks::name(&sent.name) else { return again(StatusCode::UNAUTHORIZED, wrong).await };
    let now = office.school.store().now();
    if let Err(until) = office.attempts.begin(&name, now) {
        let minutes = until.signed_duration_since(now).num_minutes().saturating_add(1);
        let problem = format!("Too many attempts. Try again in {minutes} min.");
        return again(StatusCode::TOO_MANY_REQUESTS, &problem).await;
    }
    let known = office.clerks.find(&name).await?;
    let hash = known.map(|known| known.password);
    if !office.passwords.verify(sent.password.clone(), hash).await? {
        return again(StatusCode::UNAUTHORIZED, wrong).await;
    }
    office.attempts.succeeded(&name);
    begin(&session, &name).await?;
    Ok(Redirect::to(safe_next(&sent.next)).into_response())
}

/// Binds the session to a clerk, under a new key and with a new token.
async fn begin(session: &Session, name: &str) -> Result<(), Failure> {
    session.rotate().await?;
    session.clear()?;
    session.set_user(name)?;
    Ok(session.insert(TOKEN, &secret()?)?)
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut {
    shell: Shell,
}

/// Signs the clerk out, in every window of the browser.
pub async fn out(sent: Posted<Nothing>) -> Result<Response, Failure> {
    sent.clerk.session.flush().await?;
    page(&SignedOut { shell: Shell::bare("Signed out") })
}
