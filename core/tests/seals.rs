//! Seals over random books: what was sealed is proved, and whatever is told otherwise afterwards is found and named; a seal that was cut
//! short comes to the same root.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

#[path = "support/drive.rs"]
mod drive;
#[path = "support/gate.rs"]
mod gate;
#[path = "support/lying.rs"]
mod lying;
mod model;
#[path = "support/wide.rs"]
mod wide;

use std::future::Future;
use std::sync::Arc;

use bursar::audit::{AuditReport, audit, audit_against};
use bursar::rule::Posting;
use bursar::seal::{SealedRoot, seal};
use bursar::store::AccountFilter;
use bursar::{
    AccountId, BookId, Currency, Entry, EntryKind, IdempotencyKey, Ledger, LedgerStore, Money, NewEntry,
    StoreErrorKind, Term, TermId, date,
};
use bursar_store_memory::MemoryStore;
use chrono::{Days, TimeDelta};
use lying::{Failing, Lying};
use proptest::prelude::*;
use proptest::sample::Index;
use wide::{entry, opened, wide};

type Law = Result<(), String>;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn all_entries<S: LedgerStore>(ledger: &Ledger<S>) -> Vec<Entry> {
    ledger.store().scan(ledger.book_id(), None, u32::MAX).await.unwrap()
}

/// Runs a history, and seals after every so many commands; what was kept of the seals.
async fn sealed_history(
    exponent: u32,
    history: &[model::Command],
    every: usize,
) -> (Ledger<MemoryStore>, Vec<SealedRoot>) {
    let ledger = drive::open(MemoryStore::new(), exponent).await;
    let mut model = model::Model::new(exponent);
    let mut roots = Vec::new();
    for (at, command) in history.iter().enumerate().filter(|(_, command)| !drive::takes_our_key(command)) {
        let _ = drive::drive(&ledger, &model, command).await;
        let _ = model.apply(command);
        if at % every == every - 1 {
            roots.push(seal(&ledger).await.unwrap());
        }
    }
    roots.push(seal(&ledger).await.unwrap());
    (ledger, roots)
}

async fn proved(exponent: u32, history: &[model::Command], every: usize) -> Law {
    let (ledger, roots) = sealed_history(exponent, history, every).await;
    for root in &roots {
        let report = audit_against(&ledger, root).await.unwrap();
        if !report.is_clean() || report.unsealed() > 0 {
            return Err(format!("against {root}: {report:?}"));
        }
    }
    let report = audit(&ledger).await.unwrap();
    let last = roots.last().unwrap();
    let counted = (report.sealed, report.last_seal.map(|seal| seal.root));
    if counted != (last.entries, Some(last.clone())) || seal(&ledger).await.unwrap() != *last {
        return Err(format!("{counted:?} is not {last}"));
    }
    Ok(())
}

/// The same entry with something else in it.
fn changed(entry: &Entry, how: usize) -> Entry {
    let mut new = NewEntry::clone(entry);
    match how % 9 {
        0 => new.effect = Money::from_minor(new.effect.minor() + 1, new.effect.currency()),
        1 => new.note = Some(new.note.map_or_else(|| "".into(), |note| format!("{note}.").into())),
        2 => {
            new.recorded_by =
                Some(new.recorded_by.map_or_else(|| "me".into(), |who| format!("{who}.").into()));
        }
        3 => new.recorded_at = new.recorded_at.checked_add_signed(TimeDelta::microseconds(1)).unwrap(),
        4 => new.effective_on = new.effective_on.checked_add_days(Days::new(1)).unwrap(),
        5 => new.key = IdempotencyKey::new(format!("new-{}", new.id)).unwrap(),
        6 => new.id = uuid::Uuid::from_u128(new.id.as_u128() ^ 1),
        7 => new.term = TermId::new(u32::from(new.term.year()) + 1, u32::from(new.term.number())).unwrap(),
        _ => match &mut new.kind {
            EntryKind::Charge { due_on, .. } => *due_on = due_on.checked_add_days(Days::new(1)).unwrap(),
            EntryKind::Payment { reference, .. } | EntryKind::Refund { reference, .. } => {
                *reference =
                    Some(reference.as_ref().map_or_else(|| "".into(), |text| format!("{text}.").into()));
            }
            EntryKind::Opening { reason }
            | EntryKind::Adjustment { reason }
            | EntryKind::Concession { reason, .. }
            | EntryKind::WriteOff { reason }
            | EntryKind::Reversal { reason, .. } => *reason = format!("{reason}.").into(),
        },
    }
    new.at(entry.position)
}

fn moved(entry: &Entry, to: u32) -> Entry {
    NewEntry::clone(entry).at(to)
}

fn named(report: &AuditReport, account: &AccountId, position: u32, what: &str) -> bool {
    report.findings.iter().any(|one| {
        let place = (one.account.as_ref(), one.position);
        one.invariant == "SEAL" && place == (Some(account), Some(position)) && one.detail.contains(what)
    })
}

/// Tells of other entries than were sealed, in one way; what must be named for it.
fn spoilt(entries: &mut Vec<Entry>, at: usize, how: usize) -> Vec<(AccountId, u32, &'static str)> {
    let (account, position) = (entries[at].account.clone(), entries[at].position);
    let last = entries.iter().filter(|entry| entry.account == account).count();
    let last = u32::try_from(last).unwrap();
    match how {
        0..9 => {
            entries[at] = changed(&entries[at], how);
            vec![(account, position, "changed")]
        }
        9 => {
            entries.remove(at);
            vec![(account, position, "removed")]
        }
        // Removed, and those after it closed up.
        10 => {
            entries.remove(at);
            for entry in
                entries.iter_mut().filter(|entry| entry.account == account && entry.position > position)
            {
                *entry = moved(entry, entry.position - 1);
            }
            let after = if position < last { "moved" } else { "removed" };
            vec![(account.clone(), position, "removed"), (account, last, after)]
        }
        // Another put between.
        11 => {
            let new = changed(&changed(&entries[at], 5), 6);
            for entry in
                entries.iter_mut().filter(|entry| entry.account == account && entry.position >= position)
            {
                *entry = moved(entry, entry.position + 1);
            }
            entries.push(new);
            vec![(account, position, "inserted")]
        }
        // Two swapped.
        _ => {
            let Some(other) =
                entries.iter().position(|entry| entry.account == account && entry.position != position)
            else {
                return Vec::new();
            };
            let there = entries[other].position;
            (entries[at], entries[other]) = (moved(&entries[at], there), moved(&entries[other], position));
            vec![(account.clone(), position, "moved"), (account, there, "moved")]
        }
    }
}

async fn found(exponent: u32, history: &[model::Command], every: usize, pick: Index, how: usize) -> Law {
    let (ledger, roots) = sealed_history(exponent, history, every).await;
    let kept = all_entries(&ledger).await;
    if kept.is_empty() {
        return Ok(());
    }
    let mut told = kept.clone();
    let places = spoilt(&mut told, pick.index(kept.len()), how);
    let lying = ledger.through(Lying::telling(ledger.store().clone(), told));
    let report = audit(&lying).await.unwrap();
    for (account, position, what) in places {
        if !named(&report, &account, position, what) {
            return Err(format!("{what} at {position} of {account} is not named in {:#?}", report.findings));
        }
    }
    // What is told truly is right in the same store.
    let truly = ledger.through(Lying::telling(ledger.store().clone(), kept));
    let report = audit_against(&truly, roots.last().unwrap()).await.unwrap();
    if report.is_clean() { Ok(()) } else { Err(format!("{:?}", report.findings)) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whenever a book was sealed, it is proved by every root since.
    #[test]
    fn what_was_sealed_is_proved((exponent, history) in model::any_history(), every in 1_usize..40) {
        wait(proved(exponent, &history, every)).map_err(TestCaseError::fail)?;
    }

    /// One sealed entry that is changed, removed, moved or put between is found, and named.
    #[test]
    fn what_is_not_as_it_was_sealed_is_named(
        (exponent, history) in model::any_history(), every in 1_usize..40, pick: Index, how in 0_usize..13,
    ) {
        wait(found(exponent, &history, every, pick, how)).map_err(TestCaseError::fail)?;
    }
}

/// S1: wherever a seal is cut short, the audit stays clean and the next seal comes to the root of one that was not.
#[tokio::test]
async fn a_seal_that_is_cut_short_comes_to_the_same_root() {
    let whole = opened(wide().await).await;
    let expected = seal(&whole).await.unwrap();
    assert_eq!((expected.seal, expected.accounts, expected.entries), (1, 1_300, 2_400));
    assert!(whole.store().seal_state(whole.book_id()).await.unwrap().step > 3, "it takes several steps");
    let (mut cut, mut healed) = (0, 0);
    for call in 1.. {
        let mut ended = false;
        for failing in [Failing::Before(call), Failing::After(call)] {
            let ledger = opened(wide().await).await;
            let answer = seal(&ledger.through(Lying::failing(ledger.store().clone(), failing))).await;
            let report = audit(&ledger).await.unwrap();
            assert!(report.is_clean(), "{failing:?}: {:?}", report.findings);
            match &answer {
                Ok(root) => {
                    healed += u32::from(failing == Failing::After(call));
                    assert_eq!(*root, expected, "{failing:?}");
                }
                Err(error) => {
                    cut += 1;
                    assert!(error.may_retry(), "{error}");
                }
            }
            ended = answer.is_ok() && failing == Failing::Before(call);
            if ended {
                break;
            }
            assert_eq!(seal(&ledger).await.unwrap(), expected, "{failing:?}");
            let report = audit_against(&ledger, &expected).await.unwrap();
            assert!(report.is_clean(), "{failing:?}: {:?}", report.findings);
            assert_eq!(report.sealed, 2_400);
        }
        if ended {
            break;
        }
    }
    assert!(cut > 10, "only {cut} seals were cut short");
    assert!(healed > 3, "only {healed} went on, though the answer of every step can be asked for");
}

/// Two sealers, and one who pays meanwhile, in every order of their calls.
#[tokio::test]
async fn every_order_of_two_sealers_seals_the_book() {
    async fn small() -> MemoryStore {
        let store = MemoryStore::new();
        let ledger = Ledger::open(store.clone(), "hillside", Currency::USD).await.unwrap();
        let (starts_on, ends_on) = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
        ledger
            .define_term(Term::new(TermId::new(2026, 1).unwrap(), starts_on, ends_on).unwrap())
            .await
            .unwrap();
        for account in ["a", "b"] {
            ledger.enrol(account, ["PRIMARY"], starts_on).await.unwrap();
            store.post(ledger.book_id(), Posting::new(entry(account, 1))).await.unwrap();
        }
        store
    }
    let sealing: gate::Call<MemoryStore> =
        Arc::new(|gated| Box::pin(async move { seal(&opened(gated).await).await.unwrap().to_string() }));
    let paying: gate::Call<MemoryStore> = Arc::new(|gated| {
        Box::pin(async move {
            let book = BookId::new("hillside").unwrap();
            for account in ["a", "b"] {
                gated.post(&book, Posting::new(entry(account, 2))).await.unwrap();
            }
            String::new()
        })
    });
    let calls = [Arc::clone(&sealing), sealing, paying];
    let run = gate::every_order(small, &calls, 3_000, |store, answers, order| async move {
        let ledger = opened(store).await;
        for root in answers.iter().filter(|root| !root.is_empty()) {
            let root: SealedRoot = root.parse().unwrap();
            assert!(root.entries >= 2, "{order}: {root}");
            let report = audit_against(&ledger, &root).await.unwrap();
            assert!(report.is_clean(), "{order}: {:?}", report.findings);
        }
        assert_eq!(seal(&ledger).await.unwrap().entries, 4, "{order}");
        assert!(audit(&ledger).await.unwrap().is_clean(), "{order}");
    })
    .await;
    assert!(run > 1_000, "only {run} orders");
}

/// What an administrator does with the library's own help: the seals are thrown away, and the spoilt book is sealed anew.
#[tokio::test]
async fn a_root_kept_elsewhere_finds_what_was_sealed_anew() {
    let ledger = opened(wide().await).await;
    let kept = seal(&ledger).await.unwrap();
    let mut told = all_entries(&ledger).await;
    told[3] = changed(&told[3], 3);
    let spoilt = wide().await;
    let lying = opened(Lying::telling(spoilt, told)).await;
    let anew = seal(&lying).await.unwrap();
    assert_eq!((anew.accounts, anew.entries), (kept.accounts, kept.entries));
    assert!(audit_against(&lying, &anew).await.unwrap().is_clean(), "by itself it is a book like any other");
    let report = audit_against(&lying, &kept).await.unwrap();
    assert_eq!(report.findings_count, 1, "{:?}", report.findings);
    assert_eq!(report.findings[0].invariant, "SEAL");

    // And what was taken away with its root.
    let never = opened(wide().await).await;
    let report = audit_against(&never, &kept).await.unwrap();
    assert!(report.findings.iter().any(|one| one.detail.contains("is missing")), "{:?}", report.findings);
    let of_another = SealedRoot { book: BookId::new("elsewhere").unwrap(), ..kept };
    let refused = audit_against(&never, &of_another).await.unwrap_err();
    assert_eq!(refused.refusal().map(bursar::Refusal::code), Some("bad-seal"));
}

/// An older root proves what was sealed by it; what came since does not disturb it, and what is not sealed is counted.
#[tokio::test]
async fn what_is_not_sealed_is_counted() {
    let ledger = opened(wide().await).await;
    let first = seal(&ledger).await.unwrap();
    let book = ledger.book_id();
    ledger.store().post(book, Posting::new(entry("s-3", 2))).await.unwrap();
    let second = seal(&ledger).await.unwrap();
    assert_eq!((second.seal, second.entries), (2, first.entries + 1));
    ledger.store().post(book, Posting::new(entry("s-3", 3))).await.unwrap();
    for root in [&first, &second] {
        let report = audit_against(&ledger, root).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        assert_eq!(
            (report.entries, report.sealed, report.unsealed()),
            (second.entries + 1, second.entries, 1)
        );
    }
    // The last one may be told otherwise, and no seal knows.
    let mut told = all_entries(&ledger).await;
    let at = told.iter().position(|entry| entry.account.as_str() == "s-3" && entry.position == 3).unwrap();
    told[at] = changed(&told[at], 1);
    let lying = ledger.through(Lying::telling(ledger.store().clone(), told));
    assert!(audit_against(&lying, &second).await.unwrap().is_clean());
}

/// A book that lacks an entry is not sealed: it is to be audited.
#[tokio::test]
async fn a_book_with_a_gap_is_not_sealed() {
    let ledger = opened(wide().await).await;
    let mut told = all_entries(&ledger).await;
    told.retain(|entry| entry.account.as_str() != "s-7" || entry.position != 900);
    let lying = ledger.through(Lying::telling(ledger.store().clone(), told));
    match seal(&lying).await.unwrap_err() {
        bursar::Error::Store(error) => {
            assert_eq!(error.kind, StoreErrorKind::Corrupt);
            assert!(error.detail.contains("position 900") && error.detail.contains("audit"), "{error}");
        }
        other => panic!("{other}"),
    }
    let accounts = ledger.accounts(AccountFilter::All, None, 1).await.unwrap();
    assert_eq!(accounts.len(), 1);
}

/// What an unfinished seal holds has no root yet, and is proved all the same.
#[tokio::test]
async fn what_was_sealed_before_a_seal_was_cut_short_is_proved() {
    let ledger = opened(wide().await).await;
    for call in 1.. {
        let failing = Lying::failing(ledger.store().clone(), Failing::Before(call));
        assert!(seal(&ledger.through(failing)).await.is_err());
        if ledger.store().seal_state(ledger.book_id()).await.unwrap().step > 0 {
            break;
        }
    }
    let mut told = all_entries(&ledger).await;
    told[0] = changed(&told[0], 1);
    let (account, position) = (told[0].account.clone(), told[0].position);
    let report = audit(&ledger.through(Lying::telling(ledger.store().clone(), told))).await.unwrap();
    assert!(named(&report, &account, position, "changed"), "{:?}", report.findings);
    assert_eq!((report.findings_count, report.sealed, report.last_seal), (1, 0, None));
}

/// Though many entries of the account stand where they were sealed, and many are gone.
#[tokio::test]
async fn an_entry_that_was_moved_behind_all_others_is_found() {
    let ledger = opened(wide().await).await;
    seal(&ledger).await.unwrap();
    let mut told = all_entries(&ledger).await;
    let account = AccountId::new("s-7").unwrap();
    let own = |entry: &&Entry| entry.account == account;
    let last = told.iter().filter(own).map(|entry| entry.position).max().unwrap();
    let one = told.iter().filter(own).find(|entry| entry.position == last - 100).unwrap().clone();
    told.retain(|entry| entry.account != account || entry.position <= last - 200);
    told.push(moved(&one, last + 1));
    let report = audit(&ledger.through(Lying::telling(ledger.store().clone(), told))).await.unwrap();
    let here = format!("moved: the entry that was sealed here is now at position {}", last + 1);
    assert!(named(&report, &account, last - 100, &here), "{:#?}", report.findings);
    assert!(named(&report, &account, last, "removed"), "{:#?}", report.findings);
}
