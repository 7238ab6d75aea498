//! What a runner gives a case: a fresh store, a second way into it, and threads.

use std::fmt;
use std::sync::Arc;

use super::BoxFuture;
use super::web::{Direct, Server};
use crate::SessionStore;

pub(super) type Spawn = Arc<dyn Fn(BoxFuture<()>) + Send + Sync>;

/// What a case runs on: a fresh, empty store; and, where the runner has them, a second way into the same data and threads.
#[derive(Clone)]
pub struct Given {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) other: Arc<dyn SessionStore>,
    pub(super) spawn: Option<Spawn>,
    pub(super) server: Arc<dyn Server>,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("spawns", &self.spawn.is_some()).finish_non_exhaustive()
    }
}

impl Given {
    /// A fresh, empty store. Calls that must meet are polled together in one task.
    #[must_use]
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { other: Arc::clone(&store), store, spawn: None, server: Arc::new(Direct) }
    }

    /// Gives a second way into the same data: another pool or connection, as another process would have. Calls that must meet go by both,
    /// and what is written by the one is read by the other.
    #[must_use]
    pub fn with_other(self, other: Arc<dyn SessionStore>) -> Self {
        Self { other, ..self }
    }

    /// Gives a way to run tasks truly at once: `spawn` starts each and returns. All tasks of a case must be able to wait for each other.
    #[must_use]
    pub fn with_spawn(self, spawn: impl Fn(BoxFuture<()>) + Send + Sync + 'static) -> Self {
        Self { spawn: Some(Arc::new(spawn)), ..self }
    }

    /// Gives the way for requests to come to handlers: an adapter. Without it they come by the layer's own functions.
    #[must_use]
    pub fn with_server(self, server: Arc<dyn Server>) -> Self {
        Self { server, ..self }
    }

    /// The way in that the n-th of several callers takes.
    pub(super) fn way(&self, n: usize) -> Arc<dyn SessionStore> {
        Arc::clone(if n.is_multiple_of(2) { &self.store } else { &self.other })
    }
}
