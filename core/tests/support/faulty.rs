//! A store that fails at one of its calls: before it has done it, or after, so that the caller does not know.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bursar::{LedgerStore, StoreError, StoreErrorKind};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done.
    Before,
    /// It is done, and the answer is lost.
    After,
}

/// A store whose call number `at` fails, counted from 1.
#[derive(Clone)]
pub struct Faulty<S> {
    store: S,
    fault: Fault,
    at: u32,
    calls: Arc<AtomicU32>,
}

impl<S> Faulty<S> {
    pub fn new(store: S, fault: Fault, at: u32) -> Self {
        Self { store, fault, at, calls: Arc::new(AtomicU32::new(0)) }
    }

    /// Whether the call that fails has come.
    pub fn has_failed(&self) -> bool {
        self.calls.load(Ordering::SeqCst) >= self.at
    }

    fn is_now(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.at
    }
}

macro_rules! faulty {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: LedgerStore> LedgerStore for Faulty<S> {
            fn now(&self) -> DateTime<Utc> {
                self.store.now()
            }

            fn new_id(&self) -> Uuid {
                self.store.new_id()
            }

            async fn pause(&self, _time: Duration) {}

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    let fails = self.is_now();
                    if fails && self.fault == Fault::Before {
                        return Err(StoreError::new(StoreErrorKind::Unavailable, "test", "cut before"));
                    }
                    let answer = self.store.$name($($argument),*).await;
                    if fails {
                        return Err(StoreError::new(StoreErrorKind::UnknownOutcome, "test", "cut after"));
                    }
                    answer
                }
            )*
        }
    };
}

bursar::ledger_store_methods!(faulty: keeping commit reading listing);
