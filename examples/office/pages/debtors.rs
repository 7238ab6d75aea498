//! Who owes: the most or the longest first, and the same as a file for a spreadsheet.

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use bursar::{Debtor, DebtorFilter, DebtorKey, Money, Standing, csv};
use chrono::NaiveDate;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::{Failure, sentence};
use super::super::form;
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};

/// So many debtors a page.
const DEBTORS_A_PAGE: u32 = 50;

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    group: String,
    standing: String,
    at_least: String,
    overdue: String,
    sort: String,
    /// After which debtor the page goes on: what is owed, in minor units, since when, and the account.
    after: String,
}

impl Asked {
    /// A path with the same filter, and after a debtor.
    fn path(&self, path: &str, after: Option<&DebtorKey>) -> String {
        let after = after.map(|key| format!("{}/{}/{}", key.outstanding.minor(), key.since, key.account));
        let values = [
            ("group", self.group.as_str()),
            ("standing", &self.standing),
            ("at_least", &self.at_least),
            ("overdue", &self.overdue),
            ("sort", &self.sort),
            ("after", after.as_deref().unwrap_or("")),
        ];
        words::with_query(path, &values)
    }

    fn filter(&self, today: NaiveDate, office: &Office) -> Result<DebtorFilter, bursar::Refusal> {
        let mut filter = DebtorFilter::on(today);
        if let Some(group) = form::given(&self.group) {
            filter = filter.in_group(group)?;
        }
        if let Ok(standing) = self.standing.parse::<Standing>() {
            filter = filter.with_standing(standing);
        }
        if let Some(amount) = form::given(&self.at_least) {
            filter = filter.at_least(form::amount(amount, office.school.currency())?);
        }
        if let Ok(days) = self.overdue.trim().parse() {
            filter = filter.overdue_for(days);
        }
        Ok(if self.sort == "age" { filter.oldest_first() } else { filter })
    }

    fn after(&self, office: &Office) -> Option<DebtorKey> {
        let mut parts = self.after.splitn(3, '/');
        let outstanding = Money::from_minor(parts.next()?.parse().ok()?, office.school.currency());
        let since = bursar::date(parts.next()?).ok()?;
        let account: Result<bursar::AccountId, _> = bursar::IntoName::into_name(parts.next()?);
        Some(DebtorKey { outstanding, since, account: account.ok()? })
    }
}

struct Line {
    path: String,
    debtor: Debtor,
    groups: String,
}

#[derive(Template)]
#[template(path = "debtors.html")]
struct Page {
    shell: Shell,
    asked: Asked,
    groups: Vec<String>,
    lines: Vec<Line>,
    csv: String,
    first: Option<String>,
    next: Option<String>,
    problem: String,
}

/// The page.
pub async fn show(
    State(office): State<Office>,
    clerk: Clerk,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let mut page_of = Page {
        shell: Shell::of(&clerk, "debtors", "Debtors"),
        groups: super::fees::groups(&office, office.school.current_term().await?).await?,
        lines: Vec::new(),
        csv: asked.path("/debtors.csv", None),
        first: (!asked.after.is_empty()).then(|| asked.path("/debtors", None)),
        next: None,
        problem: String::new(),
        asked,
    };
    match page_of.asked.filter(office.school.today(), &office) {
        Ok(filter) => {
            let after = page_of.asked.after(&office);
            let found = office.school.debtors(&filter, after.as_ref(), DEBTORS_A_PAGE).await?;
            page_of.next = found.next.as_ref().map(|key| page_of.asked.path("/debtors", Some(key)));
            page_of.lines = found.debtors.into_iter().map(line).collect();
        }
        Err(refusal) => page_of.problem = sentence(&refusal.to_string()),
    }
    page(&page_of)
}

fn line(debtor: Debtor) -> Line {
    Line {
        path: super::student::path(&debtor.account.id),
        groups: words::groups(&debtor.account.groups),
        debtor,
    }
}

/// Every debtor of the filter as CSV.
pub async fn csv(
    State(office): State<Office>,
    _clerk: Clerk,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let filter = asked.filter(office.school.today(), &office)?;
    let mut table = Vec::new();
    let written = csv::write_debtors(&office.school, &filter, &mut table).await?;
    written.map_err(|error| Failure::Broken(format!("writing CSV: {error}")))?;
    let name = format!("attachment; filename=\"debtors-{}.csv\"", office.school.today());
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, name.as_str())];
    Ok((headers, Body::from(Bytes::from(table))).into_response())
}
