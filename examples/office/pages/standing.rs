//! Moving a student to another standing, or to other fee groups.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use bursar::{Account, Error, Standing};
use http::StatusCode;
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::{Failure, sentence};
use super::super::form::{self, Posted};
use super::super::shell::Shell;
use super::super::{Office, show as words};
use super::{enrol, student};

/// What the form says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    standing: String,
    groups: String,
    on: String,
}

#[derive(Template)]
#[template(path = "standing.html")]
struct Page {
    shell: Shell,
    account: Account,
    path: String,
    next: &'static [Standing],
    sent: Sent,
    problem: String,
}

async fn page(clerk: &Clerk, account: Account, sent: Sent, problem: String) -> Result<Html<String>, Failure> {
    let page = Page {
        shell: Shell::of(clerk, "students", format!("Standing and groups of {}", account.id)),
        path: student::path(&account.id),
        next: account.standing.next(),
        account,
        sent,
        problem,
    };
    Ok(Html(page.render()?))
}

/// The form.
pub async fn show(
    State(office): State<Office>,
    clerk: Clerk,
    Path(account): Path<String>,
) -> Result<Response, Failure> {
    let account = student::find(&office, &account).await?;
    let groups = words::groups(&account.groups);
    let sent = Sent { standing: account.standing.to_string(), groups, on: office.school.today().to_string() };
    Ok(page(&clerk, account, sent, String::new()).await?.into_response())
}

/// What was typed, and as it is now what belongs to the other form.
fn filled(account: &Account, sent: Sent) -> Sent {
    let groups = if sent.standing.is_empty() { sent.groups } else { words::groups(&account.groups) };
    Sent { groups, ..sent }
}

/// Moves the student to the standing that the form says, or else to its groups: one step a form. Sent twice it changes nothing.
pub async fn send(
    State(office): State<Office>,
    Path(account): Path<String>,
    sent: Posted<Sent>,
) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    let account = student::find(&office, &account).await?;
    let to =
        if sent.standing.is_empty() { Ok(None) } else { form::word("standing", &sent.standing).map(Some) };
    let to: Option<Standing> = match to {
        Ok(to) => to,
        Err(why) => {
            let sent = filled(&account, sent);
            let page = page(&clerk, account, sent, sentence(&why)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let moved = async {
        let on = form::day(&sent.on, office.school.today())?;
        match to {
            Some(to) => office.school.move_standing(&account.id, to, on).await,
            None => office.school.move_groups(&account.id, enrol::list(&sent.groups), on).await,
        }
    };
    match moved.await {
        Ok(()) => Ok(Redirect::to(&student::path(&account.id)).into_response()),
        Err(Error::Refused(refusal)) => {
            let account = student::find(&office, account.id.as_str()).await?;
            let sent = filled(&account, sent);
            let page = page(&clerk, account, sent, sentence(&refusal.to_string())).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
