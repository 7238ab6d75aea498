//! Billing and fees as they stand today: who is passed over, page by page, and what a change of a price leaves as it was.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use bursar::{Currency, Ledger, LedgerStore, NewFee, SkipReason, Term, TermId, date};
use bursar_store_memory::MemoryStore;
use chrono::NaiveDate;
use rust_decimal_macros::dec;

fn day(text: &str) -> NaiveDate {
    date(text).unwrap()
}

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

/// So many accounts that owe 120.00 each.
async fn school(accounts: u32) -> Ledger<MemoryStore> {
    let now = "2026-01-20T23:30:00Z".parse().unwrap();
    let store = MemoryStore::new().with_clock(move || now);
    let school = Ledger::open(store, "hillside", Currency::USD).await.unwrap();
    school.define_term(Term::new(term(), day("2026-01-12"), day("2026-04-09")).unwrap()).await.unwrap();
    school.define_fee(NewFee::of_group(term(), "PRIMARY", "tuition", dec!(120))).await.unwrap();
    for n in 0..accounts {
        school.enrol(format!("s-{n:04}"), ["PRIMARY"], day("2026-01-12")).await.unwrap();
    }
    school.activate_on(term(), day("2026-01-12")).await.unwrap();
    school
}

#[tokio::test]
async fn accounts_that_are_passed_over_come_by_pages() {
    let school = school(3).await;
    assert_eq!(school.unbilled(term(), None).await.unwrap(), (Vec::new(), None));
    for n in 0..997 {
        school.enrol(format!("t-{n:04}"), ["ECD"], day("2026-01-12")).await.unwrap();
    }
    // A page is of 1,000 accounts; one that is full may have a next.
    let (skipped, next) = school.unbilled(term(), None).await.unwrap();
    assert!(skipped.iter().all(|one| one.reason == SkipReason::NoFee && one.account.as_str() >= "t-"));
    assert_eq!((skipped.len(), next.as_ref().map(bursar::AccountId::as_str)), (997, Some("t-0996")));
    assert_eq!(school.unbilled(term(), next.as_ref()).await.unwrap(), (Vec::new(), None));
    school.enrol("u", ["ECD"], day("2026-01-12")).await.unwrap();
    let (skipped, last) = school.unbilled(term(), next.as_ref()).await.unwrap();
    assert_eq!((skipped.len(), skipped[0].account.as_str(), last), (1, "u", None));
}

/// Today is told in the time zone of the ledger.
#[tokio::test]
async fn repricing_is_of_today() {
    let school = school(2).await.with_time_zone(chrono::FixedOffset::east_opt(2 * 60 * 60).unwrap());
    let repricing = school.reprice(term(), "PRIMARY", "tuition", dec!(100), "wrong").await.unwrap();
    assert_eq!((repricing.charges, repricing.left), (2, 0));
    for entry in &school.entries("s-0001", 1, 10).await.unwrap() {
        assert_eq!(entry.effective_on, day("2026-01-21"), "{entry:?}");
    }
    assert_eq!(school.account("s-0001").await.unwrap().balance.amount(), dec!(100));
}

/// A fee that was repriced keeps count of it through every change of its price.
#[tokio::test]
async fn a_fee_keeps_its_revision() {
    let school = school(0).await;
    school.reprice(term(), "PRIMARY", "tuition", dec!(100), "wrong").await.unwrap();
    school.set_fee(term(), "PRIMARY", "tuition", dec!(90)).await.unwrap();
    let fee = school.fees(term(), None, 1).await.unwrap().remove(0);
    assert_eq!((fee.revision, fee.price(school.currency()).unwrap().amount()), (1, dec!(90)));
}

/// The same lock again is none: the book is not written.
#[tokio::test]
async fn a_lock_of_the_same_day_changes_nothing() {
    let school = school(0).await;
    let mut versions = Vec::new();
    for through in ["2026-01-15", "2026-01-15", "2026-01-14", "2026-01-16"] {
        school.lock_through(day(through)).await.unwrap();
        versions.push(school.store().book(school.book_id()).await.unwrap().unwrap().version);
    }
    assert_eq!((versions[1], versions[2], versions[3]), (versions[0], versions[0], versions[0] + 1));
}
