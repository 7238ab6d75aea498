//! A store by a clock that stands still, whose calls the test can hold up: the slow page.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bursar::{LedgerStore, StoreError};
use chrono::{DateTime, Utc};
use libtest_mimic::Failed;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::PATIENCE;

/// Whether a call is held up before the store does it, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// A gate before or after the calls of one method; open once it is dropped.
pub(crate) struct Gate {
    method: &'static str,
    when: When,
    reached: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    /// Waits until a call stands at the gate, the next one each time.
    pub(crate) async fn reached(&self) -> Result<(), Failed> {
        let reached = tokio::time::timeout(PATIENCE, self.reached.acquire()).await;
        reached.map_err(|_| format!("nothing came to {}", self.method))??.forget();
        Ok(())
    }

    /// Lets through whatever stands there, and whatever comes.
    pub(crate) fn open(&self) {
        self.open.close();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// The gates of a store.
#[derive(Clone, Default)]
pub(crate) struct Gates(Arc<Mutex<Vec<Gate>>>);

impl Gates {
    /// Shuts a gate.
    pub(crate) fn shut(&self, method: &'static str, when: When) -> Gate {
        let (reached, open) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let gate = || Gate { method, when, reached: Arc::clone(&reached), open: Arc::clone(&open) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(gate());
        gate()
    }

    async fn pass(&self, method: &str, when: When) {
        let open = {
            let gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let gate = gates.iter().rfind(|gate| gate.method == method && gate.when == when);
            let Some(gate) = gate.filter(|gate| !gate.open.is_closed()) else { return };
            gate.reached.add_permits(1);
            Arc::clone(&gate.open)
        };
        // It gives no permits; it is closed when the gate opens.
        let _ = open.acquire().await;
    }
}

/// The store.
pub(crate) struct Gated {
    store: Arc<dyn LedgerStore>,
    gates: Gates,
    now: DateTime<Utc>,
}

impl Gated {
    pub(crate) fn new(store: Arc<dyn LedgerStore>, now: DateTime<Utc>) -> (Self, Gates) {
        let gates = Gates::default();
        (Self { store, gates: gates.clone(), now }, gates)
    }
}

macro_rules! gated {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl LedgerStore for Gated {
            fn now(&self) -> DateTime<Utc> {
                self.now
            }

            fn new_id(&self) -> Uuid {
                self.store.new_id()
            }

            async fn pause(&self, time: Duration) {
                self.store.pause(time).await;
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.gates.pass(stringify!($name), When::Before).await;
                    let answer = self.store.$name($($argument),*).await;
                    self.gates.pass(stringify!($name), When::After).await;
                    answer
                }
            )*
        }
    };
}

bursar::ledger_store_methods!(gated: keeping commit reading listing reporting);
