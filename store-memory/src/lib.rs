#![doc = include_str!("docs/lib.md")]

mod account;
mod book;
mod chunks;
mod reprice;
mod seals;
#[cfg(feature = "session")]
mod session_store;
#[cfg(feature = "session")]
mod sessions;
mod staged;
mod store;

pub use store::MemoryStore;
