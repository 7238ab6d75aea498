//! An import against others who work on the same accounts, in every order of their store calls: nothing is recorded twice or by half.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "support/gate.rs"]
mod gate;
#[path = "support/meddling.rs"]
mod meddling;

use std::sync::Arc;

use bursar::audit::audit;
use bursar::import::{ArrearsImport, BankColumns, BankImport, ImportError, Imported};
use bursar::{Currency, Error, Ledger, LedgerStore, OpeningBalance, Payment, Reversal, Term, TermId, date};
use bursar_store_memory::MemoryStore;
use gate::{Call, Gated, every_order};
use meddling::{Event, Meddling};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

const ORDERS_MAX: usize = 1_000;

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

async fn school() -> MemoryStore {
    let now = "2026-02-20T08:00:00Z".parse().unwrap();
    let store = MemoryStore::new().with_clock(move || now);
    let school = Ledger::open(store.clone(), "hillside", Currency::USD).await.unwrap();
    let (from, to) = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
    school.define_term(Term::new(term(), from, to).unwrap()).await.unwrap();
    for account in ["a", "b"] {
        school.enrol(account, ["PRIMARY"], from).await.unwrap();
        // An entry of its own, so that the balances by term are asked for.
        school
            .pay(Payment::cash(dec!(1)).from(account).for_term(term()).key(format!("p-{account}")))
            .await
            .unwrap();
    }
    store
}

async fn ledger<S: LedgerStore>(store: S) -> Ledger<S> {
    Ledger::open_existing(store, "hillside").await.unwrap()
}

async fn balance<S: LedgerStore>(school: &Ledger<S>) -> Decimal {
    school.book_balance().await.unwrap().balance.amount()
}

fn answer(result: Result<Imported, ImportError>) -> String {
    match result {
        Ok(posted) => format!("recorded {}", posted.recorded),
        Err(ImportError::Faulty { faults }) => {
            faults.iter().map(|fault| fault.problem.code()).collect::<Vec<_>>().join(" ")
        }
        Err(other) => format!("{other:?}"),
    }
}

fn call<F>(call: impl Fn(Ledger<Gated<MemoryStore>>) -> F + Send + Sync + 'static) -> Call<MemoryStore>
where
    F: Future<Output = String> + Send + 'static,
{
    let call = Arc::new(call);
    Arc::new(move |store| {
        let call = Arc::clone(&call);
        Box::pin(async move { call(ledger(store).await).await })
    })
}

/// Checks and posts a file of arrears.
fn arrears(file: &'static str) -> Call<MemoryStore> {
    call(move |school| async move {
        let import = ArrearsImport::new("arrears", term(), "owed").unwrap().on(date("2026-02-10").unwrap());
        let checked = import.check(&school, file.as_bytes()).await.unwrap();
        answer(checked.post(&school).await)
    })
}

fn by_hand(key: &'static str) -> Call<MemoryStore> {
    call(move |school| async move {
        let opening = OpeningBalance::of(dec!(20), "by hand").account("b").for_term(term()).key(key);
        school.bring_in(opening).await.unwrap();
        "done".to_owned()
    })
}

/// Runs calls in every order; each outcome is the sorted answers and the balance of the book, and must be one of these.
async fn only(calls: Vec<Call<MemoryStore>>, allowed: &[(&[&str], Decimal)]) {
    let orders = every_order(school, &calls, ORDERS_MAX, |store, mut answers, order| async move {
        answers.sort();
        let school = ledger(store).await;
        let balance = balance(&school).await;
        let is_allowed = allowed.iter().any(|(answered, owed)| answers == *answered && balance == *owed);
        assert!(is_allowed, "{answers:?} with {balance} in the order {order}");
        // An opening balance by hand may come after the import's, never before it: the import then refuses.
        let entries = school.entries("b", 0, 100).await.unwrap();
        let at = |key: &str| entries.iter().position(|entry| entry.key.as_str() == key);
        if let (Some(imported), Some(by_hand)) = (at("arrears:b"), at("hand")) {
            assert!(imported < by_hand, "the order {order}");
        }
        assert!(audit(&school).await.unwrap().is_clean(), "order {order}");
    })
    .await;
    assert!(orders > 20, "{orders}");
}

const TWO: &str = "account,amount\na,10\nb,20\n";

#[tokio::test]
async fn another_who_records_the_same_arrears() {
    // Whoever comes first: the import refuses the whole file, or it comes first and what is recorded by hand is the clerk's own affair.
    let allowed: &[(&[&str], Decimal)] =
        &[(&["done", "has-opening"], dec!(18)), (&["done", "recorded 2"], dec!(48))];
    only(vec![arrears(TWO), by_hand("hand")], allowed).await;
}

#[tokio::test]
async fn the_same_import_twice_at_once() {
    only(vec![arrears(TWO), arrears(TWO)], &[(&["recorded 0", "recorded 2"], dec!(28))]).await;
}

#[tokio::test]
async fn two_files_of_one_name_that_overlap() {
    let more = "account,amount\nb,20\n";
    let allowed: &[(&[&str], Decimal)] =
        &[(&["recorded 0", "recorded 2"], dec!(28)), (&["recorded 1", "recorded 1"], dec!(28))];
    only(vec![arrears(TWO), arrears(more)], allowed).await;
    let other = "account,amount\nb,21\n";
    let allowed: &[(&[&str], Decimal)] = &[
        (&["recorded 2", "recorded-otherwise"], dec!(28)),
        (&["recorded 1", "recorded-otherwise"], dec!(19)),
    ];
    only(vec![arrears(TWO), arrears(other)], allowed).await;
}

#[tokio::test]
async fn payments_meanwhile_do_not_stop_it() {
    let pays = call(|school| async move {
        let payment = Payment::cash(dec!(5)).from("a").for_term(term()).key("p");
        school.pay(payment).await.map(|_| "done".to_owned()).unwrap_or_else(|error| format!("{error:?}"))
    });
    only(vec![arrears(TWO), pays], &[(&["done", "recorded 2"], dec!(23))]).await;
}

#[tokio::test]
async fn a_lock_meanwhile_holds() {
    let locks = call(|school| async move {
        school.lock_through(date("2026-02-15").unwrap()).await.map(|_| "done".to_owned()).unwrap()
    });
    // Dated in the locked period: recorded before the lock, or not at all. The fault is of every line, since none has a day of its own.
    let allowed: &[(&[&str], Decimal)] =
        &[(&["done", "locked"], dec!(-2)), (&["done", "recorded 2"], dec!(28))];
    only(vec![arrears(TWO), locks], allowed).await;
}

#[tokio::test]
async fn the_same_statement_twice_at_once() {
    const FILE: &str = "Date,Amount,Ref\n2026-02-10,5,a\n2026-02-10,5,a\n2026-02-11,7,b\n2026-02-11,9,x\n";
    let bank = || {
        call(|school| async move {
            let import =
                BankImport::new("bank", BankColumns::new("date", "amount", "ref")).unwrap().for_term(term());
            let checked = import.check(&school, FILE.as_bytes()).await.unwrap();
            answer(checked.post(&school).await)
        })
    };
    only(vec![bank(), bank()], &[(&["recorded 0", "recorded 3"], dec!(-19))]).await;
}

#[tokio::test]
async fn a_reversal_makes_room() {
    let store = school().await;
    let school = ledger(store).await;
    let opening = OpeningBalance::of(dec!(20), "by hand").account("b").for_term(term()).key("hand");
    school.bring_in(opening).await.unwrap();
    let import = ArrearsImport::new("arrears", term(), "owed").unwrap();
    assert_eq!(import.check(&school, TWO.as_bytes()).await.unwrap().faults().len(), 1);
    school.reverse(Reversal::of_key("hand", "wrong").key("undo")).await.unwrap();
    let checked = import.check(&school, TWO.as_bytes()).await.unwrap();
    assert_eq!(checked.post(&school).await.unwrap().recorded, 2);
}

/// Posts the file on a store in which something happens at its first commits.
async fn post_on(event: Event, times: u32) -> (Result<Imported, ImportError>, Ledger<MemoryStore>) {
    let store = school().await;
    let school = ledger(Meddling::new(store.clone(), event, times)).await;
    let import = ArrearsImport::new("arrears", term(), "owed").unwrap();
    let checked = import.check(&school, TWO.as_bytes()).await.unwrap();
    (checked.post(&school).await, ledger(store).await)
}

#[tokio::test]
async fn accounts_that_do_not_come_to_rest_are_said_to() {
    let (posted, school) = post_on(Event::Paid, 3).await;
    assert_eq!((posted.unwrap().recorded, balance(&school).await), (2, dec!(25)));
    let (posted, school) = post_on(Event::Paid, u32::MAX).await;
    let Err(ImportError::Ledger(Error::Conflict { attempts })) = posted else { panic!("{posted:?}") };
    assert_eq!(balance(&school).await, dec!(-2) - Decimal::from(attempts), "nothing but the payments");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for() {
    for event in [Event::AnswerLost, Event::RequestLost] {
        let (posted, school) = post_on(event, 1).await;
        let posted = posted.unwrap();
        // What is found to be recorded is this run's own.
        assert_eq!(
            (posted.recorded, posted.already_there, posted.total.amount()),
            (2, 0, dec!(30)),
            "{event:?}"
        );
        assert!(posted.lines.iter().all(|line| !line.receipt.replayed));
        assert_eq!(balance(&school).await, dec!(28), "{event:?}");
    }
    let (posted, school) = post_on(Event::RequestLost, u32::MAX).await;
    assert!(matches!(posted, Err(ImportError::Ledger(Error::UnknownOutcome { .. }))), "{posted:?}");
    assert_eq!(balance(&school).await, dec!(-2));
}

/// Payments that name no term are of the one that is current when they are recorded, not when the file was read.
#[tokio::test]
async fn a_term_that_begins_meanwhile_has_the_payments() {
    const FILE: &str = "Date,Amount,Ref\n2026-02-10,5,a\n2026-02-11,7,b\n";
    let next = TermId::new(2026, 2).unwrap();
    for (times, of) in [(0, term()), (1, next)] {
        let store = school().await;
        ledger(store.clone()).await.activate_on(term(), date("2026-01-12").unwrap()).await.unwrap();
        let school = ledger(Meddling::new(store, Event::NextTerm, times)).await;
        let import = BankImport::new("bank", BankColumns::new("date", "amount", "ref")).unwrap();
        let posted = import.check(&school, FILE.as_bytes()).await.unwrap().post(&school).await.unwrap();
        let terms: Vec<TermId> = posted.lines.iter().map(|line| line.receipt.entry.term).collect();
        assert_eq!(terms, [of, of]);
    }
}
