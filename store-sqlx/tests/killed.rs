//! The process is killed while it posts, bills and reprices: what it acknowledged is there once, and everything adds up.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/kill.rs"]
mod kill;
mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use bursar::{Currency, IdempotencyKey, Ledger, LedgerStore, Payment, Term, TermId};
use bursar_store_sqlx::SqliteStore;
use kill::{Words, kill};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use support::{File, day, prove};

const KILLS: u64 = 50;
const ACCOUNTS: usize = 60;
const TERMS: u32 = 40;

fn term(number: u32) -> Term {
    // Weeks of a year that has enough of them for what is activated before the last kill.
    let start = day("2020-01-01") + chrono::Days::new(u64::from(number) * 7);
    Term::new(TermId::new(2020, number).unwrap(), start, start + chrono::Days::new(6)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_keeps_its_word() {
    let file = File::new();
    let ledger = file.ledger().await;
    for number in 1..=TERMS {
        ledger.define_term(term(number)).await.unwrap();
        ledger.set_fee(term(number).id, "PRIMARY", "tuition", dec!(120)).await.unwrap();
    }
    for account in 0..ACCOUNTS {
        ledger.enrol(format!("a-{account}"), ["PRIMARY"], day("2020-01-01")).await.unwrap();
    }
    // A killed process must find nobody who tidies up after it.
    ledger.store().close().await;
    drop(ledger);

    let said = kill(&file.path(), KILLS, 60_000).await;
    let ledger = file.ledger().await;
    let report = prove(&ledger).await;
    let keys: Vec<IdempotencyKey> =
        said.iter().map(|key| IdempotencyKey::new(key.as_str()).unwrap()).collect();
    assert!(keys.len() > 500, "only {} were acknowledged: the test shows little", keys.len());
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    for keys in keys.chunks(500) {
        let found = ledger.store().entries_by_key(ledger.book_id(), keys).await.unwrap();
        assert_eq!(found.len(), keys.len(), "what was acknowledged is there, once");
    }
    // A term that was being billed is billed to its end, and nobody twice.
    let current = ledger.current_term().await.unwrap().unwrap();
    assert!(current.number() > 1, "no billing was under way: the test shows little");
    ledger.activate_on(current, day("2020-01-01")).await.unwrap();
    let mut after = None;
    let mut billed = 0;
    loop {
        let page =
            ledger.store().scan(ledger.book_id(), after.as_ref().map(|(a, p)| (a, *p)), 5_000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.account.clone(), last.position));
        billed += page.iter().filter(|entry| entry.key.as_str().starts_with("bursar:bill:")).count();
    }
    assert_eq!(billed, ACCOUNTS * usize::from(current.number()));
    assert!(prove(&ledger).await.entries >= report.entries);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run as another process by a_process_that_is_killed_keeps_its_word"]
async fn a_process_to_be_killed() {
    let who = std::env::var("BURSAR_TEST_WHO").unwrap();
    let store = SqliteStore::open(std::env::var("BURSAR_TEST_FILE").unwrap()).await.unwrap();
    let ledger = Ledger::open(store, "hillside", Currency::USD).await.unwrap();
    let words = Words::open();
    for task in 0..16_usize {
        let (ledger, who) = (ledger.clone(), who.clone());
        let mut words = words.share();
        tokio::spawn(async move {
            for n in 0.. {
                let key = format!("p-{who}-{task}-{n}");
                let account = format!("a-{}", (task * 7 + n) % ACCOUNTS);
                let payment = Payment::cash(dec!(1)).from(account).for_term(term(1).id).key(&*key);
                if ledger.pay(payment).await.is_ok() {
                    words.say(&key);
                }
            }
        });
    }
    loop {
        let next = ledger.current_term().await.unwrap().map_or(1, |current| u32::from(current.number()) + 1);
        if next <= TERMS {
            // What an earlier process left half billed comes first.
            if next > 1 {
                ledger.activate_on(term(next - 1).id, day("2020-01-01")).await.unwrap();
            }
            ledger.activate_on(term(next).id, day("2020-01-01")).await.unwrap();
        }
        let price = Decimal::from(100 + next);
        let repriced = term(next.min(TERMS)).id;
        ledger
            .reprice_on(repriced, "PRIMARY", "tuition", price, "mistyped", day("2020-01-01"))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}
