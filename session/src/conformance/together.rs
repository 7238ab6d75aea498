//! Calls that meet: all are started, wait for each other, and go on at once.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::failure::Failure;
use super::{BoxFuture, Given};

/// Runs tasks at once, on the runner's threads where it gave some; their answers in the order of the tasks.
pub(super) async fn together<T: Send + 'static>(
    given: &Given,
    tasks: Vec<BoxFuture<T>>,
) -> Result<Vec<T>, Failure> {
    let board = Arc::new(Board::new(tasks.len()));
    let mut own = Vec::new();
    for (n, task) in tasks.into_iter().enumerate() {
        let board = Arc::clone(&board);
        let task: BoxFuture<()> = Box::pin(async move {
            let mut seat = Seat { board: Arc::clone(&board), n, answer: None };
            board.all_here().await;
            seat.answer = Some(task.await);
        });
        match &given.spawn {
            Some(spawn) => spawn(task),
            None => own.push(task),
        }
    }
    poll_fn(|context| {
        own.retain_mut(|task| task.as_mut().poll(context).is_pending());
        board.poll_done(context)
    })
    .await;
    let answers = std::mem::take(&mut board.lock().answers);
    let lost =
        || Failure::new("a call that the store was given never came back: it panicked, or was dropped");
    answers.into_iter().map(|answer| answer.ok_or_else(lost)).collect()
}

/// Polls a future so many times and drops it; what it answered, if it was done by then.
pub(super) async fn polled_then_dropped<T>(mut future: BoxFuture<T>, polls: u32) -> Option<T> {
    for _ in 0..polls {
        let polled = poll_fn(|context| Poll::Ready(Pin::as_mut(&mut future).poll(context))).await;
        if let Poll::Ready(answer) = polled {
            return Some(answer);
        }
        turn().await;
    }
    None
}

/// Lets others run for a turn.
pub(super) async fn turn() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Where tasks meet, and where their answers are put.
struct Board<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    tasks: usize,
    arrived: usize,
    done: usize,
    waiting: Vec<Waker>,
    answers: Vec<Option<T>>,
}

impl<T> Board<T> {
    fn new(tasks: usize) -> Self {
        let answers = std::iter::repeat_with(|| None).take(tasks).collect();
        Self { state: Mutex::new(State { tasks, arrived: 0, done: 0, waiting: Vec::new(), answers }) }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every task is here.
    async fn all_here(&self) {
        {
            let mut state = self.lock();
            state.arrived = state.arrived.saturating_add(1);
        }
        poll_fn(|context| {
            let mut state = self.lock();
            if state.arrived < state.tasks {
                state.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            state.waiting.drain(..).for_each(Waker::wake);
            Poll::Ready(())
        })
        .await;
    }

    fn poll_done(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.done < state.tasks {
            state.waiting.push(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

/// A task's place at the board. It is left however the task ends, so that nobody waits for one that died.
struct Seat<T> {
    board: Arc<Board<T>>,
    n: usize,
    answer: Option<T>,
}

impl<T> Drop for Seat<T> {
    fn drop(&mut self) {
        let mut state = self.board.lock();
        state.done = state.done.saturating_add(1);
        if let Some(place) = state.answers.get_mut(self.n) {
            *place = self.answer.take();
        }
        state.waiting.drain(..).for_each(Waker::wake);
    }
}
