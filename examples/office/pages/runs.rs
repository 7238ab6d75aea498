//! Activating a term: started once, and looked at until it is done.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use bursar::Term;
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::{Failure, Message, sentence};
use super::super::form::{Key, Posted, save_before};
use super::super::jobs::{Job, Stage};
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};
use super::terms;

const HEAD: &str = "Only the head activates terms.";

#[derive(Template)]
#[template(path = "activate.html")]
struct Ask {
    shell: Shell,
    term: Term,
    name: String,
    key: Key,
}

/// Asks whether to activate a term.
pub async fn ask(
    State(office): State<Office>,
    clerk: Clerk,
    Path(term): Path<String>,
) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    let term = terms::find(&office, &term).await?;
    let name = terms::name(&term);
    page(&Ask {
        shell: Shell::of(&clerk, "terms", format!("Activate {name}")),
        name,
        key: Key::generate()?,
        term,
    })
}

/// What the form says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// What the run is found by. It is no key of the ledger's: that bills nobody twice by keys of its own.
    run: String,
}

/// Starts the run, once a form. The ledger bills nobody twice, however often it is started.
pub async fn start(
    State(office): State<Office>,
    Path(term): Path<String>,
    sent: Posted<Sent>,
) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    clerk.must_be_head(HEAD)?;
    let term = terms::find(&office, &term).await?;
    let next = format!("/terms/{}", term.id);
    let Some(key) = Key::parse(&sent.run) else { return Ok(Redirect::to(&next).into_response()) };
    save_before(&office, &clerk.session, None, &format!("activation of {}", terms::name(&term)), &next)
        .await?;
    let accounts = office.school.book_balance().await?.accounts;
    let book = clerk.book(&office)?;
    if office.jobs.begin(&key, term.id, accounts) {
        let (office, key) = (office.clone(), key.clone());
        tokio::spawn(async move {
            let jobs = office.jobs.clone();
            let progress = |seen: bursar::RunProgress| {
                jobs.set(&key, Stage::Running { accounts: seen.accounts_seen, charges: seen.entries });
            };
            let done = book.activate_with(term.id, book.today(), progress).await;
            let stage = match done {
                Ok(report) => Stage::Done(Arc::new(report)),
                Err(error) => Stage::Failed(Arc::new(error)),
            };
            jobs.set(&key, stage);
        });
    }
    Ok(Redirect::to(&format!("/runs/{key}")).into_response())
}

#[derive(Template)]
#[template(path = "run.html")]
struct Page {
    shell: Shell,
    job: Job,
    term: String,
    amount: String,
    failed: String,
    skipped: Vec<(String, u64)>,
}

/// How far the run is; the page loads itself again until it is done, which is no use of the session.
pub async fn show(
    State(office): State<Office>,
    clerk: Clerk,
    Path(key): Path<String>,
) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    let Some(job) = Key::parse(&key).and_then(|key| office.jobs.find(&key)) else {
        let text = "This run is not remembered any more: look at the dashboard. Activating again bills nobody twice.";
        let message = Message::new(http::StatusCode::NOT_FOUND, "No such run", text);
        return Err(message.leading_to("/terms", "To the terms").into());
    };
    let (mut amount, mut failed, mut skipped) = (String::new(), String::new(), Vec::new());
    match &job.stage {
        Stage::Running { .. } => clerk.session.no_activity(),
        Stage::Done(report) => {
            amount = words::cash(report.amount);
            skipped = report.skipped.iter().map(|(why, count)| (words::word(why), *count)).collect();
        }
        Stage::Failed(error) => failed = sentence(&error.to_string()),
    }
    let term = words::term(&job.term);
    page(&Page {
        shell: Shell::of(&clerk, "terms", format!("Activation of {term}")),
        job,
        term,
        amount,
        failed,
        skipped,
    })
}
