//! Bringing arrears in from a file: checked first, shown, and recorded only when the clerk says so.

use askama::Template;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use bursar::import::{ArrearsImport, CheckedArrears, Delimiter, FileFormat, ImportError};
use bursar::{Refusal, TermId};
use http::StatusCode;
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::{Failure, Message, sentence};
use super::super::form::{Posted, save_before, sender};
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};

/// What is to be imported.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// What the import is called: a file is recorded once under its name.
    name: String,
    term: String,
    reason: String,
    /// The file's text.
    text: String,
    semicolons: String,
}

impl Sent {
    fn import(&self) -> Result<ArrearsImport, Refusal> {
        let term: TermId = self.term.parse()?;
        let import = ArrearsImport::new(self.name.trim(), term, self.reason.trim())?;
        Ok(if self.semicolons == "yes" {
            import.format(FileFormat::default().delimiter(Delimiter::Semicolon).decimal_comma())
        } else {
            import
        })
    }
}

#[derive(Template)]
#[template(path = "arrears.html")]
struct Ask {
    shell: Shell,
    terms: Vec<TermId>,
    sent: Sent,
    problem: String,
}

const HEAD: &str = "Only the head brings arrears in.";
/// So many faults are shown.
const FAULTS_MAX: usize = 200;

async fn ask(office: &Office, clerk: &Clerk, sent: Sent, problem: String) -> Result<String, Failure> {
    let terms = super::student::terms_to_pay(&office.school.calendar().await?);
    Ok(Ask { shell: Shell::of(clerk, "arrears", "Bring arrears in"), terms, sent, problem }.render()?)
}

/// The form.
pub async fn show(State(office): State<Office>, clerk: Clerk) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    let reason = "brought in from an earlier book".to_owned();
    let form = ask(&office, &clerk, Sent { reason, ..Sent::default() }, String::new()).await?;
    Ok(axum::response::Html(form).into_response())
}

#[derive(Template)]
#[template(path = "arrears_check.html")]
struct Checked {
    shell: Shell,
    sent: Sent,
    lines: u64,
    to_record: u64,
    already: u64,
    total: String,
    ignored: String,
    faults: Vec<String>,
    more: usize,
}

/// Reads the form with the file in it.
async fn read(request: Request, office: &Office) -> Result<(Clerk, Sent), Failure> {
    let (mut parts, body) = request.into_parts();
    let garbled = |error: &dyn std::fmt::Display| -> Failure {
        let text = format!("The form could not be read: {error}. A file may have up to 1 MiB.");
        Message::new(StatusCode::BAD_REQUEST, "Not understood", text)
            .leading_to("/arrears", "Choose the file again")
            .into()
    };
    let form = Multipart::from_request(Request::from_parts(parts.clone(), body), office).await;
    let mut form = form.map_err(|error| garbled(&error))?;
    let (mut sent, mut token) = (Sent::default(), String::new());
    while let Some(field) = form.next_field().await.map_err(|error| garbled(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|error| garbled(&error))?;
        let text = String::from_utf8(bytes.into()).map_err(|_| garbled(&"the file is not UTF-8 text"))?;
        match name.as_str() {
            "token" => token = text,
            "name" => sent.name = text,
            "term" => sent.term = text,
            "reason" => sent.reason = text,
            "semicolons" => sent.semicolons = text,
            "file" => sent.text = text,
            _ => {}
        }
    }
    let clerk = sender(&mut parts, office, &token, None).await?;
    Ok((clerk, sent))
}

/// Checks the file, and shows what it would record, or every fault that it has.
pub async fn check(State(office): State<Office>, request: Request) -> Result<Response, Failure> {
    let (clerk, sent) = read(request, &office).await?;
    clerk.must_be_head(HEAD)?;
    let refused = async |problem: String| -> Result<Response, Failure> {
        let form = ask(&office, &clerk, sent.clone(), problem).await?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, axum::response::Html(form)).into_response())
    };
    if sent.text.is_empty() {
        return refused("Choose a file.".to_owned()).await;
    }
    let import = match sent.import() {
        Ok(import) => import,
        Err(refusal) => return refused(sentence(&refusal.to_string())).await,
    };
    match import.check(&office.school, sent.text.as_bytes()).await {
        Ok(checked) => page(&shown(&clerk, sent, &checked)),
        Err(ImportError::Ledger(error)) => Err(error.into()),
        Err(error) => refused(sentence(&error.to_string())).await,
    }
}

fn shown(clerk: &Clerk, sent: Sent, checked: &CheckedArrears) -> Checked {
    let faults = checked.faults();
    Checked {
        shell: Shell::of(clerk, "arrears", "Check the arrears"),
        lines: checked.lines(),
        to_record: checked.to_record(),
        already: checked.already_there(),
        total: words::cash(checked.total()),
        ignored: checked.ignored_columns().join(", "),
        faults: faults.iter().take(FAULTS_MAX).map(ToString::to_string).collect(),
        more: faults.len().saturating_sub(FAULTS_MAX),
        sent,
    }
}

/// Where a reload leads to.
pub async fn again(_clerk: Clerk) -> Redirect {
    Redirect::to("/arrears")
}

/// Records the file, whole. Every line has its own key under the import's name: sent twice it records once.
pub async fn post(State(office): State<Office>, sent: Posted<Sent>) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    clerk.must_be_head(HEAD)?;
    let import = sent.import()?;
    save_before(&office, &clerk.session, None, &format!("arrears {:?}", sent.name), "/arrears").await?;
    let failed = |error: ImportError| -> Failure {
        match error {
            ImportError::Ledger(error) => error.into(),
            error => {
                let message = Message::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "Not recorded",
                    sentence(&error.to_string()),
                );
                message.leading_to("/arrears", "Choose the file again").into()
            }
        }
    };
    let checked = import.check(&office.school, sent.text.as_bytes()).await.map_err(failed)?;
    let posted = checked.post(&clerk.book(&office)?).await.map_err(failed)?;
    let text = format!(
        "{} lines were recorded, {} in sum; {} had been recorded before.",
        posted.recorded,
        words::cash(posted.total),
        posted.already_there
    );
    Ok(Message::new(StatusCode::OK, "The arrears are in the book", text).into_response())
}
