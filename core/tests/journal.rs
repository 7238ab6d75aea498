//! Journals: every entry a balanced transaction, and every receivable what its account owes, whatever ids, codes and texts hold.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[path = "support/drive.rs"]
mod drive;
mod model;
#[path = "support/read_journal.rs"]
mod read_journal;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;

use bursar::journal::{FEE_CODES_MAX, Format, JournalError, write_journal};
use bursar::store::AccountFilter;
use bursar::{
    Adjustment, Charge, Concession, ConcessionKind, Currency, Draft, Ledger, Method, OpeningBalance,
    PAGE_MAX, Payment, Refund, Reversal, Term, TermId, WriteOff, date,
};
use bursar_store_memory::MemoryStore;
use proptest::prelude::*;
use read_journal::{Journal, read};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

async fn school(currency: Currency) -> Ledger<MemoryStore> {
    let ledger = Ledger::open(MemoryStore::new(), "hill; side", currency).await.unwrap();
    let (first, last) = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
    ledger.define_term(Term::new(term(), first, last).unwrap()).await.unwrap();
    ledger
}

/// Writes a journal, reads it, and holds it against the book; gives it as read.
async fn journal_of(ledger: &Ledger<MemoryStore>, format: Format) -> Journal {
    let mut text = Vec::new();
    let written = write_journal(ledger, format, &mut text).await.unwrap();
    let text = String::from_utf8(text).unwrap();
    let journal = read(format, ledger.currency().code(), &text);
    let (mut owed, mut after) = (BTreeMap::new(), None);
    loop {
        let page = ledger.accounts(AccountFilter::All, after.as_ref(), PAGE_MAX).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        owed.extend(page.iter().map(|account| (account.id.to_string(), account.balance.amount())));
    }
    assert_eq!(journal.receivables(format), owed, "{text}");
    let whole = ledger.book_balance().await.unwrap();
    assert_eq!((written.accounts, written.entries), (whole.accounts, whole.entries));
    assert_eq!(u64::try_from(journal.transactions).unwrap(), whole.entries);
    assert_eq!(journal.balances.values().sum::<Decimal>(), Decimal::ZERO);
    journal
}

/// What is recorded, in numbers that mean whatever they can.
#[derive(Clone, Debug)]
struct Step {
    kind: u8,
    account: usize,
    code: usize,
    minor: i64,
    day: u32,
    text: String,
    note: Option<String>,
}

fn id() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        4 => "[aAsS1]{1,3}",
        4 => "[aA1 :;%\"()\\[\\]|*!=@\\\\/#-]{1,5}",
        2 => "[aAs]-[0-9a-f]{16}",
        2 => "%[0-9A-Fa-f]{2}[:; ]{0,2}[a%]",
        2 => "\\PC{1,12}",
    ];
    id.prop_filter("an id", |id| bursar::AccountId::new(id).is_ok())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{1,20}",
        "[\"\\\\;|\n\t :\\[\\]()a]{1,20}",
        "(\n|; |  ;|\t; )?(date:2020-01-01|\\[2020-01-01\\]|include x|option \"title\" \"x\"|\n2026-01-01 \\* \"x\")",
    ]
    .prop_filter("a reason", |text| !text.trim().is_empty())
}

fn step() -> impl Strategy<Value = Step> {
    let day = prop_oneof![9 => 0_u32..900, 1 => Just(200_000_u32)];
    (0_u8..9, any::<usize>(), any::<usize>(), 1_i64..1_000_000, day, text(), prop::option::of(text()))
        .prop_map(|(kind, account, code, minor, day, text, note)| Step {
            kind,
            account,
            code,
            minor,
            day,
            text,
            note,
        })
}

/// Records a step, or is refused.
async fn record(ledger: &Ledger<MemoryStore>, n: usize, step: Step, ids: &[String], codes: &[String]) {
    let amount = Decimal::new(step.minor, ledger.currency().exponent());
    let (id, code) = (&ids[step.account % ids.len()], &codes[step.code % codes.len()]);
    let on = date("2000-01-01").unwrap() + chrono::Days::new(u64::from(step.day));
    let text = step.text;
    let method = Method::ALL[step.code % Method::ALL.len()];
    macro_rules! draft {
        ($draft:expr) => {{
            let draft = $draft.account(id).for_term(term()).on(on).key(format!("k{n}"));
            Draft::from(if let Some(note) = &step.note { draft.note(note) } else { draft })
        }};
    }
    let draft = match step.kind {
        0 | 1 => draft!(Charge::of(code, amount)),
        2 => draft!(Payment::by(method, amount).reference(text)),
        3 => draft!(OpeningBalance::of(-amount, text)),
        4 => draft!(Adjustment::of(amount, text)),
        5 => draft!(Concession::of(ConcessionKind::ALL[step.code % ConcessionKind::ALL.len()], amount, text)),
        6 => draft!(WriteOff::of(amount, text)),
        7 => draft!(Refund::by(method, amount).reference(text)),
        _ => {
            let of = Reversal::of_key(format!("k{}", step.code % (n + 1)), text).key(format!("k{n}")).on(on);
            // Nothing to reverse, or reversed before.
            let _ = ledger.reverse(of).await;
            return;
        }
    };
    // More than is owed, or more than is in credit.
    let _ = ledger.record(draft).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_history_balances((exponent, history) in model::any_history()) {
        wait(async {
            let ledger = drive::open(MemoryStore::new(), exponent).await;
            drive::side_by_side(&ledger, exponent, &history).await.unwrap();
            for format in Format::ALL {
                journal_of(&ledger, *format).await;
            }
        });
    }

    #[test]
    fn any_ids_and_texts_balance(
        currency in prop::sample::select(vec![Currency::USD, Currency::JPY, Currency::KWD]),
        ids in prop::collection::vec(id(), 1..12),
        codes in prop::collection::vec(id(), 1..6),
        steps in prop::collection::vec(step(), 0..40),
    ) {
        wait(async {
            let ledger = school(currency).await;
            for id in &ids {
                ledger.enrol(id, ["g"], date("2026-01-12").unwrap()).await.unwrap();
            }
            for (n, step) in steps.into_iter().enumerate() {
                record(&ledger, n, step, &ids, &codes).await;
            }
            for format in Format::ALL {
                journal_of(&ledger, *format).await;
            }
        });
    }
}

/// One entry of each kind, and what stands against it.
#[test]
fn every_kind_has_its_account() {
    wait(async {
        let ledger = school(Currency::USD).await;
        let on = date("2026-02-01").unwrap();
        ledger.enrol("s-17", ["g"], on).await.unwrap();
        let mut n = 0;
        let mut record = async |draft: Draft| {
            n += 1;
            ledger.record(draft).await.unwrap_or_else(|error| panic!("{n}: {error}"));
        };
        macro_rules! draft {
            ($draft:expr, $key:literal) => {
                record($draft.account("s-17").for_term(term()).on(on).key($key).into()).await
            };
        }
        draft!(Charge::of("adjustments", dec!(100)), "charge");
        draft!(Payment::by(Method::Mobile, dec!(30)).reference("M-1"), "pay");
        draft!(Concession::of(ConcessionKind::Scholarship, dec!(20), "board"), "concession");
        draft!(WriteOff::of(dec!(5), "lost"), "write-off");
        draft!(OpeningBalance::of(dec!(-70), "old book"), "opening");
        draft!(Adjustment::of(dec!(1), "rounding"), "adjust");
        draft!(Refund::by(Method::Bank, dec!(4)), "refund");
        draft!(Payment::by(Method::Mobile, dec!(7)), "wrong");
        ledger.reverse(Reversal::of_key("wrong", "wrong pupil").key("undo").on(on)).await.unwrap();
        let journal = journal_of(&ledger, Format::Hledger).await;
        let balances: Vec<(&str, Decimal)> =
            journal.balances.iter().map(|(name, sum)| (name.as_str(), *sum)).collect();
        let expected = [
            ("assets:cash:bank", dec!(-4)),
            ("assets:cash:mobile", dec!(30)),
            ("assets:receivable:s-17", dec!(-20)),
            ("equity:opening-balances", dec!(70)),
            ("expenses:concessions:scholarship", dec!(20)),
            ("expenses:write-offs", dec!(5)),
            ("income:adjustments", dec!(-1)),
            ("income:fees:adjustments", dec!(-100)),
        ];
        assert_eq!(balances, expected);
        assert!(journal.descriptions.iter().any(|said| said == "payment, mobile: M-1"));
        assert!(journal.descriptions.iter().any(|said| said == "reversal of entry 8: wrong pupil"));
        let journal = journal_of(&ledger, Format::Beancount).await;
        let names: Vec<&str> = journal.balances.keys().map(String::as_str).collect();
        let expected = [
            "Assets:Cash:Bank",
            "Assets:Cash:Mobile",
            "Assets:Receivable:S-17",
            "Equity:Opening-Balances",
            "Expenses:Concessions:Scholarship",
            "Expenses:Write-Offs",
            "Income:Adjustments",
            "Income:Fees:Adjustments",
        ];
        assert_eq!(names, expected);
    });
}

async fn adjusted(day: chrono::NaiveDate) -> Ledger<MemoryStore> {
    let ledger = school(Currency::USD).await;
    ledger.enrol("s-17", ["g"], date("0000-02-03").unwrap()).await.unwrap();
    let adjustment = Adjustment::of(dec!(1), "old").account("s-17").for_term(term()).key("k").on(day);
    ledger.adjust(adjustment).await.unwrap();
    ledger
}

#[test]
fn a_day_that_the_program_does_not_read_is_refused_before_anything_is_written() {
    wait(async {
        for (day, fit) in [
            (date("0000-05-05").unwrap(), &[Format::Hledger][..]),
            (date("1399-12-31").unwrap(), &[Format::Hledger, Format::Beancount]),
            (date("1400-01-01").unwrap(), Format::ALL),
            (date("9999-12-31").unwrap(), Format::ALL),
            (date("9999-12-31").unwrap().succ_opt().unwrap(), &[]),
        ] {
            let ledger = adjusted(day).await;
            for format in Format::ALL {
                if fit.contains(format) {
                    journal_of(&ledger, *format).await;
                    continue;
                }
                let mut text = Vec::new();
                let refused = write_journal(&ledger, *format, &mut text).await.unwrap_err();
                assert!(matches!(refused, JournalError::Day { day: said, .. } if said == day), "{refused}");
                let said = refused.to_string();
                assert!(said.contains("s-17/1") && said.contains(format.as_str()), "{said}");
                assert!(text.is_empty());
            }
        }
    });
}

/// A writer that takes some bytes and then no more.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_is_said_to() {
    wait(async {
        let ledger = adjusted(date("2026-01-12").unwrap()).await;
        let failed = write_journal(&ledger, Format::Ledger, Full(100)).await.unwrap_err();
        assert!(
            matches!(failed, JournalError::Write(ref error) if error.kind() == io::ErrorKind::StorageFull)
        );
    });
}

#[test]
fn fee_codes_are_counted_before_anything_is_written() {
    wait(async {
        let ledger = adjusted(date("2026-01-12").unwrap()).await;
        for n in 0..=FEE_CODES_MAX {
            let mut text = Vec::new();
            let charge =
                Charge::of(format!("c{n}"), dec!(1)).to("s-17").for_term(term()).key(format!("c{n}"));
            ledger.charge(charge).await.unwrap();
            if n + 1 >= FEE_CODES_MAX {
                let written = write_journal(&ledger, Format::Hledger, &mut text).await;
                let many = matches!(written, Err(JournalError::TooManyFeeCodes));
                assert_eq!((many, text.is_empty()), (n == FEE_CODES_MAX, n == FEE_CODES_MAX));
            }
        }
    });
}

/// A writer behind whose back something is done once, at the first byte.
struct Meanwhile<F>(Option<F>);

impl<F: FnOnce() + Send> io::Write for Meanwhile<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(act) = self.0.take() {
            // The writer is called from within a runtime, which runs one thing at a time.
            std::thread::scope(|scope| scope.spawn(act).join().unwrap());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_does_not_fit_since_it_was_recorded_meanwhile_is_not_written() {
    let on = date("2026-02-01").unwrap();
    let adjust =
        move |day| Adjustment::of(dec!(1), "late").account("s-17").for_term(term()).on(day).key("late");
    let charge = Charge::of("trip", dec!(1)).account("s-17").for_term(term()).on(on).key("late");
    for (draft, fits) in [
        (Draft::from(charge), false),
        (adjust(on.pred_opt().unwrap()).into(), false),
        (adjust(on.succ_opt().unwrap()).into(), true),
    ] {
        let ledger = wait(adjusted(on));
        let record = || drop(wait(ledger.record(draft)).unwrap());
        let written = wait(write_journal(&ledger, Format::Beancount, Meanwhile(Some(record))));
        match written {
            Ok(written) => assert!(fits && written.entries == 2, "{written:?}"),
            Err(error) => assert!(!fits && matches!(error, JournalError::Changed), "{error}"),
        }
    }
}

#[test]
fn a_journal_begins_with_what_its_program_must_know() {
    wait(async {
        for (currency, format, head) in [
            (Currency::USD, Format::Hledger, "\n\ndecimal-mark .\ncommodity 1000.00 USD\n\n"),
            (Currency::JPY, Format::Hledger, "\n\ndecimal-mark .\ncommodity 1000. JPY\n\n"),
            (Currency::KWD, Format::Ledger, "\n\ncommodity KWD\n    format 1000.000 KWD\n\ntag term\n\n"),
            (Currency::JPY, Format::Ledger, "\n\ncommodity JPY\n    format 1000 JPY\n\ntag term\n\n"),
            (
                Currency::USD,
                Format::Beancount,
                "\n\noption \"title\" \"hill; side\"\noption \"operating_currency\" \"USD\"\n\n",
            ),
        ] {
            let mut text = Vec::new();
            write_journal(&school(currency).await, format, &mut text).await.unwrap();
            let text = String::from_utf8(text).unwrap();
            let first = format!("; The book hill; side in {currency} as double entry, for {format}.\n; ");
            assert!(text.starts_with(&first) && text.contains(head), "{text}");
        }
    });
}

/// In ledger the balance of a name includes those below it, and a fee code is no part of another.
#[test]
fn a_fee_code_below_another_has_a_name_of_its_own() {
    wait(async {
        let ledger = adjusted(date("2026-01-12").unwrap()).await;
        for (code, expected) in [
            ("trip:bus", &["income:fees:trip:bus"][..]),
            ("trip", &["income:fees:trip", "income:fees:trip%3Abus"]),
        ] {
            let charge = Charge::of(code, dec!(1)).to("s-17").for_term(term()).key(code);
            ledger.charge(charge).await.unwrap();
            let journal = journal_of(&ledger, Format::Ledger).await;
            let fees = journal.balances.keys().filter(|name| name.starts_with("income:fees:"));
            assert_eq!(fees.collect::<Vec<_>>(), expected);
            let renamed = write_journal(&ledger, Format::Ledger, io::sink()).await.unwrap();
            assert_eq!(
                (renamed.renamed, usize::try_from(renamed.codes_renamed).unwrap()),
                (0, expected.len() - 1)
            );
        }
    });
}
