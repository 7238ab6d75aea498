//! Two callers against each other in every order of their store calls: whatever the order, the book is right afterwards.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "support/gate.rs"]
mod gate;
#[path = "support/races.rs"]
mod races;

use bursar_store_memory::MemoryStore;

#[tokio::test]
async fn every_order_of_two_callers_leaves_a_right_book() {
    races::run_all(async || MemoryStore::new(), 2_000).await;
}
