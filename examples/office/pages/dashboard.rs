//! The first page: how the current term stands, what is overdue, and what the clerk was at.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use bursar::{Aging, Buckets, Error, PaymentStatus, SummaryFigures};

use super::super::access::Clerk;
use super::super::chart::{self, Bar};
use super::super::failure::{Became, Failure};
use super::super::form::{Key, SENT};
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};
use super::student::RECENT;

/// A line of the table by status.
struct StatusLine {
    status: PaymentStatus,
    accounts: u64,
    due: String,
    paid: String,
    outstanding: String,
}

/// The current term.
struct Now {
    name: String,
    rate: String,
    total: SummaryFigures,
    bars: Vec<Bar>,
    lines: Vec<StatusLine>,
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Page {
    shell: Shell,
    today: String,
    book: String,
    now: Option<Now>,
    aging: Aging,
    owing: u64,
    in_credit: u64,
    bars: Vec<Bar>,
    recent: Vec<String>,
    sent: Option<(String, Became)>,
}

async fn current(office: &Office) -> Result<Option<Now>, Error> {
    let calendar = office.school.calendar().await?;
    let Some(term) = calendar.current().and_then(|id| calendar.find(id)).cloned() else { return Ok(None) };
    let summary = office.school.term_summary(term.id).await?;
    let total = summary.total;
    let lines = summary.by_status.into_iter().map(|(status, figures)| StatusLine {
        status,
        accounts: figures.accounts,
        due: words::cash(figures.total_due),
        paid: words::cash(figures.amount_paid),
        outstanding: words::cash(figures.outstanding),
    });
    let bars = chart::bars(vec![
        ("Due".to_owned(), total.total_due, "due"),
        ("Paid".to_owned(), total.amount_paid, "paid"),
        ("Outstanding".to_owned(), total.outstanding, "overdue"),
    ]);
    let rate = total.collection_rate().to_string();
    Ok(Some(Now { name: super::terms::name(&term), rate, bars, lines: lines.collect(), total }))
}

/// The page.
pub async fn show(State(office): State<Office>, clerk: Clerk) -> Result<Response, Failure> {
    let today = office.school.today();
    let now = current(&office).await?;
    let aging = office.school.book_aging(today, &Buckets::default()).await?;
    let sent = match clerk.session.get::<(String, String)>(SENT).await? {
        Some((key, what)) => match Key::parse(&key) {
            Some(key) => Some((what, Became::of(&office.school, &key).await)),
            None => None,
        },
        None => None,
    };
    page(&Page {
        shell: Shell::of(&clerk, "dashboard", "Dashboard"),
        today: today.to_string(),
        book: office.school.book_id().to_string(),
        now,
        bars: chart::aging(&aging),
        owing: aging.owing,
        in_credit: aging.in_credit,
        aging: aging.aging,
        recent: clerk.session.get(RECENT).await?.unwrap_or_default(),
        sent,
    })
}
