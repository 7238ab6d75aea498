//! Where writes go: postings and sessions into the lanes, an account or a session always into the same; what is a transaction of its own into
//! the only lane of a database that has one writer, else beside the lanes.

use std::future::Future;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use bursar::rule::Posting;
use bursar::store::Posted;
use bursar::{BookId, StoreError, StoreErrorKind};
use sqlx::Pool;
use tokio::sync::Semaphore;

use crate::engine::Engine;
#[cfg(feature = "session")]
use crate::lane::Reply;
use crate::lane::{Lane, shut_down};
use crate::ledger::lane::{Done, Job, LedgerWriter as _};
use crate::proxy;
#[cfg(feature = "session")]
use crate::session::lane::{SessionDone, SessionJob, SessionWork, SessionWriter as _};
use crate::writer::{Work, Writer};

/// How many jobs are done at once beside the lanes.
pub(crate) const JOBS_MAX: u32 = 4;

/// The entrance for whatever is written.
pub(crate) struct Writes<E: Engine> {
    lanes: Arc<[Lane<Work>]>,
    beside: Option<Beside<E>>,
}

/// What is needed to do a job beside the lanes.
struct Beside<E: Engine> {
    pool: Pool<E>,
    patience: Duration,
    /// Room for jobs; closed with the store.
    room: Arc<Semaphore>,
    /// Whether a proxy is between that keeps nothing on a connection.
    proxied: bool,
}

impl<E: Engine> Clone for Beside<E> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            patience: self.patience,
            room: Arc::clone(&self.room),
            proxied: self.proxied,
        }
    }
}

impl<E: Engine> Clone for Writes<E> {
    fn clone(&self) -> Self {
        Self { lanes: Arc::clone(&self.lanes), beside: self.beside.clone() }
    }
}

impl<E: Engine> Writes<E> {
    /// Everything through one lane, which has a writer to itself.
    #[cfg(feature = "sqlite")]
    pub(crate) fn in_one_lane(writer: Writer<E>) -> Self {
        Self { lanes: Arc::from([Lane::open(writer)]), beside: None }
    }

    /// Through a lane a writer; jobs beside them, over connections of the pool.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql")),
        expect(dead_code, reason = "of the servers")
    )]
    pub(crate) fn in_lanes(
        writers: impl IntoIterator<Item = Writer<E>>,
        pool: Pool<E>,
        patience: Duration,
    ) -> Self {
        let room = Arc::new(Semaphore::new(usize::try_from(JOBS_MAX).unwrap_or(1)));
        let lanes = writers.into_iter().map(Lane::open).collect();
        Self { lanes, beside: Some(Beside { pool, patience, room, proxied: false }) }
    }

    /// The same, with jobs that go through a proxy, or not; the lanes' writers were told.
    #[cfg(feature = "postgres")]
    pub(crate) fn through_proxy(self, proxied: bool) -> Self {
        Self { beside: self.beside.map(|beside| Beside { proxied, ..beside }), ..self }
    }

    /// The lane of an account or a session.
    fn lane(&self, of: impl Hash, operation: &'static str) -> Result<&Lane<Work>, StoreError> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(of);
        let lanes = u64::try_from(self.lanes.len()).unwrap_or(1).max(1);
        let at = usize::try_from(hash.checked_rem(lanes).unwrap_or(0)).unwrap_or(0);
        self.lanes.get(at).ok_or_else(|| shut_down(operation))
    }

    /// Records a posting with whatever else is posted at that moment (S4).
    pub(crate) async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
        let lane = self.lane((book, &posting.entry.account), "record an entry")?;
        lane.post(book, posting).await
    }

    /// Does a job, in its turn.
    pub(crate) async fn run(&self, job: Job) -> Result<Done, StoreError> {
        match &self.beside {
            None => self.lane((), "write")?.run(job).await,
            Some(beside) => beside.run("write", |mut writer| async move { writer.run(&job).await }).await,
        }
    }

    /// Writes a session with whatever else is written at that moment.
    #[cfg(feature = "session")]
    pub(crate) async fn write_session<T>(
        &self,
        key: &bursar_session::KeyHash,
        operation: &'static str,
        work: impl FnOnce(Reply<T>) -> SessionWork,
    ) -> Result<T, StoreError> {
        let lane = self.lane(key, operation)?;
        lane.ask(operation, |reply| Work::Session(work(reply))).await
    }

    /// Does a job on several rows of sessions, in its turn.
    #[cfg(feature = "session")]
    pub(crate) async fn run_session(
        &self,
        operation: &'static str,
        job: SessionJob,
    ) -> Result<SessionDone, StoreError> {
        match &self.beside {
            None => {
                let work = |reply: Reply<_>| Work::Session(SessionWork::Run(job, reply));
                self.lane((), operation)?.ask(operation, work).await
            }
            Some(beside) => {
                beside.run(operation, |mut writer| async move { writer.run_session(&job).await }).await
            }
        }
    }

    /// Lets nobody in any more, and waits for what was asked for before.
    pub(crate) async fn close(&self) {
        for lane in self.lanes.iter() {
            lane.close().await;
        }
        if let Some(beside) = &self.beside {
            // All room is had once nothing is done any more; an error means that it is closed already.
            let _ = beside.room.acquire_many(JOBS_MAX).await;
            beside.room.close();
        }
    }
}

impl<E: Engine> Beside<E> {
    /// Does a job in a task of its own: it is done, or undone, even if its caller goes away. A transaction that is dropped half way would leave
    /// its connection in a state that the next one to use it has to pay for, or worse.
    async fn run<T, F>(
        &self,
        operation: &'static str,
        job: impl FnOnce(Writer<E>) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let permit = Arc::clone(&self.room).acquire_owned().await.map_err(|_| shut_down(operation))?;
        let done = job(Writer::new(self.pool.clone(), false, self.patience));
        let proxied = self.proxied;
        let task = tokio::spawn(async move {
            let done = proxy::through(proxied, done).await;
            drop(permit);
            done
        });
        task.await.map_err(|_| {
            let detail = "the store was shut down under way; ask whether it was done";
            StoreError::new(StoreErrorKind::UnknownOutcome, operation, detail)
        })?
    }
}
