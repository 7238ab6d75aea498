//! Enrolling a student.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use bursar::{AccountId, Error, IntoName as _};
use http::StatusCode;
use serde::Deserialize;

use super::super::Office;
use super::super::access::Clerk;
use super::super::failure::{Failure, sentence};
use super::super::form::{self, Posted};
use super::super::shell::Shell;
use super::{fees, student};

/// What the form says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    account: String,
    groups: String,
    on: String,
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct Page {
    shell: Shell,
    known: Vec<String>,
    sent: Sent,
    problem: String,
}

async fn page(office: &Office, clerk: &Clerk, sent: Sent, problem: String) -> Result<Html<String>, Failure> {
    let term = office.school.current_term().await?;
    let known = fees::groups(office, term).await?;
    let page = Page { shell: Shell::of(clerk, "students", "Enrol a student"), known, sent, problem };
    Ok(Html(page.render()?))
}

/// The form.
pub async fn show(State(office): State<Office>, clerk: Clerk) -> Result<Response, Failure> {
    let sent = Sent { on: office.school.today().to_string(), ..Sent::default() };
    Ok(page(&office, &clerk, sent, String::new()).await?.into_response())
}

/// Enrols the student, and bills the current term with it. Sent twice it changes nothing: the account's id is the key.
pub async fn send(State(office): State<Office>, sent: Posted<Sent>) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    let book = clerk.book(&office)?;
    let enrolled = async {
        let account: AccountId = sent.account.trim().into_name()?;
        let on = form::day(&sent.on, office.school.today())?;
        let groups = list(&sent.groups);
        book.enrol(&account, groups, on).await?;
        Ok::<_, Error>(account)
    };
    match enrolled.await {
        Ok(account) => Ok(Redirect::to(&student::path(&account)).into_response()),
        Err(Error::Refused(refusal)) => {
            let page = page(&office, &clerk, sent, sentence(&refusal.to_string())).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Names with commas or spaces between them.
#[must_use]
pub fn list(text: &str) -> Vec<&str> {
    text.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty()).collect()
}
