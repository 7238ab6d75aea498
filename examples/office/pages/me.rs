//! The clerk's own page: the password, and the sessions that are open.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use bursar_session::{PAGE_MAX, UserSession};
use http::StatusCode;
use serde::Deserialize;

use super::super::access::{Clerk, TOKEN};
use super::super::failure::{Failure, Message, sentence};
use super::super::form::{Posted, secret};
use super::super::shell::Shell;
use super::super::{Office, password, show as words};

struct Line {
    id: String,
    since: String,
    until: String,
    this: bool,
}

#[derive(Template)]
#[template(path = "me.html")]
struct Page {
    shell: Shell,
    lines: Vec<Line>,
    others: bool,
    problem: String,
}

/// What a session is called in a form: nothing that anybody could use it by.
fn id(session: &UserSession) -> String {
    session.created_at.timestamp_micros().to_string()
}

async fn own(office: &Office, clerk: &Clerk) -> Result<Vec<UserSession>, Failure> {
    let mut own = office.sessions.of_user(&clerk.name, None, PAGE_MAX).await?;
    own.sort_by_key(|session| std::cmp::Reverse(session.created_at));
    Ok(own)
}

async fn page(office: &Office, clerk: &Clerk, problem: String) -> Result<Html<String>, Failure> {
    let mut lines = Vec::new();
    for session in own(office, clerk).await? {
        lines.push(Line {
            id: id(&session),
            since: words::instant(&session.created_at),
            until: words::instant(&session.expires_at),
            this: clerk.session.is(&session).await?,
        });
    }
    let others = lines.iter().any(|line| !line.this);
    let page = Page { shell: Shell::of(clerk, "me", "Your sessions and password"), lines, others, problem };
    Ok(Html(page.render()?))
}

/// The page.
pub async fn show(State(office): State<Office>, clerk: Clerk) -> Result<Response, Failure> {
    Ok(page(&office, &clerk, String::new()).await?.into_response())
}

/// What the form of another password says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Passwords {
    now: String,
    new: String,
    again: String,
}

/// Changes the password, gives the session a new key, and ends all others.
pub async fn password(State(office): State<Office>, sent: Posted<Passwords>) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    let refused = async |status: StatusCode, problem: &str| -> Result<Response, Failure> {
        Ok((status, page(&office, &clerk, sentence(problem)).await?).into_response())
    };
    let now = office.school.store().now();
    if office.attempts.begin(&clerk.name, now).is_err() {
        return refused(StatusCode::TOO_MANY_REQUESTS, "Too many attempts; try again in some minutes").await;
    }
    let hash = office.clerks.find(&clerk.name).await?.map(|known| known.password);
    if !office.passwords.verify(sent.now.clone(), hash).await? {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "the present password is another one").await;
    }
    office.attempts.succeeded(&clerk.name);
    if sent.new != sent.again {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "the new password was not typed twice alike").await;
    }
    if let Err(problem) = password::check(&sent.new, &clerk.name) {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, &problem).await;
    }
    // A session that is gone by now changes nothing: its key was perhaps in other hands.
    clerk.session.rotate().await?;
    clerk.session.insert(TOKEN, &secret()?)?;
    let hash = office.passwords.hash(sent.new.clone()).await?;
    office.clerks.set_password(&clerk.name, &hash).await?;
    let ended = clerk.session.end_others().await?;
    let text = format!("{ended} other sessions of yours were ended.");
    Ok(Message::new(StatusCode::OK, "Your password is changed", text)
        .leading_to("/me", "Back")
        .into_response())
}

/// Which session to end.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct End {
    /// Its id; all but this one where there is none.
    id: String,
}

/// Where a reload leads to.
pub async fn again() -> Redirect {
    Redirect::to("/me")
}

/// Ends one of the clerk's sessions, or all but this one.
pub async fn end(State(office): State<Office>, sent: Posted<End>) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    if sent.id.is_empty() {
        clerk.session.end_others().await?;
    } else if let Some(found) = own(&office, &clerk).await?.iter().find(|session| id(session) == sent.id) {
        office.sessions.end(found).await?;
    }
    Ok(Redirect::to("/me").into_response())
}
