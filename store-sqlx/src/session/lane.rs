//! Sessions' writes in a lane: those of single sessions are gathered, those that touch several rows go in their turn.

use std::future::Future;

use bursar::{StoreError, StoreErrorKind};
use bursar_session::store::{Created, Deleted, Rotated, Touched, Updated};
use bursar_session::{KeyHash, UserId};

use super::batch::{Create, Delete, SessionBatch, Touch, Update, Writes};
use crate::lane::{Reply, again, shut_down};

/// A write of several rows. Instants are in microseconds since 1970.
#[derive(Debug)]
pub(crate) enum SessionJob {
    Rotate { key: KeyHash, to: KeyHash, now: i64 },
    DeleteUser { user: UserId, except: Option<KeyHash>, now: i64 },
    DeleteExpired { limit: u32, now: i64 },
}

/// What became of such a write.
#[derive(Debug)]
pub(crate) enum SessionDone {
    Rotated(Rotated),
    /// So many rows were changed.
    Rows(u64),
}

impl SessionDone {
    pub(crate) fn rotated(self) -> Result<Rotated, StoreError> {
        if let Self::Rotated(rotated) = self { Ok(rotated) } else { Err(self.mixed_up()) }
    }

    pub(crate) fn rows(self) -> Result<u64, StoreError> {
        if let Self::Rows(rows) = self { Ok(rows) } else { Err(self.mixed_up()) }
    }

    /// A defect of the library's: a job is answered with its own kind of answer.
    fn mixed_up(&self) -> StoreError {
        StoreError::new(StoreErrorKind::Misuse, "write", format!("a job was answered with {self:?}"))
    }
}

/// Who writes sessions at the end of the lane.
pub(crate) trait SessionWriter: Send {
    /// Does the writes of a batch, durably, and answers each in it. Those that an error leaves without an answer were not done, or their
    /// outcome is unknown.
    fn write(&mut self, batch: &mut SessionBatch) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Does a job, durably or not at all.
    fn run_session(
        &mut self,
        job: &SessionJob,
    ) -> impl Future<Output = Result<SessionDone, StoreError>> + Send;
}

/// What sessions ask of a lane.
pub(crate) enum SessionWork {
    Create(Create, Reply<Created>),
    Update(Update, Reply<Updated>),
    Touch(Touch, Reply<Touched>),
    Delete(Delete, Reply<Deleted>),
    Run(SessionJob, Reply<SessionDone>),
}

impl SessionWork {
    /// Which single session it writes, and how many bytes.
    fn extent(&self) -> Option<(KeyHash, usize)> {
        match self {
            Self::Create(create, _) => Some((create.key, create.content.data.len())),
            Self::Update(update, _) => Some((update.key, update.content.data.len())),
            Self::Touch(touch, _) => Some((touch.key, 0)),
            Self::Delete(delete, _) => Some((delete.key, 0)),
            Self::Run(..) => None,
        }
    }
}

/// What is done with sessions in a round of the lane.
#[derive(Default)]
pub(crate) struct SessionRound {
    batch: SessionBatch,
    created: Vec<Reply<Created>>,
    updated: Vec<Reply<Updated>>,
    touched: Vec<Reply<Touched>>,
    deleted: Vec<Reply<Deleted>>,
    jobs: Vec<(SessionJob, Reply<SessionDone>)>,
}

impl SessionRound {
    /// Takes work in; what has to wait for other work of this round is given back.
    pub(crate) fn take(&mut self, work: SessionWork) -> Option<SessionWork> {
        if let Some((key, bytes)) = work.extent()
            && !self.batch.admit(key, bytes)
        {
            return Some(work);
        }
        match work {
            SessionWork::Create(create, reply) => {
                self.batch.creates.add(create);
                self.created.push(reply);
            }
            SessionWork::Update(update, reply) => {
                self.batch.updates.add(update);
                self.updated.push(reply);
            }
            SessionWork::Touch(touch, reply) => {
                self.batch.touches.add(touch);
                self.touched.push(reply);
            }
            SessionWork::Delete(delete, reply) => {
                self.batch.deletes.add(delete);
                self.deleted.push(reply);
            }
            SessionWork::Run(job, reply) => self.jobs.push((job, reply)),
        }
        None
    }

    /// Does it, and answers everybody. A caller that is gone is no error.
    pub(crate) async fn run(mut self, writer: &mut impl SessionWriter) {
        if !self.batch.is_empty() {
            let error = writer.write(&mut self.batch).await.err();
            let error = error.unwrap_or_else(|| shut_down("write sessions"));
            let SessionBatch { creates, updates, touches, deletes, .. } = self.batch;
            answer(self.created, creates, &error);
            answer(self.updated, updates, &error);
            answer(self.touched, touches, &error);
            answer(self.deleted, deletes, &error);
        }
        for (job, reply) in self.jobs {
            let _ = reply.send(writer.run_session(&job).await);
        }
    }
}

fn answer<T, A: Copy>(replies: Vec<Reply<A>>, writes: Writes<T, A>, error: &StoreError) {
    for (reply, answer) in replies.into_iter().zip(writes.into_answers()) {
        let _ = reply.send(answer.ok_or_else(|| again(error)));
    }
}
