//! Connections that are cut before, during and after a commit: the same request with the same key finds out, and nothing is recorded twice.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use bursar::{AccountId, Error, Ledger, LedgerStore, Payment, Receipt};
use bursar_servers::{Cut, Proxy, Server};
use bursar_session::store::{Created, Deleted, Loaded, Rotated, Updated};
use bursar_session::{Content, GoneReason, StoreErrorKind};
use libtest_mimic::Trial;
use rust_decimal_macros::dec;

use crate::server::{Database, Opened};
use crate::session::{content, create, key, live, start};
use crate::support::{day, furnish, prove, term};

pub(crate) fn trials(database: Database) -> Vec<Trial> {
    vec![
        crate::trial("a_payment_whose_connection_is_cut", database, &[], payments),
        crate::trial("sixty_four_payments_whose_connections_are_cut", database, &[], many_payments),
        crate::trial("a_transaction_whose_connection_is_cut", database, &[], transactions),
        crate::trial("a_session_whose_connection_is_cut", database, &[], sessions),
        crate::trial("a_server_that_stalls", database, &[], stalls),
    ]
}

/// A moment in words, and the rule that cuts then.
type Moment = (&'static str, fn(&str) -> Cut);

/// The moments at which a connection is cut by what goes over it.
const MOMENTS: [Moment; 3] = [
    ("before the server has it", |bytes| Cut::before(bytes)),
    ("when the server has it", |bytes| Cut::after(bytes)),
    ("when the server has answered", |bytes| Cut::unanswered(bytes)),
];

type Books = Ledger<Arc<dyn LedgerStore>>;

async fn through(database: Database, server: &Server) -> (Proxy, Opened, Books) {
    let proxy = Proxy::before_url(&server.url()).unwrap();
    let opened = database.open(&proxy.through(&server.url())).await.unwrap();
    let ledger = opened.ledger().await;
    furnish(&ledger, 8).await;
    ledger.activate(term()).await.unwrap();
    (proxy, opened, ledger)
}

fn payment(account: &str, key: &str) -> Payment {
    Payment::cash(dec!(1)).from(account).for_term(term()).key(key)
}

/// As a clerk does: the same again, until there is an answer.
async fn pay(ledger: &Books, account: &str, key: &str) -> Receipt {
    for _ in 0..50 {
        match ledger.pay(payment(account, key)).await {
            Ok(receipt) => return receipt,
            Err(error) => assert!(error.may_retry(), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{key} is never answered");
}

async fn payments(database: Database, server: Server) {
    let (proxy, opened, ledger) = through(database, &server).await;
    for round in 0..5 {
        for (at, (moment, cut)) in MOMENTS.into_iter().enumerate() {
            let key = format!("cut-{round}-{at}");
            proxy.cut_when(cut(&key));
            let cuts = proxy.cuts();
            let receipt = pay(&ledger, "a-1", &key).await;
            assert!(proxy.await_cuts(cuts + 1, Duration::from_secs(5)), "{key} was cut");
            proxy.forget_rules();
            let again = pay(&ledger, "a-1", &key).await;
            assert_eq!((again.number, again.replayed), (receipt.number, true), "{moment}");
            let paid = ledger.term_balance("a-1", term()).await.unwrap().amount_paid;
            assert_eq!(paid.to_string(), format!("{}.00", round * 3 + at + 1), "{moment}");
        }
    }
    prove(&ledger).await;
    opened.close().await;
}

async fn many_payments(database: Database, server: Server) {
    let (proxy, opened, ledger) = through(database, &server).await;
    const EACH: usize = 30;
    let mut tasks = Vec::new();
    for task in 0..64 {
        let ledger = ledger.clone();
        tasks.push(tokio::spawn(async move {
            for n in 0..EACH {
                pay(&ledger, &format!("a-{}", task % 8), &format!("m-{task}-{n}")).await;
            }
        }));
    }
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(15)).await;
        proxy.cut();
    }
    for task in tasks {
        task.await.unwrap();
    }
    let report = prove(&ledger).await;
    assert_eq!(report.entries, 8 + 64 * u64::try_from(EACH).unwrap(), "each is there once");
    opened.close().await;
}

/// Enrolments, which are transactions of several statements, and are billed at once.
async fn transactions(database: Database, server: Server) {
    let (proxy, opened, ledger) = through(database, &server).await;
    let mut number = 100;
    // At each statement that names the account, and at the commit: the texts of statements go over a connection once, and are no marks.
    for (nth, commit) in [(1, false), (2, false), (3, false), (4, false), (1, true)] {
        for (moment, cut) in MOMENTS {
            number += 1;
            let account = format!("a-{number}");
            let word = if commit { "COMMIT" } else { &account };
            proxy.cut_when(cut(word).nth(NonZeroU64::new(nth).unwrap()));
            for _ in 0..50 {
                match ledger.enrol(account.as_str(), ["PRIMARY"], day("2026-01-12")).await {
                    Ok(_) => break,
                    Err(error) => assert!(error.may_retry(), "{error:?}"),
                }
            }
            proxy.forget_rules();
            let id = AccountId::new(account.as_str()).unwrap();
            let entries = ledger.store().entries(ledger.book_id(), &id, 0, 10).await.unwrap();
            assert_eq!(entries.len(), 1, "{word}, {nth}: {moment}: billed once");
        }
    }
    // The first naming of the account and the commit come in any case.
    assert!(proxy.await_cuts(6, Duration::from_secs(5)), "{} were cut: the test shows little", proxy.cuts());
    prove(&ledger).await;
    opened.close().await;
}

async fn sessions(database: Database, server: Server) {
    let (proxy, opened, _ledger) = through(database, &server).await;
    let store = &opened.sessions;
    let mut number = 0;
    for (moment, cut) in MOMENTS {
        for _ in 0..5 {
            number += 1;
            create(store, number, &content("before")).await;
            let there = live(store, number).await;
            let changed = Content { data: format!("after-{number}").into(), ..there.content };
            proxy.cut_when(cut(&format!("after-{number}")));
            let outcome = store.update(&key(number), there.version, &changed, start()).await;
            proxy.forget_rules();
            let data = live(store, number).await.content.data;
            match outcome {
                Ok(Updated::Updated(_)) => assert_eq!(&*data, &*changed.data, "{moment}"),
                // It is never said that nothing was done when something was.
                Err(error) if error.kind == StoreErrorKind::UnknownOutcome => {}
                Err(_) => assert_eq!(&*data, "before", "{moment}"),
                Ok(other) => panic!("{moment}: {other:?}"),
            }
            if moment == "when the server has answered" {
                assert_eq!(&*data, &*changed.data, "the server had done it");
            }
        }
    }
    // Ended and rotated while connections are cut again and again: what was ended is gone, what was rotated is under one key.
    for n in 0..40 {
        let (old, new) = (10_000 + n, 20_000 + n);
        while !matches!(
            store.create(&key(old), &content("{}"), start()).await,
            Ok(Created::Created | Created::Exists)
        ) {}
        if n % 2 == 0 {
            proxy.cut();
        }
        let rotated = loop {
            if let Ok(rotated) = store.rotate(&key(old), &key(new), start()).await {
                break rotated;
            }
        };
        assert!(matches!(rotated, Rotated::Rotated | Rotated::Gone(_) | Rotated::Exists), "{rotated:?}");
        let loaded = |number| async move {
            loop {
                if let Ok(loaded) = store.load(&key(number), start()).await {
                    break loaded;
                }
            }
        };
        assert!(matches!(loaded(old).await, Loaded::Gone(_)));
        assert!(matches!(loaded(new).await, Loaded::Live(_)));
        proxy.cut();
        let deleted = loop {
            if let Ok(deleted) = store.delete(&key(new), None, GoneReason::LoggedOut, start()).await {
                break deleted;
            }
        };
        assert!(matches!(deleted, Deleted::Deleted | Deleted::Gone(_)));
        assert!(matches!(loaded(new).await, Loaded::Gone(_)));
    }
    opened.close().await;
}

/// A server that takes no bytes and gives none: others are not stuck behind it once the connection is cut, and a caller can go away.
async fn stalls(database: Database, server: Server) {
    let (proxy, opened, ledger) = through(database, &server).await;
    proxy.stall(true);
    let waiting = ledger.pay(payment("a-1", "stalled"));
    assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err(), "the caller goes away");
    proxy.stall(false);
    proxy.cut();
    let receipt = pay(&ledger, "a-1", "stalled").await;
    let again: Result<Receipt, Error> = ledger.pay(payment("a-1", "stalled")).await;
    assert_eq!(again.unwrap().number, receipt.number);
    assert_eq!(prove(&ledger).await.entries, 9);
    opened.close().await;
}
