//! What the targets share: the tests' own model and laws, and what makes histories and files of the fuzzer's bytes.

#[path = "../../tests/support/drive.rs"]
pub mod drive;
#[path = "../../tests/support/exported.rs"]
pub mod exported;
#[path = "../../tests/support/laws.rs"]
pub mod laws;
#[path = "../../tests/model/mod.rs"]
pub mod model;
#[path = "../../tests/support/past.rs"]
pub mod past;
#[path = "../../tests/support/read_journal.rs"]
pub mod read_journal;
#[path = "../../tests/support/receipts.rs"]
pub mod receipts;
#[path = "../../tests/support/same_book.rs"]
pub mod same_book;
#[path = "../../tests/support/statements.rs"]
pub mod statements;
#[path = "../../tests/support/sums.rs"]
pub mod sums;
#[path = "../../tests/support/ticking.rs"]
pub mod ticking;
#[path = "../../tests/support/touches.rs"]
pub mod touches;

pub mod history;
pub mod mutate;
pub mod rules;
pub mod school;
pub mod table;

/// Runs to the end.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
