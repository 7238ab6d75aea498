//! What goes wrong with a server is told apart, is never taken for an absence, and never waited for without end (R5, R12).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;

use std::process::ExitCode;
use std::time::Duration;

use bursar_session::store::Created;
use bursar_session::{GoneReason, SessionStore, StoreError, StoreErrorKind};
use bursar_store_redis::redis::Client;
use bursar_store_redis::{RedisOptions, RedisStore};
use libtest_mimic::Failed;
use proxy::{Plan, Proxy};
use server::{Ground, Server};
use session::{at, content, create, found, key, of_user, user, version};
use tokio::time::Instant;

/// Every call that reads; what each ends with.
async fn read(store: &RedisStore) -> Vec<StoreError> {
    let errors =
        [store.load(&key(1), at(1)).await.err(), store.list_user(&user("anna"), None, 5, at(1)).await.err()];
    let errors: Vec<StoreError> = errors.into_iter().flatten().collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    errors
}

/// Every call that writes by its first command; what each ends with.
async fn write(store: &RedisStore) -> Vec<StoreError> {
    let errors = [
        store.create(&key(100), &content("{}"), at(1)).await.err(),
        store.create(&key(101), &of_user("anna", "{}"), at(1)).await.err(),
        store.update(&key(1), version(1), &content("{}"), at(1)).await.err(),
        store.touch(&key(1), at(2_000), at(1)).await.err(),
        store.delete(&key(1), None, GoneReason::LoggedOut, at(1)).await.err(),
        store.delete_user(&user("anna"), None, at(1)).await.err(),
    ];
    let errors: Vec<StoreError> = errors.into_iter().flatten().collect();
    assert_eq!(errors.len(), 6, "{errors:?}");
    errors
}

async fn through(ground: &Ground, timeout: Duration) -> (Proxy, RedisStore) {
    let proxy = Proxy::to(&ground.url()).await;
    let store = ground.options().timeout(timeout).open(&proxy.url).await.unwrap();
    create(&store, 1, &of_user("anna", "{}")).await;
    (proxy, store)
}

async fn a_server_that_hangs_is_not_waited_for(ground: Ground) -> Result<(), Failed> {
    let (proxy, store) = through(&ground, Duration::from_millis(200)).await;
    proxy.plan(Plan::Hang, true);
    let began = Instant::now();
    for error in read(&store).await {
        assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
        assert!(error.may_retry());
    }
    for error in write(&store).await {
        assert_eq!(error.kind, StoreErrorKind::UnknownOutcome, "{error}");
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let opened = ground.options().timeout(Duration::from_millis(200)).open(&proxy.url).await;
    assert_eq!(opened.unwrap_err().kind, StoreErrorKind::Unavailable);
    proxy.plan(Plan::Pass, true);
    assert!(found(&ground.store().await, 1).await.is_some());
    Ok(())
}

async fn a_server_that_is_gone_is_told(ground: Ground) -> Result<(), Failed> {
    let (proxy, store) = through(&ground, Duration::from_secs(2)).await;
    proxy.plan(Plan::CutBefore(0), false);
    for error in read(&store).await {
        assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    }
    for error in write(&store).await {
        assert!(error.may_retry(), "{error}");
    }
    proxy.plan(Plan::Pass, true);
    // It comes back without being opened anew.
    for _ in 0..100 {
        if store.load(&key(1), at(1)).await.is_ok() {
            assert!(found(&store, 1).await.is_some());
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("the store did not come back".into())
}

async fn nobody_is_there(_: Ground) -> Result<(), Failed> {
    for (url, kind) in [
        ("redis://127.0.0.1:1", StoreErrorKind::Unavailable),
        ("unix:/nowhere/redis.sock", StoreErrorKind::Unavailable),
        ("nonsense", StoreErrorKind::Misuse),
        ("", StoreErrorKind::Misuse),
    ] {
        let error = RedisStore::open(url).await.unwrap_err();
        assert_eq!(error.kind, kind, "{url}: {error}");
    }
    Ok(())
}

async fn what_a_server_says_is_told_apart(ground: Ground) -> Result<(), Failed> {
    for (answer, kind) in [
        ("-READONLY You can't write against a read only replica.\r\n", StoreErrorKind::ReadOnly),
        ("-OOM command not allowed when used memory > 'maxmemory'.\r\n", StoreErrorKind::Full),
        ("-LOADING Redis is loading the dataset in memory\r\n", StoreErrorKind::Unavailable),
        ("-BUSY Redis is busy running a script.\r\n", StoreErrorKind::Busy),
        ("-CLUSTERDOWN The cluster is down\r\n", StoreErrorKind::Unavailable),
        ("-TRYAGAIN Multiple keys request during rehashing of slot\r\n", StoreErrorKind::Unavailable),
        ("-NOAUTH Authentication required.\r\n", StoreErrorKind::Misuse),
        ("-ERR unknown command 'EVALSHA' with 'anna'\r\n", StoreErrorKind::Misuse),
        (":7\r\n", StoreErrorKind::Misuse),
    ] {
        let (proxy, store) = through(&ground, Duration::from_secs(2)).await;
        proxy.plan(Plan::Answer(answer), true);
        for error in write(&store).await.into_iter().chain(read(&store).await) {
            assert_eq!(error.kind, kind, "{answer}: {error}");
            assert!(!format!("{error:?}").contains("anna"), "{error:?}");
        }
        proxy.plan(Plan::Pass, true);
        assert!(found(&store, 1).await.is_some());
        ground.clear().await;
    }
    Ok(())
}

async fn replicas_are_waited_for(ground: Ground) -> Result<(), Failed> {
    let options = || ground.options().wait_for_replicas(1, Duration::from_millis(300));
    let store = ground.open(options()).await;
    let created = store.create(&key(1), &content("{}"), at(0)).await;
    if ground.server == Server::One {
        // There is none: it was done, and may not last.
        assert_eq!(created.unwrap_err().kind, StoreErrorKind::UnknownOutcome);
        assert!(found(&store, 1).await.is_some());
        return Ok(());
    }
    assert_eq!(created?, Created::Created);
    for n in 2..20 {
        create(&store, n, &of_user("anna", "{}")).await;
    }
    store.rotate(&key(2), &key(30), at(1)).await?;
    assert_eq!(store.delete_user(&user("anna"), None, at(1)).await?, 18);
    Ok(())
}

/// Reads are not kept waiting by writes that wait for replicas.
async fn reads_do_not_wait_for_replicas(ground: Ground) -> Result<(), Failed> {
    let store = ground.open(ground.options().wait_for_replicas(5, Duration::from_secs(2))).await;
    let writing = {
        let store = store.clone();
        tokio::spawn(async move { store.create(&key(1), &content("{}"), at(0)).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    store.load(&key(1), at(1)).await?;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(writing.await?.unwrap_err().kind, StoreErrorKind::UnknownOutcome);
    Ok(())
}

async fn a_connection_of_the_callers_serves(ground: Ground) -> Result<(), Failed> {
    let client = Client::open(ground.url())?;
    let connection = client.get_connection_manager().await?;
    let store = RedisOptions::new().prefix(&ground.prefix).with_connection(connection);
    create(&store, 1, &of_user("anna", "{}")).await;
    // In Redis's newer way to speak as well.
    let client = Client::open(format!("{}/?protocol=resp3", ground.url()))?;
    let connection = client.get_connection_manager().await?;
    let store = RedisOptions::new().prefix(&ground.prefix).with_connection(connection);
    assert!(found(&store, 1).await.is_some());
    assert_eq!(store.delete_expired(5, at(1)).await?, 0);
    assert_eq!(store.delete_user(&user("anna"), None, at(1)).await?, 1);
    Ok(())
}

fn main() -> ExitCode {
    let one = Server::One;
    let mut trials = vec![
        one.trial("a_server_that_hangs_is_not_waited_for", a_server_that_hangs_is_not_waited_for),
        one.trial("a_server_that_is_gone_is_told", a_server_that_is_gone_is_told),
        one.trial("nobody_is_there", nobody_is_there),
        one.trial("what_a_server_says_is_told_apart", what_a_server_says_is_told_apart),
        one.trial("reads_do_not_wait_for_replicas", reads_do_not_wait_for_replicas),
        one.trial("a_connection_of_the_callers_serves", a_connection_of_the_callers_serves),
    ];
    for server in Server::ALL {
        trials.push(server.trial("replicas_are_waited_for", replicas_are_waited_for));
    }
    server::main(trials)
}
