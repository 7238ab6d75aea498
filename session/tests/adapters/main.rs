//! What an adapter adds to the layer: it passes on what is not its own, and answers for it where it must.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod actix;
mod axum;
mod site;
mod tower;
