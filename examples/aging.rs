//! Prints who owes what since when: the aging of a book, its debtors, and how a term stands.
//!
//! `cargo run --release --example aging -- [FILE | --db URL --book BOOK] [--as-of DAY] [--buckets 30,60,90] [--debtors N] [--term 2026-1]`
#![allow(clippy::print_stderr)]

use std::process::ExitCode;

use bursar::{Buckets, DebtorFilter, TermId, date};
use bursar_examples::book::{AnyLedger, Source, show};
use bursar_examples::database::Failure;
use chrono::NaiveDate;
use clap::Parser;

/// Prints the aging of a book, its debtors, and how a term stands.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The day of the aging; without it today, and of a file the last day of its current term.
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// The bounds of the buckets in days overdue, each inclusive.
    #[arg(long, value_name = "DAYS", default_value = "30,60,90")]
    buckets: String,
    /// How many debtors are listed, those that owe most first.
    #[arg(long, value_name = "N", default_value = "10")]
    debtors: String,
    /// The term that is summed up, as in 2026-1; without it the current one.
    #[arg(long)]
    term: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("aging: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let buckets = buckets(&arguments.buckets)?;
    let listed: u32 = arguments
        .debtors
        .parse()
        .map_err(|_| format!("--debtors {:?} is no number of debtors", arguments.debtors))?;
    let asked = arguments.as_of.as_deref().map(date).transpose()?;
    let term = arguments.term.as_deref().map(str::parse::<TermId>).transpose()?;
    let school = arguments.source.open().await?;
    let day = match asked {
        Some(day) => day,
        None => usual_day(&school, &arguments.source).await?,
    };
    show(&school.book_aging(day, &buckets).await?)?;
    debtors(&school, day, listed).await?;
    let term = match term {
        Some(term) => Some(term),
        None => school.current_term().await?,
    };
    if let Some(term) = term {
        show(&format!("\n{}", school.term_summary(term).await?))?;
    }
    Ok(())
}

fn buckets(text: &str) -> Result<Buckets, Failure> {
    let bad = |_| format!("--buckets {text:?} are no bounds; give days, rising, as in 30,60,90");
    let bounds: Vec<u32> =
        text.split(',').map(|bound| bound.trim().parse()).collect::<Result<_, _>>().map_err(bad)?;
    Ok(Buckets::new(bounds)?)
}

/// The last day of the current term of a file, which may tell of years ago or to come; else today.
async fn usual_day(school: &AnyLedger, source: &Source) -> Result<NaiveDate, Failure> {
    let calendar = school.calendar().await?;
    Ok(match calendar.current() {
        Some(current) if source.is_file() => calendar.term(current)?.ends_on,
        _ => school.today(),
    })
}

async fn debtors(school: &AnyLedger, day: NaiveDate, listed: u32) -> Result<(), Failure> {
    if listed == 0 {
        return Ok(());
    }
    let page = school.debtors(&DebtorFilter::on(day), None, listed).await?;
    let others = if page.next.is_some() { "and others who owe no more than that\n" } else { "" };
    show(&format!("\nThose who owe most, now\n{page}{others}"))
}
