//! Reversing an entry: the head's alone.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use bursar::{Entry, Error, Refusal, Reversal};
use http::StatusCode;
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::{Failure, sentence};
use super::super::form::{Key, Posted, save_before};
use super::super::shell::Shell;
use super::super::{Office, show as words};
use super::{record, student};

/// What the form says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    key: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "reverse.html")]
struct Page {
    shell: Shell,
    entry: Entry,
    what: String,
    path: String,
    sent: Sent,
    problem: String,
}

const HEAD: &str = "Only the head reverses what was recorded.";

async fn form(
    office: &Office,
    clerk: &Clerk,
    asked: (&str, u32),
    sent: Sent,
    problem: String,
) -> Result<Html<String>, Failure> {
    let (account, position) = asked;
    let account = student::find(office, account).await?;
    let found = office.school.entries(&account.id, position.saturating_sub(1), 1).await?;
    let Some(entry) = found.into_iter().find(|entry| entry.position == position) else {
        return Err(Failure::not_found(format!("{} has no entry {position}.", account.id)));
    };
    let page = Page {
        shell: Shell::of(clerk, "students", format!("Reverse no. {position} of {}", account.id)),
        what: words::entry(&entry.kind),
        path: student::path(&account.id),
        entry,
        sent,
        problem,
    };
    Ok(Html(page.render()?))
}

/// The form.
pub async fn show(
    State(office): State<Office>,
    clerk: Clerk,
    Path((account, position)): Path<(String, u32)>,
) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    let sent = Sent { key: Key::generate()?.to_string(), ..Sent::default() };
    Ok(form(&office, &clerk, (&account, position), sent, String::new()).await?.into_response())
}

/// Reverses it, once.
pub async fn send(
    State(office): State<Office>,
    Path((account, position)): Path<(String, u32)>,
    sent: Posted<Sent>,
) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    clerk.must_be_head(HEAD)?;
    let found = student::find(&office, &account).await?;
    let next = student::path(&found.id);
    let Some(key) = Key::parse(&sent.key) else { return Ok(Redirect::to(&next).into_response()) };
    let told = format!("reversal of no. {position} of {}", found.id);
    save_before(&office, &clerk.session, Some(&key), &told, &next).await?;
    let reversal = Reversal::of_entry(&found.id, position, sent.reason.trim()).key(key.name());
    match clerk.book(&office)?.reverse(reversal).await {
        Ok(receipt) => Ok(Redirect::to(&record::recorded(&receipt)).into_response()),
        Err(Error::Refused(Refusal::KeyReused { .. })) => Err(record::reused(&next)),
        Err(Error::Refused(refusal)) => {
            let problem = sentence(&refusal.to_string());
            let page = form(&office, &clerk, (&account, position), sent, problem).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
