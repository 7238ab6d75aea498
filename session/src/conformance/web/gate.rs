//! A gate around a store: every call waits before it until the test lets it through, is counted, and may be made to fail.
//!
//! What a caller does between two calls concerns nobody else, so that to stop it before each call is to stop it after the one before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc};

use crate::{SessionStore, StoreError, StoreErrorKind};

/// What a caller tells the scheduler: it waits before its next call.
pub(super) struct Waits;

/// What a gate does with the calls that come to it.
#[derive(Debug, Default)]
pub(super) struct Watch {
    failing: AtomicBool,
    calls: Mutex<Vec<&'static str>>,
}

impl Watch {
    /// The calls so far, in their order, and forgets them.
    pub(super) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes every call fail from now on, as of a database that is locked, or none.
    pub(super) fn fail(&self, fail: bool) {
        self.failing.store(fail, Ordering::SeqCst);
    }
}

/// A store behind a gate.
#[derive(Clone)]
pub(super) struct Gated {
    store: Arc<dyn SessionStore>,
    watch: Arc<Watch>,
    stops: Option<(Arc<Semaphore>, mpsc::UnboundedSender<Waits>)>,
}

impl Gated {
    /// A gate that only watches.
    pub(super) fn open(store: Arc<dyn SessionStore>, watch: Arc<Watch>) -> Self {
        Self { store, watch, stops: None }
    }

    /// A gate that lets one call through for each permit, and says when one waits.
    pub(super) fn closed(
        store: Arc<dyn SessionStore>,
        permits: Arc<Semaphore>,
        waits: mpsc::UnboundedSender<Waits>,
    ) -> Self {
        Self { store, watch: Arc::default(), stops: Some((permits, waits)) }
    }

    async fn pass(&self, call: &'static str) -> Result<(), StoreError> {
        if let Some((permits, waits)) = &self.stops {
            // A scheduler that is gone stops nobody.
            if waits.send(Waits).is_ok()
                && let Ok(permit) = permits.acquire().await
            {
                permit.forget();
            }
        }
        self.watch.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        if self.watch.failing.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Busy, call, "the database is locked, says the test"));
        }
        Ok(())
    }
}

macro_rules! gated {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl SessionStore for Gated {
            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.pass(stringify!($name)).await?;
                    self.store.$name($($argument),*).await
                }
            )*
        }
    };
}

crate::session_store_methods!(gated);
