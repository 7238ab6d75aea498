//! `docs/errors.md` has a row for each code, kind and variant that a caller can meet, and none for what is not there.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../docs/errors.md");

/// The Rust files of a folder beside this package.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The text between braces that begins with `head`, in whichever file of the folder has it.
fn block(folder: &str, head: &str) -> String {
    let found: Vec<String> = files(folder)
        .iter()
        .filter_map(|file| {
            let text = fs::read_to_string(file).unwrap();
            let (_, rest) = text.split_once(&format!("\n{head} {{\n"))?;
            Some(rest.split("\n}\n").next()?.to_owned())
        })
        .collect();
    assert_eq!(found.len(), 1, "{head} in {folder}");
    found.concat()
}

/// The variants of a public enum.
fn variants(folder: &str, name: &str) -> BTreeSet<String> {
    let block = block(folder, &format!("pub enum {name}"));
    let lines = block.lines().filter_map(|line| line.strip_prefix("    "));
    let names = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    names.map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap().to_owned()).collect()
}

/// The words that a function of a type gives for its variants.
fn words(folder: &str, of: &str, function: &str) -> BTreeSet<String> {
    let block = block(folder, &format!("impl {of}"));
    let (_, body) = block.split_once(&format!("fn {function}(")).unwrap();
    let body = body.split("\n    }\n").next().unwrap();
    body.split("=> \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// The first cells of the tables below the headings named, down to the next heading of the same rank; of those tables alone whose first
/// column is headed so.
fn rows(heading: &str, column: &str) -> BTreeSet<String> {
    let rank = format!("{} ", heading.split(' ').next().unwrap());
    let mut found = BTreeSet::new();
    let (mut inside, mut wanted, mut table) = (false, false, false);
    for line in PAGE.lines() {
        if line.starts_with(&rank) {
            inside = line == heading;
        }
        let cell = line.strip_prefix("| ").and_then(|line| line.split(" |").next());
        match cell {
            Some(head) if !table => (table, wanted) = (true, head == column),
            Some(cell) if inside && wanted => {
                let name = cell.trim_matches('`').to_owned();
                assert!(found.insert(name), "{heading}: {cell} is there twice");
            }
            Some(_) => {}
            None if line.starts_with('|') => {}
            None => table = false,
        }
    }
    assert!(!found.is_empty(), "{heading} has no table of {column}");
    found
}

#[test]
fn refusals_are_all_there() {
    let codes = words("core/src", "Refusal", "code");
    assert_eq!(codes.len(), variants("core/src", "Refusal").len());
    assert_eq!(rows("## Refusals", "code"), codes);
}

#[test]
fn calls_and_stores_are_all_there() {
    assert_eq!(rows("## Calls on the ledger", "`bursar::Error`"), variants("core/src", "Error"));
    let kinds = variants("core/src", "StoreErrorKind");
    assert!(kinds.is_superset(&variants("session/src", "StoreErrorKind")));
    assert_eq!(rows("## Stores", "`StoreErrorKind`"), kinds);
}

#[test]
fn files_are_all_there() {
    // What a rule refuses has the refusal's own code.
    let problems = words("core/src", "Problem", "code");
    assert_eq!(problems.len() + 1, variants("core/src", "Problem").len());
    assert_eq!(rows("### A line", "`Problem`, by code"), problems);
    assert_eq!(rows("### A file as a whole", "`FileProblem`"), variants("core/src", "FileProblem"));
    assert_eq!(rows("## Imports", "`ImportError`"), variants("core/src", "ImportError"));
    assert_eq!(rows("## School files", "`ReplayError`"), variants("core/src", "ReplayError"));
    assert_eq!(rows("## School files", "`LineProblem`"), variants("core/src", "LineProblem"));
    assert_eq!(rows("## Journals", "`JournalError`"), variants("core/src", "JournalError"));
}

#[test]
fn findings_are_all_there() {
    let said =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/audit/mod.rs")).unwrap();
    let names = said.lines().filter_map(|line| line.strip_prefix("//! | ")?.split(" |").next());
    let names = names.map(|name| name.trim_matches('`').to_owned()).filter(|name| name != "name");
    assert_eq!(rows("## Findings of an audit", "finding"), names.collect());
}

#[test]
fn sessions_are_all_there() {
    assert_eq!(rows("## Sessions", "`bursar_session::Error`"), variants("session/src", "Error"));
    for code in words("session/src", "Error", "code") {
        assert!(PAGE.contains(&format!("| `{code}` |")), "{code}");
    }
    let reasons = bursar_session::GoneReason::ALL.map(|reason| reason.as_str().to_owned());
    assert_eq!(rows("### Why a session is gone", "`GoneReason`"), BTreeSet::from(reasons));
}
