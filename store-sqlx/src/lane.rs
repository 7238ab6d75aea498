//! The lane: one task that writes for everybody. Whatever is asked for while a round is under way is the next round, so that an idle store
//! answers after one statement, and a busy one shares each commit among all who wait. The task owns the work: a caller that goes away
//! loses its answer and nothing else.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use bursar::{StoreError, StoreErrorKind};
use tokio::sync::{mpsc, oneshot};

/// The most that is looked at for one round, and the most that waits in the lane; further callers wait to get in.
const ROUND_MAX: usize = 1_000;

/// How a caller is answered.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Who works at the end of a lane.
pub(crate) trait Worker: Send + 'static {
    /// What it is asked for.
    type Work: Send + 'static;

    /// Does what can be done together of the work that waits, and answers it; what has to wait for that stays, in its order.
    fn round(&mut self, waiting: &mut VecDeque<Self::Work>) -> impl Future<Output = ()> + Send;

    /// Lets go of what a round has left behind that broke off.
    fn start_anew(&mut self);

    /// Lets go of everything.
    fn close(self) -> impl Future<Output = ()> + Send;
}

enum Item<W> {
    Work(W),
    Close(oneshot::Sender<()>),
}

/// The entrance to a lane.
pub(crate) struct Lane<W> {
    queue: mpsc::Sender<Item<W>>,
}

impl<W> Clone for Lane<W> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<W> fmt::Debug for Lane<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("room", &self.queue.capacity()).finish_non_exhaustive()
    }
}

/// The error of a store that was closed before it was asked.
pub(crate) fn shut_down(operation: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, operation, "the store is shut down; open it anew")
}

/// The same error for another of those who asked together; the cause goes with the log alone.
pub(crate) fn again(error: &StoreError) -> StoreError {
    StoreError::new(error.kind, error.operation, error.detail.clone())
}

impl<W: Send + 'static> Lane<W> {
    /// Opens a lane that this worker serves, on the present runtime.
    pub(crate) fn open(worker: impl Worker<Work = W>) -> Self {
        let (queue, waiting) = mpsc::channel(ROUND_MAX);
        tokio::spawn(serve(worker, waiting));
        Self { queue }
    }

    /// Has work done with whatever else is asked for at that moment.
    pub(crate) async fn ask<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(Reply<T>) -> W,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Item::Work(work(reply))).await.map_err(|_| shut_down(operation))?;
        answer.await.map_err(|_| {
            let detail = "the store was shut down, or broke off, under way; ask whether it was done";
            StoreError::new(StoreErrorKind::UnknownOutcome, operation, detail)
        })?
    }

    /// Ends the lane once what was asked for before is done.
    pub(crate) async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        if self.queue.send(Item::Close(reply)).await.is_ok() {
            // An error means that it is closed as well.
            let _ = answer.await;
        }
    }
}

/// Does work to its end, or until it panics.
async fn caught(work: impl Future<Output = ()>) -> Result<(), Box<dyn Any + Send>> {
    let mut work = pin!(work);
    // What a panic has left half done is dropped, and the worker told of it.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// What a panic says.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("something that is no text")
}

async fn serve<W: Worker>(mut worker: W, mut queue: mpsc::Receiver<Item<W::Work>>) {
    let mut arrived = Vec::new();
    let mut waiting = VecDeque::new();
    let mut closing = Vec::new();
    loop {
        if waiting.is_empty() && queue.recv_many(&mut arrived, ROUND_MAX).await == 0 {
            break;
        }
        while waiting.len().saturating_add(arrived.len()) < ROUND_MAX
            && let Ok(item) = queue.try_recv()
        {
            arrived.push(item);
        }
        for item in arrived.drain(..) {
            match item {
                Item::Work(work) => waiting.push_back(work),
                Item::Close(reply) => {
                    // Nobody gets in any more; who is in is served.
                    queue.close();
                    closing.push(reply);
                }
            }
        }
        let alone = waiting.len() < 2;
        if let Err(panic) = caught(worker.round(&mut waiting)).await {
            // A driver may panic over an answer that it does not understand. Those of this round learn that the outcome is open, when their
            // replies are dropped; the lane goes on, over another connection.
            tracing::error!(panic = said(&*panic), "a lane's round has panicked");
            worker.start_anew();
        }
        // Who was just answered mostly asks again at once: let them, and they ride together with those who waited meanwhile. Otherwise the
        // callers fall into two halves that take turns. One who is alone is not waited for.
        if !alone || !queue.is_empty() {
            tokio::task::yield_now().await;
        }
    }
    worker.close().await;
    for reply in closing {
        let _ = reply.send(());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use bursar::StoreErrorKind;

    use super::{Lane, Reply, Worker};

    /// A worker that panics over what is odd.
    struct Touchy {
        begun_anew: u64,
    }

    impl Worker for Touchy {
        type Work = (u64, Reply<u64>);

        async fn round(&mut self, waiting: &mut VecDeque<Self::Work>) {
            while let Some((number, reply)) = waiting.pop_front() {
                tokio::task::yield_now().await;
                assert!(number.is_multiple_of(2), "odd");
                let _ = reply.send(Ok(self.begun_anew));
            }
        }

        fn start_anew(&mut self) {
            self.begun_anew += 1;
        }

        async fn close(self) {}
    }

    #[tokio::test]
    async fn a_lane_outlives_a_panic() {
        let lane: Lane<(u64, Reply<u64>)> = Lane::open(Touchy { begun_anew: 0 });
        let ask = |number| lane.ask("count", move |reply| (number, reply));
        assert_eq!(ask(2).await.unwrap(), 0);
        assert_eq!(ask(3).await.unwrap_err().kind, StoreErrorKind::UnknownOutcome);
        assert_eq!(ask(4).await.unwrap(), 1);
        lane.close().await;
        assert_eq!(ask(6).await.unwrap_err().kind, StoreErrorKind::Unavailable);
    }
}
