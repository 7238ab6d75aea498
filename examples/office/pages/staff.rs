//! The clerks: added and removed by the head.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::clerks::{self, Known, Role};
use super::super::failure::{Failure, sentence};
use super::super::form::Posted;
use super::super::shell::Shell;
use super::super::{Office, password, show as words};

/// What the form says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    name: String,
    role: String,
}

#[derive(Template)]
#[template(path = "staff.html")]
struct Page {
    shell: Shell,
    clerks: Vec<(String, Role)>,
    sent: Sent,
    problem: String,
    made: Option<(String, String)>,
}

const HEAD: &str = "Only the head looks after the clerks.";

async fn list(
    office: &Office,
    clerk: &Clerk,
    sent: Sent,
    problem: String,
    made: Option<(String, String)>,
) -> Result<Html<String>, Failure> {
    let clerks = office.clerks.all().await?.into_iter().map(|known| (known.name, known.role)).collect();
    Ok(Html(Page { shell: Shell::of(clerk, "staff", "Clerks"), clerks, sent, problem, made }.render()?))
}

/// The list.
pub async fn show(State(office): State<Office>, clerk: Clerk) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    Ok(list(&office, &clerk, Sent::default(), String::new(), None).await?.into_response())
}

/// Adds a clerk, and shows the password, this once.
pub async fn add(State(office): State<Office>, sent: Posted<Sent>) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    clerk.must_be_head(HEAD)?;
    let read = || Ok::<_, String>((clerks::name(&sent.name)?, sent.role.parse::<Role>()?));
    let (name, role) = match read() {
        Ok(read) => read,
        Err(problem) => {
            let page = list(&office, &clerk, sent.clone(), sentence(&problem), None).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let made = password::generate()?;
    let hash = office.passwords.hash(made.clone()).await?;
    if !office.clerks.add(&Known { name: name.clone(), role, password: hash }).await? {
        let problem = format!("There is a clerk {name:?} already.");
        let page = list(&office, &clerk, sent, problem, None).await?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    Ok(list(&office, &clerk, Sent::default(), String::new(), Some((name, made))).await?.into_response())
}

/// Gives a clerk a new password, shows it, this once, and ends the clerk's sessions. Sent twice, the one that is shown counts.
pub async fn password(State(office): State<Office>, sent: Posted<Sent>) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    clerk.must_be_head(HEAD)?;
    if sent.name == clerk.name {
        return Ok(Redirect::to("/me").into_response());
    }
    let made = password::generate()?;
    let hash = office.passwords.hash(made.clone()).await?;
    if !office.clerks.set_password(&sent.name, &hash).await? {
        return Err(Failure::not_found(format!("There is no clerk {:?}.", sent.name)));
    }
    office.sessions.end_all(&sent.name).await?;
    let made = Some((sent.name, made));
    Ok(list(&office, &clerk, Sent::default(), String::new(), made).await?.into_response())
}

/// Where a reload leads to.
pub async fn again() -> Redirect {
    Redirect::to("/staff")
}

/// Removes a clerk, and ends all of the clerk's sessions. Nobody removes himself.
pub async fn remove(State(office): State<Office>, sent: Posted<Sent>) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    clerk.must_be_head(HEAD)?;
    if sent.name == clerk.name {
        let problem = "You cannot remove yourself.".to_owned();
        let page = list(&office, &clerk, Sent::default(), problem, None).await?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    office.clerks.remove(&sent.name).await?;
    office.sessions.end_all(&sent.name).await?;
    Ok(Redirect::to("/staff").into_response())
}
