//! The invariants of the balances, B1 to B10, over random histories, against a naive model that shares no code with the library.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

#[path = "support/drive.rs"]
mod drive;
#[path = "support/exported.rs"]
mod exported;
#[path = "support/laws.rs"]
mod laws;
mod model;
#[path = "support/past.rs"]
mod past;
#[path = "support/receipts.rs"]
mod receipts;
#[path = "support/same_book.rs"]
mod same_book;
#[path = "support/statements.rs"]
mod statements;
#[path = "support/sums.rs"]
mod sums;
#[path = "support/ticking.rs"]
mod ticking;
#[path = "support/touches.rs"]
mod touches;

use std::future::Future;

use bursar::school_file::ExportOptions;
use bursar_store_memory::MemoryStore;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// B1, B2, B3, B5, B6, B7, B9, B10: the ledger does what the model does, refuses what it refuses, and gives its figures.
    #[test]
    fn a_history_gives_the_figures_of_the_model((exponent, history) in model::any_history()) {
        wait(laws::as_the_model(MemoryStore::new(), exponent, &history)).map_err(TestCaseError::fail)?;
    }

    /// B3, B4, B5, B10 stated on the library's own answers.
    #[test]
    fn the_figures_agree_among_themselves((exponent, history) in model::any_history()) {
        wait(laws::consistent(MemoryStore::new(), exponent, &history)).map_err(TestCaseError::fail)?;
    }

    /// B6: a reversal restores every figure exactly, and no entry recorded before is touched.
    #[test]
    fn a_reversal_restores_every_figure((exponent, history) in model::any_history(), pick: prop::sample::Index) {
        wait(laws::reversal_restores(MemoryStore::new(), exponent, &history, pick)).map_err(TestCaseError::fail)?;
    }

    /// B7: whatever is sent twice, at any time later, is recorded once.
    #[test]
    fn sending_everything_again_changes_nothing((exponent, history) in model::any_history()) {
        wait(laws::idempotent(MemoryStore::new(), exponent, &history)).map_err(TestCaseError::fail)?;
    }

    /// B8: the order in which entries of an account were recorded does not matter to its figures by term.
    #[test]
    fn the_order_of_recording_does_not_matter((exponent, history) in model::any_history(), seed: u64) {
        wait(laws::order_free(MemoryStore::new(), exponent, &history, seed)).map_err(TestCaseError::fail)?;
    }

    /// A school file does what the calls do; read twice it does nothing more, and cut anywhere and read on it ends the same.
    #[test]
    fn a_school_file_does_what_the_calls_do((exponent, history) in model::any_history(), cut: prop::sample::Index) {
        wait(laws::replayed(async || MemoryStore::new(), exponent, &history, cut)).map_err(TestCaseError::fail)?;
    }

    /// A book written as a school file and read elsewhere is the same book.
    #[test]
    fn an_export_makes_the_same_book((exponent, history) in model::any_history(), touches in touches::touches()) {
        let made = async {
            let ledger = drive::open(MemoryStore::new(), exponent).await;
            exported::exported(&ledger, MemoryStore::new(), exponent, &history, &touches).await
        };
        wait(made).map_err(TestCaseError::fail)?;
    }

    /// Agings, statements and allocations as of every past day are those of a book in which only that was recorded which has effect until
    /// then.
    #[test]
    fn as_of_every_day((exponent, history) in model::any_history()) {
        wait(past::as_of_every_day(MemoryStore::new(), exponent, &history)).map_err(TestCaseError::fail)?;
    }

    /// What was recorded by an instant is what was drawn up at it.
    #[test]
    fn as_recorded_by_every_instant((exponent, history) in model::any_history()) {
        wait(past::as_recorded_by_every_instant(MemoryStore::new(), exponent, &history)).map_err(TestCaseError::fail)?;
    }

    /// Statements agree in themselves, and those of spans that follow each other go on where the one before ends.
    #[test]
    fn statements_agree((exponent, history) in model::any_history()) {
        wait(statements::statements_agree(MemoryStore::new(), exponent, &history)).map_err(TestCaseError::fail)?;
    }

    /// Sums of parts are the whole in every report, and all of it is what the model counts.
    #[test]
    fn parts_sum_to_the_whole((exponent, history) in model::any_history()) {
        wait(sums::parts_sum_to_the_whole(MemoryStore::new(), exponent, &history)).map_err(TestCaseError::fail)?;
    }

    /// A receipt printed again says what it said when it was recorded.
    #[test]
    fn receipts_stay_what_they_were((exponent, history) in model::any_history()) {
        wait(receipts::receipts_stay_what_they_were(MemoryStore::new(), exponent, &history)).map_err(TestCaseError::fail)?;
    }

    /// Pages of debtors are those who owe, in order, whatever the filter and the page.
    #[test]
    fn debtors_are_those_who_owe((exponent, history) in model::any_history(), drawn in sums::any_filters()) {
        wait(sums::debtors_are_those_who_owe(MemoryStore::new(), exponent, &history, &drawn)).map_err(TestCaseError::fail)?;
    }
}

/// Among random books there are some that need each field of the school file that the plain ones do without: the law above says something.
#[test]
fn random_books_need_every_field_of_the_school_file() {
    let mut runner = TestRunner::deterministic();
    let mut wanted = vec![
        (r#""do":"activate","#, r#""bill":false"#),
        (r#""do":"fee","#, r#""instalments":[{"amount""#),
        (r#""do":"fee","#, r#""revision":2"#),
        (r#""group":"#, r#""instalment":1"#),
        (r#""key":"bursar:redo:"#, r#""revision":"#),
        (r#""key":"bursar:bill:"#, r#","revision":0,"instalment":1"#),
        (r#""do":"pay","#, r#""recorded_by":"""#),
        (r#""do":"refund","#, r#""reference":"#),
        (r#""do":"reverse","#, r#""note":"#),
        (r#""do":"close","#, ""),
        (r#""do":"lock","#, ""),
        (r#""to":"alumni""#, ""),
        (r#""on":"+12026-01-01""#, ""),
    ];
    let mut own = false;
    let books = (model::any_history(), touches::touches());
    for _ in 0..400 {
        let ((exponent, history), touches) = books.new_tree(&mut runner).unwrap().current();
        let (file, _) = wait(async {
            let ledger = drive::open(MemoryStore::new(), exponent).await;
            drive::side_by_side(&ledger, exponent, &history).await.unwrap();
            touches::touch(&ledger, &touches).await.unwrap();
            same_book::write(&ledger, ExportOptions::new()).await
        });
        wanted.retain(|(one, other)| !file.lines().any(|line| line.contains(one) && line.contains(other)));
        own |= file.lines().any(|line| line.contains(r#""instalment":"#) && !line.contains(r#""group":"#));
    }
    assert!(own, "no book has a charge of an own fee that says its slot");
    assert!(wanted.is_empty(), "no book has a line with {wanted:?}");
}
