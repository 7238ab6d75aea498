//! The relay: how sessions that are read at one moment are read together, without a task in between.
//!
//! There are a few *turns*, one a connection. Who comes while a turn is free takes it and reads at once. Who comes while none is waits;
//! whoever has read hands the turn to the first who waits, and that one reads for all who wait. A turn is handed on wherever it is dropped,
//! and an answer that gets lost is asked for again: a caller that goes away strands nobody.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bursar::{StoreError, StoreErrorKind};
use bursar_session::KeyHash;
use bursar_session::store::Loaded;
use tokio::sync::oneshot;

use crate::lane::{again, shut_down};

/// The most sessions that are read together.
const READ_MAX: usize = 256;

const OPERATION: &str = "load a session";

/// A session to be read, and the instant by which it is judged, in microseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) key: KeyHash,
    pub(crate) now: i64,
}

/// Who reads.
pub(crate) trait SessionReader: Send + Sync + 'static {
    /// What it reads through.
    type Connection: Send + 'static;

    /// Whether a connection is kept for the next turn; else it is given back after each.
    fn keeps(&self) -> bool;

    fn connect(&self) -> impl Future<Output = Result<Self::Connection, StoreError>> + Send;

    /// Reads these, in one statement, and answers each in its place.
    fn read(
        &self,
        connection: &mut Self::Connection,
        asked: &[Asked],
    ) -> impl Future<Output = Result<Vec<Loaded>, StoreError>> + Send;
}

/// What who waits is told.
enum Told<R: SessionReader> {
    Answer(Result<Loaded, StoreError>),
    YourTurn(Turn<R>),
}

struct Waiting<R: SessionReader> {
    asked: Asked,
    reply: oneshot::Sender<Told<R>>,
}

struct State<R: SessionReader> {
    waiting: VecDeque<Waiting<R>>,
    /// How many turns nobody has.
    free: usize,
    /// Connections of free turns.
    idle: Vec<R::Connection>,
    closed: bool,
}

struct Shared<R: SessionReader> {
    reader: R,
    state: Mutex<State<R>>,
}

impl<R: SessionReader> Shared<R> {
    fn state(&self) -> MutexGuard<'_, State<R>> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to read.
struct Turn<R: SessionReader> {
    /// Nothing once it is handed on.
    shared: Option<Arc<Shared<R>>>,
    connection: Option<R::Connection>,
}

impl<R: SessionReader> Drop for Turn<R> {
    fn drop(&mut self) {
        let (mut shared, mut connection) = (self.shared.take(), self.connection.take());
        while let Some(here) = shared {
            let mut state = here.state();
            let keeps = here.reader.keeps() && !state.closed;
            let connection_on = connection.filter(|_| keeps);
            let Some(first) = state.waiting.pop_front() else {
                state.free = state.free.saturating_add(1);
                state.idle.extend(connection_on);
                return;
            };
            drop(state);
            let turn = Self { shared: Some(here), connection: connection_on };
            // Who has gone away gives it back.
            let Err(Told::YourTurn(mut back)) = first.reply.send(Told::YourTurn(turn)) else { return };
            (shared, connection) = (back.shared.take(), back.connection.take());
        }
    }
}

/// The entrance.
pub(crate) struct Relay<R: SessionReader> {
    shared: Arc<Shared<R>>,
}

impl<R: SessionReader> Clone for Relay<R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<R: SessionReader> fmt::Debug for Relay<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("free", &self.shared.state().free).finish_non_exhaustive()
    }
}

enum Entered<R: SessionReader> {
    Turn(Turn<R>),
    Waits(oneshot::Receiver<Told<R>>),
}

impl<R: SessionReader> Relay<R> {
    pub(crate) fn new(reader: R, turns: usize) -> Self {
        let state = State { waiting: VecDeque::new(), free: turns, idle: Vec::new(), closed: false };
        Self { shared: Arc::new(Shared { reader, state: Mutex::new(state) }) }
    }

    /// Reads a session, with whatever else is to be read at that moment.
    pub(crate) async fn load(&self, asked: Asked) -> Result<Loaded, StoreError> {
        loop {
            let told = match self.enter(asked)? {
                Entered::Turn(turn) => Told::YourTurn(turn),
                // Who read for this one went away.
                Entered::Waits(answer) => match answer.await {
                    Ok(told) => told,
                    Err(_) => continue,
                },
            };
            match told {
                Told::Answer(answer) => return answer,
                Told::YourTurn(turn) => return self.read(turn, asked).await,
            }
        }
    }

    fn enter(&self, asked: Asked) -> Result<Entered<R>, StoreError> {
        let mut state = self.shared.state();
        if state.closed {
            return Err(shut_down(OPERATION));
        }
        if let Some(free) = state.free.checked_sub(1) {
            state.free = free;
            let connection = state.idle.pop();
            return Ok(Entered::Turn(Turn { shared: Some(Arc::clone(&self.shared)), connection }));
        }
        let (reply, answer) = oneshot::channel();
        state.waiting.push_back(Waiting { asked, reply });
        Ok(Entered::Waits(answer))
    }

    /// Reads for oneself and for all who wait.
    async fn read(&self, mut turn: Turn<R>, own: Asked) -> Result<Loaded, StoreError> {
        let reader = &self.shared.reader;
        let connected = match turn.connection.take() {
            Some(connection) => Ok(connection),
            None => reader.connect().await,
        };
        let (asked, replies) = self.gather(own);
        let answers = match connected {
            Ok(connection) => reader.read(turn.connection.insert(connection), &asked).await,
            Err(error) => Err(error),
        };
        match answers {
            Ok(answers) => {
                let mut answers = answers.into_iter();
                let own = answers.next().ok_or_else(|| lost(OPERATION));
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Who is gone needs no answer.
                    let _ = reply.send(Told::Answer(Ok(answer)));
                }
                own
            }
            Err(error) => {
                // It may be broken: the next turn connects anew.
                turn.connection = None;
                for reply in replies {
                    let _ = reply.send(Told::Answer(Err(again(&error))));
                }
                Err(error)
            }
        }
    }

    /// One's own and what others wait for.
    fn gather(&self, own: Asked) -> (Vec<Asked>, Vec<oneshot::Sender<Told<R>>>) {
        let mut state = self.shared.state();
        let others = state.waiting.len().min(READ_MAX);
        let others = state.waiting.drain(..others).filter(|one| !one.reply.is_closed());
        let (mut asked, mut replies) = (vec![own], Vec::new());
        for one in others {
            asked.push(one.asked);
            replies.push(one.reply);
        }
        (asked, replies)
    }

    /// Whether the store was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.state().closed
    }

    /// Lets nobody in any more; the connections that nobody reads through, to be closed.
    pub(crate) fn close(&self) -> Vec<R::Connection> {
        let (waiting, idle) = {
            let mut state = self.shared.state();
            state.closed = true;
            (std::mem::take(&mut state.waiting), std::mem::take(&mut state.idle))
        };
        for one in waiting {
            let _ = one.reply.send(Told::Answer(Err(shut_down(OPERATION))));
        }
        idle
    }
}

/// A defect of the library's: a statement answers for each that is asked for.
fn lost(operation: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Misuse, operation, "a session was asked for and not answered")
}
