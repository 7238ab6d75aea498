//! The students: searched, filtered, sorted, a page at a time.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use bursar::{PaymentStatus, Standing};
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::Failure;
use super::super::roster::{self, Order, Search};
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};

/// What is asked for, as the form and the links say it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    search: String,
    status: String,
    group: String,
    standing: String,
    sort: String,
    page: String,
}

impl Asked {
    /// The address of a page of the same search.
    fn page(&self, number: usize) -> String {
        let values = [
            ("search", self.search.as_str()),
            ("status", &self.status),
            ("group", &self.group),
            ("standing", &self.standing),
            ("sort", &self.sort),
            ("page", &number.to_string()),
        ];
        words::with_query("/students", &values)
    }

    fn search(&self) -> Search {
        let statuses = [PaymentStatus::Paid, PaymentStatus::Partial, PaymentStatus::Unpaid];
        Search {
            text: self.search.trim().to_owned(),
            status: statuses.into_iter().find(|status| status.as_str() == self.status),
            group: self.group.trim().to_owned(),
            standing: self.standing.parse().ok(),
            order: Order::of(&self.sort),
        }
    }
}

struct Line {
    id: String,
    path: String,
    groups: String,
    standing: Standing,
    status: PaymentStatus,
    due: String,
    paid: String,
    balance: String,
}

#[derive(Template)]
#[template(path = "students.html")]
struct Page {
    shell: Shell,
    asked: Asked,
    term: Option<String>,
    groups: Vec<String>,
    lines: Vec<Line>,
    found: usize,
    number: usize,
    pages: usize,
    before: Option<String>,
    after: Option<String>,
}

/// The page.
pub async fn show(
    State(office): State<Office>,
    clerk: Clerk,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let term = office.school.current_term().await?;
    let number = asked.page.parse().unwrap_or(1);
    let found = roster::page(&office.school, term, &asked.search(), number).await?;
    let groups = super::fees::groups(&office, term).await?;
    let lines = found.rows.into_iter().map(|row| Line {
        path: super::student::path(&row.account.id),
        groups: words::groups(&row.account.groups),
        id: row.account.id.to_string(),
        standing: row.account.standing,
        status: row.status,
        due: words::cash(row.due),
        paid: words::cash(row.paid),
        balance: words::cash(row.balance),
    });
    page(&Page {
        shell: Shell::of(&clerk, "students", "Students"),
        term: term.map(|term| words::term(&term)),
        groups,
        lines: lines.collect(),
        found: found.found,
        number: found.number,
        pages: found.pages,
        before: (found.number > 1).then(|| asked.page(found.number.saturating_sub(1))),
        after: (found.number < found.pages).then(|| asked.page(found.number.saturating_add(1))),
        asked,
    })
}
