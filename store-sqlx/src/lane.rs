//! The lane: one task that writes for everybody. Whatever is asked for while a batch is under way is the next batch, so that an idle store
//! answers after one statement, and a busy one shares each commit among all who wait. The task owns the work: a caller that goes away
//! loses its answer and nothing else.

use std::collections::VecDeque;
use std::future::Future;

use bursar::rule::Posting;
use bursar::store::{Billed, BillingOrder, Book, ChangeSet, Committed, Posted, RepriceOrder, Repriced};
use bursar::{BookId, Currency, StoreError, StoreErrorKind};
use tokio::sync::{mpsc, oneshot};

use crate::batch::Batch;

/// The most postings of one batch, and the most requests that wait in the lane; further callers wait to get in.
const BATCH_MAX: usize = 1_000;

/// A write that is a transaction of its own.
#[derive(Debug)]
pub(crate) enum Job {
    Open(BookId, Currency),
    Commit(BookId, ChangeSet),
    Bill(BookId, BillingOrder),
    Reprice(BookId, RepriceOrder),
}

/// What became of a job.
#[derive(Debug)]
pub(crate) enum Done {
    Opened(Book),
    Committed(Committed),
    Billed(Billed),
    Repriced(Repriced),
}

impl Done {
    pub(crate) fn opened(self) -> Result<Book, StoreError> {
        if let Self::Opened(book) = self { Ok(book) } else { Err(self.mixed_up()) }
    }

    pub(crate) fn committed(self) -> Result<Committed, StoreError> {
        if let Self::Committed(committed) = self { Ok(committed) } else { Err(self.mixed_up()) }
    }

    pub(crate) fn billed(self) -> Result<Billed, StoreError> {
        if let Self::Billed(billed) = self { Ok(billed) } else { Err(self.mixed_up()) }
    }

    pub(crate) fn repriced(self) -> Result<Repriced, StoreError> {
        if let Self::Repriced(repriced) = self { Ok(repriced) } else { Err(self.mixed_up()) }
    }

    /// A defect of the library's: a job is answered with its own kind of answer.
    fn mixed_up(&self) -> StoreError {
        StoreError::new(StoreErrorKind::Misuse, "write", format!("a job was answered with {self:?}"))
    }
}

/// Who writes at the end of the lane.
pub(crate) trait Writer: Send + 'static {
    /// Records the admitted ones of the postings of these batches, durably, and answers each, batch by batch.
    fn post(
        &mut self,
        batches: &[Batch],
    ) -> impl Future<Output = Result<Vec<Vec<Posted>>, StoreError>> + Send;

    /// Does a job, durably or not at all.
    fn run(&mut self, job: &Job) -> impl Future<Output = Result<Done, StoreError>> + Send;

    /// Lets go of what it need not hold between two rounds.
    fn rest(&mut self);

    /// Lets go of everything.
    fn close(self) -> impl Future<Output = ()> + Send;
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

enum Work {
    Post(BookId, Posting, Reply<Posted>),
    Run(Box<Job>, Reply<Done>),
    Close(oneshot::Sender<()>),
}

/// The entrance to a lane.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    queue: mpsc::Sender<Work>,
}

fn shut_down(operation: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, operation, "the store is shut down; open it anew")
}

fn lost(operation: &'static str) -> StoreError {
    let detail = "the store was shut down under way; ask by the key";
    StoreError::new(StoreErrorKind::UnknownOutcome, operation, detail)
}

impl Lane {
    /// Opens a lane that this writer serves, on the present runtime.
    pub(crate) fn open(writer: impl Writer) -> Self {
        let (queue, waiting) = mpsc::channel(BATCH_MAX);
        tokio::spawn(serve(writer, waiting));
        Self { queue }
    }

    /// Records a posting with whatever else is posted at that moment (S4).
    pub(crate) async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
        let (reply, answer) = oneshot::channel();
        let work = Work::Post(book.clone(), posting, reply);
        self.queue.send(work).await.map_err(|_| shut_down("record an entry"))?;
        answer.await.map_err(|_| lost("record an entry"))?
    }

    /// Does a job in its turn.
    pub(crate) async fn run(&self, job: Job) -> Result<Done, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Work::Run(Box::new(job), reply)).await.map_err(|_| shut_down("write"))?;
        answer.await.map_err(|_| lost("write"))?
    }

    /// Ends the lane once what was asked for before is done.
    pub(crate) async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        if self.queue.send(Work::Close(reply)).await.is_ok() {
            // An error means that it is closed as well.
            let _ = answer.await;
        }
    }
}

/// What a round of the lane does.
#[derive(Default)]
struct Round {
    batches: Vec<Batch>,
    replies: Vec<Vec<Reply<Posted>>>,
    jobs: Vec<(Box<Job>, Reply<Done>)>,
    closing: Option<oneshot::Sender<()>>,
}

impl Round {
    /// Takes the work that waits; what has to wait for other work of this round stays, in its order.
    fn gather(waiting: &mut VecDeque<Work>) -> Self {
        let mut round = Self::default();
        for _ in 0..waiting.len() {
            match waiting.pop_front() {
                Some(Work::Post(book, posting, reply)) => match round.place(&book) {
                    Some((batch, replies)) if batch.fits(&posting) => {
                        batch.add(posting);
                        replies.push(reply);
                    }
                    _ => waiting.push_back(Work::Post(book, posting, reply)),
                },
                Some(Work::Run(job, reply)) => round.jobs.push((job, reply)),
                Some(Work::Close(reply)) => round.closing = Some(reply),
                None => break,
            }
        }
        round
    }

    /// The batch of a book, and the replies to it.
    fn place(&mut self, book: &BookId) -> Option<(&mut Batch, &mut Vec<Reply<Posted>>)> {
        let at = self.batches.iter().position(|batch| batch.book() == book).unwrap_or_else(|| {
            self.batches.push(Batch::new(book.clone()));
            self.replies.push(Vec::new());
            self.batches.len().saturating_sub(1)
        });
        self.batches.get_mut(at).zip(self.replies.get_mut(at))
    }

    /// Does it, and answers everybody. A caller that is gone is no error.
    async fn run(self, writer: &mut impl Writer) {
        if !self.batches.is_empty() {
            match writer.post(&self.batches).await {
                Ok(answers) => {
                    for (reply, posted) in
                        self.replies.into_iter().flatten().zip(answers.into_iter().flatten())
                    {
                        let _ = reply.send(Ok(posted));
                    }
                }
                Err(error) => {
                    for reply in self.replies.into_iter().flatten() {
                        let _ = reply.send(Err(alike(&error)));
                    }
                }
            }
        }
        for (job, reply) in self.jobs {
            let _ = reply.send(writer.run(&job).await);
        }
    }
}

/// The same error for another of its batch; the cause goes with the log alone.
fn alike(error: &StoreError) -> StoreError {
    StoreError::new(error.kind, error.operation, error.detail.clone())
}

async fn serve(mut writer: impl Writer, mut queue: mpsc::Receiver<Work>) {
    let mut arrived = Vec::new();
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() && queue.recv_many(&mut arrived, BATCH_MAX).await == 0 {
            break;
        }
        while waiting.len().saturating_add(arrived.len()) < BATCH_MAX
            && let Ok(work) = queue.try_recv()
        {
            arrived.push(work);
        }
        waiting.extend(arrived.drain(..));
        let mut round = Round::gather(&mut waiting);
        let closing = round.closing.take();
        round.run(&mut writer).await;
        writer.rest();
        if let Some(reply) = closing {
            writer.close().await;
            let _ = reply.send(());
            return;
        }
        // Who was just answered mostly asks again at once: let them, and they ride together with those who waited meanwhile. Otherwise the
        // callers fall into two halves that take turns.
        tokio::task::yield_now().await;
    }
    writer.close().await;
}
