//! The law of the school file: what is written of a book and read elsewhere is the same book.

use std::io::BufReader;

use bursar::audit::audit;
use bursar::school_file::{ExportOptions, ReplaySummary, replay};
use bursar::{Ledger, LedgerStore};

use crate::drive::side_by_side;
use crate::model::Command;
use crate::same_book::{self, Entries, renamed, same_book, write};
use crate::touches::{Touch, go_on, touch};

/// Fails unless every invariant of the book holds.
pub async fn clean<S: LedgerStore>(ledger: &Ledger<S>) -> Result<(), String> {
    let report = audit(ledger).await.map_err(|error| error.to_string())?;
    if report.is_clean() { Ok(()) } else { Err(format!("the audit found {:?}", report.findings)) }
}

pub async fn read<S: LedgerStore>(store: S, file: &str) -> Result<(Ledger<S>, ReplaySummary), String> {
    replay(store, BufReader::new(file.as_bytes()), |_| {}).await.map_err(|error| format!("{error}\n{file}"))
}

/// A random book, written and read elsewhere, is the same book; and whatever is done next does the same in both.
///
/// The copies are books beside any other of that store, the first book's own included.
pub async fn exported<S: LedgerStore + Clone, T: LedgerStore + Clone>(
    ledger: &Ledger<S>,
    to: T,
    exponent: u32,
    history: &[Command],
    touches: &[Touch],
) -> Result<(), String> {
    side_by_side(ledger, exponent, history).await?;
    touch(ledger, touches).await?;
    clean(ledger).await?;
    let name = ledger.book_id().as_str();
    let copied = async |options, kind: &str, wanted| -> Result<(Ledger<T>, String), String> {
        let (file, exported) = write(ledger, options).await;
        let file = renamed(&file, name, &format!("{name}-{kind}"));
        let (copy, summary) = read(to.clone(), &file).await?;
        if (summary.lines, summary.recorded) != (exported.lines, exported.entries) {
            return Err(format!("{exported:?} written, {summary:?} read"));
        }
        same_book(ledger, &copy, wanted).await.map_err(|error| format!("{error}\n{file}"))?;
        let (copy, again) = read(to.clone(), &file).await?;
        if again.skipped != again.lines || again.recorded != 0 {
            return Err(format!("read again: {again:?}"));
        }
        clean(&copy).await?;
        Ok((copy, file))
    };
    let with_provenance = ExportOptions::new().with_provenance();
    let (same, file) = copied(with_provenance, "same", Entries::ByteForByte).await?;
    let (plain, _) = copied(ExportOptions::new(), "plain", Entries::ButForProvenance).await?;

    let entries = same_book::entries(ledger).await;
    let expected = go_on(ledger, &entries).await;
    for copy in [&same, &plain] {
        let done = go_on(copy, &entries).await;
        if expected != done {
            let differs = expected.iter().zip(&done).find(|(one, other)| one != other);
            return Err(format!("what is done next differs in {}: {differs:?}\n{file}", copy.book_id()));
        }
    }
    same_book(ledger, &same, Entries::ButForProvenance).await.map_err(|error| format!("{error}\n{file}"))?;
    clean(&same).await
}
