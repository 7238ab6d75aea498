//! HTTP sessions.

mod error;
mod gone;
mod key;
mod record;
mod shared;
pub mod store;
mod user;

pub use error::{Conflict, Error, StoreError, StoreErrorKind};
pub use gone::{Gone, GoneReason, SessionInterrupted, TOMBSTONE_KEPT};
pub use key::{KeyHash, SessionKey};
pub use record::{Content, Record, UserSession, Version};
pub use store::SessionStore;
pub use user::UserId;
