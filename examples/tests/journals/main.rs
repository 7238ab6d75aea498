//! What hledger, ledger and beancount make of the journals that `export` writes: every account's balance, day by day, is the ledger's own.
//! Ignored where the programs are not installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod book;
mod nasty;
mod reading;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write;
use std::path::Path;
use std::process::{ExitCode, Stdio};

use bursar_servers::{Tool, trials};
use libtest_mimic::{Arguments, Failed, Trial};

use book::Book;
use support::{example, school_files};

/// What the program `export` writes of a school file.
fn exported(school: &str, tool: Tool) -> Result<String, Failed> {
    let mut export = example("export");
    export.args(["-", "--format", tool.name()]);
    let mut child = export.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    let written = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(school.as_bytes()));
        child.wait_with_output()
    })?;
    if !written.status.success() {
        return Err(String::from_utf8_lossy(&written.stderr).into_owned().into());
    }
    Ok(String::from_utf8(written.stdout)?)
}

/// Holds what a program reads of an export against the book as the library has it.
fn agrees(program: &Path, tool: Tool, name: &str, school: &str) -> Result<(), Failed> {
    let (journal, book) = (exported(school, tool)?, Book::of(school)?);
    reading::agrees(program, tool, &journal, &book)
        .map_err(|error| Failed::from(format!("{name}: {}", error.message().unwrap_or("it does not agree"))))
}

fn every_school_file(program: &Path, tool: Tool) -> Result<(), Failed> {
    for file in school_files() {
        agrees(program, tool, &file.display().to_string(), &std::fs::read_to_string(&file)?)?;
    }
    Ok(())
}

/// A balance that is one minor unit off is seen, so that a comparison that passes says something.
fn a_wrong_balance_is_seen(program: &Path, tool: Tool) -> Result<(), Failed> {
    let school = std::fs::read_to_string(support::data("cases/dinar.jsonl"))?;
    let (journal, mut book) = (exported(&school, tool)?, Book::of(&school)?);
    reading::agrees(program, tool, &journal, &book)?;
    let entry = book.entries.last_mut().ok_or("the book is empty")?;
    entry.effect += rust_decimal::Decimal::new(1, 3);
    match reading::agrees(program, tool, &journal, &book) {
        Ok(()) => Err("nothing was seen".into()),
        Err(_) => Ok(()),
    }
}

/// Books in every currency, one after the other in one file.
fn every_currency(program: &Path, tool: Tool) -> Result<(), Failed> {
    let (mut journal, mut whole) = (String::new(), Book::default());
    for school in nasty::in_every_currency() {
        journal.push_str(&exported(&school, tool)?);
        whole.entries.append(&mut Book::of(&school)?.entries);
    }
    assert!(whole.entries.len() > 150, "there are currencies: {}", whole.entries.len());
    reading::agrees(program, tool, &journal, &whole)
}

fn main() -> ExitCode {
    let trials = Tool::ALL.into_iter().flat_map(|tool| {
        let trial = |name: &str, test: fn(&Path, Tool) -> Result<(), Failed>| {
            trials::reading(format!("{name} ({tool})"), tool, move |program| test(program, tool))
        };
        [
            trial("every school file", every_school_file),
            trial("any id, code and text", |program, tool| agrees(program, tool, "nasty", &nasty::school())),
            trial("every currency", every_currency),
            trial("a wrong balance is seen", a_wrong_balance_is_seen),
        ]
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect::<Vec<Trial>>()).exit_code()
}
