//! A student: what is owed, term by term and line by line, and the form that takes a payment.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use bursar::{Account, AccountId, EntryKind, Method, Span, Statement, StatementLine, TermBalance, TermId};
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::Failure;
use super::super::form::Key;
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};

/// What the session remembers of the students that were opened last.
pub const RECENT: &str = "recent";
/// So many of them.
const RECENT_MAX: usize = 5;

/// Where a student's page is.
#[must_use]
pub fn path(account: &AccountId) -> String {
    format!("/students/{}", words::segment(account.as_str()))
}

/// Which part of the statement is asked for: a term, or all.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    term: String,
    /// What has just happened.
    done: String,
}

struct Line {
    position: u32,
    day: String,
    term: String,
    what: String,
    note: String,
    effect: String,
    balance: String,
    receipt: Option<String>,
    reverse: Option<String>,
    by: String,
}

struct TermLine {
    term: String,
    id: String,
    figures: TermBalance,
}

#[derive(Template)]
#[template(path = "student.html")]
struct Page {
    shell: Shell,
    account: Account,
    path: String,
    groups: String,
    today: String,
    currency: &'static str,
    key: Key,
    terms_open: Vec<TermId>,
    methods: &'static [Method],
    terms: Vec<TermLine>,
    lines: Vec<Line>,
    earlier: String,
    span: String,
    done: &'static str,
}

/// A line of the statement, with the ways that lead on from it.
fn line(line: &StatementLine, path: &str, reversed: &[u32]) -> Line {
    let entry = &line.entry;
    let printed = matches!(entry.kind, EntryKind::Payment { .. } | EntryKind::Refund { .. });
    let receipt = printed.then(|| format!("/receipts/{}", words::segment(&entry.receipt().to_string())));
    let open = !matches!(entry.kind, EntryKind::Reversal { .. }) && !reversed.contains(&entry.position);
    Line {
        position: entry.position,
        day: line.day.to_string(),
        term: words::term(&entry.term),
        what: words::entry(&entry.kind),
        note: entry.note.as_deref().unwrap_or("").to_owned(),
        effect: words::cash(entry.effect),
        balance: words::cash(line.balance),
        receipt,
        reverse: open.then(|| format!("{path}/reverse/{}", entry.position)),
        by: entry.recorded_by.as_deref().unwrap_or("").to_owned(),
    }
}

/// Which entries of a statement are reversed in it.
fn reversed(statement: &Statement) -> Vec<u32> {
    let of = |line: &StatementLine| match line.entry.kind {
        EntryKind::Reversal { of, .. } => Some(of),
        _ => None,
    };
    statement.lines.iter().filter_map(of).collect()
}

/// Puts a student first among those that were opened last. The one that is first already is no change, and costs no write.
async fn remember(clerk: &Clerk, account: &AccountId) -> Result<(), Failure> {
    let id = account.to_string();
    let first: Option<Vec<String>> = clerk.session.get(RECENT).await?;
    if first.is_some_and(|recent| recent.first() == Some(&id)) {
        return Ok(());
    }
    clerk
        .session
        .update(RECENT, move |recent: &mut Vec<String>| {
            recent.retain(|one| *one != id);
            recent.insert(0, id.clone());
            recent.truncate(RECENT_MAX);
        })
        .await?;
    Ok(())
}

/// The page.
pub async fn show(
    State(office): State<Office>,
    clerk: Clerk,
    Path(account): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let account = find(&office, &account).await?;
    remember(&clerk, &account.id).await?;
    let calendar = office.school.calendar().await?;
    let whole = office.school.statement(&account.id, Span::All).await?;
    let reversed = reversed(&whole);
    let statement = match asked.term.parse::<TermId>() {
        Ok(term) => office.school.statement(&account.id, term).await?,
        Err(_) => whole,
    };
    let path = path(&account.id);
    let mut terms: Vec<TermLine> = office
        .school
        .balances(&account.id)
        .await?
        .into_iter()
        .map(|figures| TermLine { term: words::term(&figures.term), id: figures.term.to_string(), figures })
        .collect();
    terms.reverse();
    page(&Page {
        shell: Shell::of(&clerk, "students", account.id.as_str()),
        groups: words::groups(&account.groups),
        today: office.school.today().to_string(),
        currency: office.school.currency().code(),
        key: Key::generate()?,
        terms_open: terms_to_pay(&calendar),
        methods: Method::ALL,
        earlier: words::cash(statement.earlier),
        lines: statement.lines.iter().rev().map(|one| line(one, &path, &reversed)).collect(),
        span: if asked.term.parse::<TermId>().is_ok() { asked.term } else { String::new() },
        done: super::receipt::done(&asked.done),
        terms,
        account,
        path,
    })
}

/// The terms that a payment may be for, the current one first: those that are not later than it.
#[must_use]
pub fn terms_to_pay(calendar: &bursar::Calendar) -> Vec<TermId> {
    let current = calendar.current();
    let mut terms: Vec<TermId> = calendar.terms().iter().map(|term| term.id).collect();
    terms.retain(|term| current.is_none_or(|current| *term <= current));
    terms.reverse();
    terms
}

/// The account of a path.
///
/// # Errors
/// A page that says there is none; those of the ledger.
pub async fn find(office: &Office, account: &str) -> Result<Account, Failure> {
    match office.school.account(words::of_segment(account)).await {
        Err(bursar::Error::Refused(_)) => {
            Err(Failure::not_found(format!("There is no student {account:?}.")))
        }
        found => Ok(found?),
    }
}
