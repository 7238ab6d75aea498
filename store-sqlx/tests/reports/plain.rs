//! A store that has nothing of its own for reports: what it answers is summed by core, entry by entry.

use std::time::Duration;

use async_trait::async_trait;
use bursar::{LedgerStore, StoreError};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A store's required methods alone.
pub(crate) struct Plain<'a, S>(pub(crate) &'a S);

macro_rules! plain {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: LedgerStore> LedgerStore for Plain<'_, S> {
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

bursar::ledger_store_methods!(plain: keeping commit reading listing);
