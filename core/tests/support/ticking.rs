//! A store by a clock that the test turns on: what is recorded at one turn has one instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bursar::{LedgerStore, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A store whose clock stands still until it is turned on.
#[derive(Clone)]
pub struct Ticking<S> {
    store: S,
    ticks: Arc<AtomicI64>,
}

impl<S> Ticking<S> {
    pub fn new(store: S) -> Self {
        Self { store, ticks: Arc::default() }
    }

    /// Turns the clock on by a microsecond, the least that a store keeps; the instant that it shows then.
    pub fn tick(&self) -> DateTime<Utc> {
        self.ticks.fetch_add(1, Ordering::SeqCst);
        self.shown()
    }

    fn shown(&self) -> DateTime<Utc> {
        let begin: DateTime<Utc> = "2026-01-12T08:00:00Z".parse().unwrap();
        begin + TimeDelta::microseconds(self.ticks.load(Ordering::SeqCst))
    }
}

macro_rules! ticking {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: LedgerStore> LedgerStore for Ticking<S> {
            fn now(&self) -> DateTime<Utc> {
                self.shown()
            }

            fn new_id(&self) -> Uuid {
                self.store.new_id()
            }

            async fn pause(&self, time: Duration) {
                self.store.pause(time).await;
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.store.$name($($argument),*).await
                }
            )*
        }
    };
}

bursar::ledger_store_methods!(ticking: keeping commit reading listing reporting);
