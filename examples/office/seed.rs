//! What a new book begins with: the project's own sample data up to today, and the next term, ready to be activated.

use std::io::Cursor;

use bursar::school_file::replay;
use bursar::{FeeKey, IntoName as _, LedgerStore, NewFee, PAGE_MAX, Payer, Term, TermId, date};
use chrono::NaiveDate;

use bursar_examples::book::AnyLedger;
use bursar_examples::database::Failure;

/// The sample: two years of a school of 280 students, without names.
const SAMPLE: &str = include_str!("../data/hillside.jsonl");

/// The lines of the sample that were written by a day, as the school file of a book.
fn until(day: NaiveDate, book: &str) -> Result<String, Failure> {
    let mut lines = String::new();
    for line in SAMPLE.lines() {
        let mut read: serde_json::Value = serde_json::from_str(line)?;
        let on = read.get("on").and_then(serde_json::Value::as_str).map(date).transpose()?;
        if on.is_some_and(|on| on > day) {
            continue;
        }
        if let Some(named) = read.get_mut("book") {
            *named = book.into();
            lines.push_str(&read.to_string());
        } else {
            lines.push_str(line);
        }
        lines.push('\n');
    }
    Ok(lines)
}

/// Opens a book, and fills it with the sample where it does not exist.
///
/// # Errors
/// Those of the store; a name that no book has.
pub async fn open(store: std::sync::Arc<dyn LedgerStore>, book: &str) -> Result<AnyLedger, Failure> {
    let id: bursar::BookId = book.into_name()?;
    if store.book(&id).await?.is_some() {
        return Ok(bursar::Ledger::open_existing(store, &id).await?);
    }
    let today = store.now().date_naive();
    let (school, _) = replay(store, Cursor::new(until(today, id.as_str())?), |_| {}).await?;
    add_next_term(&school).await?;
    Ok(school)
}

/// Adds the term after the sample's, with the fees of the year before, so that there is one to activate.
async fn add_next_term(school: &AnyLedger) -> Result<(), Failure> {
    let (model, next) = (TermId::new(2026, 1)?, TermId::new(2027, 1)?);
    let term = Term::new(next, date("2027-01-12")?, date("2027-04-08")?)?.named("Term 1, 2027")?;
    school.define_term(term).await?;
    let mut after: Option<FeeKey> = None;
    loop {
        let fees = school.fees(model, after.as_ref(), PAGE_MAX).await?;
        for fee in &fees {
            if let Payer::Group(group) = &fee.key.payer {
                let price = fee.price(school.currency())?;
                school.define_fee(NewFee::of_group(next, group, &fee.key.code, price)).await?;
            }
        }
        after = fees.last().map(|fee| fee.key.clone());
        if after.is_none() {
            return Ok(());
        }
    }
}
