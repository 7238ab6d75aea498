//! The task that deletes what has expired.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bursar_store_memory::MemoryStore;
use chrono::DateTime;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::Instant;

use bursar_session::cleanup::Cleanup;
use bursar_session::{SessionLayer, SessionStore, StoreError, StoreErrorKind, hours};

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

/// How long a step of the slow store takes.
const STEP: Duration = Duration::from_millis(300);

/// A memory store whose steps of the clean-up take their time, and which puts down how long after its beginning each was done, in
/// milliseconds.
#[derive(Clone)]
struct Slow {
    store: MemoryStore,
    begun_at: Instant,
    done: Arc<Mutex<Vec<u128>>>,
    failing: bool,
}

impl Slow {
    fn new() -> Self {
        Self { store: MemoryStore::new(), begun_at: Instant::now(), done: Arc::default(), failing: false }
    }

    async fn step(&self) -> Result<(), StoreError> {
        tokio::time::sleep(STEP).await;
        self.done.lock().unwrap().push(self.begun_at.elapsed().as_millis());
        if self.failing {
            return Err(StoreError::new(StoreErrorKind::Busy, "clean up", "the database is locked"));
        }
        Ok(())
    }

    fn done(&self) -> Vec<u128> {
        self.done.lock().unwrap().clone()
    }

    /// A layer over it, with sessions that have expired.
    async fn with_expired(&self, count: u32) -> SessionLayer {
        let seconds = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&seconds);
        let now = move || DateTime::from_timestamp(clock.load(Ordering::SeqCst), 0).unwrap();
        let layer = SessionLayer::new(self.clone()).with_clock(now);
        for _ in 0..count {
            let session = layer.begin(&Method::GET, &Uri::from_static("/"), &HeaderMap::new());
            session.set_user("clerk").unwrap();
            layer.finish(&session, StatusCode::OK, None).await;
        }
        seconds.store(36_000, Ordering::SeqCst);
        layer
    }
}

macro_rules! slow {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl SessionStore for Slow {
            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    if stringify!($name) == "delete_expired" {
                        self.step().await?;
                    }
                    self.store.$name($($argument),*).await
                }
            )*
        }
    };
}

bursar_session::session_store_methods!(slow);

#[tokio::test(start_paused = true)]
async fn it_rests_as_long_as_it_is_told() {
    for (every, failing, done) in [
        (Duration::from_secs(5), false, vec![300, 5_600, 10_900]),
        (Duration::from_secs(5), true, vec![300, 5_600, 10_900]),
        (Duration::ZERO, false, vec![300, 1_600, 2_900, 4_200, 5_500, 6_800, 8_100, 9_400, 10_700]),
    ] {
        let store = Slow { failing, ..Slow::new() };
        let layer = store.with_expired(0).await;
        let cleanup = Cleanup::new().every(every).start(&layer);
        tokio::time::sleep(Duration::from_millis(11_500)).await;
        cleanup.stop().await;
        assert_eq!(store.done(), done, "every {every:?}, failing: {failing}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_deletes_as_many_in_a_step_as_it_is_told() {
    // A step that finds as many as it may is followed by another after a breath of ten milliseconds.
    for (batch, expired, done) in [
        (10, 25, vec![300, 610, 920]),
        (10, 20, vec![300, 610, 920]),
        (0, 1, vec![300, 610]),
        (26, 25, vec![300]),
    ] {
        let store = Slow::new();
        let layer = store.with_expired(expired).await;
        let cleanup = Cleanup::new().every(hours(1)).batch(batch).start(&layer);
        tokio::time::sleep(Duration::from_secs(1_800)).await;
        assert_eq!(store.done(), done, "{expired} in batches of {batch}");
        cleanup.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_under_way_is_done_before_it_is_stopped() {
    let store = Slow::new();
    let layer = store.with_expired(3).await;
    let cleanup = Cleanup::new().every(hours(1)).start(&layer);
    tokio::time::sleep(STEP / 2).await;
    assert_eq!(store.done(), []);
    assert_eq!(format!("{cleanup:?}"), "CleanupHandle { finished: false }");
    cleanup.stop().await;
    assert_eq!(store.done(), [300], "it was waited for");
    assert_eq!(layer.sessions().delete_expired(10).await.unwrap(), 0, "and has deleted all three");
}
