//! The task that deletes what has expired (R14).

use std::fmt;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::{Error, SessionLayer, Sessions, minutes};

/// How long a clean-up leaves the store to others between two batches.
const BREATH: Duration = Duration::from_millis(10);

/// How expired sessions are deleted for good: every ten minutes, a thousand at a time, unless told otherwise.
///
/// What has expired is invisible at once; this makes room. One task is enough for an application of several processes, and several do no
/// harm.
///
/// ```
/// use bursar_session::{SessionLayer, minutes};
/// use bursar_session::cleanup::Cleanup;
/// use bursar_store_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let sessions = SessionLayer::new(MemoryStore::new());
/// let cleanup = Cleanup::new().every(minutes(5)).start(&sessions);
/// // … serve …
/// cleanup.stop().await;
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a clean-up begins when it is started"]
pub struct Cleanup {
    every: Duration,
    batch: u32,
}

impl Default for Cleanup {
    fn default() -> Self {
        Self::new()
    }
}

impl Cleanup {
    /// Every ten minutes, a thousand at a time.
    pub const fn new() -> Self {
        Self { every: minutes(10), batch: 1_000 }
    }

    /// How long it rests when nothing is left to delete; at least a second.
    pub fn every(self, every: Duration) -> Self {
        Self { every: every.max(Duration::from_secs(1)), ..self }
    }

    /// How many are deleted in one step, for which the store is held up; at least one.
    pub fn batch(self, batch: u32) -> Self {
        Self { batch: batch.max(1), ..self }
    }

    /// Starts the task on the present tokio runtime, which has timers. It deletes at once, and then from time to time, until it is stopped.
    pub fn start(self, layer: &SessionLayer) -> CleanupHandle {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(self.run(layer.sessions(), stopped));
        CleanupHandle { stop: Some(stop), task }
    }

    async fn run(self, sessions: Sessions, mut stopped: oneshot::Receiver<()>) {
        loop {
            let rest = match sessions.delete_expired(self.batch).await {
                Ok(deleted) if deleted >= self.batch => BREATH,
                Ok(_) => self.every,
                Err(error) => {
                    tracing::warn!(%error, "expired sessions could not be deleted; tried again later");
                    self.every
                }
            };
            // Between two batches alone, so that none is left half done.
            tokio::select! {
                _ = &mut stopped => return,
                () = sleep(rest) => {}
            }
        }
    }
}

/// A clean-up under way. Dropping it stops it as well, without waiting.
#[must_use = "dropping it stops the clean-up"]
pub struct CleanupHandle {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl fmt::Debug for CleanupHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CleanupHandle").field("finished", &self.task.is_finished()).finish()
    }
}

impl CleanupHandle {
    /// Stops it, and waits until the batch under way is done.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the clean-up of sessions had died");
        }
    }
}

impl Sessions {
    /// Deletes up to `limit` of what has expired, for good; how many there were. Fewer than `limit` means that no more are left. It is one
    /// step of a [`Cleanup`], for applications with a scheduler of their own.
    ///
    /// ```
    /// use bursar_session::{Error, SessionLayer};
    ///
    /// /// What a scheduler of the application's own runs now and then.
    /// async fn clean(layer: &SessionLayer) -> Result<(), Error> {
    ///     while layer.sessions().delete_expired(1_000).await? == 1_000 {}
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn delete_expired(&self, limit: u32) -> Result<u32, Error> {
        Ok(self.settings.store.delete_expired(limit, self.settings.now()).await?)
    }
}
