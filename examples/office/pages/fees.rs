//! A term with its fees: listed, added, and their prices put right.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use bursar::{Error, Fee, FeeKey, NewFee, PAGE_MAX, Payer, Term, TermId};
use http::StatusCode;
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::{Failure, Message, sentence};
use super::super::form::{self, Posted};
use super::super::shell::{Shell, page};
use super::super::{Office, show as words};
use super::terms;

struct Line {
    payer: String,
    code: String,
    price: String,
    due: String,
    reprice: Option<String>,
}

#[derive(Template)]
#[template(path = "term.html")]
struct Page {
    shell: Shell,
    term: Term,
    current: bool,
    lines: Vec<Line>,
    own: usize,
}

/// Every fee of a term, page after page.
async fn all(office: &Office, term: TermId) -> Result<Vec<Fee>, Error> {
    let (mut all, mut after): (Vec<Fee>, Option<FeeKey>) = (Vec::new(), None);
    loop {
        let fees = office.school.fees(term, after.as_ref(), PAGE_MAX).await?;
        let Some(last) = fees.last() else { return Ok(all) };
        after = Some(last.key.clone());
        all.extend(fees);
    }
}

/// The groups that have a fee in a term, by name.
///
/// # Errors
/// Those of the ledger.
pub async fn groups(office: &Office, term: Option<TermId>) -> Result<Vec<String>, Error> {
    let Some(term) = term else { return Ok(Vec::new()) };
    let group = |fee: Fee| match fee.key.payer {
        Payer::Group(group) => Some(group.to_string()),
        _ => None,
    };
    let groups: BTreeSet<String> = all(office, term).await?.into_iter().filter_map(group).collect();
    Ok(groups.into_iter().collect())
}

/// The page of a term.
pub async fn show(
    State(office): State<Office>,
    clerk: Clerk,
    Path(term): Path<String>,
) -> Result<Response, Failure> {
    let term = terms::find(&office, &term).await?;
    let (mut lines, mut own) = (Vec::new(), 0_usize);
    for fee in all(&office, term.id).await? {
        let Payer::Group(group) = &fee.key.payer else {
            own = own.saturating_add(1);
            continue;
        };
        let (group, code) = (group.to_string(), fee.key.code.to_string());
        let days = fee.instalments.iter().map(|part| part.due_on.to_string()).collect::<Vec<_>>().join(", ");
        lines.push(Line {
            price: words::cash(fee.price(office.school.currency())?),
            due: days,
            reprice: (!term.closed).then(|| {
                words::with_query(
                    &format!("/terms/{}/reprice", term.id),
                    &[("group", &group), ("code", &code)],
                )
            }),
            payer: group,
            code,
        });
    }
    page(&Page {
        shell: Shell::of(&clerk, "terms", terms::name(&term)),
        current: office.school.current_term().await? == Some(term.id),
        term,
        lines,
        own,
    })
}

/// What the form of a new fee says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    group: String,
    code: String,
    amount: String,
    due_on: String,
}

#[derive(Template)]
#[template(path = "fee_new.html")]
struct New {
    shell: Shell,
    term: Term,
    name: String,
    currency: &'static str,
    sent: Sent,
    problem: String,
}

const HEAD: &str = "Only the head sets fees and prices.";

fn new(
    office: &Office,
    clerk: &Clerk,
    term: Term,
    sent: Sent,
    problem: String,
) -> Result<Html<String>, Failure> {
    let (name, currency) = (terms::name(&term), office.school.currency().code());
    let shell = Shell::of(clerk, "terms", format!("Add a fee to {name}"));
    Ok(Html(New { shell, term, name, currency, sent, problem }.render()?))
}

/// The form of a new fee.
pub async fn ask(
    State(office): State<Office>,
    clerk: Clerk,
    Path(term): Path<String>,
) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    let term = terms::find(&office, &term).await?;
    let sent = Sent { due_on: term.starts_on.to_string(), ..Sent::default() };
    Ok(new(&office, &clerk, term, sent, String::new())?.into_response())
}

/// Sets the fee. Sent twice it changes nothing: term, group and code are the key.
pub async fn send(
    State(office): State<Office>,
    Path(term): Path<String>,
    sent: Posted<Sent>,
) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    clerk.must_be_head(HEAD)?;
    let term = terms::find(&office, &term).await?;
    let set = async {
        let amount = form::amount(&sent.amount, office.school.currency())?;
        let due_on = form::day(&sent.due_on, term.starts_on)?;
        let fee = NewFee::of_group(term.id, sent.group.trim(), sent.code.trim(), amount).due_on(due_on);
        office.school.define_fee(fee).await
    };
    match set.await {
        Ok(()) => Ok(Redirect::to(&format!("/terms/{}", term.id)).into_response()),
        Err(Error::Refused(refusal)) => {
            let page = new(&office, &clerk, term, sent, sentence(&refusal.to_string()))?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Which fee is to be repriced, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Price {
    group: String,
    code: String,
    /// The price that the form was shown with: it puts no other one right.
    from: String,
    amount: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "reprice.html")]
struct Reprice {
    shell: Shell,
    term: Term,
    name: String,
    currency: &'static str,
    now: String,
    sent: Price,
    problem: String,
}

/// The fee that a form is about.
async fn fee(office: &Office, term: TermId, sent: &Price) -> Result<Fee, Failure> {
    let is = |fee: &Fee| {
        matches!(&fee.key.payer, Payer::Group(group) if group.as_str() == sent.group)
            && fee.key.code.as_str() == sent.code
    };
    let found = all(office, term).await?.into_iter().find(is);
    found.ok_or_else(|| Failure::not_found("There is no such fee."))
}

async fn price(
    office: &Office,
    clerk: &Clerk,
    term: Term,
    sent: Price,
    problem: String,
) -> Result<Html<String>, Failure> {
    let now = fee(office, term.id, &sent).await?.price(office.school.currency())?;
    let sent = Price { from: now.to_string(), ..sent };
    let now = words::cash(now);
    let (name, currency) = (terms::name(&term), office.school.currency().code());
    let shell = Shell::of(clerk, "terms", format!("Price of {} for {}", sent.code, sent.group));
    Ok(Html(Reprice { shell, term, name, currency, now, sent, problem }.render()?))
}

/// The form of another price.
pub async fn ask_price(
    State(office): State<Office>,
    clerk: Clerk,
    Path(term): Path<String>,
    Query(asked): Query<Price>,
) -> Result<Response, Failure> {
    clerk.must_be_head(HEAD)?;
    let term = terms::find(&office, &term).await?;
    Ok(price(&office, &clerk, term, asked, String::new()).await?.into_response())
}

/// Puts the price right: what was charged at the old one is reversed and charged again. Sent twice it changes nothing; sent after somebody
/// else has changed the price it is refused.
pub async fn reprice(
    State(office): State<Office>,
    Path(term): Path<String>,
    sent: Posted<Price>,
) -> Result<Response, Failure> {
    let Posted { clerk, form: sent } = sent;
    clerk.must_be_head(HEAD)?;
    let term = terms::find(&office, &term).await?;
    let now = fee(&office, term.id, &sent).await?.price(office.school.currency())?;
    let amount = form::amount(&sent.amount, office.school.currency());
    if sent.from != now.to_string() && amount.as_ref().ok() != Some(&now) {
        let problem = "The price was changed since this form was shown. Nothing was done; look at the price as it is now.".to_owned();
        return Ok((StatusCode::CONFLICT, price(&office, &clerk, term, sent, problem).await?).into_response());
    }
    let next = format!("/terms/{}", term.id);
    form::save_before(&office, &clerk.session, None, &format!("price of {}", sent.code), &next).await?;
    let book = clerk.book(&office)?;
    let put = async {
        let amount = amount?;
        book.reprice(term.id, sent.group.as_str(), sent.code.as_str(), amount, sent.reason.trim()).await
    };
    match put.await {
        Ok(done) => {
            let left = if done.left > 0 {
                format!(" {} charges were left as they are, since they were not at the old price.", done.left)
            } else {
                String::new()
            };
            let text =
                format!("{} charges were reversed and made again at the new price.{left}", done.charges);
            let message = Message::new(StatusCode::OK, "The price is right now", text);
            Ok(message.leading_to(next, "Back to the term").into_response())
        }
        Err(Error::Refused(refusal)) => {
            let page = price(&office, &clerk, term, sent, sentence(&refusal.to_string())).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
