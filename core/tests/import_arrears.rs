//! Arrears from a CSV: the check finds what a naive reading finds, and the posting is whole or nothing, and once.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::{BTreeMap, BTreeSet};

use bursar::audit::audit;
use bursar::import::{
    ArrearsColumns, ArrearsImport, CheckedArrears, Delimiter, FileFormat, FileProblem, ImportError, LINES_MAX,
};
use bursar::{Currency, EntryKind, Ledger, OpeningBalance, Payment, Refusal, Reversal, Term, TermId, date};
use bursar_store_memory::MemoryStore;
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

/// A book with accounts `a0` to `a5`.
async fn school() -> Ledger<MemoryStore> {
    let now = "2026-02-20T08:00:00Z".parse().unwrap();
    let store = MemoryStore::new().with_clock(move || now);
    let school = Ledger::open(store, "hillside", Currency::USD).await.unwrap();
    for (number, from, to) in [(1, "2026-01-12", "2026-04-09"), (2, "2026-05-04", "2026-08-06")] {
        let id = TermId::new(2026, number).unwrap();
        school.define_term(Term::new(id, date(from).unwrap(), date(to).unwrap()).unwrap()).await.unwrap();
    }
    for n in 0..6 {
        school.enrol(format!("a{n}"), ["PRIMARY"], date("2026-01-12").unwrap()).await.unwrap();
    }
    school
}

fn import() -> ArrearsImport {
    ArrearsImport::new("arrears-2025", term(), "owed from 2025").unwrap().on(date("2026-02-01").unwrap())
}

async fn check(school: &Ledger<MemoryStore>, file: &str) -> CheckedArrears {
    import().check(school, file.as_bytes()).await.unwrap()
}

/// The faults as line numbers and codes; line 0 stands for all lines.
fn found(checked: &CheckedArrears) -> BTreeSet<(u64, &'static str)> {
    checked.faults().iter().map(|fault| (fault.line.unwrap_or(0), fault.problem.code())).collect()
}

async fn balance(school: &Ledger<MemoryStore>) -> Decimal {
    school.book_balance().await.unwrap().balance.amount()
}

// ---- The naive reading.

const AMOUNTS: &[(&str, Result<i64, &str>)] = &[
    ("12.50", Ok(1_250)),
    ("-3", Ok(-300)),
    ("10000000000000.00", Ok(1_000_000_000_000_000)),
    ("", Err("blank")),
    ("\"1,234.56\"", Err("bad-amount")),
    ("12 50", Err("bad-amount")),
    ("0.00", Err("zero-amount")),
    ("1.234", Err("too-many-decimals")),
    ("10000000000000.01", Err("amount-too-large")),
];
const DAYS: &[(&str, Result<Option<&str>, &str>)] = &[
    ("", Ok(None)),
    ("2026-02-02", Ok(Some("2026-02-02"))),
    ("2026-01-15", Err("locked")),
    ("2026-02-30", Err("bad-date")),
    ("02/02/2026", Err("bad-date")),
];
/// What the book has of an account before the import: nothing, this import's own, an other's, an other's that was reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Own,
    Other,
    Reversed,
}

#[derive(Clone, Debug)]
struct Line {
    account: usize,
    amount: usize,
    day: usize,
    blank_before: bool,
    ragged: bool,
}

/// Accounts that a file may have: two are not in the book, the last cell is empty.
const ACCOUNTS: &[&str] = &["a0", "a1", "a2", "a3", "a4", "a5", "a6", "=a7", ""];

fn text_of(lines: &[Line], end: &str) -> String {
    let mut text = format!("Account,class,AMOUNT,Date{end}");
    for line in lines {
        if line.blank_before {
            text.push_str(
                &format!(" ,,{end}{end}").replace(" ,,", if line.day % 2 == 0 { "" } else { ",,," }),
            );
        }
        // As a spreadsheet that was exported has it.
        let account = if line.account == 7 { "'=a7" } else { ACCOUNTS[line.account] };
        let class = if line.ragged { "x,y" } else { "x" };
        text.push_str(&format!(" {account} ,{class},{},{}{end}", AMOUNTS[line.amount].0, DAYS[line.day].0));
    }
    text
}

/// What is wrong, and what there is to record: account, amount.
type Naive = (BTreeSet<(u64, &'static str)>, BTreeMap<usize, i64>, usize);

fn naive(lines: &[Line], before: &[Before]) -> Naive {
    let (mut faults, mut new, mut there) = (BTreeSet::new(), BTreeMap::new(), 0);
    let mut seen = BTreeSet::new();
    let mut number = 1;
    for line in lines {
        number += 1 + if line.blank_before { 2 } else { 0 };
        let mut wrong = BTreeSet::new();
        if line.ragged {
            faults.insert((number, "cell-count"));
            continue;
        }
        let (amount, day) = (AMOUNTS[line.amount].1, DAYS[line.day].1);
        wrong.extend(amount.err());
        if day == Err("bad-date") {
            wrong.insert("bad-date");
        }
        let id = ACCOUNTS[line.account];
        if id.is_empty() {
            wrong.insert("blank");
        } else if !seen.insert(id) {
            wrong.insert("twice");
        }
        let own = before.get(line.account) == Some(&Before::Own);
        if own {
            // Recorded before as 12.50 on the import's own day.
            let same = amount == Ok(1_250) && day == Ok(None);
            if wrong.is_empty() && !same {
                wrong.insert("recorded-otherwise");
            }
            there += usize::from(wrong.is_empty());
        } else {
            if day == Err("locked") {
                wrong.insert("locked");
            }
            match before.get(line.account) {
                None if !id.is_empty() => drop(wrong.insert("unknown-account")),
                Some(Before::Other) => drop(wrong.insert("has-opening")),
                _ => {}
            }
            if wrong.is_empty() {
                new.insert(line.account, amount.unwrap());
            }
        }
        faults.extend(wrong.into_iter().map(|code| (number, code)));
    }
    (faults, new, there)
}

fn lines(max: usize) -> impl Strategy<Value = Vec<Line>> {
    let line = (
        0..ACCOUNTS.len(),
        0..AMOUNTS.len(),
        0..DAYS.len(),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.05),
    );
    let any = line.prop_map(|(account, amount, day, blank_before, ragged)| Line {
        account,
        amount,
        day,
        blank_before,
        ragged,
    });
    prop::collection::vec(any, 0..max)
}

/// Files without a fault of their own: each account once.
fn right_lines() -> impl Strategy<Value = Vec<Line>> {
    let order = Just((0..6).collect::<Vec<usize>>()).prop_shuffle();
    (order, prop::collection::vec((0_usize..3, 0_usize..2, any::<bool>()), 0..6)).prop_map(|(order, rest)| {
        let line = |(account, (amount, day, blank_before))| Line {
            account,
            amount,
            day,
            blank_before,
            ragged: false,
        };
        order.into_iter().zip(rest).map(line).collect()
    })
}

fn before() -> impl Strategy<Value = Vec<Before>> {
    let any = prop::sample::select(vec![
        Before::Nothing,
        Before::Nothing,
        Before::Own,
        Before::Other,
        Before::Reversed,
    ]);
    prop::collection::vec(any, 6)
}

async fn prepare(before: &[Before]) -> Ledger<MemoryStore> {
    let school = school().await;
    let other = |account: &str| {
        OpeningBalance::of(dec!(7), "by hand")
            .account(account)
            .for_term(term())
            .key(format!("hand-{account}"))
    };
    let mut own = "account,amount\n".to_owned();
    for (n, before) in before.iter().enumerate() {
        let account = format!("a{n}");
        match before {
            Before::Nothing => {}
            Before::Own => own.push_str(&format!("{account},12.50\n")),
            Before::Other | Before::Reversed => {
                school.bring_in(other(&account).on(date("2026-02-01").unwrap())).await.unwrap();
            }
        }
        if *before == Before::Reversed {
            school
                .reverse(Reversal::of_key(format!("hand-{account}"), "wrong").key(format!("undo-{account}")))
                .await
                .unwrap();
        }
    }
    import().check(&school, own.as_bytes()).await.unwrap().post(&school).await.unwrap();
    // Another term's opening balance is no duplicate.
    let next = OpeningBalance::of(dec!(1), "later")
        .account("a0")
        .for_term(TermId::new(2026, 2).unwrap())
        .key("later");
    school.bring_in(next).await.unwrap();
    school.lock_through(date("2026-01-31").unwrap()).await.unwrap();
    school
}

async fn holds(lines: &[Line], before: &[Before], end: &str) -> Result<(), TestCaseError> {
    let school = prepare(before).await;
    let (faults, new, there) = naive(lines, before);
    let file = text_of(lines, end);
    let owed = balance(&school).await;
    let entries = school.book_balance().await.unwrap().entries;
    let checked = check(&school, &file).await;
    prop_assert_eq!(found(&checked), faults.clone(), "{}", file);
    prop_assert_eq!(checked.lines(), lines.len() as u64);
    prop_assert_eq!(checked.already_there(), there as u64);
    prop_assert_eq!(checked.to_record(), new.len() as u64);
    prop_assert_eq!(checked.ignored_columns(), ["class"]);
    let total: i64 = new.values().sum();
    prop_assert_eq!(checked.total().minor(), total);
    prop_assert_eq!(school.book_balance().await.unwrap().entries, entries, "a check records nothing");
    match checked.post(&school).await {
        Err(ImportError::Faulty { faults: refused }) => {
            prop_assert!(!faults.is_empty());
            prop_assert_eq!(refused, checked.faults());
            prop_assert_eq!(school.book_balance().await.unwrap().entries, entries, "nothing of it");
        }
        Ok(posted) => {
            prop_assert!(faults.is_empty());
            prop_assert_eq!((posted.recorded, posted.already_there), (new.len() as u64, there as u64));
            prop_assert_eq!(posted.total.minor(), total);
            prop_assert_eq!(balance(&school).await, owed + Decimal::new(total, 2));
            for (account, amount) in &new {
                let last = school.entries(ACCOUNTS[*account], 0, 100).await.unwrap().pop().unwrap();
                let as_said =
                    matches!(&last.kind, EntryKind::Opening { reason } if &**reason == "owed from 2025");
                prop_assert!(as_said);
                prop_assert_eq!((last.effect.minor(), last.term), (*amount, term()));
            }
            let again = check(&school, &file).await;
            prop_assert_eq!(found(&again), BTreeSet::new());
            let again = again.post(&school).await.unwrap();
            prop_assert_eq!((again.recorded, again.already_there), (0, lines.len() as u64));
            prop_assert_eq!(again.total.minor(), 0);
            let once_more = checked.post(&school).await.unwrap();
            prop_assert_eq!(once_more.lines, again.lines, "the first receipts");
            prop_assert_eq!(school.book_balance().await.unwrap().entries, entries + new.len() as u64);
        }
        Err(other) => panic!("{other}"),
    }
    prop_assert!(audit(&school).await.unwrap().is_clean());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_fault_is_found_at_once(lines in lines(9), before in before(), end in prop::sample::select(vec!["\n", "\r\n"])) {
        wait(holds(&lines, &before, end))?;
    }

    #[test]
    fn a_right_file_is_posted_whole_and_once(lines in right_lines(), before in prop::sample::select(vec![Before::Nothing, Before::Reversed]), end in prop::sample::select(vec!["\n", "\r\n"])) {
        wait(holds(&lines, &[before; 6], end))?;
    }
}

// ---- By name.

#[tokio::test]
async fn a_fault_says_where_and_what_is_allowed() {
    let school = school().await;
    let checked = check(&school, "account,amount\na1,\"1,234.56\"\na1,40\n\"a2,1\n").await;
    let said: Vec<String> = checked.faults().iter().map(ToString::to_string).collect();
    assert_eq!(
        said[0],
        "line 2, column amount: \"1,234.56\" is not an amount; allowed is an exact decimal such as 1234.56 or -40, with no currency sign"
    );
    assert_eq!(said[1], "line 3, column account: account a1 is on line 2 already; give each account once");
    assert!(said[2].starts_with("line 4: its quotes do not pair"), "{}", said[2]);
    let error = checked.post(&school).await.unwrap_err();
    assert!(error.to_string().ends_with("(and 2 more faults)"), "{error}");
}

#[tokio::test]
async fn what_is_wrong_with_every_line_is_said_once() {
    let school = school().await;
    let elsewhere = ArrearsImport::new("x", TermId::new(2030, 1).unwrap(), "why").unwrap();
    let checked = elsewhere.check(&school, "account,amount\na1,1\na2,1\nq,1\n".as_bytes()).await.unwrap();
    assert_eq!(found(&checked), BTreeSet::from([(0, "unknown-term"), (4, "unknown-account")]));

    let file = "account,amount,date\na1,1,\na2,1,2026-03-02\n";
    let posted = check(&school, file).await.post(&school).await.unwrap();
    assert_eq!(posted.recorded, 2);
    school.lock_through(date("2026-03-31").unwrap()).await.unwrap();
    assert!(check(&school, file).await.faults().is_empty(), "what is there stays there");
    let longer = format!("{file}a3,1,\na4,1,2026-04-01\n");
    assert_eq!(found(&check(&school, &longer).await), BTreeSet::from([(0, "locked")]));
}

#[tokio::test]
async fn what_changes_between_check_and_post_is_seen() {
    let school = school().await;
    let file = "account,amount\na1,10\na2,20\n";
    let checked = check(&school, file).await;
    assert!(checked.faults().is_empty());
    let by_hand = OpeningBalance::of(dec!(20), "by hand").account("a2").for_term(term()).key("hand");
    school.bring_in(by_hand).await.unwrap();
    let Err(ImportError::Faulty { faults }) = checked.post(&school).await else { panic!() };
    assert_eq!((faults.len(), faults[0].line, faults[0].problem.code()), (1, Some(3), "has-opening"));
    assert_eq!(balance(&school).await, dec!(20));

    // A payment does not matter, and neither does the same import run by somebody else.
    school.reverse(Reversal::of_key("hand", "twice").key("undo")).await.unwrap();
    check(&school, "account,amount\na1,10\n").await.post(&school).await.unwrap();
    school.pay(Payment::cash(dec!(5)).from("a2").for_term(term()).key("p")).await.unwrap();
    let posted = checked.post(&school).await.unwrap();
    assert_eq!((posted.recorded, posted.already_there, posted.total.amount()), (1, 1, dec!(20)));
    assert_eq!(balance(&school).await, dec!(25));
}

#[tokio::test]
async fn columns_and_forms_are_the_callers_to_name() {
    let school = school().await;
    let import = ArrearsImport::new("x", term(), "why").unwrap().recorded_by("clerk");
    let columns = ArrearsColumns::new("Schüler", "Betrag").reason("Grund").date("Am");
    let import =
        import.columns(columns).format(FileFormat::default().delimiter(Delimiter::Semicolon).decimal_comma());
    let file =
        "\u{feff}am;SCHÜLER;betrag;Grund;x\r\n2026-02-03;a1;40,5;alt\r\n;a2;-3;;\r\n;a3;1;\"neu; gut\";\r\n";
    let checked = import.check(&school, file.as_bytes()).await.unwrap();
    assert_eq!(found(&checked), BTreeSet::from([(2, "cell-count")]));
    let checked = import.check(&school, file.replace("alt\r", "alt;\r").as_bytes()).await.unwrap();
    assert_eq!((checked.faults(), checked.ignored_columns()), (&[][..], &["x".to_owned()][..]));
    let posted = checked.post(&school).await.unwrap();
    let first = &posted.lines[0].receipt.entry;
    assert_eq!((first.key.as_str(), first.effective_on.to_string()), ("x:a1", "2026-02-03".to_owned()));
    assert_eq!(first.recorded_by.as_deref(), Some("clerk"));
    let reasons: Vec<_> = posted.lines.iter().map(|line| line.receipt.entry.kind.clone()).collect();
    assert!(matches!(&reasons[1], EntryKind::Opening { reason } if &**reason == "why"));
    assert!(matches!(&reasons[2], EntryKind::Opening { reason } if &**reason == "neu; gut"));

    let missing = import.check(&school, "account,amount\n".as_bytes()).await.unwrap_err();
    assert!(matches!(missing, ImportError::File(FileProblem::MissingColumn { .. })), "{missing}");
}

#[tokio::test]
async fn an_exported_account_comes_back() {
    let school = school().await;
    school.enrol("-17", ["PRIMARY"], date("2026-01-12").unwrap()).await.unwrap();
    check(&school, "account,amount\n'-17,5\n").await.post(&school).await.unwrap();
    assert_eq!(school.account("-17").await.unwrap().balance.amount(), dec!(5));
}

#[tokio::test]
async fn a_file_of_the_largest_size_is_posted_in_one_step() {
    let school = school().await;
    let mut file = "account,amount\n".to_owned();
    for n in 0..LINES_MAX {
        school.enrol(format!("n{n}"), ["PRIMARY"], date("2026-01-12").unwrap()).await.unwrap();
        file.push_str(&format!("n{n},0.01\n"));
    }
    let posted = check(&school, &file).await.post(&school).await.unwrap();
    assert_eq!((posted.recorded, posted.total.amount()), (10_000, dec!(100)));
    file.push_str("a1,1\n");
    let refused = import().check(&school, file.as_bytes()).await.unwrap_err();
    assert!(matches!(refused, ImportError::File(FileProblem::TooManyLines)), "{refused}");
    let wordy = ArrearsImport::new("wordy", TermId::new(2026, 2).unwrap(), "w".repeat(500)).unwrap();
    let refused = wordy.check(&school, file.replace("a1,1\n", "").as_bytes()).await.unwrap_err();
    assert!(matches!(refused, ImportError::File(FileProblem::TooMuchText { .. })), "{refused}");
}

#[tokio::test]
async fn what_cannot_be_an_import_is_refused() {
    assert!(matches!(ArrearsImport::new("bursar", term(), "why"), Err(Refusal::BadName { .. })));
    assert!(matches!(ArrearsImport::new("x", term(), " "), Err(Refusal::BadText { .. })));
    let school = school().await;
    let who = import().recorded_by("x\u{7}").check(&school, "account,amount\n".as_bytes()).await.unwrap_err();
    assert!(
        matches!(who, ImportError::Ledger(error) if error.refusal().is_some_and(|r| r.code() == "bad-text"))
    );
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::TimedOut.into())
        }
    }
    assert!(matches!(import().check(&school, Broken).await, Err(ImportError::Read(_))));
}
