//! The process is killed while it writes sessions: what it acknowledged is there, and what was deleted stays gone.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/kill.rs"]
mod kill;
#[path = "support/session.rs"]
mod session;
mod support;

use std::collections::HashMap;

use bursar_session::store::Loaded;
use bursar_session::{GoneReason, SessionStore};
use bursar_store_sqlx::SqliteStore;
use kill::{Words, kill};
use session::{content, count, create, key, live, start};
use support::File;

const KILLS: u64 = 30;
const COUNTERS: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_keeps_its_word() {
    let file = File::new();
    let store = file.store().await;
    for number in 0..COUNTERS {
        create(&store, number, &content("0")).await;
    }
    // A killed process must find nobody who tidies up after it.
    store.close().await;
    drop(store);
    let said = kill(&file.path(), KILLS, 40_000).await;

    let store = file.store().await;
    let (mut counted, mut created, mut deleted) = (HashMap::<u64, u64>::new(), Vec::new(), Vec::new());
    for line in &said {
        let (what, number) = line.split_once(' ').unwrap();
        let number: u64 = number.parse().unwrap();
        match what {
            "counted" => *counted.entry(number).or_default() += 1,
            "created" => created.push(number),
            "deleted" => deleted.push(number),
            other => panic!("{other}"),
        }
    }
    assert!(created.len() > 100 && deleted.len() > 50, "too little was acknowledged: the test shows little");
    for (number, counted) in counted {
        let there: u64 = live(&store, number).await.content.data.parse().unwrap();
        // One that was written and not yet said, a task and a kill.
        assert!(there >= counted && there <= counted + KILLS * 8, "{there}, and {counted} were acknowledged");
    }
    for number in &created {
        let loaded = store.load(&key(*number), start()).await.unwrap();
        let gone = matches!(loaded, Loaded::Gone(gone) if gone.reason == Some(GoneReason::LoggedOut));
        assert!(gone || matches!(loaded, Loaded::Live(_)), "{loaded:?}");
    }
    for number in deleted {
        assert!(matches!(store.load(&key(number), start()).await.unwrap(), Loaded::Gone(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run as another process by a_process_that_is_killed_keeps_its_word"]
async fn a_process_to_be_killed() {
    let who: u64 = std::env::var("BURSAR_TEST_WHO").unwrap().parse().unwrap();
    let store = SqliteStore::open(std::env::var("BURSAR_TEST_FILE").unwrap()).await.unwrap();
    let words = Words::open();
    let mut tasks = Vec::new();
    for task in 0..16_u64 {
        let store = store.clone();
        let mut words = words.share();
        let mut say = move |what: &str, number: u64| words.say(&format!("{what} {number}"));
        tasks.push(tokio::spawn(async move {
            for n in 0.. {
                if task < 8 {
                    count(&store, (task + n) % COUNTERS).await;
                    say("counted", (task + n) % COUNTERS);
                } else {
                    let number = 1_000_000 * (who + 1) + 10_000 * task + n;
                    create(&store, number, &content("{}")).await;
                    say("created", number);
                    if n % 2 == 0 {
                        store.delete(&key(number), None, GoneReason::LoggedOut, start()).await.unwrap();
                        say("deleted", number);
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}
