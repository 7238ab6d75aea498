//! What comes between a decision and its commit: it is decided anew, as often as that may help, and told when it does not.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "support/meddling.rs"]
mod meddling;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bursar::store::{ChangeSet, Committed};
use bursar::{
    BookId, Charge, Currency, Deadline, EarlyPayment, Error, Household, Ledger, LedgerStore, Payment,
    Reversal, Standing, StoreError, Term, TermId, date,
};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, NaiveDate, Utc};
use meddling::{Event, Meddling};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use uuid::Uuid;

fn day(text: &str) -> NaiveDate {
    date(text).unwrap()
}

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

/// A term, and the accounts `a` and `b`.
async fn school() -> MemoryStore {
    let now = "2026-02-20T08:00:00Z".parse().unwrap();
    let store = MemoryStore::new().with_clock(move || now);
    let school = Ledger::open(store.clone(), "hillside", Currency::USD).await.unwrap();
    school.define_term(Term::new(term(), day("2026-01-12"), day("2026-04-09")).unwrap()).await.unwrap();
    for account in ["a", "b"] {
        school.enrol(account, ["PRIMARY"], day("2026-01-12")).await.unwrap();
    }
    store
}

async fn ledger<S: LedgerStore>(store: S) -> Ledger<S> {
    Ledger::open_existing(store, "hillside").await.unwrap()
}

fn payment() -> Payment {
    Payment::cash(dec!(5)).from("a").for_term(term()).key("p-1")
}

async fn standing(store: &MemoryStore) -> Standing {
    ledger(store.clone()).await.account("a").await.unwrap().standing
}

async fn balance(store: &MemoryStore) -> Decimal {
    ledger(store.clone()).await.account("a").await.unwrap().balance.amount()
}

#[tokio::test]
async fn a_lock_that_comes_first_holds_for_a_standing() {
    let store = school().await;
    let meddled = ledger(Meddling::new(store.clone(), Event::Locked, 1)).await;
    let refused = meddled.move_standing("a", Standing::OnLeave, day("2026-02-10")).await.unwrap_err();
    assert_eq!(refused.refusal().map(bursar::Refusal::code), Some("locked"), "{refused}");
    assert_eq!(standing(&store).await, Standing::Active);
    meddled.move_standing("a", Standing::OnLeave, day("2026-02-16")).await.unwrap();
    assert_eq!(standing(&store).await, Standing::OnLeave);
}

#[tokio::test]
async fn who_is_charged_meanwhile_is_no_alumnus() {
    let store = school().await;
    let on = day("2026-02-16");
    ledger(store.clone()).await.move_standing("a", Standing::Graduated, on).await.unwrap();
    let meddled = ledger(Meddling::new(store.clone(), Event::Charged, 1)).await;
    let refused = meddled.move_standing("a", Standing::Alumni, on).await.unwrap_err();
    assert_eq!(refused.refusal().map(bursar::Refusal::code), Some("still-owes"), "{refused}");
    assert_eq!(standing(&store).await, Standing::Graduated);
}

#[tokio::test]
async fn payments_hold_up_no_standing_that_does_not_depend_on_them() {
    let store = school().await;
    let meddled = ledger(Meddling::new(store.clone(), Event::Paid, u32::MAX)).await;
    meddled.move_standing("a", Standing::OnLeave, day("2026-02-16")).await.unwrap();
    assert_eq!((standing(&store).await, balance(&store).await), (Standing::OnLeave, dec!(-1)));
}

/// Sent again four times at most, and then the caller is told the key to ask by.
#[tokio::test]
async fn a_write_of_unknown_outcome_is_sent_again_so_often_and_no_more() {
    let household = Household::new("h", ["a", "b"]).unwrap();
    for event in [Event::RequestLost, Event::AnswerLost] {
        for (times, is_recorded) in [(4, true), (5, event == Event::AnswerLost)] {
            let store = school().await;
            let meddled = ledger(Meddling::new(store.clone(), event, times)).await;
            let paid = meddled.pay_household(&household, payment()).await;
            let expected = if is_recorded { dec!(-5) } else { dec!(0) };
            assert_eq!(balance(&store).await, expected, "{event:?} {times} times");
            match paid {
                Ok(receipts) => assert!(is_recorded && receipts.iter().all(|receipt| !receipt.replayed)),
                Err(error) => {
                    let asks = matches!(&error, Error::UnknownOutcome { key: Some(key), .. } if key.as_str() == "p-1");
                    assert!(!is_recorded && asks && error.may_retry(), "{error}");
                    assert!(error.to_string().ends_with("with the same key (p-1)"), "{error}");
                }
            }
        }
    }
}

/// A store that admits nothing, and takes note of the pauses.
#[derive(Clone)]
struct Refusing {
    inner: MemoryStore,
    pauses: Arc<Mutex<Vec<u128>>>,
}

macro_rules! handed_on {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl LedgerStore for Refusing {
            fn now(&self) -> DateTime<Utc> {
                self.inner.now()
            }

            /// Of all numbers the one that is the last of every length of pause.
            fn new_id(&self) -> Uuid {
                Uuid::from_u64_pair(0, 63_999)
            }

            async fn pause(&self, time: Duration) {
                self.pauses.lock().unwrap().push(time.as_micros());
            }

            async fn commit(&self, _book: &BookId, _changes: ChangeSet) -> Result<Committed, StoreError> {
                Ok(Committed::NotAdmitted)
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.inner.$name($($argument),*).await
                }
            )*
        }
    };
}

bursar::ledger_store_methods!(handed_on: keeping reading listing);

/// Half a millisecond at most, twice as much from try to try up to 64, so that those who hinder each other part.
#[tokio::test]
async fn pauses_grow_and_end() {
    let store = Refusing { inner: school().await, pauses: Arc::default() };
    let refusing = ledger(store.clone()).await;
    let given_up = refusing.move_standing("a", Standing::OnLeave, day("2026-02-16")).await.unwrap_err();
    assert!(matches!(given_up, Error::Conflict { attempts: 32 }), "{given_up}");
    let pauses = store.pauses.lock().unwrap();
    assert_eq!(pauses[..8], [499, 999, 1_999, 3_999, 7_999, 15_999, 31_999, 63_999]);
    assert_eq!((pauses.len(), pauses[8..].iter().all(|pause| *pause == 63_999)), (31, true));
}

/// What is taken back makes room for what is earned now: one run does both, though it is decided anew.
#[tokio::test]
async fn a_run_that_is_disturbed_takes_back_and_grants() {
    let store = school().await;
    let school = ledger(store.clone()).await;
    let run = async |school: &Ledger<Meddling>, on: &str| {
        let rule = EarlyPayment::new("early", dec!(10), Deadline::AfterDue(0)).unwrap();
        let report = school.discount_early(&rule, term(), day(on)).await.unwrap();
        (report.granted, report.taken_back)
    };
    for (code, due_on) in [("tuition", "2026-01-20"), ("trip", "2026-02-10")] {
        let charge = Charge::of(code, dec!(100)).to("a").for_term(term()).key(code);
        school.charge(charge.on(day("2026-01-12")).due_on(day(due_on))).await.unwrap();
    }
    let pay = |amount: Decimal, key: &str, on: &str| {
        Payment::cash(amount).from("a").for_term(term()).key(key).on(day(on))
    };
    school.pay(pay(dec!(90), "cheque", "2026-01-20")).await.unwrap();
    let quiet = ledger(Meddling::new(store.clone(), Event::Paid, 0)).await;
    assert_eq!(run(&quiet, "2026-01-21").await, (1, 0));
    school.reverse(Reversal::of_key("cheque", "bounced").key("b").on(day("2026-01-22"))).await.unwrap();
    school.pay(pay(dec!(200), "cash", "2026-02-10")).await.unwrap();
    let disturbed = ledger(Meddling::new(store, Event::Paid, 1)).await;
    assert_eq!(run(&disturbed, "2026-02-15").await, (1, 1), "that of the trip, for that of the tuition");
}
