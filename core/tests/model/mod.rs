//! A naive reference model of the ledger: slow, obvious, and without a line of the library that it judges.
//!
//! | file | what it holds |
//! |---|---|
//! | `words` | the closed vocabularies: standings, methods, kinds of concession |
//! | `amount` | minor units to and from decimal text |
//! | `command` | what a school can do, one variant for each `do` |
//! | `line` | commands to and from lines of the school file |
//! | `book` | the state, and `apply` |
//! | `rules` | what is refused, and what is no change |
//! | `billing` | which fees an account is charged |
//! | `figures` | figures by account and term |
//! | `allocation`, `aging` | which debits are settled, and how old the others are |
//! | `export` | a model back into commands |
//! | `generate`, `resolve`, `spoil` | random histories |

#![allow(dead_code, unreachable_pub, unused_imports, missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::too_many_lines,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::manual_is_multiple_of,
    clippy::enum_variant_names
)]

pub mod aging;
pub mod allocation;
pub mod amount;
pub mod billing;
pub mod book;
pub mod command;
pub mod export;
pub mod figures;
pub mod generate;
pub mod line;
pub mod resolve;
pub mod rules;
pub mod spoil;
pub mod words;

pub use aging::Buckets;
pub use allocation::{Allocation, Settled};
pub use book::{Account, Applied, Entry, Fee, Kind, Model, Term};
pub use command::{Command, Payer, TermId};
pub use figures::{Figure, Status};
pub use generate::{any_history, history};
pub use line::{parse_file, parse_line, to_file};
pub use rules::{Refused, Verdict};
pub use words::{ConcessionKind, Method, Standing};
