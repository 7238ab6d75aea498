//! Writes a book as a school file: a backup, or the way to another database.
//!
//! `cargo run --release --example export -- hillside --db sqlite:school.db > hillside.jsonl`, and then
//! `cargo run --release --example replay -- hillside.jsonl --db postgres://localhost/fees`
#![allow(clippy::print_stderr)]

use std::io::{self, BufWriter};
use std::process::ExitCode;

use bursar::Ledger;
use bursar::school_file::export;
use bursar_examples::database::{self, Failure};
use clap::Parser;

/// Writes a book as a school file to standard output.
#[derive(Parser)]
struct Arguments {
    /// The book.
    book: String,
    /// The database that keeps it.
    #[arg(long, value_name = "URL", help = database::HELP)]
    db: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("export: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let store = database::open(Some(&arguments.db)).await?;
    let ledger = Ledger::open_existing(store, &arguments.book).await?;
    let exported = export(&ledger, BufWriter::new(io::stdout().lock())).await??;
    eprintln!("{}: {} lines, {} entries", arguments.book, exported.lines, exported.entries);
    Ok(())
}
