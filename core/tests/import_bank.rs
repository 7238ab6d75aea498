//! Payments from a bank's statement: matched or reported, never guessed, and once however statements overlap.
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
    BankColumns, BankImport, CheckedBank, Delimiter, FileFormat, FileProblem, ImportError, Thousands,
    WhyPassedOver, WhyUnmatched,
};
use bursar::{Currency, EntryKind, Ledger, Method, Term, TermId, date};
use bursar_store_memory::MemoryStore;
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn term(number: u32) -> TermId {
    TermId::new(2026, number).unwrap()
}

/// Two terms, the first current, and the accounts `s-1` to `s-4`.
async fn school() -> Ledger<MemoryStore> {
    let now = "2026-02-20T08:00:00Z".parse().unwrap();
    let store = MemoryStore::new().with_clock(move || now);
    let school = Ledger::open(store, "hillside", Currency::USD).await.unwrap();
    for (number, from, to) in [(1, "2026-01-12", "2026-04-09"), (2, "2026-05-04", "2026-08-06")] {
        school
            .define_term(Term::new(term(number), date(from).unwrap(), date(to).unwrap()).unwrap())
            .await
            .unwrap();
    }
    for n in 1..=4 {
        school.enrol(format!("s-{n}"), ["PRIMARY"], date("2026-01-12").unwrap()).await.unwrap();
    }
    school.activate(term(1)).await.unwrap();
    school
}

fn columns() -> BankColumns {
    BankColumns::new("Date", "Amount", "Reference")
}

fn import() -> BankImport {
    BankImport::new("bank-usd", columns()).unwrap().reference("INV-9", "s-3").unwrap()
}

async fn paid(school: &Ledger<MemoryStore>) -> Decimal {
    -school.book_balance().await.unwrap().balance.amount()
}

fn codes(checked: &CheckedBank) -> BTreeSet<(u64, &'static str)> {
    checked.faults().iter().map(|fault| (fault.line.unwrap_or(0), fault.problem.code())).collect()
}

// ---- Random statements.

/// A line of a bank's statement: the day of the month, the cents (out below zero), and which reference.
type Line = (u32, i64, usize);

/// References, and the account that each names.
const REFERENCES: &[(&str, Option<&str>)] = &[
    ("s-1", Some("s-1")),
    ("s-2", Some("s-2")),
    ("INV-9", Some("s-3")),
    ("s-9", None),
    ("fees s-1", None),
    ("", None),
    ("S-1", None),
];

fn statement(lines: &[Line]) -> String {
    let mut text = "Date,Reference,Amount\n".to_owned();
    for (day, cents, reference) in lines {
        text.push_str(&format!(
            "2026-02-{day:02},{},{}\n",
            REFERENCES[*reference].0,
            Decimal::new(*cents, 2)
        ));
    }
    text
}

/// What a statement pays on whom, by hand: few days, amounts and references, so that lines are often alike.
fn payments(lines: &[Line]) -> BTreeMap<&'static str, i64> {
    let mut paid = BTreeMap::new();
    for (_, cents, reference) in lines.iter().filter(|(_, cents, _)| *cents > 0) {
        if let Some(account) = REFERENCES[*reference].1 {
            *paid.entry(account).or_default() += cents;
        }
    }
    paid
}

fn bank_year() -> impl Strategy<Value = Vec<Line>> {
    let line = (1_u32..6, prop::sample::select(vec![-500_i64, 0, 1_000, 1_000, 2_550]), 0..REFERENCES.len());
    prop::collection::vec(line, 0..25).prop_map(|mut lines| {
        // Statements go by day.
        lines.sort_by_key(|(day, _, _)| *day);
        lines
    })
}

async fn post(school: &Ledger<MemoryStore>, lines: &[Line]) -> Result<(), TestCaseError> {
    let before = paid(school).await;
    let checked = import().check(school, statement(lines).as_bytes()).await.unwrap();
    prop_assert_eq!(checked.faults(), &[]);
    // Each line is in one list.
    let mut listed: Vec<u64> = checked.matched().iter().map(|line| line.line).collect();
    listed.extend(checked.unmatched().iter().map(|line| line.line));
    listed.extend(checked.already_there().iter().map(|line| line.line));
    listed.extend(checked.passed_over().iter().map(|line| line.line));
    listed.sort_unstable();
    prop_assert_eq!(listed, (2..lines.len() as u64 + 2).collect::<Vec<_>>());
    for unmatched in checked.unmatched() {
        let (day, cents, reference) = lines[usize::try_from(unmatched.line).unwrap() - 2];
        prop_assert!(REFERENCES[reference].1.is_none() && cents > 0);
        let alone = statement(&[(day, cents, reference)]);
        prop_assert_eq!(Some(unmatched.content.as_str()), alone.lines().nth(1));
        prop_assert_eq!(Some(unmatched.content.as_str()), checked.content(unmatched.line));
    }
    prop_assert_eq!(paid(school).await, before, "a check records nothing");
    let posted = checked.post(school).await.unwrap();
    prop_assert_eq!(posted.recorded, checked.matched().len() as u64);
    prop_assert_eq!(posted.total, checked.total());
    prop_assert_eq!(paid(school).await, before + posted.total.amount());
    Ok(())
}

async fn adds_up(school: &Ledger<MemoryStore>, lines: &[Line]) -> Result<(), TestCaseError> {
    let expected = payments(lines);
    for account in ["s-1", "s-2", "s-3", "s-4"] {
        let owed = school.account(account).await.unwrap().balance.minor();
        prop_assert_eq!(-owed, expected.get(account).copied().unwrap_or(0), "{}", account);
    }
    prop_assert!(audit(school).await.unwrap().is_clean());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However statements of whole days overlap, every payment is recorded once, and two that are alike are two.
    #[test]
    fn overlapping_statements_record_each_payment_once(
        lines in bank_year(),
        cuts in prop::collection::vec((1_u32..6, 1_u32..6), 0..5),
    ) {
        wait(async {
            let school = school().await;
            for (one, other) in cuts {
                let days = one.min(other)..=one.max(other);
                let some: Vec<Line> = lines.iter().copied().filter(|line| days.contains(&line.0)).collect();
                post(&school, &some).await?;
            }
            post(&school, &lines).await?;
            adds_up(&school, &lines).await?;
            post(&school, &lines).await?;
            adds_up(&school, &lines).await
        })?;
    }

    /// A statement drawn in the middle of a day holds the first of that day's lines; the next one holds them all.
    #[test]
    fn a_statement_of_half_a_day_loses_nothing(lines in bank_year(), cut: prop::sample::Index) {
        wait(async {
            let school = school().await;
            post(&school, &lines[..cut.index(lines.len() + 1)]).await?;
            post(&school, &lines).await?;
            adds_up(&school, &lines).await
        })?;
    }
}

// ---- By name.

#[tokio::test]
async fn what_is_not_matched_is_reported_with_the_reason() {
    let school = school().await;
    let import = import().reference("gone", "s-99").unwrap().reference("s-1", "s-2").unwrap();
    let file = "date,amount,reference\n2026-02-01,5,s-1\n2026-02-01,5,gone\n2026-02-01,5,\n2026-02-01,5,fees s-2\n2026-02-01,5,s-2\n";
    let checked = import.check(&school, file.as_bytes()).await.unwrap();
    let why: Vec<&WhyUnmatched> = checked.unmatched().iter().map(|line| &line.why).collect();
    assert!(matches!(why[0], WhyUnmatched::Several { accounts } if accounts.len() == 2), "{why:?}");
    assert!(matches!(why[1], WhyUnmatched::UnknownAccount { account } if account.as_str() == "s-99"));
    assert_eq!(why[2..], [&WhyUnmatched::NoReference, &WhyUnmatched::Unknown]);
    assert_eq!(checked.matched().len(), 1);

    let within = import.match_within().check(&school, file.as_bytes()).await.unwrap();
    let matched: Vec<_> = within.matched().iter().map(|line| (line.line, line.account.as_str())).collect();
    assert_eq!(matched, [(5, "s-2"), (6, "s-2")]);
}

#[tokio::test]
async fn a_line_at_fault_holds_up_no_other() {
    let school = school().await;
    school.lock_through(date("2026-01-31").unwrap()).await.unwrap();
    let file = "Date,Amount,Reference\n\
        2026-02-01,5.00,s-1\n\
        2026-01-31,5.00,s-1\n\
        01/02/2026,\"1,000.00\",s-1\n\
        2026-02-01,0.001,s-1\n\
        2026-02-01,,s-1\n\
        2026-02-01,7,s-2,\n\
        2026-02-01,10000000000000.01,s-2\n\
        2026-01-01,-5,s-1\n";
    let checked = import().check(&school, file.as_bytes()).await.unwrap();
    let expected = [
        (3, "locked"),
        (4, "bad-amount"),
        (4, "bad-date"),
        (5, "too-many-decimals"),
        (6, "blank"),
        (7, "cell-count"),
        (8, "amount-too-large"),
    ];
    assert_eq!(codes(&checked), BTreeSet::from(expected));
    assert_eq!(checked.content(7), Some("2026-02-01,7,s-2,"));
    let posted = checked.post(&school).await.unwrap();
    assert_eq!((posted.recorded, paid(&school).await), (1, dec!(5)));
}

#[tokio::test]
async fn the_banks_own_id_tells_payments_apart() {
    let school = school().await;
    let import = BankImport::new("bank-usd", columns().transaction("Id").description("Text")).unwrap();
    let file = "Id,Date,Amount,Reference,Text\n\
        T1,2026-02-01,5,s-1,\"from a, by hand\"\n\
        T2,2026-02-01,5,s-1,\n\
        T1,2026-02-01,5,s-1,again\n\
        T3,2026-02-01,5,s-2,\n\
        T3,2026-02-01,6,s-2,\n\
        ,2026-02-01,5,s-3,\n\
        ,2026-02-01,-5,s-3,\n";
    let checked = import.check(&school, file.as_bytes()).await.unwrap();
    assert_eq!(
        codes(&checked),
        BTreeSet::from([(5, "transaction-twice"), (6, "transaction-twice"), (7, "blank")])
    );
    assert_eq!(checked.passed_over()[0].why, WhyPassedOver::SameTransaction { first: 2 });
    assert_eq!(checked.passed_over()[0].why.to_string(), "the same transaction as on line 2");
    assert!(
        matches!(checked.passed_over()[1].why, WhyPassedOver::MoneyOut { amount } if amount.amount() == dec!(5))
    );
    assert_eq!(checked.lines(), 7);
    let posted = checked.post(&school).await.unwrap();
    let first = &posted.lines[0].receipt.entry;
    assert_eq!((first.key.as_str(), first.note.as_deref()), ("bank-usd:T1", Some("from a, by hand")));
    let by_bank = EntryKind::Payment { method: Method::Bank, reference: Some("s-1".into()) };
    assert_eq!((posted.recorded, &first.kind, first.term), (2, &by_bank, term(1)));

    // The bank says now that it was something else.
    let other = "Id,Date,Amount,Reference,Text\nT1,2026-02-01,50,s-1,\nT2,2026-02-01,5,s-1,other words\n";
    let checked = import.check(&school, other.as_bytes()).await.unwrap();
    assert_eq!(codes(&checked), BTreeSet::from([(2, "recorded-otherwise")]));
    assert_eq!(checked.already_there().len(), 1, "a note is no content");
}

#[tokio::test]
async fn a_payment_is_known_again_in_the_next_term() {
    let school = school().await;
    let file = "Date,Amount,Reference\n2026-02-01,5,s-1\n2026-02-02,6,INV-9\n";
    import().check(&school, file.as_bytes()).await.unwrap().post(&school).await.unwrap();
    school.activate_on(term(2), date("2026-05-04").unwrap()).await.unwrap();
    // Without the mapping too: what is recorded is recorded.
    let plain = BankImport::new("bank-usd", columns()).unwrap();
    let checked = plain.check(&school, file.as_bytes()).await.unwrap();
    assert_eq!((checked.already_there().len(), checked.unmatched().len(), checked.faults().len()), (2, 0, 0));
    assert_eq!(checked.post(&school).await.unwrap().recorded, 0);
    // But not on another account.
    let moved = plain.reference("INV-9", "s-4").unwrap().check(&school, file.as_bytes()).await.unwrap();
    assert_eq!(codes(&moved), BTreeSet::from([(3, "recorded-otherwise")]));
    // Another bank account is another matter.
    let other =
        BankImport::new("bank-zar", columns()).unwrap().check(&school, file.as_bytes()).await.unwrap();
    assert_eq!(other.matched().len(), 1);
}

#[tokio::test]
async fn the_term_must_take_payments() {
    let school = school().await;
    let file = "Date,Amount,Reference\n2026-02-01,5,s-1\n2026-02-01,5,x\n";
    for (term, code) in [(term(2), "term-after-current"), (TermId::new(2030, 1).unwrap(), "unknown-term")] {
        let checked = import().for_term(term).check(&school, file.as_bytes()).await.unwrap();
        assert_eq!(codes(&checked), BTreeSet::from([(0, code)]));
        assert!(matches!(checked.post(&school).await, Err(ImportError::Faulty { .. })));
    }
    let empty = Ledger::open(MemoryStore::new(), "empty", Currency::USD).await.unwrap();
    empty.enrol("s-1", ["PRIMARY"], date("2026-01-12").unwrap()).await.unwrap();
    let checked = import().check(&empty, file.as_bytes()).await.unwrap();
    assert_eq!((codes(&checked), checked.unmatched().len()), (BTreeSet::from([(0, "no-term")]), 1));
    let Err(ImportError::Faulty { faults }) = checked.post(&empty).await else { panic!() };
    assert_eq!(faults, checked.faults());
    assert_eq!(paid(&school).await, dec!(0));
}

#[tokio::test]
async fn what_was_shown_is_what_is_posted() {
    let school = school().await;
    let file = "Date,Amount,Reference\n2026-02-01,5,s-1\n2026-02-02,6,s-5\n2026-02-10,7,s-2\n";
    let checked = import().check(&school, file.as_bytes()).await.unwrap();
    assert_eq!((checked.matched().len(), checked.unmatched().len()), (2, 1));
    // An account that is opened meanwhile was shown as unmatched, and is not paid without a word.
    school.enrol("s-5", ["PRIMARY"], date("2026-01-12").unwrap()).await.unwrap();
    let posted = checked.post(&school).await.unwrap();
    assert_eq!((posted.recorded, posted.total.amount()), (2, dec!(12)));
    assert!(school.account("s-5").await.unwrap().balance.is_zero());
    assert_eq!(import().check(&school, file.as_bytes()).await.unwrap().matched().len(), 1, "now it is shown");
}

#[tokio::test]
async fn what_can_no_longer_be_posted_is_said() {
    let school = school().await;
    let file = "Date,Amount,Reference\n2026-02-01,5,s-1\n2026-02-10,7,s-2\n";
    let checked = import().check(&school, file.as_bytes()).await.unwrap();
    school.lock_through(date("2026-02-05").unwrap()).await.unwrap();
    let Err(ImportError::Faulty { faults }) = checked.post(&school).await else { panic!() };
    assert_eq!((faults.len(), faults[0].line, faults[0].problem.code()), (1, Some(2), "locked"));
    assert_eq!(paid(&school).await, dec!(0));
    let again = import().check(&school, file.as_bytes()).await.unwrap();
    assert_eq!(again.post(&school).await.unwrap().total.amount(), dec!(7));
}

#[tokio::test]
async fn forms_of_other_banks_are_read() {
    let school = school().await;
    let columns = BankColumns::with_sides("Buchung", "Haben", "Soll", "Zweck");
    let format = FileFormat::default()
        .delimiter(Delimiter::Semicolon)
        .decimal_comma()
        .thousands(Thousands::Mark)
        .skip_lines(2);
    let import = BankImport::new("bank", columns).unwrap().days_as("%d.%m.%Y").unwrap().format(format);
    let file = "Kontoauszug;\"2026\nvon;bis\nBuchung;Zweck;Soll;Haben;Saldo\n\
        01.02.2026;s-1;;1.234,50;9\n\
        01.02.2026;s-1;10,00;;9\n\
        01.02.2026;s-1;-10,00;0,00;9\n\
        01.02.2026;s-1;0,00;;9\n\
        01.02.2026;s-1;1,00;1,00;9\n\
        01.02.2026;s-1;;-1,00;9\n\
        01.02.2026;s-1;;;9\n";
    let checked = import.check(&school, file.as_bytes()).await.unwrap();
    assert_eq!(codes(&checked), BTreeSet::from([(8, "both-sides"), (9, "negative-credit"), (10, "blank")]));
    assert_eq!((checked.total().amount(), checked.passed_over().len()), (dec!(1234.50), 3));
    let passed_over: Vec<String> = checked.passed_over().iter().map(|one| one.why.to_string()).collect();
    assert_eq!(
        passed_over,
        ["money out: 10.00", "money out: 10.00", "no money moved"],
        "whichever sign a bank writes"
    );
    assert_eq!(checked.ignored_columns(), ["Saldo"]);
    assert!(matches!(import.clone().days_as("%d.%m"), Err(FileProblem::DayFormat { .. })));
    let missing = import.check(&school, "a\nb\nBuchung;Zweck;Haben\n".as_bytes()).await.unwrap_err();
    assert!(matches!(missing, ImportError::File(FileProblem::MissingColumn { line: 3, .. })), "{missing:?}");
}
