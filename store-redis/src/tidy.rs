//! What is done after a call that was given up half-way, so that nobody else need find out.

use std::future::Future;
use std::pin::Pin;

use tokio::runtime::Handle;

/// Work for when the call that holds this goes away, or fails. Calls are whole or undone without it; it tidies up.
pub(crate) struct Tidy(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Tidy {
    pub(crate) fn unless_done(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }

    /// The call came to its end: there is nothing to tidy up.
    pub(crate) fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Tidy {
    fn drop(&mut self) {
        // Without a runtime everything ends; whoever comes after finds out by himself.
        if let Some(work) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            drop(runtime.spawn(work));
        }
    }
}
