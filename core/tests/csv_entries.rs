//! The entries of a book as CSV: every one with what it says, and nothing that a spreadsheet would run.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;

use bursar::csv::{ENTRIES_HEADER, unguard, write_entries};
use bursar::{
    Adjustment, Charge, Concession, ConcessionKind, Currency, Entry, EntryKind, Ledger, LedgerStore, Method,
    OpeningBalance, PAGE_MAX, Payment, Refund, Reversal, Term, TermId, WriteOff, date,
};
use bursar_store_memory::MemoryStore;
use rust_decimal_macros::dec;

type Row = HashMap<String, String>;

fn rows(table: &[u8]) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(table);
    let header = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        header.iter().map(str::to_owned).zip(record.iter().map(|cell| unguard(cell).to_owned())).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

/// A book with an entry of every kind, on accounts and with texts that a spreadsheet would run.
async fn school() -> Ledger<MemoryStore> {
    let now = "2026-02-20T08:00:00.123456Z".parse().unwrap();
    let store = MemoryStore::new().with_clock(move || now);
    let school = Ledger::open(store, "hillside", Currency::USD).await.unwrap();
    let (from, to) = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
    school.define_term(Term::new(term(), from, to).unwrap()).await.unwrap();
    school.set_fee(term(), "=GROUP", "-tuition", dec!(120)).await.unwrap();
    for account in ["-17", "=1+1", "a,\"b\""] {
        school.enrol(account, ["=GROUP"], from).await.unwrap();
    }
    school.activate_on(term(), from).await.unwrap();
    macro_rules! record {
        ($draft:expr, $key:expr) => {
            let draft = $draft.account("-17").for_term(term()).key($key).on(date("2026-02-01").unwrap());
            school.record(draft).await.unwrap();
        };
    }
    record!(OpeningBalance::of(dec!(-3.5), "@old \"book\""), "=o");
    record!(Payment::by(Method::Mobile, dec!(200)).reference("+263 77").note("-note\nof two lines"), "p");
    record!(Charge::of("trip", dec!(5)).due_on(date("2026-03-01").unwrap()), "c");
    record!(Concession::of(ConcessionKind::Discount, dec!(1), "sibling"), "d");
    record!(Adjustment::of(dec!(2), "＝typo").recorded_by("@clerk"), "a");
    record!(Refund::by(Method::Bank, dec!(7)).reference("r"), "r");
    school
        .reverse(Reversal::of_key("c", "\tnever took place").key("undo").on(date("2026-02-02").unwrap()))
        .await
        .unwrap();
    school.write_off(WriteOff::of(dec!(9), "gone").account("=1+1").for_term(term()).key("w")).await.unwrap();
    school
}

async fn all(school: &Ledger<MemoryStore>) -> Vec<Entry> {
    school.store().scan(school.book_id(), None, PAGE_MAX).await.unwrap()
}

fn expected(entry: &Entry) -> Row {
    let mut row: Row = ENTRIES_HEADER.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    let mut set = |name: &str, value: String| assert!(row.insert(name.to_owned(), value).is_some(), "{name}");
    set("account", entry.account.to_string());
    set("position", entry.position.to_string());
    set("receipt", entry.receipt().to_string());
    set("year", "2026".to_owned());
    set("term", "1".to_owned());
    set("kind", entry.kind.as_str().to_owned());
    set("amount", entry.amount().to_string());
    set("effect", entry.effect.to_string());
    set("currency", "USD".to_owned());
    set("effective_on", entry.effective_on.to_string());
    set("key", entry.key.to_string());
    set("recorded_at", "2026-02-20T08:00:00.123456Z".to_owned());
    set("recorded_by", entry.recorded_by.as_deref().unwrap_or_default().to_owned());
    set("note", entry.note.as_deref().unwrap_or_default().to_owned());
    set("id", entry.id.to_string());
    match &entry.kind {
        EntryKind::Charge { code, due_on, origin } => {
            set("code", code.to_string());
            set("due_on", due_on.to_string());
            set("fee_group", origin.group.as_ref().map(ToString::to_string).unwrap_or_default());
        }
        EntryKind::Opening { reason } | EntryKind::Adjustment { reason } | EntryKind::WriteOff { reason } => {
            set("reason", reason.to_string());
        }
        EntryKind::Refund { method, reference } | EntryKind::Payment { method, reference } => {
            set("method", method.to_string());
            set("reference", reference.as_deref().unwrap_or_default().to_owned());
        }
        EntryKind::Concession { concession, reason } => {
            set("concession", concession.to_string());
            set("reason", reason.to_string());
        }
        EntryKind::Reversal { of, reason, .. } => {
            set("reverses", of.to_string());
            set("reason", reason.to_string());
        }
    }
    row
}

/// No cell of the table is one that a spreadsheet would run, but for numbers.
fn is_safe(table: &[u8]) {
    let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table);
    for record in reader.into_records() {
        for cell in &record.unwrap() {
            let is_number = cell.parse::<rust_decimal::Decimal>().is_ok();
            let risky = cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
            assert!(is_number || !(risky || cell.starts_with('\t')), "{cell:?}");
        }
    }
}

#[tokio::test]
async fn every_entry_is_written_with_what_it_says() {
    let school = school().await;
    let mut table = Vec::new();
    let written = write_entries(&school, &mut table).await.unwrap().unwrap();
    let entries = all(&school).await;
    assert_eq!(entries.len(), 11);
    assert_eq!(written.records, 11);
    assert_eq!(rows(&table), entries.iter().map(expected).collect::<Vec<_>>());
    is_safe(&table);
    let text = String::from_utf8(table).unwrap();
    assert!(text.starts_with(&ENTRIES_HEADER.join(",")), "{text}");
    assert!(text.contains("\r\n'-17,2,'-17/2-"), "the account is guarded: {text}");
    assert!(text.contains(",-3.50,-3.50,USD,"), "the amount is not: {text}");
    assert_eq!(text.matches('\r').count(), 12, "a record ends with CR LF");
}

#[tokio::test]
async fn a_book_of_several_pages_is_written_whole() {
    let school = school().await;
    for n in 0..PAGE_MAX {
        let payment = Payment::cash(dec!(0.01)).from("=1+1").for_term(term()).key(n.to_string());
        school.pay(payment).await.unwrap();
    }
    let mut table = Vec::new();
    let written = write_entries(&school, &mut table).await.unwrap().unwrap();
    assert_eq!(written.records, u64::from(PAGE_MAX) + 11);
    let mut receipts: Vec<String> =
        rows(&table).into_iter().map(|mut row| row.remove("receipt").unwrap()).collect();
    assert_eq!(receipts.len(), 10_011);
    receipts.sort_unstable();
    receipts.dedup();
    assert_eq!(receipts.len(), 10_011, "each once");
}

#[tokio::test]
async fn a_writer_that_fails_is_told_apart_from_a_book_that_cannot_be_read() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = write_entries(&school().await, Full).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}
