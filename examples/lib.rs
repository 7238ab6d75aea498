//! The examples are programs: `cargo run --release --example quickstart` runs the first of them. Here is what several of them share.

pub mod book;
pub mod database;
pub mod input;

/// The code of the project's pages, compiled with the tests.
#[cfg(doctest)]
mod pages_of_the_project {
    #[doc = include_str!("../docs/embedding.md")]
    mod embedding {}
    #[doc = include_str!("../docs/errors.md")]
    mod errors {}
}
