//! The audit finds what an invariant does not allow, by its name, and finds nothing where others only write meanwhile.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "support/lying.rs"]
mod lying;
#[path = "support/wide.rs"]
mod wide;

use bursar::audit::{AuditReport, FINDINGS_LISTED_MAX, audit};
use bursar::rule::Posting;
use bursar::seal::seal;
use bursar::{
    AMOUNT_MAX, Charge, Currency, Entry, EntryKind, Figure, Ledger, LedgerStore, Money, NewEntry, Payment,
    Reversal, Term, TermId, date,
};
use bursar_store_memory::MemoryStore;
use lying::Lying;
use rust_decimal_macros::dec;
use wide::{entry, opened, wide};

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

/// `s-17`: charged 120.00, paid 80.00, that reversed, and paid again; `s-18` paid 5.00.
async fn school() -> Ledger<MemoryStore> {
    let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await.unwrap();
    let (starts_on, ends_on) = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
    school.define_term(Term::new(term(), starts_on, ends_on).unwrap()).await.unwrap();
    for account in ["s-17", "s-18"] {
        school.enrol(account, ["PRIMARY"], starts_on).await.unwrap();
    }
    let on = date("2026-02-01").unwrap();
    school.charge(Charge::of("trip", dec!(120)).to("s-17").for_term(term()).on(on).key("k-1")).await.unwrap();
    let pay = |account: &str, key: &str| {
        Payment::cash(dec!(80)).from(account.to_owned()).for_term(term()).on(on).key(key.to_owned())
    };
    school.pay(pay("s-17", "k-2")).await.unwrap();
    school.reverse(Reversal::of_key("k-2", "bounced").on(on).key("k-3")).await.unwrap();
    school.pay(pay("s-17", "k-4")).await.unwrap();
    school.pay(pay("s-18", "k-5")).await.unwrap();
    school
}

/// What the audit finds when the entries are told otherwise.
async fn told(spoil: impl FnOnce(&mut Vec<Entry>)) -> AuditReport {
    let school = school().await;
    let mut entries = school.store().scan(school.book_id(), None, 100).await.unwrap();
    spoil(&mut entries);
    audit(&school.through(Lying::telling(school.store().clone(), entries))).await.unwrap()
}

fn with(entry: &Entry, change: impl FnOnce(&mut NewEntry)) -> Entry {
    let mut new = NewEntry::clone(entry);
    change(&mut new);
    new.at(entry.position)
}

#[tokio::test]
async fn what_no_invariant_allows_is_named() {
    macro_rules! found {
        ($($invariant:literal at $position:expr, $what:literal: |$entries:ident| $spoil:expr;)*) => {
            $({
                let report = told(|$entries| $spoil).await;
                let place: Option<u32> = $position;
                let named = report.findings.iter().any(|one| {
                    one.invariant == $invariant && one.position == place && one.detail.contains($what)
                });
                assert!(named, "{} {:?} {}: {:#?}", $invariant, place, $what, report.findings);
            })*
        };
    }
    assert!(told(|_| {}).await.is_clean());
    found! {
        "B1" at None, "is kept": |entries| entries[0] = with(&entries[0], |new| new.effect = Money::from_minor(1, Currency::USD));
        "B1" at None, "the store sums": |entries| entries[3] = with(&entries[3], |new| new.term = TermId::new(2026, 2).unwrap());
        "B1" at Some(4), "is not defined": |entries| entries[3] = with(&entries[3], |new| new.term = TermId::new(2026, 2).unwrap());
        "B1" at Some(4), "is no effect of a payment": |entries| entries[3] = with(&entries[3], |new| new.effect = Money::from_minor(8_000, Currency::USD));
        "B1" at Some(1), "is no effect of a charge": |entries| entries[0] = with(&entries[0], |new| new.effect = Money::from_minor(12_000, Currency::KWD));
        "B4" at Some(1), "does not exist": |entries| entries[4] = with(&entries[4], |new| new.account = "s-16".parse().unwrap());
        "B6" at Some(3), "is not its exact opposite": |entries| entries[2] = with(&entries[2], |new| new.effect = Money::from_minor(7_999, Currency::USD));
        "B6" at Some(3), "there is no earlier entry 3": |entries| entries[2] = with(&entries[2], |new| {
            new.kind = EntryKind::Reversal { of: 3, figure: Figure::Paid, reason: "?".into() };
        });
        "B6" at Some(4), "was reversed before": |entries| entries[3] = with(&entries[2], |new| new.key = "new".parse().unwrap()).at_position(4);
        "B6" at Some(4), "is itself a reversal": |entries| entries[3] = with(&entries[2], |new| {
            new.key = "new".parse().unwrap();
            new.effect = new.effect.checked_neg().unwrap();
            new.kind = EntryKind::Reversal { of: 3, figure: Figure::Paid, reason: "?".into() };
        }).at_position(4);
        "B7" at Some(4), "its key names 2 entries": |entries| entries[3] = with(&entries[3], |new| new.key = "k-1".parse().unwrap());
        "B9" at Some(1), "is past the largest amount": |entries| entries[0] = with(&entries[0], |new| new.effect = Money::from_minor(AMOUNT_MAX + 1, Currency::USD));
        "S2" at Some(4), "position 3 was expected": |entries| drop(entries.remove(2));
        "S2" at None, "the last position is 3": |entries| drop(entries.remove(3));
        "S2" at Some(9), "is beyond the account's version, 4": |entries| {
            let beyond = with(&entries[3], |new| new.key = "new".parse().unwrap()).at_position(9);
            entries.push(beyond);
        };
    }
}

trait AtPosition {
    fn at_position(self, position: u32) -> Entry;
}

impl AtPosition for Entry {
    fn at_position(self, position: u32) -> Entry {
        NewEntry::clone(&self).at(position)
    }
}

/// Whenever a payment comes between two of the audit's calls, it finds nothing.
#[tokio::test]
async fn it_may_run_beside_writers() {
    let store = wide().await;
    let ledger = opened(store.clone()).await;
    seal(&ledger).await.unwrap();
    let mut calls = 0;
    for call in 1.. {
        // One account of each page.
        for account in ["s-7", "s-990"] {
            let payment = Posting::new(entry(account, 2_000 + u32::try_from(call).unwrap()));
            let beside =
                ledger.through(Lying::posting(store.clone(), call, ledger.book_id().clone(), payment));
            let report = audit(&beside).await.unwrap();
            assert!(report.is_clean(), "{account} before call {call}: {:?}", report.findings);
            calls = beside.store().calls();
        }
        if calls < call {
            break;
        }
    }
    assert!(calls > 8, "it made {calls} calls");
}

#[tokio::test]
async fn findings_beyond_those_listed_are_counted() {
    let ledger = opened(wide().await).await;
    let entries = ledger.store().scan(ledger.book_id(), None, u32::MAX).await.unwrap();
    let nowhere = TermId::new(2030, 1).unwrap();
    let told: Vec<Entry> = entries.iter().map(|entry| with(entry, |new| new.term = nowhere)).collect();
    let report = audit(&ledger.through(Lying::telling(ledger.store().clone(), told))).await.unwrap();
    assert_eq!(report.findings.len(), FINDINGS_LISTED_MAX);
    assert!(report.findings_count >= report.entries, "one of every entry: {}", report.findings_count);
    assert_eq!(report.entries, 2_400);
}
