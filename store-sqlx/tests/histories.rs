//! The invariants B1 to B10 over random histories on SQLite, against the naive model: the same laws as on the reference store, and that
//! both stores end with the same book.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::as_conversions)]

#[path = "../../core/tests/support/drive.rs"]
mod drive;
#[path = "../../core/tests/support/exported.rs"]
mod exported;
#[path = "../../core/tests/support/gate.rs"]
mod gate;
#[path = "../../core/tests/support/laws.rs"]
mod laws;
#[path = "../../core/tests/model/mod.rs"]
mod model;
#[path = "../../core/tests/support/past.rs"]
mod past;
#[path = "../../core/tests/support/races.rs"]
mod races;
#[path = "../../core/tests/support/receipts.rs"]
mod receipts;
#[path = "../../core/tests/support/same_book.rs"]
mod same_book;
#[path = "../../core/tests/support/statements.rs"]
mod statements;
#[path = "../../core/tests/support/sums.rs"]
mod sums;
#[path = "../../core/tests/support/ticking.rs"]
mod ticking;
#[path = "../../core/tests/support/touches.rs"]
mod touches;

use std::future::Future;

use bursar_store_memory::MemoryStore;
use bursar_store_sqlx::SqliteStore;
use proptest::prelude::*;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn fresh() -> SqliteStore {
    SqliteStore::in_memory().await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn a_history_gives_the_figures_of_the_model((exponent, history) in model::any_history()) {
        wait(async { laws::as_the_model(fresh().await, exponent, &history).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn the_figures_agree_among_themselves((exponent, history) in model::any_history()) {
        wait(async { laws::consistent(fresh().await, exponent, &history).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_reversal_restores_every_figure((exponent, history) in model::any_history(), pick: prop::sample::Index) {
        wait(async { laws::reversal_restores(fresh().await, exponent, &history, pick).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn sending_everything_again_changes_nothing((exponent, history) in model::any_history()) {
        wait(async { laws::idempotent(fresh().await, exponent, &history).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn the_order_of_recording_does_not_matter((exponent, history) in model::any_history(), seed: u64) {
        wait(async { laws::order_free(fresh().await, exponent, &history, seed).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_school_file_does_what_the_calls_do((exponent, history) in model::any_history(), cut: prop::sample::Index) {
        wait(laws::replayed(fresh, exponent, &history, cut)).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn an_export_to_the_reference_store_makes_the_same_book((exponent, history) in model::any_history(), touches in touches::touches()) {
        let made = async {
            let ledger = drive::open(fresh().await, exponent).await;
            exported::exported(&ledger, MemoryStore::new(), exponent, &history, &touches).await
        };
        wait(made).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn an_export_from_the_reference_store_makes_the_same_book((exponent, history) in model::any_history(), touches in touches::touches()) {
        let made = async {
            let ledger = drive::open(MemoryStore::new(), exponent).await;
            exported::exported(&ledger, fresh().await, exponent, &history, &touches).await
        };
        wait(made).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn as_of_every_day((exponent, history) in model::any_history()) {
        wait(async { past::as_of_every_day(fresh().await, exponent, &history).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn as_recorded_by_every_instant((exponent, history) in model::any_history()) {
        wait(async { past::as_recorded_by_every_instant(fresh().await, exponent, &history).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn statements_agree((exponent, history) in model::any_history()) {
        wait(async { statements::statements_agree(fresh().await, exponent, &history).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn parts_sum_to_the_whole((exponent, history) in model::any_history()) {
        wait(async { sums::parts_sum_to_the_whole(fresh().await, exponent, &history).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn receipts_stay_what_they_were((exponent, history) in model::any_history()) {
        wait(async { receipts::receipts_stay_what_they_were(fresh().await, exponent, &history).await }).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn debtors_are_those_who_owe((exponent, history) in model::any_history(), drawn in sums::any_filters()) {
        wait(async { sums::debtors_are_those_who_owe(fresh().await, exponent, &history, &drawn).await }).map_err(TestCaseError::fail)?;
    }
}

#[tokio::test]
async fn every_order_of_two_callers_leaves_a_right_book() {
    races::run_all(fresh, 100).await;
}
