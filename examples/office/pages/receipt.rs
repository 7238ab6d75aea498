//! A receipt, for printing.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use bursar::{EntryKind, PrintedReceipt};
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::Failure;
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};

/// What has just happened.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct Page {
    shell: Shell,
    receipt: PrintedReceipt,
    path: String,
    title: &'static str,
    method: String,
    reference: String,
    done: &'static str,
}

/// Where the receipt of an entry is.
#[must_use]
pub fn path(entry: &bursar::Entry) -> String {
    format!("/receipts/{}", words::segment(&entry.receipt().to_string()))
}

/// What is said of what has just happened.
#[must_use]
pub fn done(word: &str) -> &'static str {
    match word {
        "recorded" => "Recorded.",
        "before" => "This form had been recorded already, once; nothing was recorded again.",
        _ => "",
    }
}

/// The page.
pub async fn show(
    State(office): State<Office>,
    clerk: Clerk,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let receipt = match office.school.receipt(number.as_str()).await {
        Err(bursar::Error::Refused(refusal)) => {
            return Err(Failure::not_found(format!("No receipt: {refusal}.")));
        }
        found => found?,
    };
    let (title, method, reference) = match &receipt.entry.kind {
        EntryKind::Refund { method, reference } => ("Refund", *method, reference.clone()),
        EntryKind::Payment { method, reference } => ("Receipt", *method, reference.clone()),
        _ => return Err(Failure::not_found("It is neither a payment nor a refund.")),
    };
    page(&Page {
        shell: Shell::of(&clerk, "students", format!("{title} {}", receipt.number)),
        path: super::student::path(&receipt.entry.account),
        method: words::word(method.as_str()),
        reference: reference.as_deref().unwrap_or("").to_owned(),
        title,
        done: done(&asked.done),
        receipt,
    })
}
