#![doc = include_str!("docs/lib.md")]

#[cfg(feature = "actix")]
pub mod actix;
pub mod answer;
#[cfg(feature = "axum")]
pub mod axum;
mod change;
#[cfg(feature = "cleanup")]
pub mod cleanup;
#[cfg(feature = "conformance")]
pub mod conformance;
mod cookie;
mod draft;
mod error;
mod expiry;
mod finish;
mod gone;
mod inner;
mod json;
mod key;
mod layer;
mod methods;
mod outcome;
#[doc = include_str!("docs/races.md")]
pub mod races {}
mod record;
mod request;
mod save;
mod session;
mod sessions;
mod settings;
mod shared;
mod state;
pub mod store;
#[cfg(feature = "tower")]
pub mod tower;
mod user;
mod values;

pub use answer::{Interrupted, Interruption};
pub use change::MergePolicy;
pub use cookie::{CrossSite, SessionCookie};
pub use error::{Conflict, Error, StoreError, StoreErrorKind};
pub use expiry::{LIFETIME_MAX, LIFETIME_MIN, days, hours, minutes};
pub use finish::Finished;
pub use gone::{Gone, GoneReason, SessionInterrupted, TOMBSTONE_KEPT};
pub use key::{KeyHash, SessionKey};
pub use layer::SessionLayer;
pub use outcome::Outcome;
pub use record::{Content, Record, UserSession, Version};
pub use request::{Asked, Client};
pub use session::Session;
pub use sessions::{PAGE_MAX, Sessions};
pub use settings::Counts;
pub use store::SessionStore;
pub use user::UserId;
pub use values::NAME_LENGTH_MAX;
