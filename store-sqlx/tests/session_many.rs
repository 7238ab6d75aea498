//! Many at once: tasks, stores, processes, and callers that go away.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/session.rs"]
mod session;
mod support;

use std::process::{Command, Stdio};
use std::task::Poll;
use std::time::Duration;

use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{GoneReason, SessionStore};
use bursar_store_sqlx::SqliteStore;
use bursar_store_sqlx::sqlx::SqlitePool;
use session::{after, content, count, create, key, live, of_user, start, version};
use support::{File, furnish, prove};

async fn count_all(stores: &[SqliteStore], tasks: usize, sessions: u64, times: usize) {
    let tasks: Vec<_> = (0..tasks)
        .map(|task| {
            let store = stores[task % stores.len()].clone();
            tokio::spawn(async move {
                for n in 0..times {
                    let number = u64::try_from(task + n).unwrap() % sessions;
                    count(&store, number).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn sum(store: &SqliteStore, sessions: u64) -> u64 {
    let mut sum = 0;
    for number in 0..sessions {
        let record = live(store, number).await;
        let counted: u64 = record.content.data.parse().unwrap();
        assert_eq!(record.version, version(i64::try_from(counted).unwrap() + 1));
        sum += counted;
    }
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_lose_nothing_in_any_store() {
    let (file, pooled) = (File::new(), File::new());
    let url = format!("sqlite:{}?mode=rwc", pooled.path());
    let pool = SqlitePool::connect(&url).await.unwrap();
    let stores = [
        vec![file.store().await, file.store().await],
        vec![SqliteStore::in_memory().await.unwrap()],
        vec![
            SqliteStore::with_pool(pool.clone()).await.unwrap(),
            SqliteStore::with_pool(pool).await.unwrap(),
        ],
    ];
    for stores in stores {
        for number in 0..5 {
            create(&stores[0], number, &content("0")).await;
        }
        count_all(&stores, 32, 5, 15).await;
        assert_eq!(sum(&stores[0], 5).await, 32 * 15);
    }
}

#[tokio::test]
async fn counters_lose_nothing_on_one_thread() {
    let file = File::new();
    let store = file.store().await;
    create(&store, 0, &content("0")).await;
    count_all(std::slice::from_ref(&store), 24, 1, 10).await;
    assert_eq!(sum(&store, 1).await, 240);
}

#[tokio::test(flavor = "multi_thread")]
async fn ledgers_and_sessions_share_a_store() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, 7).await;
    let store = ledger.store().clone();
    for number in 0..5 {
        create(&store, number, &content("0")).await;
    }
    let paying: Vec<_> = (0..16)
        .map(|task| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                for n in 0..20 {
                    let payment =
                        bursar::Payment::cash(rust_decimal::Decimal::ONE).from(format!("a-{}", n % 7));
                    ledger.pay(payment.for_term(support::term()).key(format!("{task}-{n}"))).await.unwrap();
                }
            })
        })
        .collect();
    count_all(std::slice::from_ref(&store), 16, 5, 20).await;
    for task in paying {
        task.await.unwrap();
    }
    assert_eq!(prove(&ledger).await.entries, 320);
    assert_eq!(sum(&store, 5).await, 320);
}

/// One of each kind at once, again and again: they share a commit, and each gets its own answer.
#[tokio::test]
async fn kinds_that_share_a_round_are_answered_each_for_itself() {
    let file = File::new();
    let store = file.store().await;
    for round in 0..30 {
        let at = round * 100;
        for number in 1..=6 {
            create(&store, at + number, &of_user("{}", "17")).await;
        }
        let (changed, user) = (content("1"), of_user("2", "18"));
        let keys: Vec<_> = (0..10).map(|number| key(at + number)).collect();
        let (created, exists, updated, moved, stale, touched, deleted, kept, unknown) = tokio::join!(
            store.create(&keys[0], &changed, start()),
            store.create(&keys[1], &changed, start()),
            store.update(&keys[2], version(1), &user, start()),
            store.rotate(&keys[3], &keys[9], start()),
            store.update(&keys[4], version(2), &changed, start()),
            store.touch(&keys[5], after(7_200), start()),
            store.delete(&keys[6], Some(version(1)), GoneReason::Emptied, start()),
            store.delete(&keys[1], Some(version(7)), GoneReason::Emptied, start()),
            store.touch(&keys[8], after(7_200), start()),
        );
        assert_eq!((created.unwrap(), exists.unwrap()), (Created::Created, Created::Exists));
        assert_eq!((updated.unwrap(), stale.unwrap()), (Updated::Updated(version(2)), Updated::Stale));
        assert_eq!((moved.unwrap(), touched.unwrap()), (Rotated::Rotated, Touched::Touched));
        assert_eq!((deleted.unwrap(), kept.unwrap()), (Deleted::Deleted, Deleted::Stale));
        assert_eq!(unknown.unwrap(), Touched::Gone(bursar_session::Gone::UNKNOWN));
        assert_eq!(live(&store, at + 2).await.content, user);
        assert_eq!(live(&store, at + 5).await.content.expires_at, after(7_200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_strands_nobody() {
    let file = File::new();
    let store = file.store().await;
    for number in 0..20 {
        create(&store, number, &content("0")).await;
    }
    let mut tasks = Vec::new();
    for task in 0..32_u64 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut given_up = 0_u64;
            for n in 0..150_u64 {
                let number = key((task * 7 + n) % 20);
                let patience = Duration::from_micros((task * 37 + n * 11) % 400);
                if task % 2 == 0 {
                    let load = tokio::time::timeout(patience, store.load(&number, start()));
                    given_up += u64::from(load.await.is_err());
                } else if n % 3 == 0 {
                    let update = store.touch(&number, after(4_000), start());
                    given_up += u64::from(tokio::time::timeout(patience, update).await.is_err());
                } else {
                    let Loaded::Live(_) = store.load(&number, start()).await.unwrap() else { panic!() };
                }
            }
            given_up
        }));
    }
    let mut given_up = 0;
    for task in tasks {
        // Nobody waits for ever.
        given_up += tokio::time::timeout(Duration::from_secs(60), task).await.unwrap().unwrap();
    }
    assert!(given_up > 0, "no caller gave up: the test shows nothing");
    for number in 0..20 {
        assert_eq!(live(&store, number).await.version, version(1));
    }
}

/// Who reads for the others is polled once and dropped; those for whom it read ask again.
#[tokio::test]
async fn whoever_reads_for_others_may_go_away() {
    let file = File::new();
    for store in [SqliteStore::in_memory().await.unwrap(), file.store().await] {
        create(&store, 1, &content("0")).await;
        let mut under_way = 0;
        for dropped in 1..8 {
            let loads: Vec<_> = (0..12)
                .map(|_| {
                    let store = store.clone();
                    Box::pin(async move { store.load(&key(1), start()).await })
                })
                .collect();
            let mut begun = Vec::new();
            for mut load in loads {
                let polled = std::future::poll_fn(|cx| Poll::Ready(load.as_mut().poll(cx)));
                match polled.await {
                    Poll::Ready(loaded) => assert!(matches!(loaded, Ok(Loaded::Live(_))), "{loaded:?}"),
                    Poll::Pending => begun.push(load),
                }
            }
            begun.drain(..dropped.min(begun.len()));
            under_way += begun.len();
            for load in begun {
                let loaded = tokio::time::timeout(Duration::from_secs(20), load).await.unwrap().unwrap();
                assert!(matches!(loaded, Loaded::Live(_)), "{loaded:?}");
            }
        }
        assert!(under_way > 0, "nothing was under way: the test shows nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_deleted_while_it_is_written_stays_gone() {
    let file = File::new();
    let (store, other) = (file.store().await, file.store().await);
    for number in 0..60 {
        create(&store, number, &content("0")).await;
        let writing = {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 1.. {
                    let written =
                        store.update(&key(number), version(n), &content("1"), start()).await.unwrap();
                    if !matches!(written, Updated::Updated(_)) {
                        return written;
                    }
                }
                Updated::Stale
            })
        };
        tokio::time::sleep(Duration::from_micros(number * 40)).await;
        assert_eq!(
            other.delete(&key(number), None, GoneReason::LoggedOut, start()).await.unwrap(),
            Deleted::Deleted
        );
        let gone = bursar_session::Gone::new(GoneReason::LoggedOut, start());
        assert_eq!(writing.await.unwrap(), Updated::Gone(gone));
        assert_eq!(store.load(&key(number), start()).await.unwrap(), Loaded::Gone(gone));
        assert_eq!(store.create(&key(number), &content("2"), start()).await.unwrap(), Created::Exists);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_processes_share_a_file() {
    let file = File::new();
    let store = file.store().await;
    for number in 0..5 {
        create(&store, number, &content("0")).await;
    }
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["a_process_that_counts", "--exact", "--ignored", "--nocapture"]);
            command.env("BURSAR_TEST_FILE", file.path());
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    count_all(std::slice::from_ref(&store), 8, 5, 20).await;
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(sum(&store, 5).await, 160 + 4 * 160);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run as another process by four_processes_share_a_file"]
async fn a_process_that_counts() {
    let store = SqliteStore::open(std::env::var("BURSAR_TEST_FILE").unwrap()).await.unwrap();
    count_all(std::slice::from_ref(&store), 8, 5, 20).await;
    store.close().await;
}
