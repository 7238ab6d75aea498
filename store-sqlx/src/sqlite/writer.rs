//! The end of SQLite's one lane: the connection that writes, its transactions, and what is tried again.

use std::collections::VecDeque;
use std::time::Duration;

use bursar::store::{Committed, Posted, Repriced};
use bursar::{StoreError, StoreErrorKind};
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Sqlite, SqliteConnection, SqlitePool};
use tokio::time::Instant;

use super::error::{Phase, failed, store_error};
use super::post::{Recorded, post};
use super::{bill, commit, read, reprice, sql};
use crate::batch::Batch;
use crate::columns::corrupt;
use crate::lane::Worker;
use crate::ledger_lane::{Done, Job, LedgerRound, LedgerWork, LedgerWriter};
#[cfg(feature = "session")]
use crate::session_lane::{SessionRound, SessionWork};
use crate::surroundings::pause;

/// How a transaction begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begin {
    /// With the write lock: nothing that it reads can change before it writes.
    Immediate,
    /// Without: it takes the lock when it first writes, and fails as busy when somebody wrote since it began to read.
    Deferred,
    /// As a savepoint within the caller's own transaction.
    Nested,
}

/// Does a job in a transaction of its own, which is rolled back when it is not admitted or fails.
///
/// sqlx's own transactions are used, since they survive a future that is dropped half way: the connection then rolls back before it does
/// anything else. Dropping one only queues that rollback, so it is awaited wherever it can be.
pub(super) async fn transact(
    conn: &mut SqliteConnection,
    begin: Begin,
    job: &Job,
) -> Result<Done, StoreError> {
    let begun = match begin {
        Begin::Immediate => conn.begin_with("BEGIN IMMEDIATE").await,
        Begin::Deferred => conn.begin_with("BEGIN").await,
        Begin::Nested => conn.begin().await,
    };
    let mut transaction = begun.map_err(failed("begin a transaction"))?;
    match run(&mut transaction, job).await {
        Ok((done, true)) => {
            transaction.commit().await.map_err(|error| store_error("commit", Phase::Commit, error))?;
            Ok(done)
        }
        Ok((done, false)) => {
            transaction.rollback().await.map_err(failed("roll back"))?;
            Ok(done)
        }
        Err(error) => {
            // SQLite has rolled back by itself after some errors, and then has nothing to roll back: what counts is the first error.
            if let Err(second) = transaction.rollback().await {
                tracing::debug!(error = %second, "nothing was left to roll back");
            }
            Err(error)
        }
    }
}

/// Does a job; whether it is to be committed.
async fn run(conn: &mut SqliteConnection, job: &Job) -> Result<(Done, bool), StoreError> {
    Ok(match job {
        Job::Open(book, currency) => {
            let asked = read::query(sql::BOOK_OPEN, book).bind(currency.code());
            asked.execute(&mut *conn).await.map_err(failed("open the book"))?;
            let opened =
                read::book(conn, book).await?.ok_or_else(|| corrupt("the book that was opened is gone"))?;
            (Done::Opened(opened), true)
        }
        Job::Commit(book, changes) => match commit::commit(conn, book, changes).await? {
            Some(positions) => (Done::Committed(Committed::Admitted { positions }), true),
            None => (Done::Committed(Committed::NotAdmitted), false),
        },
        Job::Bill(book, order) => {
            let (billed, wrote) = bill::bill(conn, book, order).await?;
            (Done::Billed(billed), wrote)
        }
        Job::Reprice(book, order) => {
            let repriced = reprice::reprice(conn, book, order).await?;
            (Done::Repriced(repriced), matches!(repriced, Repriced::Done { .. }))
        }
    })
}

/// The connection that writes.
pub(super) struct SqliteWriter {
    pool: SqlitePool,
    /// Whether the pool is this writer's alone, so that the connection need not be given back between two rounds.
    keeps: bool,
    held: Option<PoolConnection<Sqlite>>,
    /// How long a busy database is tried again, besides SQLite's own waiting.
    patience: Duration,
}

/// How long a busy database is tried again.
pub(super) struct Patience {
    until: Instant,
    attempt: u32,
}

impl SqliteWriter {
    pub(super) const fn new(pool: SqlitePool, keeps: bool, patience: Duration) -> Self {
        Self { pool, keeps, held: None, patience }
    }

    pub(super) async fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        let held = match self.held.take() {
            Some(held) => held,
            None => self.pool.acquire().await.map_err(failed("connect"))?,
        };
        Ok(self.held.insert(held))
    }

    /// After an error: the connection is fit for the next transaction, or closed.
    async fn settle(&mut self) {
        let Some(mut held) = self.held.take() else { return };
        // The answer to a ping comes after the rollback that a dropped transaction has queued.
        if held.ping().await.is_ok() && !held.is_in_transaction() {
            self.held = Some(held);
        } else if let Err(error) = held.close().await {
            tracing::debug!(%error, "a broken connection could not be closed in order");
        }
    }

    /// After an error: the connection is made fit again, and where the database was busy it is waited a little, longer from time to time.
    /// The error comes back when it is not to be tried again.
    pub(super) async fn recover(
        &mut self,
        error: StoreError,
        patience: &mut Patience,
    ) -> Result<(), StoreError> {
        self.settle().await;
        if error.kind != StoreErrorKind::Busy || Instant::now() >= patience.until {
            return Err(error);
        }
        patience.attempt = patience.attempt.saturating_add(1);
        let random = crate::surroundings::new_id().as_u64_pair().1 & 0xfff;
        pause(Duration::from_micros(u64::from(patience.attempt.min(10)).saturating_mul(random))).await;
        Ok(())
    }

    pub(super) fn patience(&self) -> Patience {
        Patience { until: Instant::now() + self.patience, attempt: 0 }
    }

    /// Lets go of what it need not hold between two rounds.
    fn rest(&mut self) {
        if !self.keeps {
            self.held = None;
        }
    }

    async fn post_once(&mut self, batches: &[Batch]) -> Result<Vec<Vec<Posted>>, StoreError> {
        let conn = self.connection().await?;
        match batches {
            [batch] => match post(conn, batch.book(), batch.postings(), Phase::Commit).await? {
                Recorded::Positions(positions) => Ok(vec![posted(positions)]),
                Recorded::Constraint => Ok(vec![post_singly(conn, batch).await?]),
            },
            several => match post_together(conn, several).await? {
                Some(answers) => Ok(answers),
                None => {
                    let mut answers = Vec::with_capacity(several.len());
                    for batch in several {
                        answers.push(post_singly(conn, batch).await?);
                    }
                    Ok(answers)
                }
            },
        }
    }
}

fn posted(positions: Vec<Option<u32>>) -> Vec<Posted> {
    let answer = |position: Option<u32>| match position {
        Some(position) => Posted::Admitted { position },
        None => Posted::NotAdmitted,
    };
    positions.into_iter().map(answer).collect()
}

/// The batches of several books in one transaction, so that they share its commit; `None` when a constraint stopped them.
async fn post_together(
    conn: &mut SqliteConnection,
    batches: &[Batch],
) -> Result<Option<Vec<Vec<Posted>>>, StoreError> {
    let begun = conn.begin_with("BEGIN IMMEDIATE").await;
    let mut transaction = begun.map_err(failed("begin a transaction"))?;
    let mut answers = Vec::with_capacity(batches.len());
    for batch in batches {
        match post(&mut transaction, batch.book(), batch.postings(), Phase::Before).await {
            Ok(Recorded::Positions(positions)) => answers.push(posted(positions)),
            Ok(Recorded::Constraint) => {
                transaction.rollback().await.map_err(failed("roll back"))?;
                return Ok(None);
            }
            Err(error) => {
                if let Err(second) = transaction.rollback().await {
                    tracing::debug!(error = %second, "nothing was left to roll back");
                }
                return Err(error);
            }
        }
    }
    transaction.commit().await.map_err(|error| store_error("commit", Phase::Commit, error))?;
    Ok(Some(answers))
}

/// One by one, so that the one that a constraint stops (a balance past its bound through the entries before it) costs the others nothing.
async fn post_singly(conn: &mut SqliteConnection, batch: &Batch) -> Result<Vec<Posted>, StoreError> {
    let mut answers = Vec::with_capacity(batch.postings().len());
    for posting in batch.postings() {
        let recorded = post(conn, batch.book(), std::slice::from_ref(posting), Phase::Commit).await;
        // Some are recorded already: an error now says nothing of those.
        let recorded = recorded.map_err(|error| match answers.is_empty() {
            true => error,
            false => StoreError { kind: StoreErrorKind::UnknownOutcome, ..error },
        })?;
        answers.push(match recorded {
            Recorded::Positions(positions) => posted(positions).pop().unwrap_or(Posted::NotAdmitted),
            Recorded::Constraint => Posted::NotAdmitted,
        });
    }
    Ok(answers)
}

/// What the one lane of a store is asked for.
pub(super) enum Work {
    Ledger(LedgerWork),
    #[cfg(feature = "session")]
    Session(SessionWork),
}

impl From<LedgerWork> for Work {
    fn from(work: LedgerWork) -> Self {
        Self::Ledger(work)
    }
}

#[cfg(feature = "session")]
impl From<SessionWork> for Work {
    fn from(work: SessionWork) -> Self {
        Self::Session(work)
    }
}

impl LedgerWriter for SqliteWriter {
    async fn post(&mut self, batches: &[Batch]) -> Result<Vec<Vec<Posted>>, StoreError> {
        let mut patience = self.patience();
        loop {
            match self.post_once(batches).await {
                Ok(answers) => return Ok(answers),
                Err(error) => self.recover(error, &mut patience).await?,
            }
        }
    }

    async fn run(&mut self, job: &Job) -> Result<Done, StoreError> {
        let mut patience = self.patience();
        // A billing that finds nothing to charge takes no lock.
        let mut begin = if matches!(job, Job::Bill(..)) { Begin::Deferred } else { Begin::Immediate };
        loop {
            let conn = self.connection().await?;
            match transact(conn, begin, job).await {
                Ok(done) => return Ok(done),
                Err(error) => {
                    begin = Begin::Immediate;
                    self.recover(error, &mut patience).await?;
                }
            }
        }
    }
}

impl Worker for SqliteWriter {
    type Work = Work;

    async fn round(&mut self, waiting: &mut VecDeque<Work>) {
        let mut ledger = LedgerRound::default();
        #[cfg(feature = "session")]
        let mut session = SessionRound::default();
        for _ in 0..waiting.len() {
            let left = match waiting.pop_front() {
                Some(Work::Ledger(work)) => ledger.take(work).map(Work::Ledger),
                #[cfg(feature = "session")]
                Some(Work::Session(work)) => session.take(work).map(Work::Session),
                None => break,
            };
            waiting.extend(left);
        }
        ledger.run(self).await;
        #[cfg(feature = "session")]
        session.run(self).await;
        self.rest();
    }

    async fn close(mut self) {
        self.held = None;
        if self.keeps {
            self.pool.close().await;
        }
    }
}
