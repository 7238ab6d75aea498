//! The examples are programs: `cargo run --release --example quickstart` runs the first of them. Here is what several of them share.

pub mod book;
pub mod database;
pub mod input;
pub mod office;
