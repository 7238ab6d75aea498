//! A store behind a shared pointer is a store: so that the kind of store can be chosen when the program runs.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{SessionStore, StoreError};

/// Hands every call on.
macro_rules! hand_on {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<T: SessionStore + ?Sized> SessionStore for Arc<T> {
            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    T::$name(self, $($argument),*).await
                }
            )*
        }
    };
}

crate::session_store_methods!(hand_on);
