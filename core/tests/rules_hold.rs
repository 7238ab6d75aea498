//! What holds of rules and households over random histories, and when a run fails anywhere in between.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

#[path = "support/drive.rs"]
mod drive;
#[path = "support/faulty.rs"]
mod faulty;
mod model;
#[path = "support/rules.rs"]
mod rules;

use std::future::Future;

use bursar::audit::audit;
use bursar::seal::seal;
use bursar::{BookId, LateFee, Ledger, LedgerStore, Payment, TermId};
use bursar_store_memory::MemoryStore;
use chrono::{Days, NaiveDate};
use faulty::{Fault, Faulty};
use proptest::prelude::*;
use rules::{any_rules, facts};

use crate::model::{Command, Model};

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A book with a part of a history, and the model that finds its keys.
struct Scene {
    ledger: Ledger<MemoryStore>,
    model: Model,
}

impl Scene {
    async fn new(exponent: u32) -> Self {
        Self { ledger: drive::open(MemoryStore::new(), exponent).await, model: Model::new(exponent) }
    }

    /// What of it the rules refuse here is left out: entries of rules change what is owed.
    async fn play(&mut self, commands: &[Command]) {
        for command in commands.iter().filter(|command| !drive::takes_our_key(command)) {
            let _refused_or_not = drive::drive(&self.ledger, &self.model, command).await;
            let _refused_or_not = self.model.apply(command);
        }
    }

    /// A day on or after one, on which the book takes entries.
    async fn open_day(&self, day: NaiveDate) -> NaiveDate {
        let locked = self.ledger.calendar().await.unwrap().locked_through();
        locked.map_or(day, |locked| day.max(locked + Days::new(1)))
    }

    async fn terms(&self) -> Vec<TermId> {
        self.ledger.calendar().await.unwrap().terms().iter().map(|term| term.id).collect()
    }
}

fn day(days: u16) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 1, 1).unwrap() + Days::new(u64::from(days))
}

async fn is_clean<S: LedgerStore>(ledger: &Ledger<S>) {
    let report = audit(ledger).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}

/// Whatever the store's clock says beyond it, what rules record is recorded to the microsecond, as a school file keeps it.
#[test]
fn rules_record_to_the_microsecond() {
    wait(async {
        let now = "2026-03-01T08:00:00.123456789Z".parse().unwrap();
        let store = MemoryStore::new().with_clock(move || now);
        rules::busy_school(store.clone()).await;
        let entries = store.scan(&BookId::new("busy").unwrap(), None, 1_000).await.unwrap();
        assert!(entries.iter().any(|entry| entry.key.as_str().starts_with("bursar:late:")));
        assert!(
            entries.iter().all(|entry| entry.recorded_at.to_rfc3339() == "2026-03-01T08:00:00.123456+00:00")
        );
        let ledger = Ledger::open_existing(store, "busy").await.unwrap();
        seal(&ledger).await.unwrap();
        let sealed_at = audit(&ledger).await.unwrap().last_seal.unwrap().sealed_at;
        assert_eq!(sealed_at.to_rfc3339(), "2026-03-01T08:00:00.123456+00:00");
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Late fees come to the same however often the rule is run until a day, and never past their cap.
    #[test]
    fn every_night_or_once_a_month_is_the_same(
        (exponent, history) in model::any_history(),
        rules in any_rules(),
        from in 0_u16..900,
        steps in prop::collection::vec(1_u64..20, 0..12),
    ) {
        wait(async {
            let (mut often, mut once) = (Scene::new(exponent).await, Scene::new(exponent).await);
            often.play(&history).await;
            once.play(&history).await;
            let rule = rules.late_fee(exponent);
            let mut on = often.open_day(day(from)).await;
            let mut charged = often.ledger.charge_late_fees(&rule, on).await.unwrap().charged;
            for step in steps {
                on = on + Days::new(step);
                charged += often.ledger.charge_late_fees(&rule, on).await.unwrap().charged;
            }
            let report = once.ledger.charge_late_fees(&rule, on).await.unwrap();
            assert_eq!(report.charged, charged);
            let (often_facts, once_facts) = (facts(&often.ledger).await, facts(&once.ledger).await);
            assert_eq!(&often_facts.late_fees, &once_facts.late_fees);
            once_facts.no_late_fee_on_a_late_fee_or_on_what_is_reversed();
            once_facts.within_the_cap(rules.cap(exponent));
            for (one, other) in often_facts.balances.iter().zip(&once_facts.balances) {
                assert_eq!(one, other);
            }
            is_clean(&often.ledger).await;
        });
    }

    /// Whatever rules are run, whenever: each twice is once, together they concede at most what is charged, and the book stays right.
    #[test]
    fn rules_over_a_history(
        (exponent, history) in model::any_history(),
        rules in any_rules(),
        cut in any::<prop::sample::Index>(),
        from in 0_u16..900,
        later in 0_u16..60,
    ) {
        wait(async {
            let mut scene = Scene::new(exponent).await;
            let (before, after) = history.split_at(cut.index(history.len() + 1));
            let mut on = day(from);
            for part in [before, after] {
                scene.play(part).await;
                on = scene.open_day(on).await;
                for term in scene.terms().await {
                    rules.each_twice(&scene.ledger, exponent, term, on).await;
                    let there = facts(&scene.ledger).await;
                    there.at_most_the_charge();
                    there.nothing_on_what_is_reversed(term);
                }
                is_clean(&scene.ledger).await;
                on = on + Days::new(u64::from(later));
            }
        });
    }

    /// A payment for a household: its parts are the payment, the oldest debts of all are settled, and sent again it is the same.
    #[test]
    fn a_household_pays((exponent, history) in model::any_history(), minor in 1_i64..200_000) {
        wait(async {
            let mut scene = Scene::new(exponent).await;
            scene.play(&history).await;
            let ledger = &scene.ledger;
            let Some(household) = rules::household(ledger).await else { return };
            let calendar = ledger.calendar().await.unwrap();
            let Some(term) = calendar.current().or(calendar.terms().last().map(|term| term.id)) else { return };
            let on = scene.open_day(day(500)).await;
            let amount = bursar::Money::from_minor(minor, ledger.currency());
            let payment = || Payment::bank(amount).for_term(term).key("the-payment").on(on);
            let before = facts(ledger).await;
            let owed = before.unsettled_of(household.accounts(), ledger).await;
            let receipts = ledger.pay_household(&household, payment()).await.unwrap();
            let parts = receipts.iter().map(|receipt| receipt.entry.amount());
            assert_eq!(bursar::Money::sum(parts, ledger.currency()).unwrap(), amount);
            let after = facts(ledger).await;
            let left = after.unsettled_of(household.accounts(), ledger).await;
            // In the order of age: settled ones, then at most one that is settled in part, then those left as they were.
            let mut open_before = false;
            let mut settled = 0;
            for (debit, was) in &owed {
                let is = left.iter().find(|(other, _)| other == debit).map_or(0, |(_, is)| *is);
                assert!(is == *was || !open_before, "an older debit is left open");
                open_before |= is > 0;
                settled += was - is;
            }
            assert_eq!(settled, minor.min(owed.iter().map(|(_, was)| was).sum()));
            let again = ledger.pay_household(&household, payment()).await.unwrap();
            assert!(again.iter().all(|receipt| receipt.replayed));
            let entries = |receipts: &[bursar::Receipt]| -> Vec<_> {
                receipts.iter().map(|receipt| receipt.entry.clone()).collect()
            };
            assert_eq!(entries(&again), entries(&receipts));
            let statement = ledger.household_statement(&household, bursar::Span::All, bursar::AsOf::ALL).await.unwrap();
            let closing = bursar::Money::sum(statement.statements.iter().map(|one| one.closing), ledger.currency());
            assert_eq!(closing.unwrap(), statement.closing);
            let owes_less_credit = statement.outstanding.checked_sub(statement.unallocated).unwrap();
            assert_eq!(owes_less_credit, statement.closing);
            is_clean(ledger).await;
        });
    }
}

/// A history in which every rule has something to do, and to take back.
async fn busy() -> (MemoryStore, TermId, NaiveDate) {
    let store = MemoryStore::new();
    let (term, on) = rules::busy_school(store.clone()).await;
    (store, term, on)
}

/// What a run does, as a value.
type Step = fn(Ledger<Faulty<MemoryStore>>, TermId, NaiveDate) -> rules::Done;

/// A run that fails at any of its store calls, and is repeated, comes to what it comes to without.
#[test]
fn a_run_that_fails_anywhere_is_made_up_for() {
    let steps: [(&str, Step); 5] = [
        ("late fees", |ledger, _, on| {
            rules::boxed(async move { ledger.charge_late_fees(&rules::some_late_fee(), on).await.map(drop) })
        }),
        ("concessions", |ledger, term, on| {
            rules::boxed(async move { ledger.grant(&rules::some_concession(), term, on).await.map(drop) })
        }),
        ("early payment", |ledger, term, on| {
            rules::boxed(async move { ledger.discount_early(&rules::some_early(), term, on).await.map(drop) })
        }),
        ("siblings", |ledger, term, on| {
            rules::boxed(async move {
                ledger
                    .grant_siblings(&rules::some_siblings(), &rules::some_family(), term, on)
                    .await
                    .map(drop)
            })
        }),
        ("a household's payment", |ledger, term, on| {
            rules::boxed(async move {
                let payment =
                    Payment::bank(rust_decimal::Decimal::from(400)).for_term(term).key("h-1").on(on);
                ledger.pay_household(&rules::some_family(), payment).await.map(drop)
            })
        }),
    ];
    wait(async {
        for (name, step) in steps {
            let (store, term, on) = busy().await;
            let start = facts(&Ledger::open_existing(store.clone(), "busy").await.unwrap()).await;
            let plain =
                Ledger::open_existing(Faulty::new(store.clone(), Fault::Before, u32::MAX), "busy").await;
            step(plain.unwrap(), term, on).await.unwrap();
            let expected = facts(&Ledger::open_existing(store, "busy").await.unwrap()).await;
            assert_ne!(expected.entries, start.entries, "{name} does nothing");
            for fault in [Fault::Before, Fault::After] {
                let mut failed = 0;
                for at in 1.. {
                    let (store, term, on) = busy().await;
                    let cut = Faulty::new(store.clone(), fault, at);
                    let Ok(ledger) = Ledger::open_existing(cut.clone(), "busy").await else { continue };
                    let first = step(ledger.clone(), term, on).await;
                    if !cut.has_failed() {
                        first.unwrap();
                        break;
                    }
                    failed += u32::from(first.is_err());
                    if let Err(error) = first {
                        assert!(error.may_retry(), "{name}: {error}");
                        step(ledger, term, on).await.unwrap();
                    }
                    let whole = Ledger::open_existing(store, "busy").await.unwrap();
                    assert_eq!(facts(&whole).await.entries, expected.entries, "{name}, {fault:?} call {at}");
                    is_clean(&whole).await;
                }
                assert!(failed > 2, "{name} made but {failed} calls that failed");
            }
        }
    });
}

/// Accounts of more than one page.
#[tokio::test]
async fn a_run_goes_through_every_page() {
    let store = MemoryStore::new();
    let (term, on) = rules::busy_school(store.clone()).await;
    let ledger = Ledger::open_existing(store, "busy").await.unwrap();
    for n in 0..1_203 {
        ledger.enrol(format!("more-{n}"), ["PRIMARY"], day(380)).await.unwrap();
    }
    let mut told = Vec::new();
    let rule = LateFee::new("pages", rust_decimal::Decimal::ONE).unwrap();
    let report =
        ledger.charge_late_fees_with(&rule, on, |progress| told.push(progress.accounts_seen)).await.unwrap();
    assert!(report.charged > 1_203, "{report:?}");
    assert_eq!(told.len(), 3);
    assert_eq!(told.last(), Some(&report.accounts_seen));
    assert_eq!(ledger.charge_late_fees(&rule, on).await.unwrap().charged, 0);
    let report = ledger.grant(&rules::some_concession(), term, on).await.unwrap();
    assert!(report.granted > 1_203, "{report:?}");
}

/// A book that goes out as a school file and comes in elsewhere takes its rules' keys with it: nothing is charged or granted again.
#[tokio::test]
async fn an_export_remembers_what_rules_did() {
    let (store, term, on) = busy().await;
    let ledger = Ledger::open_existing(store, "busy").await.unwrap();
    let run_all = async |ledger: &Ledger<MemoryStore>| {
        ledger.charge_late_fees(&rules::some_late_fee(), on).await.unwrap();
        ledger.grant(&rules::some_concession(), term, on).await.unwrap();
        ledger.grant_siblings(&rules::some_siblings(), &rules::some_family(), term, on).await.unwrap();
        ledger.discount_early(&rules::some_early(), term, on).await.unwrap();
    };
    run_all(&ledger).await;
    let payment = || Payment::bank(rust_decimal::Decimal::from(400)).for_term(term).key("h-1").on(on);
    ledger.pay_household(&rules::some_family(), payment()).await.unwrap();
    let mut file = Vec::new();
    bursar::school_file::export(&ledger, &mut file).await.unwrap().unwrap();
    let (copy, _) = bursar::school_file::replay(MemoryStore::new(), &file[..], |_| {}).await.unwrap();
    assert_eq!(facts(&copy).await.entries, facts(&ledger).await.entries);
    // What the payment has earned since is granted on both, and nothing else.
    run_all(&ledger).await;
    run_all(&copy).await;
    let again = copy.pay_household(&rules::some_family(), payment()).await.unwrap();
    assert!(again.iter().all(|receipt| receipt.replayed));
    assert_eq!(facts(&copy).await.entries, facts(&ledger).await.entries);
}
