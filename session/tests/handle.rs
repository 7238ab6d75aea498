//! What handlers do with their session that goes beyond one thing after the other: tasks, functions that use the session, saves that are
//! given up, stores that do not know what became of a write.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bursar_session::{Error, Outcome, Session, SessionLayer, SessionStore, StoreError, StoreErrorKind};
use bursar_store_memory::MemoryStore;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use tokio::sync::Notify;

/// What is done with the answer to a write.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Given,
    /// The connection is lost at the commit: done, and nobody knows.
    Lost,
    /// It never comes.
    Late,
}

/// A memory store whose answers to updates and rotations may be lost.
#[derive(Clone)]
struct Faulty {
    store: MemoryStore,
    fate: Arc<std::sync::Mutex<Fate>>,
    loads: Arc<AtomicU32>,
    reached: Arc<Notify>,
}

impl Faulty {
    fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            fate: Arc::new(std::sync::Mutex::new(Fate::Given)),
            loads: Arc::default(),
            reached: Arc::default(),
        }
    }

    fn set(&self, fate: Fate) {
        *self.fate.lock().unwrap() = fate;
    }

    async fn before(&self, call: &str) {
        if call == "load" {
            self.loads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    }

    async fn after<T>(&self, call: &str, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        let fate = *self.fate.lock().unwrap();
        match fate {
            _ if !matches!(call, "update" | "rotate") => answer,
            Fate::Given => answer,
            Fate::Lost => {
                Err(StoreError::new(StoreErrorKind::UnknownOutcome, "commit", "the connection was lost"))
            }
            Fate::Late => {
                self.reached.notify_one();
                std::future::pending().await
            }
        }
    }
}

macro_rules! faulty {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl SessionStore for Faulty {
            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.before(stringify!($name)).await;
                    let answer = self.store.$name($($argument),*).await;
                    self.after(stringify!($name), answer).await
                }
            )*
        }
    };
}

bursar_session::session_store_methods!(faulty);

struct Site {
    store: Faulty,
    layer: SessionLayer,
    headers: HeaderMap,
}

impl Site {
    /// A site with one session, which holds `n=1`.
    async fn open() -> Self {
        let store = Faulty::new();
        let mut site = Self { layer: SessionLayer::new(store.clone()), store, headers: HeaderMap::new() };
        let session = site.begin();
        session.insert("n", &1).unwrap();
        assert!(matches!(site.finish(&session).await, Outcome::Saved));
        site.store.loads.store(0, Ordering::SeqCst);
        site
    }

    fn begin(&self) -> Session {
        self.layer.begin(&Method::POST, &Uri::from_static("/"), &self.headers)
    }

    async fn finish(&mut self, session: &Session) -> Outcome {
        let finished = self.layer.finish(session, StatusCode::OK, None).await;
        if let Some(cookie) = finished.cookie {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.headers.insert(COOKIE, HeaderValue::from_str(&cookie).unwrap());
        }
        finished.outcome
    }

    async fn n(&self) -> Option<u32> {
        self.begin().get("n").await.unwrap()
    }
}

fn unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error)
        if matches!(&**error, Error::Store(error) if error.kind == StoreErrorKind::UnknownOutcome))
}

async fn add_one(session: &Session) -> Result<u32, Error> {
    session.update("n", |n: &mut u32| *n += 1).await
}

#[tokio::test]
async fn a_function_cannot_use_a_session_itself() {
    let mut site = Site::open().await;
    let session = site.begin();
    let same = session.clone();
    let runs = Arc::new(AtomicU32::new(0));
    let run = Arc::clone(&runs);
    let updated = session.update("n", move |n: &mut u32| {
        run.fetch_add(1, Ordering::SeqCst);
        assert!(matches!(same.insert("seen", n), Err(Error::WithinUpdate)));
        *n += 1;
    });
    assert_eq!(updated.await.unwrap(), 2);
    session.insert("seen", &true).unwrap();
    assert!(matches!(site.finish(&session).await, Outcome::Saved));
    assert_eq!(site.n().await, Some(2));
    assert_eq!(runs.load(Ordering::SeqCst), 1, "nobody was faster: it is not run again");
}

#[tokio::test]
async fn a_function_that_panics_changes_nothing() {
    let mut site = Site::open().await;
    let session = site.begin();
    let same = session.clone();
    let task = tokio::spawn(async move { same.update("n", |_: &mut u32| panic!("of the test's own")).await });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(add_one(&session).await.unwrap(), 2);
    assert!(matches!(site.finish(&session).await, Outcome::Saved));
    assert_eq!(site.n().await, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_of_one_handler_share_its_session_and_its_load() {
    for _ in 0..40 {
        let mut site = Site::open().await;
        let session = site.begin();
        let tasks: Vec<_> = (0..50)
            .map(|n| {
                let session = session.clone();
                tokio::spawn(async move {
                    session.insert(&format!("own-{n}"), &n).unwrap();
                    add_one(&session).await.unwrap();
                    if n % 10 == 0 {
                        session.save().await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(session.get::<u32>("n").await.unwrap(), Some(51));
        assert_eq!(site.store.loads.load(Ordering::SeqCst), 1);
        site.finish(&session).await;
        assert_eq!(site.n().await, Some(51));
        assert_eq!(site.begin().names().await.unwrap().len(), 51);
    }
}

#[tokio::test]
async fn a_save_that_is_given_up_is_not_done_twice() {
    let mut site = Site::open().await;
    let session = site.begin();
    add_one(&session).await.unwrap();
    site.store.set(Fate::Late);
    tokio::select! {
        _ = session.save() => panic!("the store gave no answer"),
        () = site.store.reached.notified() => {}
    }
    site.store.set(Fate::Given);
    let outcome = site.finish(&session).await;
    assert!(unknown(&outcome), "{outcome:?}");
    assert_eq!(site.n().await, Some(2));
}

#[tokio::test]
async fn a_save_whose_outcome_is_lost_is_not_done_twice() {
    let mut site = Site::open().await;
    let session = site.begin();
    add_one(&session).await.unwrap();
    site.store.set(Fate::Lost);
    assert!(
        matches!(session.save().await, Err(Error::Store(error)) if error.kind == StoreErrorKind::UnknownOutcome)
    );
    site.store.set(Fate::Given);
    let outcome = site.finish(&session).await;
    assert!(unknown(&outcome), "{outcome:?}");
    assert_eq!(site.n().await, Some(2));
}

#[tokio::test]
async fn a_rotation_whose_outcome_is_lost_is_found_out() {
    let mut site = Site::open().await;
    let session = site.begin();
    site.store.set(Fate::Lost);
    session.rotate().await.unwrap();
    site.store.set(Fate::Given);
    let old = site.headers.clone();
    assert!(matches!(site.finish(&session).await, Outcome::Saved));
    assert_ne!(site.headers, old);
    assert_eq!(site.n().await, Some(1));
}

#[tokio::test]
async fn what_is_over_the_limit_is_refused_when_it_is_set() {
    let site = Site::open().await;
    let layer = site.layer.clone().data_bytes_max(100);
    let session = layer.begin(&Method::POST, &Uri::from_static("/"), &site.headers);
    assert_eq!(session.get::<u32>("n").await.unwrap(), Some(1));
    assert!(matches!(session.insert("large", &"x".repeat(100)), Err(Error::TooLarge { bytes_max: 100, .. })));
    session.insert("small", &"x".repeat(80)).unwrap();
    assert!(matches!(session.insert("more", &"x".repeat(10)), Err(Error::TooLarge { .. })));
    assert_eq!(session.names().await.unwrap(), ["n", "small"]);
    // Of a session that was not read the rest shows when it is saved.
    let blind = layer.begin(&Method::POST, &Uri::from_static("/"), &site.headers);
    blind.insert("other", &"x".repeat(86)).unwrap();
    assert!(matches!(blind.save().await, Err(Error::TooLarge { bytes: 104, bytes_max: 100 })));
}

#[tokio::test]
async fn what_is_there_is_said_to_be_there() {
    let site = Site::open().await;
    let session = site.begin();
    assert!(session.contains("n").await.unwrap());
    assert!(!session.contains("other").await.unwrap());
    session.insert("other", &()).unwrap();
    session.remove("n").unwrap();
    assert!(session.contains("other").await.unwrap(), "what was just set is there, be it null");
    assert!(!session.contains("n").await.unwrap());
}

#[tokio::test]
async fn a_new_key_begins_anew_after_a_logout_and_not_after_an_interruption() {
    let mut site = Site::open().await;
    let (slow, session) = (site.begin(), site.begin());
    assert_eq!(slow.get::<u32>("n").await.unwrap(), Some(1));
    // Who has ended his session himself may begin another one, and rotates it as at any login.
    session.flush().await.unwrap();
    session.rotate().await.unwrap();
    session.insert("n", &2).unwrap();
    assert!(matches!(site.finish(&session).await, Outcome::Saved));
    assert_eq!(site.n().await, Some(2));
    // Whose session was ended by another request may not, however often he asks.
    for _ in 0..2 {
        assert!(matches!(slow.rotate().await, Err(Error::Interrupted(_))));
    }
}
