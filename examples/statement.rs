//! Prints the statement of an account, or a receipt, of a school file or a book in a database.
//!
//! `cargo run --release --example statement -- [FILE | --db URL --book BOOK] [--account ACCOUNT] [--term 2026-1 | --from DAY --to DAY]
//! [--as-of DAY] [--recorded-by INSTANT]`, or `--receipt NUMBER`
#![allow(clippy::print_stderr)]

use std::process::ExitCode;

use bursar::store::AccountFilter;
use bursar::{AsOf, DebtorFilter, Span, TermId, date};
use bursar_examples::book::{AnyLedger, Source, show};
use bursar_examples::database::Failure;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Parser;

/// Prints the statement of an account.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The account; without it, the one that owes most.
    #[arg(long)]
    account: Option<String>,
    /// The term, as in 2026-1; without it and days, everything.
    #[arg(long)]
    term: Option<String>,
    /// The first day, as in 2026-03-01.
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last day, inclusive.
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// The statement as it would have been drawn up on this day.
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// The statement as it was recorded by this instant, as in 2026-03-31T17:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    recorded_by: Option<String>,
    /// A receipt in place of a statement, by the number on it.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["account", "term", "from", "to", "as_of", "recorded_by"])]
    receipt: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("statement: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (span, as_of) = (span(arguments)?, as_of(arguments)?);
    let school = arguments.source.open().await?;
    if let Some(number) = &arguments.receipt {
        return show(&school.receipt(number).await?);
    }
    let account = match &arguments.account {
        Some(account) => account.clone(),
        None => anybody(&school).await?,
    };
    show(&school.statement_as_of(account, span, as_of).await?)?;
    if arguments.account.is_none() {
        eprintln!("this is the account that owes most; --account ACCOUNT shows another");
    }
    Ok(())
}

fn span(arguments: &Arguments) -> Result<Span, Failure> {
    let day = |text: &Option<String>| text.as_deref().map(date).transpose();
    match (&arguments.term, day(&arguments.from)?, day(&arguments.to)?) {
        (None, None, None) => Ok(Span::All),
        (Some(term), None, None) => Ok(Span::from(term.parse::<TermId>()?)),
        (Some(_), _, _) => Err("give --term, or --from and --to, not both".into()),
        (None, first, last) => {
            let (first, last) = (first.unwrap_or(NaiveDate::MIN), last.unwrap_or(NaiveDate::MAX));
            if first > last {
                return Err(format!("--from {first} is after --to {last}").into());
            }
            Ok(Span::from(first..=last))
        }
    }
}

fn as_of(arguments: &Arguments) -> Result<AsOf, Failure> {
    let day = arguments.as_of.as_deref().map(date).transpose()?;
    let instant = |text: &String| {
        let bad = |_| format!("{text:?} is no instant; give one as in 2026-03-31T17:00:00Z");
        text.parse::<DateTime<Utc>>().map_err(bad)
    };
    let recorded_by = arguments.recorded_by.as_ref().map(instant).transpose()?;
    Ok(AsOf { day, recorded_by })
}

/// The account that owes most; the first one where none owes.
async fn anybody(school: &AnyLedger) -> Result<String, Failure> {
    let debtors = school.debtors(&DebtorFilter::on(school.today()), None, 1).await?.debtors;
    let most = debtors.into_iter().next().map(|debtor| debtor.account);
    let found = match most {
        Some(account) => Some(account),
        None => school.accounts(AccountFilter::All, None, 1).await?.pop(),
    };
    let account = found.ok_or_else(|| format!("book {} has no accounts", school.book_id()))?;
    Ok(account.id.to_string())
}
