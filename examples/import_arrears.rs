//! Brings arrears and credit of earlier years into a book from a CSV file: checked first, every fault at once, then posted whole.
//!
//! `cargo run --release --example import_arrears` shows it on data of its own, in memory;
//! `cargo run --release --example import_arrears -- FILE.csv --db sqlite:school.db --book hillside --term 2026-1 --name arrears-2025` checks a
//! file of yours, and with `--post` records it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use bursar::import::{ArrearsImport, CheckedArrears, Delimiter, FileFormat};
use bursar::{Currency, Ledger, LedgerStore, OpeningBalance, Term, TermId, date};
use bursar_examples::database::{self, Failure};
use bursar_store_memory::MemoryStore;
use chrono::NaiveDate;
use clap::Parser;
use rust_decimal::dec;

/// Checks a CSV file of arrears against a book, and posts it; without arguments, shows how on data of its own.
#[derive(Parser)]
struct Arguments {
    /// The file: a header with the columns account and amount, and if need be reason and date.
    #[arg(requires_all = ["book", "term", "name", "db"])]
    file: Option<PathBuf>,
    /// The database that keeps the book.
    #[arg(long, value_name = "URL", help = database::HELP)]
    db: Option<String>,
    /// The book.
    #[arg(long)]
    book: Option<String>,
    /// The term into which they are brought forward, such as 2026-1.
    #[arg(long)]
    term: Option<TermId>,
    /// What to call this import. A file is recorded once under its name.
    #[arg(long)]
    name: Option<String>,
    /// The reason of lines that give none.
    #[arg(long, default_value = "brought in from an earlier book")]
    reason: String,
    /// The day of lines that give none; today unless given.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = |text: &str| date(text))]
    on: Option<NaiveDate>,
    /// Cells are separated by semicolons.
    #[arg(long)]
    semicolons: bool,
    /// Decimals follow a comma.
    #[arg(long)]
    decimal_comma: bool,
    /// Records the lines, if none is at fault.
    #[arg(long)]
    post: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.file {
        Some(file) => run(file, &arguments).await,
        None => show().await.map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("import_arrears: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Checks a file, and posts it if asked; says whether it is without fault.
async fn run(file: &PathBuf, arguments: &Arguments) -> Result<bool, Failure> {
    // clap has seen to it that these are there.
    let (Some(book), Some(term), Some(name)) = (&arguments.book, arguments.term, &arguments.name) else {
        return Err("give --book, --term and --name".into());
    };
    let mut import = ArrearsImport::new(name.as_str(), term, &arguments.reason)?.format(format(arguments));
    if let Some(day) = arguments.on {
        import = import.on(day);
    }
    let reader = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let store = database::open(arguments.db.as_deref()).await?;
    let school = Ledger::open_existing(store, book.as_str()).await?;
    let checked = check(&school, &import, &file.display().to_string(), reader).await?;
    if arguments.post && checked.faults().is_empty() {
        post(&school, &checked).await?;
    }
    Ok(checked.faults().is_empty())
}

fn format(arguments: &Arguments) -> FileFormat {
    let mut format = FileFormat::default();
    if arguments.semicolons {
        format = format.delimiter(Delimiter::Semicolon);
    }
    if arguments.decimal_comma {
        format = format.decimal_comma();
    }
    format
}

async fn check<S: LedgerStore>(
    school: &Ledger<S>,
    import: &ArrearsImport,
    name: &str,
    reader: impl Read,
) -> Result<CheckedArrears, Failure> {
    let checked = import.check(school, reader).await.map_err(|error| format!("{name}: {error}"))?;
    println!(
        "checked {name}: {} lines, {} to record ({}), {} recorded before, {} faults",
        checked.lines(),
        checked.to_record(),
        checked.total(),
        checked.already_there(),
        checked.faults().len()
    );
    if !checked.ignored_columns().is_empty() {
        println!("  columns not read: {}", checked.ignored_columns().join(", "));
    }
    for fault in checked.faults() {
        println!("  {fault}");
    }
    Ok(checked)
}

async fn post<S: LedgerStore>(school: &Ledger<S>, checked: &CheckedArrears) -> Result<(), Failure> {
    let posted = checked.post(school).await?;
    println!(
        "posted: {} recorded ({}), {} recorded before",
        posted.recorded, posted.total, posted.already_there
    );
    Ok(())
}

/// A file with faults, then one without, posted twice.
async fn show() -> Result<(), Failure> {
    let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
    let term = TermId::new(2026, 1)?;
    school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    for account in ["1001", "1002", "1003", "1004", "1005", "1006", "1007", "T-03"] {
        school.enrol(account, ["PRIMARY"], date("2026-01-05")?).await?;
    }
    // One was brought in by hand, before anybody thought of the file.
    let by_hand = OpeningBalance::of(dec!(20), "from the old register").account("1004").for_term(term);
    school.bring_in(by_hand.key("hand-1004")).await?;

    let import = ArrearsImport::new("arrears-2025", term, "owed from 2025")?;
    let faulty = include_str!("data/arrears-with-faults.csv");
    let checked = check(&school, &import, "examples/data/arrears-with-faults.csv", faulty.as_bytes()).await?;
    if let Err(error) = checked.post(&school).await {
        println!("posting it all the same: {error}");
    }
    println!();
    let right = include_str!("data/arrears.csv");
    let checked = check(&school, &import, "examples/data/arrears.csv", right.as_bytes()).await?;
    post(&school, &checked).await?;
    println!("once more, as if nobody knew whether it had gone through:");
    post(&school, &checked).await?;
    println!();
    for account in ["1001", "1002", "1003", "T-03"] {
        let now = school.term_balance(account, term).await?;
        println!("{account:<6} brought forward {:>8}", now.brought_forward);
    }
    println!("the book's balance is {}", school.book_balance().await?.balance);
    Ok(())
}
