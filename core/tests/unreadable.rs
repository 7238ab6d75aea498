//! What cannot be read is named by the audit, which goes on with the rest.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "support/spoiled.rs"]
mod spoiled;

use bursar::audit::{AuditReport, audit};
use bursar::seal::seal;
use bursar::{Charge, Currency, Error, Ledger, StoreErrorKind, Term, TermId, date};
use bursar_store_memory::MemoryStore;
use rust_decimal::Decimal;
use spoiled::{Place, Spoiled};

const ACCOUNTS: [&str; 3] = ["s-17", "s-18", "s-19"];
const ENTRIES: u32 = 4;

fn at(account: &str, position: u32) -> Place {
    (account.parse().unwrap(), position)
}

/// Three accounts, each with four charges.
async fn school() -> Ledger<MemoryStore> {
    let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await.unwrap();
    let (starts_on, ends_on) = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
    let term = TermId::new(2026, 1).unwrap();
    school.define_term(Term::new(term, starts_on, ends_on).unwrap()).await.unwrap();
    for account in ACCOUNTS {
        school.enrol(account, ["PRIMARY"], starts_on).await.unwrap();
        for n in 1..=ENTRIES {
            let charge = Charge::of("trip", Decimal::from(n)).to(account).for_term(term).on(starts_on);
            school.charge(charge.key(format!("{account}/{n}"))).await.unwrap();
        }
    }
    school
}

async fn audited(school: &Ledger<MemoryStore>, places: Vec<Place>) -> AuditReport {
    audit(&school.through(Spoiled::entries(school.store().clone(), places))).await.unwrap()
}

/// The places that are said to be unreadable, in order.
fn unreadable(report: &AuditReport) -> Vec<Place> {
    let here = report.findings.iter().filter(|one| one.detail.contains("cannot be read: "));
    here.filter_map(|one| Some((one.account.clone()?, one.position?)))
        .filter(|(_, position)| *position <= ENTRIES)
        .collect()
}

#[tokio::test]
async fn every_entry_that_cannot_be_read_is_named_and_no_other() {
    let school = school().await;
    assert!(audited(&school, Vec::new()).await.is_clean());
    let all: Vec<Place> =
        ACCOUNTS.iter().flat_map(|account| (1..=ENTRIES).map(|position| at(account, position))).collect();
    // Each alone, and each with each.
    for one in &all {
        for other in &all {
            let mut places = vec![one.clone(), other.clone()];
            places.sort();
            places.dedup();
            let report = audited(&school, places.clone()).await;
            let named: Vec<_> = unreadable(&report).into_iter().collect();
            assert_eq!(named, places, "{:#?}", report.findings);
            assert_eq!((report.accounts, report.entries), (3, 12), "{places:?}");
            for place in &places {
                let of = report.findings.iter().filter(|f| f.account.as_ref() == Some(&place.0));
                assert!(
                    of.clone().any(|f| f.invariant == "S1"
                        && f.position == Some(place.1)
                        && f.detail == "it cannot be read: the row is spoiled"),
                    "{place:?}: {:#?}",
                    report.findings
                );
            }
            let strangers = report.findings.iter().filter_map(|one| one.account.clone());
            let strangers: Vec<_> = strangers.filter(|id| !places.iter().any(|(of, _)| of == id)).collect();
            assert!(strangers.is_empty(), "{strangers:?}: {:#?}", report.findings);
            // Keys are asked for one by one: those of the readable ones are found.
            assert!(report.findings.iter().all(|one| one.invariant != "B7"), "{:#?}", report.findings);
        }
    }
    let everything = audited(&school, all.clone()).await;
    assert_eq!(unreadable(&everything), all);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_and_is_no_entrys_is_told_once() {
    let school = school().await;
    for (places, said) in [
        (vec![at("s-17", 5)], "an entry after those of account s-17 cannot be read: the row is spoiled"),
        (
            vec![at("s-18", u32::MAX)],
            "an entry after those of account s-18 cannot be read: the row is spoiled",
        ),
        (vec![at("s-20", 1)], "an entry after those of account s-19 cannot be read: the row is spoiled"),
        (vec![at("a-1", 1)], "an entry before the first account cannot be read: the row is spoiled"),
        (vec![at("s-17x", 1)], "an entry after those of account s-17 cannot be read: the row is spoiled"),
    ] {
        let report = audited(&school, places.clone()).await;
        let told: Vec<_> = report.findings.iter().filter(|one| one.detail.contains("an entry ")).collect();
        assert_eq!(told.len(), 1, "{places:?}: {:#?}", report.findings);
        assert_eq!((told[0].invariant.as_str(), told[0].detail.as_str()), ("S1", said));
        assert_eq!(report.accounts, 3, "{places:?}");
        assert_eq!(report.entries, 12, "{places:?}: {:#?}", report.findings);
    }
}

#[tokio::test]
async fn seals_that_cannot_be_read_are_told_by_account() {
    let school = school().await;
    seal(&school).await.unwrap();
    let spoiled = |places: Vec<Place>| school.through(Spoiled::segments(school.store().clone(), places));
    assert!(audit(&spoiled(Vec::new())).await.unwrap().is_clean());
    for account in ACCOUNTS {
        let report = audit(&spoiled(vec![at(account, 1)])).await.unwrap();
        let told: Vec<_> =
            report.findings.iter().filter(|one| one.detail.contains("cannot be read")).collect();
        assert!(!told.is_empty() && told.iter().all(|one| one.invariant == "SEAL"), "{:#?}", report.findings);
        assert!(
            told.iter().any(|one| one.account == Some(account.parse().unwrap())),
            "{account}: {:#?}",
            report.findings
        );
        assert_eq!((report.accounts, report.entries), (3, 12));
        assert_eq!(report.sealed, 8, "the others' seals are proved: {:#?}", report.findings);
    }
}

#[tokio::test]
async fn sums_that_cannot_be_had_are_one_accounts_finding() {
    let school = school().await;
    let spoiled = Spoiled::sums(school.store().clone(), vec!["s-18".parse().unwrap()]);
    let report = audit(&school.through(spoiled)).await.unwrap();
    assert_eq!(report.findings_count, 1, "{:#?}", report.findings);
    assert_eq!(report.findings[0].account, Some("s-18".parse().unwrap()));
    assert!(report.findings[0].detail.contains("the row is spoiled"), "{:#?}", report.findings);
}

#[tokio::test]
async fn a_store_that_fails_otherwise_is_no_finding() {
    let school = school().await;
    seal(&school).await.unwrap();
    for kind in [StoreErrorKind::Unavailable, StoreErrorKind::Busy] {
        let entries = Spoiled::entries(school.store().clone(), vec![at("s-18", 2)]).saying(kind);
        let segments = Spoiled::segments(school.store().clone(), vec![at("s-18", 1)]).saying(kind);
        let sums = Spoiled::sums(school.store().clone(), vec!["s-18".parse().unwrap()]).saying(kind);
        for store in [entries, segments, sums] {
            match audit(&school.through(store)).await {
                Err(Error::Store(error)) => assert_eq!(error.kind, kind),
                other => panic!("{other:?}"),
            }
        }
    }
}
