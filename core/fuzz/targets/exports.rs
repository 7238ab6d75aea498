//! Any texts as accounts, codes, reasons and notes of a book, which is then written in every form: each journal balances and says of every account
//! what it owes, and every cell of every table comes back and is no formula.
#![no_main]

use std::collections::BTreeMap;

use bursar::csv::{ENTRIES_HEADER, STATEMENT_HEADER, unguard, write_debtors, write_entries, write_statement};
use bursar::journal::{Format, JournalError, write_journal};
use bursar::{
    Adjustment, Charge, Concession, ConcessionKind, Currency, DebtorFilter, Draft, Ledger, Method,
    OpeningBalance, Payment, Refund, Reversal, Span, Term, TermId, WriteOff, date,
};
use bursar_fuzz::history::whole;
use bursar_fuzz::laws::accounts;
use bursar_fuzz::mutate::mutate;
use bursar_fuzz::read_journal::read;
use bursar_fuzz::same_book::entries;
use bursar_fuzz::wait;
use bursar_store_memory::MemoryStore;
use chrono::Datelike;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use rust_decimal::Decimal;

fuzz_target!(|bytes: &[u8]| wait(run(bytes)));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, b"\x01\n")
});

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

/// One line is one thing done: its first four bytes are numbers, what follows are texts (an account, a code, a reason, a note) with a byte
/// 1 between them. A byte 2 in a text stands for the end of a line.
async fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let currency = [Currency::USD, Currency::JPY, Currency::KWD][bytes.len() % 3];
    let ledger = Ledger::open(MemoryStore::new(), "hill; side", currency).await.unwrap();
    let (first, last) = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
    ledger.define_term(Term::new(term(), first, last).unwrap()).await.unwrap();
    for (number, line) in text.split('\n').take(40).enumerate() {
        done(&ledger, number, line).await;
    }
    whole(&ledger).await;
    for format in Format::ALL {
        journal(&ledger, *format).await;
    }
    tables(&ledger).await;
}

/// What one line says, if no rule refuses it.
async fn done(ledger: &Ledger<MemoryStore>, number: usize, line: &str) {
    let mut characters = line.chars();
    let [kind, size, day, how] = std::array::from_fn(|_| u32::from(characters.next().unwrap_or('0')));
    let mut texts = characters.as_str().split('\u{1}').map(|text| text.replace('\u{2}', "\n"));
    let [account, code, reason, note] = std::array::from_fn(|_| texts.next().unwrap_or_default());
    let on = date("2000-01-01").unwrap()
        + chrono::Days::new(u64::from(if day == 127 { 3_000_000 } else { day * 100 }));
    // One that is there already stays.
    let _ = ledger.enrol(&*account, ["g"], on).await;
    let amount = Decimal::new(1 + i64::from(size), ledger.currency().exponent());
    let (how, key) = (how as usize, format!("k{number}"));
    let method = Method::ALL[how % Method::ALL.len()];
    macro_rules! draft {
        ($draft:expr) => {{
            let draft = $draft.account(&*account).for_term(term()).on(on).key(key);
            Draft::from(if note.is_empty() { draft } else { draft.note(note) })
        }};
    }
    let draft = match kind % 9 {
        0 | 1 => draft!(Charge::of(&*code, amount)),
        2 => draft!(Payment::by(method, amount).reference(reason)),
        3 => draft!(OpeningBalance::of(-amount, reason)),
        4 => draft!(Adjustment::of(amount, reason)),
        5 => draft!(Concession::of(ConcessionKind::ALL[how % ConcessionKind::ALL.len()], amount, reason)),
        6 => draft!(WriteOff::of(amount, reason)),
        7 => draft!(Refund::by(method, amount).reference(reason)),
        _ => {
            let of = Reversal::of_key(format!("k{}", how % (number + 1)), reason).key(key).on(on);
            let _ = ledger.reverse(of).await;
            return;
        }
    };
    let _ = ledger.record(draft).await;
}

async fn journal(ledger: &Ledger<MemoryStore>, format: Format) {
    let mut text = Vec::new();
    let written = match write_journal(ledger, format, &mut text).await {
        Ok(written) => written,
        // No journal has days after the year 9999, which a book may have.
        Err(JournalError::Day { receipt, day, .. }) => {
            assert!(day.year() > 9_999);
            assert_eq!(ledger.entry_by_receipt(&receipt).await.unwrap().effective_on, day);
            return;
        }
        Err(other) => panic!("{other:?}"),
    };
    let text = String::from_utf8(text).unwrap();
    let journal = read(format, ledger.currency().code(), &text);
    let owed: BTreeMap<String, Decimal> = accounts(ledger)
        .await
        .into_iter()
        .map(|account| (account.id.to_string(), account.balance.amount()))
        .collect();
    assert_eq!(journal.receivables(format), owed, "{text}");
    let all = ledger.book_balance().await.unwrap();
    assert_eq!((written.accounts, written.entries), (all.accounts, all.entries), "{text}");
    assert_eq!(journal.transactions as u64, all.entries, "{text}");
    assert_eq!(journal.balances.values().sum::<Decimal>(), Decimal::ZERO, "{text}");
}

/// The rows of a table after its header, each cell as its column's name says it is, and none a formula.
fn rows(table: &[u8], header: &[&str]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table);
    let mut records = reader.records().map(Result::unwrap);
    assert_eq!(records.next().unwrap().iter().collect::<Vec<_>>(), header);
    let cell = |cell: &str| {
        let bare = cell.trim_start();
        let safe = !bare.starts_with(['=', '+', '-', '@']) && !cell.starts_with(['\t', '\r', '\n']);
        assert!(safe || cell.parse::<Decimal>().is_ok(), "{cell:?} is a formula");
        unguard(cell).to_owned()
    };
    let named =
        |row: csv::StringRecord| header.iter().map(ToString::to_string).zip(row.iter().map(cell)).collect();
    records.map(named).collect()
}

async fn tables(ledger: &Ledger<MemoryStore>) {
    let mut table = Vec::new();
    write_entries(ledger, &mut table).await.unwrap().unwrap();
    let all = entries(ledger).await;
    let rows_of_all = rows(&table, &ENTRIES_HEADER);
    assert_eq!(rows_of_all.len(), all.len());
    for (row, entry) in rows_of_all.iter().zip(&all) {
        assert_eq!(row["account"], entry.account.as_str());
        assert_eq!(row["receipt"], entry.receipt().to_string());
        assert_eq!(row["effect"], entry.effect.to_string());
        assert_eq!(row["effective_on"], entry.effective_on.to_string());
        assert_eq!(row["note"], entry.note.as_deref().unwrap_or_default());
        assert_eq!(row["key"], entry.key.as_str());
    }
    let mut table = Vec::new();
    let filter = DebtorFilter::on(date("2026-03-01").unwrap());
    write_debtors(ledger, &filter, &mut table).await.unwrap().unwrap();
    let mut owing: Vec<_> = accounts(ledger).await;
    owing.retain(|account| account.balance.is_positive());
    let mut owed: Vec<(String, String)> = rows(&table, &bursar::csv::DEBTORS_HEADER)
        .into_iter()
        .map(|row| (row["account"].clone(), row["outstanding"].clone()))
        .collect();
    owed.sort();
    let mut expected: Vec<(String, String)> =
        owing.iter().map(|account| (account.id.to_string(), account.balance.to_string())).collect();
    expected.sort();
    assert_eq!(owed, expected);
    for account in accounts(ledger).await {
        let statement = ledger.statement(&account.id, Span::All).await.unwrap();
        let mut table = Vec::new();
        write_statement(&statement, &mut table).unwrap();
        let rows = rows(&table, &STATEMENT_HEADER);
        assert_eq!(rows.len(), 1 + statement.lines.len());
        assert_eq!(rows.last().unwrap()["balance"], account.balance.to_string());
        assert!(rows.iter().all(|row| row["account"] == account.id.as_str()));
    }
}
