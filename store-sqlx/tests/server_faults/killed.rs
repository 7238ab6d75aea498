//! The server is killed, and started again, while it is posted, billed, repriced and written sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bursar::{Error, IdempotencyKey, Ledger, LedgerStore, Payment, Term, TermId};
use bursar_servers::Server;
use bursar_session::store::{Deleted, Loaded, Updated};
use bursar_session::{Content, GoneReason, SessionStore};
use libtest_mimic::Trial;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

use crate::server::Database;
use crate::session::{content, create, key, live, start};
use crate::support::{day, prove};

const KILLS: u64 = 6;
const ACCOUNTS: usize = 200;
const TERMS: u32 = 40;
const PAYERS: usize = 16;

pub(crate) fn trials(database: Database) -> Vec<Trial> {
    vec![crate::trial("a_server_that_is_killed_keeps_its_word", database, &[], keeps_its_word)]
}

fn term(number: u32) -> Term {
    let start = day("2020-01-01") + chrono::Days::new(u64::from(number) * 7);
    Term::new(TermId::new(2020, number).unwrap(), start, start + chrono::Days::new(6)).unwrap()
}

type Books = Ledger<Arc<dyn LedgerStore>>;

/// What is going on, and what was acknowledged of it.
#[derive(Default)]
struct Going {
    over: AtomicBool,
    paid: AtomicU64,
    activated: AtomicU64,
    counted: AtomicU64,
    uncertain: AtomicU64,
    created: AtomicU64,
}

impl Going {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::SeqCst);
}

/// Asks until it is done: what may be tried again is.
async fn until_done<T, F: Future<Output = Result<T, Error>>>(ask: impl Fn() -> F) -> T {
    loop {
        match ask().await {
            Ok(done) => return done,
            Err(error) if error.may_retry() => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

async fn keeps_its_word(database: Database, mut server: Server) {
    let opened = database.open(&server.url()).await.unwrap();
    let ledger = opened.ledger().await;
    for number in 1..=TERMS {
        ledger.define_term(term(number)).await.unwrap();
        ledger.set_fee(term(number).id, "PRIMARY", "tuition", dec!(120)).await.unwrap();
    }
    for account in 0..ACCOUNTS {
        ledger.enrol(format!("a-{account}"), ["PRIMARY"], day("2020-01-01")).await.unwrap();
    }
    create(&opened.sessions, 0, &content("0")).await;

    let going = Arc::new(Going::default());
    let mut tasks = Vec::new();
    for task in 0..PAYERS {
        tasks.push(tokio::spawn(pay(ledger.clone(), task, Arc::clone(&going))));
    }
    tasks.push(tokio::spawn(bill(ledger.clone(), Arc::clone(&going))));
    for task in 0..4 {
        tasks.push(tokio::spawn(visit(Arc::clone(&opened.sessions), task, Arc::clone(&going))));
    }
    for kill in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(300 + kill * 137 % 400)).await;
        server.kill().unwrap();
        server.restart().unwrap();
    }
    // On a busy machine little is done between two kills: it goes on until enough is.
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let done = |count: &AtomicU64| count.load(Ordering::SeqCst);
        if done(&going.paid) > 200 && done(&going.activated) > 1 && done(&going.created) > 20 {
            break;
        }
    }
    going.over.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.unwrap();
    }

    let count = |count: &AtomicU64| count.load(Ordering::SeqCst);
    let (paid, activated) = (count(&going.paid), count(&going.activated));
    assert!(paid > 200 && activated > 1, "{paid} payments, {activated} terms: the test shows little");
    prove(&ledger).await;
    // Every payment was asked for until it was acknowledged: there are just as many.
    let (payments, billed) = entries(&ledger).await;
    assert_eq!(payments, paid, "each payment is there once");
    assert_eq!(billed, activated * u64::try_from(ACCOUNTS).unwrap(), "everybody is billed once a term");

    let counted: u64 = live(&opened.sessions, 0).await.content.data.parse().unwrap();
    let (sure, uncertain) = (count(&going.counted), count(&going.uncertain));
    assert!(counted >= sure && counted <= sure + uncertain, "{counted}, not {sure} to {}", sure + uncertain);
    assert!(count(&going.created) > 20, "{} sessions: the test shows little", count(&going.created));
    println!(
        "{}: {KILLS} kills; {paid} payments, {activated} terms of {ACCOUNTS}, {sure} counted and {uncertain} unsure, {} sessions ended",
        database.name(),
        count(&going.created)
    );
    opened.close().await;
    server.stop().unwrap();
}

async fn pay(ledger: Books, task: usize, going: Arc<Going>) {
    for n in 0.. {
        if going.is_over() {
            break;
        }
        let key = IdempotencyKey::new(format!("p-{task}-{n}")).unwrap();
        let payment = || {
            let account = format!("a-{}", (task * 7 + n) % ACCOUNTS);
            ledger.pay(Payment::cash(dec!(1)).from(account).for_term(term(1).id).key(key.clone()))
        };
        until_done(payment).await;
        add(&going.paid);
    }
}

async fn bill(ledger: Books, going: Arc<Going>) {
    for number in 1..=TERMS {
        if going.is_over() {
            break;
        }
        until_done(|| ledger.activate_on(term(number).id, day("2020-01-01"))).await;
        let price = Decimal::from(100 + number);
        let reprice =
            || ledger.reprice_on(term(number).id, "PRIMARY", "tuition", price, "mistyped", day("2020-01-01"));
        until_done(reprice).await;
        add(&going.activated);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Counts in the one session that all have, and ends one of its own, which stays ended.
async fn visit(sessions: Arc<dyn SessionStore>, task: u64, going: Arc<Going>) {
    for n in 1.. {
        if going.is_over() {
            break;
        }
        count_once(&sessions, &going).await;
        let number = 1_000_000 * (task + 1) + n;
        while sessions.create(&key(number), &content("{}"), start()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let deleted = loop {
            match sessions.delete(&key(number), None, GoneReason::LoggedOut, start()).await {
                Ok(deleted) => break deleted,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        assert!(matches!(deleted, Deleted::Deleted | Deleted::Gone(_)), "{deleted:?}");
        let loaded = loop {
            match sessions.load(&key(number), start()).await {
                Ok(loaded) => break loaded,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        assert!(matches!(loaded, Loaded::Gone(_)), "{loaded:?}");
        add(&going.created);
    }
}

async fn count_once(sessions: &Arc<dyn SessionStore>, going: &Going) {
    loop {
        let Ok(Loaded::Live(record)) = sessions.load(&key(0), start()).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let next: u64 = record.content.data.parse::<u64>().unwrap() + 1;
        let next = Content { data: next.to_string().into(), ..record.content };
        match sessions.update(&key(0), record.version, &next, start()).await {
            Ok(Updated::Updated(_)) => return add(&going.counted),
            Ok(Updated::Stale) => {}
            Ok(Updated::Gone(gone)) => panic!("{gone:?}"),
            Err(error) => {
                // It may have been done, and is not tried again.
                if error.kind == bursar_session::StoreErrorKind::UnknownOutcome {
                    return add(&going.uncertain);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// How many payments there are, and how many charges that were billed.
async fn entries(ledger: &Books) -> (u64, u64) {
    let (mut payments, mut billed, mut after) = (0, 0, None);
    loop {
        let from = after.as_ref().map(|(account, position)| (account, *position));
        let page = ledger.store().scan(ledger.book_id(), from, 5_000).await.unwrap();
        let Some(last) = page.last() else { return (payments, billed) };
        after = Some((last.account.clone(), last.position));
        for entry in &page {
            payments += u64::from(entry.key.as_str().starts_with("p-"));
            billed += u64::from(entry.key.as_str().starts_with("bursar:bill:"));
        }
    }
}
