//! Any bytes, and tables of plausible cells, as a file of arrears: its faults are named by line, a check records nothing, what has no fault is
//! posted whole and once, what has one is not posted at all, and the book stays whole.
#![no_main]

use bursar::audit::audit;
use bursar::import::{
    ArrearsColumns, ArrearsImport, CheckedArrears, Delimiter, FileFormat, ImportError, Thousands,
};
use bursar::{Currency, EntryKind, Ledger, date};
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

const COLUMNS: [&[&str]; 4] = [
    &["1", "2", "007", "'-17", "-17", "Zoë, B", "old", "undone", "9", "", " 1 ", "a\tb"],
    &[
        "5",
        "-3.50",
        "0",
        "0.00",
        "1234.56",
        "1,234.56",
        "1.234,56",
        "1 234",
        "1'234",
        "0.001",
        "x",
        "",
        "10000000000000.00",
        "10000000000000.01",
        "9999999999999999999",
        "+7",
        "\u{2212}7",
        "1e3",
        "--1",
    ],
    &["", "", "owed from 2025", "of two\nlines", " ", "\u{7}", "\"so\", he said"],
    &["", "", "2026-02-01", "2026-01-31", "2026-02-30", "1.2.2026", "9999-12-31", "0000-01-01"],
];

/// How a file is read, by bits of the first byte; by the second what it is: what follows as it stands, or a table made from it.
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
    if how & 32 != 0 {
        format = format.line_breaks();
    }
    (if how & 64 != 0 { format.skip_lines(1) } else { format }, mark)
}

async fn run([how, what]: [u8; 2], bytes: &[u8]) {
    let (format, mark) = format(how);
    let header = ["account", "amount", "reason", "date"];
    let file = if what & 1 == 0 { bytes.to_vec() } else { table(&header, &COLUMNS, mark, bytes) };
    let currency = [Currency::USD, Currency::JPY, Currency::KWD][usize::from(what >> 1 & 3) % 3];
    let school = school(currency, what & 8 != 0).await;
    let mut import =
        ArrearsImport::new("old", term(1 + u32::from(what >> 4 & 1)), "owed").unwrap().format(format);
    if what & 32 != 0 {
        import = import.on(date(if what & 64 != 0 { "2026-01-31" } else { "2026-02-01" }).unwrap());
    }
    if what & 128 != 0 {
        import = import.columns(ArrearsColumns::default().reason("reason").date("date"));
    }
    let before = seen(&school).await;
    let checked = match import.check(&school, &*file).await {
        Ok(checked) => Some(checked),
        Err(ImportError::File(_)) => None,
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(seen(&school).await, before, "a check records nothing");
    if let Some(checked) = checked {
        posted(&school, &import, &checked, &file).await;
    }
    let report = audit(&school).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}

async fn posted(school: &Ledger<MemoryStore>, import: &ArrearsImport, checked: &CheckedArrears, file: &[u8]) {
    let before = seen(school).await;
    let ends = file.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    for fault in checked.faults() {
        assert!(fault.line.is_none_or(|line| (2..=ends + 1).contains(&line)), "{fault}");
        assert!(!fault.problem.code().is_empty() && !fault.to_string().is_empty());
    }
    if !checked.faults().is_empty() {
        match checked.post(school).await {
            Err(ImportError::Faulty { faults }) => assert_eq!(faults, checked.faults()),
            other => panic!("{other:?}"),
        }
        assert_eq!(seen(school).await, before, "what has a fault is not posted");
        return;
    }
    let done = checked.post(school).await.unwrap();
    let after = seen(school).await;
    assert_eq!((done.recorded, done.already_there), (checked.to_record(), 0));
    assert_eq!((done.recorded, done.total), (checked.lines(), checked.total()));
    assert_eq!(after.balance - before.balance, done.total.minor());
    assert_eq!(after.entries.len() - before.entries.len(), done.lines.len());
    assert!(done.lines.is_sorted_by(|one, next| one.line < next.line), "a line is posted once");
    for line in &done.lines {
        let entry = &line.receipt.entry;
        assert!((2..=ends + 1).contains(&line.line) && !line.receipt.replayed, "{line:?}");
        assert_eq!(entry.key.as_str(), format!("old:{}", entry.account));
        assert!(matches!(entry.kind, EntryKind::Opening { .. }) && !entry.effect.is_zero());
        assert!(after.entries.contains(entry), "{entry:?}");
    }

    let again = checked.post(school).await.unwrap();
    assert_eq!((again.recorded, again.already_there), (0, done.recorded));
    let anew = import.check(school, file).await.unwrap();
    assert_eq!((anew.faults(), anew.to_record(), anew.already_there()), (&[][..], 0, done.recorded));
    assert_eq!(anew.post(school).await.unwrap().recorded, 0);
    assert_eq!(seen(school).await, after, "what is posted twice is recorded once");
}
