//! Any bytes as a school file: it is read, or refused by a problem that names its line. What was read leaves a book that the audit finds
//! whole, reading the file again changes nothing and stops at the same line, and what the book is written to is the same book and file.
#![no_main]

use std::io::BufReader;

use bursar::audit::audit;
use bursar::school_file::{ExportOptions, Line, ReplayError, ReplaySummary, replay};
use bursar::{Error, Ledger};
use bursar_fuzz::drive::figures;
use bursar_fuzz::mutate::mutate;
use bursar_fuzz::same_book::{Entries, same_book, write};
use bursar_fuzz::wait;
use bursar_store_memory::MemoryStore;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| wait(run(bytes)));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, b"\"")
});

/// What a reading comes to: the summary, or the line that it stops at and what is said of it.
async fn read(store: &MemoryStore, bytes: &[u8]) -> Result<ReplaySummary, (u64, String)> {
    match replay(store.clone(), BufReader::new(bytes), |_| {}).await {
        Ok((_, summary)) => Ok(summary),
        Err(error) => {
            let line = match &error {
                ReplayError::Line { line, .. } => *line,
                ReplayError::Refused { line, source } => {
                    assert!(matches!(source, Error::Refused(_)), "{source:?}");
                    *line
                }
                other => panic!("{other:?}"),
            };
            let said = error.to_string();
            assert!(said.starts_with(&format!("line {line}: ")), "{said}");
            Err((line, said))
        }
    }
}

/// The book of the file, once its first line has opened it.
async fn book(store: &MemoryStore, bytes: &[u8]) -> Option<Ledger<MemoryStore>> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let first = lines.into_iter().find(|line| !line.iter().all(u8::is_ascii_whitespace))?;
    let Ok(Line::Book { book, currency }) = Line::parse(first.strip_suffix(b"\r").unwrap_or(first)) else {
        return None;
    };
    let ledger = Ledger::open_existing(store.clone(), book).await.expect("the first line opens the book");
    assert_eq!(ledger.currency(), currency);
    Some(ledger)
}

async fn run(bytes: &[u8]) {
    let store = MemoryStore::new();
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    let first = read(&store, bytes).await;
    let Some(ledger) = book(&store, bytes).await else {
        let (line, _) = first.expect_err("a file without a book is none");
        assert!((1..=lines).contains(&line));
        return;
    };
    let report = audit(&ledger).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);

    let before = (figures(&ledger).await, ledger.book_balance().await.unwrap());
    let again = read(&store, bytes).await;
    match (&first, &again) {
        (Ok(first), Ok(again)) => {
            assert_eq!((first.skipped, again.skipped, again.recorded), (0, first.lines, 0));
            assert!(first.lines <= lines);
        }
        (Err(first), Err(again)) => {
            assert_eq!(first, again);
            assert!((1..=lines).contains(&first.0), "{first:?}");
        }
        both => panic!("{both:?}"),
    }
    assert_eq!((figures(&ledger).await, ledger.book_balance().await.unwrap()), before);

    for (options, wanted) in [
        (ExportOptions::new().with_provenance(), Entries::ByteForByte),
        (ExportOptions::new(), Entries::ButForProvenance),
    ] {
        let (file, exported) = write(&ledger, options).await;
        let copy = MemoryStore::new();
        let read = replay(copy.clone(), BufReader::new(file.as_bytes()), |_| {}).await;
        let (copy, summary) = read.unwrap_or_else(|error| panic!("{error}\n{file}"));
        assert_eq!((summary.lines, summary.recorded), (exported.lines, exported.entries), "{file}");
        same_book(&ledger, &copy, wanted).await.unwrap_or_else(|error| panic!("{error}\n{file}"));
        assert_eq!(write(&copy, options).await.0, file);
        let report = audit(&copy).await.unwrap();
        assert!(report.is_clean(), "{:?}\n{file}", report.findings);
    }
}
