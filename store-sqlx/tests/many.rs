//! Many at once: tasks, processes, and callers that go away.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::process::{Command, Stdio};

use bursar::{Error, Ledger, Payment, Refund};
use bursar_store_sqlx::SqliteStore;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use support::{File, furnish, prove, term};

const ACCOUNTS: usize = 7;

async fn post(ledger: &Ledger<SqliteStore>, who: &str, payments: usize) {
    for n in 0..payments {
        let account = format!("a-{}", n % ACCOUNTS);
        let payment = Payment::cash(dec!(1)).from(account).for_term(term()).key(format!("{who}-{n}"));
        ledger.pay(payment).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_tasks_lose_and_double_nothing() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, ACCOUNTS).await;
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let ledger = ledger.clone();
            // Every key is sent by two tasks.
            tokio::spawn(async move { post(&ledger, &format!("t-{}", task / 2), 20).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let report = prove(&ledger).await;
    assert_eq!(report.entries, 32 * 20);
    assert_eq!(report.balance.to_string(), "-640.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_never_exceeds_the_credit_whoever_races() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, 1).await;
    ledger.pay(Payment::cash(dec!(10)).from("a-0").for_term(term()).key("in")).await.unwrap();
    let tasks: Vec<_> = (0..32)
        .map(|n| {
            let ledger = ledger.clone();
            let refund =
                Refund::by(bursar::Method::Cash, dec!(3)).to("a-0").for_term(term()).key(format!("out-{n}"));
            tokio::spawn(async move { ledger.refund(refund).await })
        })
        .collect();
    let mut refunded = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => refunded += 1,
            Err(Error::Refused(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refunded, 3);
    assert_eq!(prove(&ledger).await.balance.to_string(), "-1.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn books_share_a_round_and_keep_apart() {
    let file = File::new();
    let store = file.store().await;
    let mut tasks = Vec::new();
    for book in ["hillside", "lakeside", "seaside"] {
        let ledger = Ledger::open(store.clone(), book, bursar::Currency::USD).await.unwrap();
        furnish(&ledger, ACCOUNTS).await;
        for task in 0..8 {
            let ledger = ledger.clone();
            tasks.push(tokio::spawn(async move { post(&ledger, &format!("t-{task}"), 20).await }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    for book in ["hillside", "lakeside", "seaside"] {
        let ledger = Ledger::open_existing(store.clone(), book).await.unwrap();
        assert_eq!(prove(&ledger).await.entries, 8 * 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_loses_only_its_answer() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, ACCOUNTS).await;
    let mut given_up = 0;
    for n in 0..200_u64 {
        let payment = Payment::cash(dec!(1)).from("a-0").for_term(term()).key(format!("d-{n}"));
        let call = ledger.pay(payment);
        if tokio::time::timeout(std::time::Duration::from_micros(n * 3), call).await.is_err() {
            given_up += 1;
        }
    }
    assert!(given_up > 0, "no caller gave up: the test shows nothing");
    // Asked again by the same key, each is there once.
    for n in 0..200 {
        let payment = Payment::cash(dec!(1)).from("a-0").for_term(term()).key(format!("d-{n}"));
        ledger.pay(payment).await.unwrap();
    }
    let report = prove(&ledger).await;
    assert_eq!((report.entries, report.balance.amount()), (200, Decimal::new(-20_000, 2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn four_processes_share_a_file() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, ACCOUNTS).await;
    let children: Vec<_> = (0..4)
        .map(|n| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["a_process_that_posts", "--exact", "--ignored", "--nocapture"]);
            command.env("BURSAR_TEST_FILE", file.path()).env("BURSAR_TEST_WHO", format!("p-{n}"));
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    post(&ledger, "here", 100).await;
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let report = prove(&ledger).await;
    // Every process posts 8 × 30 of its own, and the same 30 as all others.
    assert_eq!(report.entries, 100 + 4 * 8 * 30 + 30);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run as another process by four_processes_share_a_file"]
async fn a_process_that_posts() {
    let who = std::env::var("BURSAR_TEST_WHO").unwrap();
    let store = SqliteStore::open(std::env::var("BURSAR_TEST_FILE").unwrap()).await.unwrap();
    let ledger = Ledger::open_existing(store, "hillside").await.unwrap();
    let tasks: Vec<_> = (0..9)
        .map(|task| {
            let ledger = ledger.clone();
            let who = if task == 8 { "everybody".to_owned() } else { format!("{who}-{task}") };
            tokio::spawn(async move { post(&ledger, &who, 30).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    ledger.store().close().await;
}
