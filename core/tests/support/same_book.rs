//! When two books are the same book.

use std::fmt::Debug;

use bursar::school_file::{ExportOptions, Exported, export_with};
use bursar::store::AccountFilter;
use bursar::{Account, Calendar, Entry, Fee, Ledger, LedgerStore, NewEntry};
use chrono::DateTime;
use uuid::Uuid;

use crate::drive::figures;

/// Whether the ids of entries and the instants of their recording are part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    ByteForByte,
    ButForProvenance,
}

/// All that a book is, but for its id and for how often what was changed.
#[derive(Debug)]
struct Portrait {
    calendar: Calendar,
    fees: Vec<Fee>,
    accounts: Vec<Account>,
    entries: Vec<Entry>,
    figures: Vec<String>,
    /// The lines of its school file after the first, which names it.
    file: Vec<String>,
}

pub async fn write<S: LedgerStore>(ledger: &Ledger<S>, options: ExportOptions) -> (String, Exported) {
    let mut written = Vec::new();
    let exported = export_with(ledger, &mut written, options).await.unwrap().unwrap();
    (String::from_utf8(written).unwrap(), exported)
}

/// The file of a book as that of a book of another name.
pub fn renamed(file: &str, from: &str, to: &str) -> String {
    file.replacen(&format!(r#""book":"{from}""#), &format!(r#""book":"{to}""#), 1)
}

pub async fn entries<S: LedgerStore>(ledger: &Ledger<S>) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    for account in accounts(ledger).await {
        all.extend(ledger.entries(&account.id, 0, 10_000).await.unwrap());
    }
    all
}

async fn accounts<S: LedgerStore>(ledger: &Ledger<S>) -> Vec<Account> {
    ledger.accounts(AccountFilter::All, None, 1_000).await.unwrap()
}

fn without_provenance(entry: &Entry) -> Entry {
    let bare = NewEntry { id: Uuid::nil(), recorded_at: DateTime::UNIX_EPOCH, ..NewEntry::clone(entry) };
    bare.at(entry.position)
}

async fn portrait<S: LedgerStore>(ledger: &Ledger<S>, wanted: Entries) -> Portrait {
    let calendar = ledger.calendar().await.unwrap();
    let mut fees = Vec::new();
    for term in calendar.terms() {
        fees.extend(ledger.fees(term.id, None, 1_000).await.unwrap());
    }
    // How often it was changed is the book's own; how many entries it has is not.
    let accounts =
        accounts(ledger).await.into_iter().map(|account| Account { revision: 0, ..account }).collect();
    let mut entries = entries(ledger).await;
    let mut options = ExportOptions::new();
    match wanted {
        Entries::ByteForByte => options = options.with_provenance(),
        Entries::ButForProvenance => entries = entries.iter().map(without_provenance).collect(),
    }
    let (file, _) = write(ledger, options).await;
    let figures = figures(ledger).await.lines().map(ToOwned::to_owned).collect();
    let file = file.lines().skip(1).map(ToOwned::to_owned).collect();
    Portrait { calendar, fees, accounts, entries, figures, file }
}

/// Says in what two books differ, if they do.
pub async fn same_book<S: LedgerStore, T: LedgerStore>(
    one: &Ledger<S>,
    other: &Ledger<T>,
    wanted: Entries,
) -> Result<(), String> {
    if one.currency() != other.currency() {
        return Err(format!("{} became {}", one.currency(), other.currency()));
    }
    let (one, other) = (portrait(one, wanted).await, portrait(other, wanted).await);
    if one.calendar != other.calendar {
        return Err(format!("the calendar {:?} became {:?}", one.calendar, other.calendar));
    }
    same_list("fee", &one.fees, &other.fees)?;
    same_list("account", &one.accounts, &other.accounts)?;
    same_list("entry", &one.entries, &other.entries)?;
    same_list("figure", &one.figures, &other.figures)?;
    same_list("line", &one.file, &other.file)
}

fn same_list<T: Debug + PartialEq>(what: &str, one: &[T], other: &[T]) -> Result<(), String> {
    if let Some((was, is)) = one.iter().zip(other).find(|(was, is)| was != is) {
        return Err(format!("the {what} {was:#?} became {is:#?}"));
    }
    if one.len() == other.len() {
        Ok(())
    } else {
        Err(format!("{} of {what} became {}", one.len(), other.len()))
    }
}
