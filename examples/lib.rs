//! The examples are programs: `cargo run --release --example quickstart` runs the first of them.
