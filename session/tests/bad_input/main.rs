//! Input that nobody should send, in every place where something comes in: it is refused, dropped or passed over, and never more than
//! that. What the fuzz targets of `fuzz/` ask of any input is asked here of some that is drawn by lot.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod cookies;
mod records;
mod secrets;
mod site;
mod times;
mod values;
