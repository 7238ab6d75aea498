//! A store behind a shared pointer is a store: so that the kind of store can be chosen when the program runs.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use crate::{Content, GoneReason, KeyHash, SessionStore, StoreError, UserId, UserSession, Version};

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

hand_on! {
    async fn load(key: &KeyHash, now: DateTime<Utc>) -> Loaded;
    async fn create(key: &KeyHash, content: &Content, now: DateTime<Utc>) -> Created;
    async fn update(key: &KeyHash, version: Version, content: &Content, now: DateTime<Utc>) -> Updated;
    async fn touch(key: &KeyHash, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Touched;
    async fn rotate(key: &KeyHash, to: &KeyHash, now: DateTime<Utc>) -> Rotated;
    async fn delete(key: &KeyHash, version: Option<Version>, reason: GoneReason, now: DateTime<Utc>) -> Deleted;
    async fn list_user(user: &UserId, after: Option<&KeyHash>, limit: u32, now: DateTime<Utc>) -> Vec<UserSession>;
    async fn delete_user(user: &UserId, except: Option<&KeyHash>, now: DateTime<Utc>) -> u64;
    async fn delete_expired(limit: u32, now: DateTime<Utc>) -> u32;
}
