//! Every school file in `data` gives exactly the figures beside it, on every embedded store, and read again changes nothing.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod support;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use bursar::LedgerStore;
use bursar::audit::audit;
use bursar::school_file::{export, replay, write_figures};
use bursar_store_memory::MemoryStore;
use bursar_store_sqlx::SqliteStore;
use serde_json::Value;
use support::{expected, plain, school_files};

/// Reads a file into a store, compares the figures, and audits the book; gives the book as exported.
async fn read<S: LedgerStore>(store: S, file: &Path, expected: &Value) -> (u64, Vec<u8>) {
    let reader = BufReader::new(File::open(file).unwrap());
    let (ledger, summary) =
        replay(store, reader, |_| {}).await.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut figures = Vec::new();
    write_figures(&ledger, &mut figures).await.unwrap().unwrap();
    let figures: Value = serde_json::from_slice(&figures).unwrap();
    assert!(figures == *expected, "{}: {figures:#}", file.display());
    let report = audit(&ledger).await.unwrap();
    assert!(report.is_clean(), "{}: {report:?}", file.display());
    let mut exported = Vec::new();
    export(&ledger, &mut exported).await.unwrap().unwrap();
    (summary.lines - summary.skipped, exported)
}

#[tokio::test]
async fn in_memory() {
    for file in school_files() {
        let (store, expected) = (MemoryStore::new(), expected(&file));
        let (_, first) = read(store.clone(), &file, &expected).await;
        let (lines, second) = read(store, &file, &expected).await;
        assert_eq!((lines, first == second), (0, true), "{} read again", file.display());
    }
}

#[tokio::test]
async fn in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    for file in school_files() {
        let path = folder.path().join(file.file_stem().unwrap()).with_extension("db");
        let expected = expected(&file);
        let (_, first) = read(SqliteStore::open(&path).await.unwrap(), &file, &expected).await;
        let (lines, second) = read(SqliteStore::open(&path).await.unwrap(), &file, &expected).await;
        assert_eq!((lines, first == second), (0, true), "{} read again", file.display());
        let (_, in_memory) = read(MemoryStore::new(), &file, &expected).await;
        let text = |book: Vec<u8>| String::from_utf8(book).unwrap();
        let (second, in_memory) = (text(second), text(in_memory));
        assert_eq!(plain(&second), plain(&in_memory), "{} is the same book in both", file.display());
    }
}
