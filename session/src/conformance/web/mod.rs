//! What holds for requests: the cases `c01` to `c20`, and every order of the store calls of two or three requests.
//!
//! They go through a [`Server`], so that a store is asked through each adapter as well as without one.

mod browser;
mod cookies;
mod expiry;
mod faults;
mod gate;
mod interleavings;
mod races;
mod scripts;
mod server;
mod site;
mod writes;

#[cfg(feature = "actix")]
pub use server::Actix;
#[cfg(feature = "axum")]
pub use server::Axum;
#[cfg(feature = "tower")]
pub use server::Tower;
pub use server::{Direct, Handler, Server, Service};

use std::sync::Arc;

use super::Case;

/// Every way for requests to come to a handler that is built in, by its name: without an adapter, and through each adapter whose feature is
/// on.
#[must_use]
pub fn servers() -> Vec<(&'static str, Arc<dyn Server>)> {
    vec![
        ("no adapter", Arc::new(Direct)),
        #[cfg(feature = "tower")]
        ("tower", Arc::new(Tower)),
        #[cfg(feature = "axum")]
        ("axum", Arc::new(Axum)),
        #[cfg(feature = "actix")]
        ("actix", Arc::new(Actix::new())),
    ]
}

/// Every case of requests: `c01` to `c20`, and the interleavings.
#[must_use]
pub fn cases() -> Vec<Case> {
    [races::CASES, writes::CASES, expiry::CASES, faults::CASES, cookies::CASES, interleavings::CASES].concat()
}
