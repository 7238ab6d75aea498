//! A store behind a shared pointer is a store: so that the kind of store can be chosen when the program runs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::StoreError;
use crate::store::LedgerStore;

/// Hands every call on.
macro_rules! hand_on {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<T: LedgerStore + ?Sized> LedgerStore for Arc<T> {
            fn now(&self) -> DateTime<Utc> {
                T::now(self)
            }

            fn new_id(&self) -> Uuid {
                T::new_id(self)
            }

            async fn pause(&self, time: Duration) {
                T::pause(self, time).await;
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    T::$name(self, $($argument),*).await
                }
            )*
        }
    };
}

crate::ledger_store_methods!(hand_on: keeping commit reading listing reporting);
