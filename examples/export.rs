//! Writes a book: as double entry for hledger, ledger or beancount, as a table of its entries, or as a school file, which is a backup or the
//! way to another database.
//!
//! `cargo run --release --example export -- examples/data/hillside.jsonl --format hledger > hillside.journal`, and then
//! `hledger -f hillside.journal balance assets:receivable`
//!
//! `cargo run --release --example export -- hillside --db sqlite:school.db > hillside.jsonl`, and then
//! `cargo run --release --example replay -- hillside.jsonl --db postgres://localhost/fees`
#![allow(clippy::print_stderr)]

use std::io::{self, BufWriter};
use std::path::Path;
use std::process::ExitCode;

use bursar::csv::write_entries;
use bursar::journal::{self, write_journal};
use bursar::school_file::{ExportOptions, export_with};
use bursar::{Ledger, LedgerStore};
use bursar_examples::book;
use bursar_examples::database::{self, Failure};
use clap::{Parser, ValueEnum};

/// Writes a book to standard output.
#[derive(Parser)]
struct Arguments {
    /// The school file to read, "-" for standard input; with --db the id of the book, where there are several.
    #[arg(value_name = "FILE|BOOK")]
    source: Option<String>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::School)]
    format: Format,
    /// The database that keeps the book.
    #[arg(long, value_name = "URL", help = format!("{}; without it the book is read from FILE", database::HELP))]
    db: Option<String>,
    /// Of a school file: with the ids of the entries and the instants of recording, so that a seal of the book holds of the other one too.
    #[arg(long)]
    provenance: bool,
}

/// How a book is written.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Double entry for hledger.
    Hledger,
    /// Double entry for ledger.
    Ledger,
    /// Double entry for beancount.
    Beancount,
    /// A table of all entries, for a spreadsheet.
    Csv,
    /// A school file.
    School,
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

async fn run(Arguments { source, format, db, provenance }: &Arguments) -> Result<(), Failure> {
    let ledger = match (source, db) {
        (book, Some(db)) => book::in_database(db, book.as_deref()).await?,
        (Some(file), None) => book::open(Some(Path::new(file)), None, None).await?,
        (None, None) => return Err("give a FILE, or the address of a database with --db".into()),
    };
    match format {
        Format::Hledger => journal(&ledger, journal::Format::Hledger).await,
        Format::Ledger => journal(&ledger, journal::Format::Ledger).await,
        Format::Beancount => journal(&ledger, journal::Format::Beancount).await,
        Format::Csv => table(&ledger).await,
        Format::School => school(&ledger, *provenance).await,
    }
}

async fn journal<S: LedgerStore>(ledger: &Ledger<S>, format: journal::Format) -> Result<(), Failure> {
    let written = write_journal(ledger, format, BufWriter::new(io::stdout().lock())).await?;
    eprintln!("{}: {} accounts, {} entries", ledger.book_id(), written.accounts, written.entries);
    if written.renamed > 0 || written.codes_renamed > 0 {
        eprintln!(
            "{} accounts and {} fee codes have names that {format} takes in place of their own; the file says which",
            written.renamed, written.codes_renamed
        );
    }
    Ok(())
}

async fn table<S: LedgerStore>(ledger: &Ledger<S>) -> Result<(), Failure> {
    let written = write_entries(ledger, BufWriter::new(io::stdout().lock())).await??;
    eprintln!("{}: {} entries", ledger.book_id(), written.records);
    Ok(())
}

async fn school<S: LedgerStore>(ledger: &Ledger<S>, provenance: bool) -> Result<(), Failure> {
    let options = ExportOptions::new();
    let options = if provenance { options.with_provenance() } else { options };
    let exported = export_with(ledger, BufWriter::new(io::stdout().lock()), options).await??;
    eprintln!("{}: {} lines, {} entries", ledger.book_id(), exported.lines, exported.entries);
    Ok(())
}
