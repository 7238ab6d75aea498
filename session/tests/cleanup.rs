//! The task that deletes what has expired.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bursar_store_memory::MemoryStore;
use chrono::DateTime;
use http::{HeaderMap, Method, StatusCode, Uri};

use bursar_session::cleanup::Cleanup;
use bursar_session::{SessionLayer, hours};

#[tokio::test(start_paused = true)]
async fn it_deletes_in_batches_until_it_is_stopped() {
    let seconds = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&seconds);
    let now = move || DateTime::from_timestamp(clock.load(Ordering::SeqCst), 0).unwrap();
    let layer = SessionLayer::new(MemoryStore::new()).with_clock(now);
    let create = async || {
        let session = layer.begin(&Method::GET, &Uri::from_static("/"), &HeaderMap::new());
        session.set_user("clerk").unwrap();
        layer.finish(&session, StatusCode::OK, None).await;
    };
    for _ in 0..25 {
        create().await;
    }
    let cleanup = Cleanup::new().every(hours(1)).batch(10).start(&layer);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(layer.sessions().of_user("clerk", None, 100).await.unwrap().len(), 25);
    seconds.store(3_600, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(
        layer.sessions().delete_expired(100).await.unwrap(),
        0,
        "all 25 are deleted, in three batches"
    );
    create().await;
    seconds.store(36_000, Ordering::SeqCst);
    cleanup.stop().await;
    tokio::time::sleep(Duration::from_secs(36_000)).await;
    assert_eq!(layer.sessions().delete_expired(100).await.unwrap(), 1, "nobody deletes after the stop");
}

#[tokio::test(start_paused = true)]
async fn dropping_it_stops_it() {
    let layer = SessionLayer::new(MemoryStore::new());
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let cleanup = Cleanup::new().start(&layer);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before + 1);
    drop(cleanup);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
}
