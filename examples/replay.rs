//! Reads a school file into a book and writes the figures of every account and term as JSON.
//!
//! `cargo run --release --example replay -- examples/data/hillside.jsonl [--db URL]`
#![allow(clippy::print_stderr)]

use std::io::{self, BufWriter, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use bursar::school_file::{ReplayProgress, replay, write_figures};
use bursar::{LedgerStore, audit};
use bursar_examples::database::{self, Failure};
use bursar_examples::input;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// Reads a school file into a book and writes its figures as JSON to standard output.
#[derive(Parser)]
struct Arguments {
    /// The school file, one JSON object a line; "-" is standard input.
    file: PathBuf,
    /// The database that keeps the book.
    #[arg(long, value_name = "URL", help = format!("{}; without it the book is in memory", database::HELP))]
    db: Option<String>,
    /// Proves every invariant of the book afterwards, and says so on standard error.
    #[arg(long)]
    audit: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match database::open(arguments.db.as_deref()).await {
        Ok(store) => run(store, &arguments).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replay: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run<S: LedgerStore>(store: S, arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.file.as_path();
    let (reader, length) = input::open(path)?;
    let bar = progress_bar(length);
    let moved = |progress: ReplayProgress| {
        if progress.lines.is_multiple_of(1_000) {
            bar.set_position(progress.bytes);
        }
    };
    let read = replay(store, reader, moved).await;
    bar.finish_and_clear();
    let (ledger, summary) = read.map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!(
        "{}: {} lines, {} read before, {} entries recorded, {} recorded before",
        path.display(),
        summary.lines,
        summary.skipped,
        summary.recorded,
        summary.replayed
    );
    write_figures(&ledger, BufWriter::new(io::stdout().lock())).await??;
    if arguments.audit {
        let report = audit::audit(&ledger).await?;
        for finding in &report.findings {
            eprintln!("{finding:?}");
        }
        eprintln!(
            "audit: {} accounts, {} entries, balance {}",
            report.accounts, report.entries, report.balance
        );
        if !report.is_clean() {
            return Err(format!("the audit has {} findings", report.findings_count).into());
        }
    }
    Ok(())
}

/// A bar on standard error for a long file, when a person is looking.
fn progress_bar(length: Option<u64>) -> ProgressBar {
    const LONG_BYTES: u64 = 1 << 20;
    match length {
        Some(length) if length >= LONG_BYTES && io::stderr().is_terminal() => {
            let style = ProgressStyle::with_template("{bar:40} {percent}% {bytes_per_sec}, {eta} left");
            ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        }
        _ => ProgressBar::hidden(),
    }
}
