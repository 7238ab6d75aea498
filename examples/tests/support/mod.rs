//! What the tests of the examples share: the data, and the programs as they were built.
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A program of the examples. They are built with the tests, beside them.
pub(crate) fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(built.exists(), "{} is not built: run the tests of the whole package", built.display());
    Command::new(built)
}

/// A file of the data.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// Every school file there is.
pub(crate) fn school_files() -> Vec<PathBuf> {
    let data = data("");
    let mut files: Vec<PathBuf> = [data.clone(), data.join("cases")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    assert!(files.len() > 10, "the data is there: {files:?}");
    files
}

/// The figures beside a school file.
pub(crate) fn expected(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file.with_extension("expected.json")).unwrap()).unwrap()
}

/// A book as exported, without the keys that come from the ids of entries: they differ from book to book, unless one was made from the other.
pub(crate) fn plain(book: &str) -> Vec<&str> {
    book.lines().filter(|line| !line.contains("bursar:undo:") && !line.contains("bursar:redo:")).collect()
}
