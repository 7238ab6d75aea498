//! The methods of [`SessionStore`](crate::SessionStore), listed once for whatever hands them on to another store.

/// Calls a macro with the signatures of all methods, so that a store around another says what it does with a call once, and not method by method:
/// `session_store_methods!(hand_on)`.
#[doc(hidden)]
#[macro_export]
macro_rules! session_store_methods {
    ($then:ident) => {
        $then! {
            async fn load(key: &$crate::KeyHash, now: ::chrono::DateTime<::chrono::Utc>) -> $crate::store::Loaded;
            async fn create(key: &$crate::KeyHash, content: &$crate::Content, now: ::chrono::DateTime<::chrono::Utc>) -> $crate::store::Created;
            async fn update(key: &$crate::KeyHash, version: $crate::Version, content: &$crate::Content, now: ::chrono::DateTime<::chrono::Utc>) -> $crate::store::Updated;
            async fn touch(key: &$crate::KeyHash, expires_at: ::chrono::DateTime<::chrono::Utc>, now: ::chrono::DateTime<::chrono::Utc>) -> $crate::store::Touched;
            async fn rotate(key: &$crate::KeyHash, to: &$crate::KeyHash, now: ::chrono::DateTime<::chrono::Utc>) -> $crate::store::Rotated;
            async fn delete(key: &$crate::KeyHash, version: Option<$crate::Version>, reason: $crate::GoneReason, now: ::chrono::DateTime<::chrono::Utc>) -> $crate::store::Deleted;
            async fn list_user(user: &$crate::UserId, after: Option<&$crate::KeyHash>, limit: u32, now: ::chrono::DateTime<::chrono::Utc>) -> Vec<$crate::UserSession>;
            async fn delete_user(user: &$crate::UserId, except: Option<&$crate::KeyHash>, now: ::chrono::DateTime<::chrono::Utc>) -> u64;
            async fn delete_expired(limit: u32, now: ::chrono::DateTime<::chrono::Utc>) -> u32;
        }
    };
}
