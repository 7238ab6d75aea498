//! The audit: every figure of the book proved anew, and the seal.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bursar::audit::{AuditReport, audit};
use http::StatusCode;

use super::super::access::Clerk;
use super::super::failure::{Failure, Message};
use super::super::form::{Nothing, Posted};
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};

const HEAD: &str = "Only the head audits and seals the book.";

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    shell: Shell,
    report: AuditReport,
    sealed: Option<(String, String)>,
}

/// Proves the book, and shows what was found.
pub async fn show(State(office): State<Office>, clerk: Clerk) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    let report = audit(&office.school).await?;
    let sealed =
        report.last_seal.as_ref().map(|seal| (words::instant(&seal.sealed_at), seal.root.to_string()));
    page(&Page { shell: Shell::of(&clerk, "audit", "Audit"), sealed, report })
}

/// Seals what is recorded so far. Sealing again with nothing new changes nothing.
pub async fn seal(State(office): State<Office>, sent: Posted<Nothing>) -> Result<Response, Failure> {
    sent.clerk.must_be_head(HEAD)?;
    let root = bursar::seal::seal(&office.school).await?;
    let text = format!(
        "Keep this line elsewhere; with it anybody can check that no sealed entry was changed: {root}"
    );
    let message = Message::new(StatusCode::OK, "The book is sealed", text);
    Ok(message.leading_to("/audit", "Back to the audit").into_response())
}
