//! The store, without the reports that it has of its own: those that are read and summed for a store that has none.

use std::time::Duration;

use async_trait::async_trait;
use bursar::{LedgerStore, StoreError};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Clone)]
pub(crate) struct Plain(pub(crate) MemoryStore);

macro_rules! hand_on {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl LedgerStore for Plain {
            fn now(&self) -> DateTime<Utc> {
                self.0.now()
            }

            fn new_id(&self) -> Uuid {
                self.0.new_id()
            }

            async fn pause(&self, time: Duration) {
                self.0.pause(time).await;
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.0.$name($($argument),*).await
                }
            )*
        }
    };
}

bursar::ledger_store_methods!(hand_on: keeping commit reading listing);
