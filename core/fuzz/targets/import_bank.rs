//! Any bytes, and tables of plausible cells, as a bank's statement: every line is in one list, or its fault is named; a check records nothing,
//! what it matched is posted whole and once, and the book stays whole.
#![no_main]

use std::collections::BTreeSet;

use bursar::audit::audit;
use bursar::import::{BankColumns, BankImport, CheckedBank, Delimiter, FileFormat, ImportError, Thousands};
use bursar::{Currency, EntryKind, Ledger};
use bursar_fuzz::mutate::mutate;
use bursar_fuzz::school::{school, seen, term};
use bursar_fuzz::table::table;
use bursar_fuzz::wait;
use bursar_store_memory::MemoryStore;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    if let Some((how, file)) = bytes.split_first_chunk() {
        wait(run(*how, file));
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, b",;\t\n\"")
});

const DAYS: [&str; 3] = ["%Y-%m-%d", "%d/%m/%Y", "%b %e, %y"];
const DATES: &[&str] = &[
    "2026-02-01",
    "2026-02-01",
    "01/02/2026",
    "Feb 1, 26",
    "2026-02-02",
    "2026-01-31",
    "2026-02-30",
    "",
    "31/12/9999",
    "2026-2-3",
];
const AMOUNTS: &[&str] = &[
    "5",
    "5",
    "5.00",
    "-2.50",
    "0",
    "1234.56",
    "1,234.56",
    "1.234,56",
    "0.001",
    "x",
    "",
    "10000000000000.00",
    "10000000000000.01",
    "99999999999999999999",
    "+5",
    "\u{2212}7",
];
const REFERENCES: &[&str] = &[
    "1",
    "2",
    "007",
    "'-17",
    "-17",
    "Zoë, B",
    "INV-9",
    "INV-0",
    "FEES/1/JOHN",
    "1 2",
    "",
    "thank you",
    "one\nand two",
    "\u{7}",
];
const IDS: &[&str] = &["T1", "T2", "T1", "", "a:b", " T3 ", "'=T4", "\u{7}"];
const TEXTS: &[&str] = &["", "by hand", "\"so\", he said", "of two\nlines", "\u{0}"];

/// How a file is read, by bits of the first byte.
fn format(how: u8) -> (FileFormat, char) {
    let (delimiter, mark) = [(Delimiter::Comma, ','), (Delimiter::Semicolon, ';'), (Delimiter::Tab, '\t')]
        [usize::from(how % 4) % 3];
    let mut format = FileFormat::default().delimiter(delimiter);
    if how & 4 != 0 {
        format = format.decimal_comma();
    }
    format = match how >> 3 & 3 {
        1 => format.thousands(Thousands::Mark),
        2 => format.thousands(Thousands::Space),
        3 => format.thousands(Thousands::Apostrophe),
        _ => format,
    };
    (if how & 32 != 0 { format.line_breaks() } else { format }, mark)
}

async fn run([how, what, days]: [u8; 3], bytes: &[u8]) {
    let (format, mark) = format(how);
    let sides = how & 64 != 0;
    let columns = if sides {
        BankColumns::with_sides("Date", "In", "Out", "Reference")
    } else {
        BankColumns::new("Date", "In", "Reference")
    };
    let columns = if how & 128 != 0 { columns.transaction("Id").description("Text") } else { columns };
    let file = if what & 1 == 0 {
        bytes.to_vec()
    } else {
        let header = ["Date", "In", "Out", "Reference", "Id", "Text"];
        table(&header, &[DATES, AMOUNTS, AMOUNTS, REFERENCES, IDS, TEXTS], mark, bytes)
    };
    let currency = [Currency::USD, Currency::JPY, Currency::KWD][usize::from(what >> 1 & 3) % 3];
    let school = school(currency, what & 8 != 0).await;
    let import = BankImport::new("bank", columns).unwrap().format(format);
    let import = import.reference("INV-9", "2").unwrap().reference("INV-0", "nobody").unwrap();
    let mut import = import.days_as(DAYS[usize::from(days) % 3]).unwrap();
    if what & 16 != 0 {
        import = import.for_term(term(1 + u32::from(what >> 5 & 1)));
    }
    if what & 64 != 0 {
        import = import.match_within();
    }
    let before = seen(&school).await;
    let checked = match import.check(&school, &*file).await {
        Ok(checked) => Some(checked),
        Err(ImportError::File(_)) => None,
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(seen(&school).await, before, "a check records nothing");
    if let Some(checked) = checked {
        sorted(&checked, &file);
        posted(&school, &import, &checked, &file).await;
    }
    let report = audit(&school).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}

/// Every line is in one list, or at fault.
fn sorted(checked: &CheckedBank, file: &[u8]) {
    let ends = file.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    let faulty: BTreeSet<u64> = checked.faults().iter().filter_map(|fault| fault.line).collect();
    let mut lines: Vec<u64> = checked.matched().iter().map(|one| one.line).collect();
    lines.extend(checked.unmatched().iter().map(|one| one.line));
    lines.extend(checked.passed_over().iter().map(|one| one.line));
    lines.extend(checked.already_there().iter().map(|one| one.line));
    lines.extend(faulty);
    lines.sort_unstable();
    assert!(lines.is_sorted_by(|one, next| one < next), "a line is in two lists: {checked:?}");
    assert_eq!(lines.len() as u64, checked.lines(), "a line is in no list: {checked:?}");
    for line in lines {
        assert!((2..=ends + 1).contains(&line) && checked.content(line).is_some(), "{line} of {checked:?}");
    }
    // Without a term, say, nothing is to be recorded of what was matched.
    if checked.faults().iter().all(|fault| fault.line.is_some()) {
        let total: i64 = checked.matched().iter().map(|one| one.amount.minor()).sum();
        assert_eq!(checked.total().minor(), total);
    }
}

async fn posted(school: &Ledger<MemoryStore>, import: &BankImport, checked: &CheckedBank, file: &[u8]) {
    let before = seen(school).await;
    let all: Vec<_> = checked.faults().iter().filter(|fault| fault.line.is_none()).cloned().collect();
    if !all.is_empty() {
        match checked.post(school).await {
            Err(ImportError::Faulty { faults }) => assert_eq!(faults, all),
            other => panic!("{other:?}"),
        }
        assert_eq!(seen(school).await, before, "what has a fault of all lines is not posted");
        return;
    }
    let done = checked.post(school).await.unwrap();
    let after = seen(school).await;
    assert_eq!((done.recorded, done.already_there), (checked.matched().len() as u64, 0));
    assert_eq!((done.total, before.balance - after.balance), (checked.total(), done.total.minor()));
    assert_eq!(after.entries.len() - before.entries.len(), done.lines.len());
    for (line, matched) in done.lines.iter().zip(checked.matched()) {
        let entry = &line.receipt.entry;
        assert_eq!(
            (line.line, &entry.account, entry.amount()),
            (matched.line, &matched.account, matched.amount)
        );
        assert!(matches!(entry.kind, EntryKind::Payment { .. }) && entry.effective_on == matched.on);
        assert!(after.entries.contains(entry) && entry.key.as_str().starts_with("bank:"), "{entry:?}");
    }

    let again = checked.post(school).await.unwrap();
    assert_eq!((again.recorded, again.already_there), (0, done.recorded));
    let anew = import.check(school, file).await.unwrap();
    assert_eq!((anew.matched(), anew.already_there().len()), (&[][..], done.lines.len()));
    assert_eq!((anew.unmatched(), anew.faults()), (checked.unmatched(), checked.faults()));
    assert_eq!(anew.post(school).await.unwrap().recorded, 0);
    assert_eq!(seen(school).await, after, "what is posted twice is recorded once");
}
