//! The end of a lane: the connection that writes, its transactions, and what is tried again.

use std::collections::VecDeque;
use std::time::Duration;

use bursar::store::{Committed, Posted, Repriced};
use bursar::{StoreError, StoreErrorKind};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Pool};
use tokio::time::Instant;

use crate::engine::Engine;
use crate::error::{Phase, failed, store_error};
use crate::lane::Worker;
use crate::ledger::batch::Batch;
use crate::ledger::columns::corrupt;
use crate::ledger::lane::{Done, Job, LedgerRound, LedgerWork, LedgerWriter};
use crate::ledger::post::Recorded;
use crate::ledger::{bill, commit, read, reprice, seal};
use crate::proxy;
use crate::query::{Connection, begin, execute, query, undone};
#[cfg(feature = "session")]
use crate::session::lane::{SessionRound, SessionWork};
use crate::surroundings::pause;

/// How long a connection that is kept is taken to be fit without being asked.
const UNASKED_MAX: Duration = Duration::from_secs(2);

/// How a transaction begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Begin {
    /// To write.
    Writing,
    /// To look whether there is anything to charge, which there mostly is not.
    Billing,
    /// As a savepoint within the caller's own transaction.
    Nested,
}

/// Does a job in a transaction of its own, which is rolled back when it is not admitted or fails.
///
/// sqlx's own transactions are used, since they survive a future that is dropped half way: the connection then rolls back before it does
/// anything else. Dropping one only queues that rollback, so it is awaited wherever it can be.
pub(crate) async fn transact<E: Engine>(
    conn: &mut Connection<E>,
    how: Begin,
    job: &Job,
) -> Result<Done, StoreError> {
    let begun = match how {
        Begin::Writing => begin::<E>(conn, E::BEGIN).await,
        Begin::Billing => begin::<E>(conn, E::BEGIN_BILLING).await,
        Begin::Nested => conn.begin().await,
    };
    let mut transaction = begun.map_err(failed::<E>("begin a transaction"))?;
    match run::<E>(&mut transaction, job).await {
        Ok((done, true)) => {
            transaction.commit().await.map_err(|error| store_error::<E>("commit", Phase::Commit, error))?;
            Ok(done)
        }
        Ok((done, false)) => {
            transaction.rollback().await.map_err(failed::<E>("roll back"))?;
            Ok(done)
        }
        Err(error) => Err(undone(transaction, error).await),
    }
}

/// Does a job; whether it is to be committed.
async fn run<E: Engine>(conn: &mut Connection<E>, job: &Job) -> Result<(Done, bool), StoreError> {
    Ok(match job {
        Job::Open(book, currency) => {
            let asked = query(E::LEDGER.book_open, book).bind(currency.code());
            execute::<E>(conn, "open the book", asked).await?;
            let opened = read::book::<E>(conn, book)
                .await?
                .ok_or_else(|| corrupt("the book that was opened is gone"))?;
            (Done::Opened(opened), true)
        }
        Job::Commit(book, changes) => match commit::commit::<E>(conn, book, changes).await? {
            Some(positions) => (Done::Committed(Committed::Admitted { positions }), true),
            None => (Done::Committed(Committed::NotAdmitted), false),
        },
        Job::Bill(book, order) => {
            let (billed, wrote) = bill::bill::<E>(conn, book, order).await?;
            (Done::Billed(billed), wrote)
        }
        Job::Reprice(book, order) => {
            let repriced = reprice::reprice::<E>(conn, book, order).await?;
            (Done::Repriced(repriced), matches!(repriced, Repriced::Done { .. }))
        }
        Job::Seal(book, step, what) => {
            let kept = seal::keep::<E>(conn, book, *step, what).await?;
            (Done::Sealed(kept), kept)
        }
    })
}

/// A connection that writes.
pub(crate) struct Writer<E: Engine> {
    pool: Pool<E>,
    /// Whether the pool is this writer's alone, so that the connection need not be given back between two rounds.
    keeps: bool,
    held: Option<PoolConnection<E>>,
    /// When it was last known to be fit.
    fit_at: Instant,
    /// How long a busy database is tried again, besides its own waiting.
    patience: Duration,
    /// Whether a proxy is between that keeps nothing on a connection.
    proxied: bool,
}

/// How long a busy database is tried again.
pub(crate) struct Patience {
    until: Instant,
    attempt: u32,
}

impl<E: Engine> Writer<E> {
    pub(crate) fn new(pool: Pool<E>, keeps: bool, patience: Duration) -> Self {
        Self { pool, keeps, held: None, fit_at: Instant::now(), patience, proxied: false }
    }

    /// The same through a proxy, or not.
    #[cfg(feature = "postgres")]
    pub(crate) fn through_proxy(self, proxied: bool) -> Self {
        Self { proxied, ..self }
    }

    pub(crate) async fn connection(&mut self) -> Result<&mut Connection<E>, StoreError> {
        let mut held = self.held.take();
        // A server or what lies before it closes what was idle for long. Asked first, that costs nothing; found out by a write, the outcome
        // of that would be open.
        if E::MANY_WRITERS && self.fit_at.elapsed() > UNASKED_MAX {
            let fit = match held.as_mut() {
                Some(idle) => idle.ping().await.is_ok(),
                None => true,
            };
            if !fit && let Some(mut lost) = held.take() {
                lost.close_on_drop();
            }
        }
        let held = match held {
            Some(held) => held,
            None => self.pool.acquire().await.map_err(failed::<E>("connect"))?,
        };
        self.fit_at = Instant::now();
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
    pub(crate) async fn recover(
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

    pub(crate) fn patience(&self) -> Patience {
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
            [batch] => match E::post(conn, batch.book(), batch.postings(), Phase::Commit).await? {
                Recorded::Positions(positions) => Ok(vec![posted(positions)]),
                Recorded::Constraint => Ok(vec![post_singly::<E>(conn, batch).await?]),
            },
            several => match post_together::<E>(conn, several).await? {
                Some(answers) => Ok(answers),
                None => {
                    let mut answers = Vec::with_capacity(several.len());
                    for batch in several {
                        answers.push(post_singly::<E>(conn, batch).await?);
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
async fn post_together<E: Engine>(
    conn: &mut Connection<E>,
    batches: &[Batch],
) -> Result<Option<Vec<Vec<Posted>>>, StoreError> {
    let begun = begin::<E>(conn, E::BEGIN).await;
    let mut transaction = begun.map_err(failed::<E>("begin a transaction"))?;
    let mut answers = Vec::with_capacity(batches.len());
    for batch in batches {
        match E::post(&mut transaction, batch.book(), batch.postings(), Phase::Before).await {
            Ok(Recorded::Positions(positions)) => answers.push(posted(positions)),
            Ok(Recorded::Constraint) => {
                transaction.rollback().await.map_err(failed::<E>("roll back"))?;
                return Ok(None);
            }
            Err(error) => {
                return Err(undone(transaction, error).await);
            }
        }
    }
    transaction.commit().await.map_err(|error| store_error::<E>("commit", Phase::Commit, error))?;
    Ok(Some(answers))
}

/// One by one, so that the one that a constraint stops (a balance past its bound through the entries before it) costs the others nothing.
async fn post_singly<E: Engine>(conn: &mut Connection<E>, batch: &Batch) -> Result<Vec<Posted>, StoreError> {
    let mut answers = Vec::with_capacity(batch.postings().len());
    for posting in batch.postings() {
        let recorded = E::post(conn, batch.book(), std::slice::from_ref(posting), Phase::Commit).await;
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

/// What a lane of a store is asked for.
pub(crate) enum Work {
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

impl<E: Engine> LedgerWriter for Writer<E> {
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
        let mut begin = if matches!(job, Job::Bill(..)) { Begin::Billing } else { Begin::Writing };
        loop {
            let conn = self.connection().await?;
            match transact::<E>(conn, begin, job).await {
                Ok(done) => return Ok(done),
                Err(error) => {
                    begin = Begin::Writing;
                    self.recover(error, &mut patience).await?;
                }
            }
        }
    }
}

impl<E: Engine> Worker for Writer<E> {
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
        proxy::through(self.proxied, async {
            ledger.run(self).await;
            #[cfg(feature = "session")]
            session.run(self).await;
        })
        .await;
        self.rest();
    }

    fn start_anew(&mut self) {
        // Nobody knows what state its connection is in.
        if let Some(mut held) = self.held.take() {
            held.close_on_drop();
        }
    }

    async fn close(mut self) {
        self.held = None;
        if self.keeps {
            self.pool.close().await;
        }
    }
}
