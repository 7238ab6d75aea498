//! The terms: listed, defined, closed.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use bursar::{Error, Term, TermId, date};
use http::StatusCode;
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::{Failure, sentence};
use super::super::form::{Nothing, Posted};
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};

struct Line {
    id: TermId,
    name: String,
    starts_on: String,
    ends_on: String,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "terms.html")]
struct Page {
    shell: Shell,
    lines: Vec<Line>,
    locked: Option<String>,
}

/// What a term is called.
#[must_use]
pub fn name(term: &Term) -> String {
    term.name.clone().unwrap_or_else(|| words::term(&term.id))
}

/// The list, the last term first.
pub async fn show(State(office): State<Office>, clerk: Clerk) -> Result<Response, Failure> {
    let calendar = office.school.calendar().await?;
    let line = |term: &Term| Line {
        id: term.id,
        name: name(term),
        starts_on: term.starts_on.to_string(),
        ends_on: term.ends_on.to_string(),
        state: match (term.closed, calendar.current() == Some(term.id)) {
            (true, _) => "closed",
            (false, true) => "current",
            (false, false) => "open",
        },
    };
    page(&Page {
        shell: Shell::of(&clerk, "terms", "Terms and fees"),
        lines: calendar.terms().iter().rev().map(line).collect(),
        locked: calendar.locked_through().map(|day| day.to_string()),
    })
}

/// What the form says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    year: String,
    number: String,
    name: String,
    starts_on: String,
    ends_on: String,
}

#[derive(Template)]
#[template(path = "term_new.html")]
struct New {
    shell: Shell,
    sent: Sent,
    problem: String,
}

const HEAD: &str = "Only the head defines, activates and closes terms.";

fn form(clerk: &Clerk, sent: Sent, problem: String) -> Result<Html<String>, Failure> {
    Ok(Html(New { shell: Shell::of(clerk, "terms", "Define a term"), sent, problem }.render()?))
}

/// The form of a new term.
pub async fn ask(clerk: Clerk) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    Ok(form(&clerk, Sent::default(), String::new())?.into_response())
}

/// Defines the term. Sent twice it changes nothing: year and number are the key.
pub async fn send(State(office): State<Office>, sent: Posted<Sent>) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    clerk.must_be_head(HEAD)?;
    let define = async {
        let id: TermId = format!("{}-{}", sent.year.trim(), sent.number.trim()).parse()?;
        let term = Term::new(id, date(sent.starts_on.trim())?, date(sent.ends_on.trim())?)?;
        let name = sent.name.trim();
        let term = if name.is_empty() { term } else { term.named(name)? };
        office.school.define_term(term).await?;
        Ok::<_, Error>(id)
    };
    match define.await {
        Ok(id) => Ok(Redirect::to(&format!("/terms/{id}")).into_response()),
        Err(Error::Refused(refusal)) => {
            let page = form(&clerk, sent, sentence(&refusal.to_string()))?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "term_close.html")]
struct Close {
    shell: Shell,
    term: Term,
    name: String,
}

/// The term of a path.
///
/// # Errors
/// A page that says there is none; those of the ledger.
pub async fn find(office: &Office, term: &str) -> Result<Term, Failure> {
    let none = || Failure::not_found(format!("There is no term {term:?}."));
    let id: TermId = term.parse().map_err(|_| none())?;
    office.school.calendar().await?.find(id).cloned().ok_or_else(none)
}

/// Asks whether to close a term.
pub async fn ask_close(
    State(office): State<Office>,
    clerk: Clerk,
    Path(term): Path<String>,
) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    let term = find(&office, &term).await?;
    let name = name(&term);
    page(&Close { shell: Shell::of(&clerk, "terms", format!("Close {name}")), name, term })
}

/// Closes a term to new charges.
pub async fn close(
    State(office): State<Office>,
    Path(term): Path<String>,
    sent: Posted<Nothing>,
) -> Result<Response, Failure> {
    sent.clerk.must_be_head(HEAD)?;
    let term = find(&office, &term).await?;
    office.school.close_term(term.id).await?;
    Ok(Redirect::to(&format!("/terms/{}", term.id)).into_response())
}
