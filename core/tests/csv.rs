//! Tables of statements and debtors, read back as a spreadsheet reads them.
#![allow(clippy::unwrap_used, missing_docs)]

use bursar::csv::{DEBTORS_HEADER, STATEMENT_HEADER, unguard, write_debtors, write_statement};
use bursar::{Adjustment, Charge, Currency, DebtorFilter, Ledger, Payment, Term, TermId, date};
use bursar_store_memory::MemoryStore;
use rust_decimal_macros::dec;

const FORMULA: &str = "=HYPERLINK(\"http://example.invalid\",\"pay\")";

async fn school() -> (Ledger<MemoryStore>, TermId) {
    let ledger = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await.unwrap();
    let term = TermId::new(2026, 1).unwrap();
    let (first, last) = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
    ledger.define_term(Term::new(term, first, last).unwrap()).await.unwrap();
    for account in ["-17", "s, 18", "=s-19"] {
        ledger.enrol(account, ["@B", "PRIMARY"], first).await.unwrap();
    }
    let on = date("2026-02-01").unwrap();
    let charge = Charge::of("trip", dec!(50)).to("-17").for_term(term).key("c-1").on(on);
    ledger.charge(charge).await.unwrap();
    let adjusted = Adjustment::of(dec!(-20), FORMULA).account("-17").for_term(term).key("a-1").on(on);
    ledger.adjust(adjusted).await.unwrap();
    let paid = Payment::bank(dec!(5))
        .from("-17")
        .for_term(term)
        .key("p-1")
        .on(on)
        .reference("+27 \"x\"\nsecond line");
    ledger.pay(paid).await.unwrap();
    ledger.charge(Charge::of("bus", dec!(90)).to("=s-19").for_term(term).key("c-2").on(on)).await.unwrap();
    (ledger, term)
}

fn rows(table: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// No cell begins as a formula does, but for numbers.
fn is_safe(cell: &str) -> bool {
    !cell.starts_with(['=', '+', '-', '@', '\t', '\r']) || cell.parse::<rust_decimal::Decimal>().is_ok()
}

#[tokio::test]
async fn a_statement_is_a_table_that_runs_nothing() {
    let (ledger, term) = school().await;
    let statement = ledger.statement("-17", term).await.unwrap();
    let mut table = Vec::new();
    assert_eq!(write_statement(&statement, &mut table).unwrap().records, 4);
    let rows = rows(&table);
    assert_eq!(rows[0], STATEMENT_HEADER);
    let column = |name: &str| STATEMENT_HEADER.iter().position(|column| *column == name).unwrap();
    let cells = |name| rows[1..].iter().map(|row| row[column(name)].as_str()).collect::<Vec<_>>();
    assert_eq!(cells("kind"), ["earlier", "charge", "adjustment", "payment"]);
    assert_eq!(cells("effect"), ["", "50.00", "-20.00", "-5.00"]);
    assert_eq!(cells("balance"), ["0.00", "50.00", "30.00", "25.00"]);
    assert_eq!(cells("open"), ["", "25.00", "0.00", "0.00"]);
    assert_eq!(unguard(cells("account")[1]), "-17");
    assert_eq!(unguard(cells("reason")[2]), FORMULA);
    assert_eq!(unguard(cells("reference")[3]), "+27 \"x\"\nsecond line");
    let account = column("account");
    assert!(rows[1..].iter().flatten().all(|cell| is_safe(cell)) && rows[1][account] != "-17");
}

#[tokio::test]
async fn debtors_are_a_table_that_runs_nothing() {
    let (ledger, _) = school().await;
    let mut table = Vec::new();
    let filter = DebtorFilter::on(date("2026-03-01").unwrap());
    assert_eq!(write_debtors(&ledger, &filter, &mut table).await.unwrap().unwrap().records, 2);
    let rows = rows(&table);
    assert_eq!(rows[0], DEBTORS_HEADER);
    let plain: Vec<Vec<&str>> =
        rows[1..].iter().map(|row| row.iter().map(|cell| unguard(cell)).collect()).collect();
    assert_eq!(plain[0], ["=s-19", "active", "@B PRIMARY", "90.00", "USD", "2026", "1", "2026-02-01", "28"]);
    assert_eq!(plain[1], ["-17", "active", "@B PRIMARY", "25.00", "USD", "2026", "1", "2026-02-01", "28"]);
    assert!(rows[1..].iter().all(|row| is_safe(&row[0]) && is_safe(&row[2])));
}
