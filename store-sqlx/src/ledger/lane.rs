//! A ledger's writes in a lane: postings that are gathered, and jobs that are transactions of their own.

use std::future::Future;

use bursar::rule::Posting;
use bursar::seal::SealStep;
use bursar::store::{Billed, BillingOrder, Book, ChangeSet, Committed, Posted, RepriceOrder, Repriced};
use bursar::{BookId, Currency, StoreError, StoreErrorKind};

use super::batch::Batch;
use crate::lane::{Lane, Reply, again};

/// A write that is a transaction of its own.
#[derive(Debug)]
pub(crate) enum Job {
    Open(BookId, Currency),
    Commit(BookId, ChangeSet),
    Bill(BookId, BillingOrder),
    Reprice(BookId, RepriceOrder),
    Seal(BookId, u64, SealStep),
}

/// What became of a job.
#[derive(Debug)]
pub(crate) enum Done {
    Opened(Book),
    Committed(Committed),
    Billed(Billed),
    Repriced(Repriced),
    Sealed(bool),
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

    pub(crate) fn sealed(self) -> Result<bool, StoreError> {
        if let Self::Sealed(kept) = self { Ok(kept) } else { Err(self.mixed_up()) }
    }

    /// A defect of the library's: a job is answered with its own kind of answer.
    fn mixed_up(&self) -> StoreError {
        StoreError::new(StoreErrorKind::Misuse, "write", format!("a job was answered with {self:?}"))
    }
}

/// Who writes a ledger at the end of the lane.
pub(crate) trait LedgerWriter: Send {
    /// Records the admitted ones of the postings of these batches, durably, and answers each, batch by batch.
    fn post(
        &mut self,
        batches: &[Batch],
    ) -> impl Future<Output = Result<Vec<Vec<Posted>>, StoreError>> + Send;

    /// Does a job, durably or not at all.
    fn run(&mut self, job: &Job) -> impl Future<Output = Result<Done, StoreError>> + Send;
}

/// What a ledger asks of a lane.
pub(crate) enum LedgerWork {
    Post(BookId, Posting, Reply<Posted>),
    Run(Box<Job>, Reply<Done>),
}

impl<W: From<LedgerWork> + Send + 'static> Lane<W> {
    /// Records a posting with whatever else is posted at that moment (S4).
    pub(crate) async fn post(&self, book: &BookId, posting: Posting) -> Result<Posted, StoreError> {
        self.ask("record an entry", |reply| LedgerWork::Post(book.clone(), posting, reply).into()).await
    }

    /// Does a job in its turn.
    pub(crate) async fn run(&self, job: Job) -> Result<Done, StoreError> {
        self.ask("write", |reply| LedgerWork::Run(Box::new(job), reply).into()).await
    }
}

/// What a ledger has done in a round of the lane.
#[derive(Default)]
pub(crate) struct LedgerRound {
    batches: Vec<Batch>,
    replies: Vec<Vec<Reply<Posted>>>,
    jobs: Vec<(Box<Job>, Reply<Done>)>,
}

impl LedgerRound {
    /// Takes work in; what has to wait for other work of this round is given back.
    pub(crate) fn take(&mut self, work: LedgerWork) -> Option<LedgerWork> {
        match work {
            LedgerWork::Post(book, posting, reply) => match self.place(&book) {
                Some((batch, replies)) if batch.fits(&posting) => {
                    batch.add(posting);
                    replies.push(reply);
                    None
                }
                _ => Some(LedgerWork::Post(book, posting, reply)),
            },
            LedgerWork::Run(job, reply) => {
                self.jobs.push((job, reply));
                None
            }
        }
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
    pub(crate) async fn run(self, writer: &mut impl LedgerWriter) {
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
                        let _ = reply.send(Err(again(&error)));
                    }
                }
            }
        }
        for (job, reply) in self.jobs {
            let _ = reply.send(writer.run(&job).await);
        }
    }
}
