//! What bursar costs, held against the same work done by hand on the same machine in the same minute.
//!
//! Each module is one work: how its data are set up, ours, and the limit. The program `ratios` runs them in pairs, and the
//! criterion benches run them at smaller sizes. The README beside says what each name measures.
#![allow(
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a benchmark reads the clock, divides counts by seconds, and prints"
)]

pub mod account;
pub mod balances;
pub mod base;
pub mod billing;
pub mod debtors;
pub mod flat;
pub mod fold;
pub mod measure;
pub mod mysql;
pub mod payments;
pub mod post;
pub mod postgres;
pub mod ratios;
pub mod redis;
pub mod replay;
pub mod reports;
pub mod school;
pub mod seed;
pub mod servers;
pub mod sqlite;

/// What stops a benchmark: it says what happened, and ends the program.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
