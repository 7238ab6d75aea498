//! Any bytes as commands to a ledger, held against the tests' model: what is refused and why, every figure of every account and term; then what
//! the model has no word for. The balances are the folds of the entries, parts sum to the whole, keys replay, and the audit finds nothing.
#![no_main]

use bursar::Buckets;
use bursar_fuzz::drive::{open, side_by_side};
use bursar_fuzz::exported::exported;
use bursar_fuzz::history::{History, index, whole};
use bursar_fuzz::laws::{
    Law, accounts, as_the_model, consistent, idempotent, order_free, replayed, reversal_restores,
};
use bursar_fuzz::model::resolve::day;
use bursar_fuzz::receipts::receipts_stay_what_they_were;
use bursar_fuzz::statements::statements_agree;
use bursar_fuzz::sums::parts_sum_to_the_whole;
use bursar_fuzz::wait;
use bursar_store_memory::MemoryStore;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(([law, which], rest)) = bytes.split_first_chunk() else { return };
    let held = wait(run(*law, *which, &History::of(rest)));
    held.unwrap_or_else(|broken| panic!("{broken}"));
});

async fn run(law: u8, which: u8, history: &History) -> Law {
    let (exponent, commands) = (history.exponent, &history.commands);
    let store = MemoryStore::new();
    if !history.more.is_empty() {
        let ledger = open(store.clone(), exponent).await;
        side_by_side(&ledger, exponent, commands).await?;
        history.go_on(&ledger).await?;
        whole(&ledger).await;
        // What holds of any book, whatever was done to it.
        return match law % 4 {
            0 => parts_of_the_whole(store, exponent).await,
            1 => statements_agree(store, exponent, &[]).await,
            2 => exported(&ledger, MemoryStore::new(), exponent, &[], &[]).await,
            _ => consistent(store, exponent, &[]).await,
        };
    }
    match law % 8 {
        0 => as_the_model(store, exponent, commands).await,
        1 => consistent(store, exponent, commands).await,
        2 => idempotent(store, exponent, commands).await,
        3 => replayed(async || MemoryStore::new(), exponent, commands, index(which)).await,
        4 => reversal_restores(store, exponent, commands, index(which)).await,
        5 => order_free(store, exponent, commands, u64::from(which)).await,
        6 => parts_sum_to_the_whole(store, exponent, commands).await,
        _ => receipts_stay_what_they_were(store, exponent, commands).await,
    }
}

/// The summaries of the terms and the aging of the book are the sums of its accounts'.
async fn parts_of_the_whole(store: MemoryStore, exponent: u32) -> Law {
    let ledger = open(store, exponent).await;
    let all = accounts(&ledger).await;
    for term in ledger.calendar().await.unwrap().terms() {
        let summary = ledger.term_summary(term.id).await.unwrap();
        let (mut due, mut paid, mut balance) = (0, 0, 0);
        for account in &all {
            let one = ledger.term_balance(&account.id, term.id).await.unwrap();
            due += one.total_due.minor();
            paid += one.amount_paid.minor();
            balance += one.balance.minor();
        }
        let total = &summary.total;
        let sums = (total.total_due.minor(), total.amount_paid.minor(), total.balance.minor());
        if sums != (due, paid, balance) {
            return Err(format!("{summary:#?}\nnot {due} due, {paid} paid, {balance} left"));
        }
    }
    let buckets = Buckets::default();
    for day in [0, 200, 900, 1_500].map(day) {
        let whole = ledger.book_aging(day, &buckets).await.unwrap();
        let (mut outstanding, mut credit) = (0, 0);
        for account in &all {
            let one = ledger.aging(&account.id, day, &buckets).await.unwrap();
            outstanding += one.outstanding.minor();
            credit += one.credit.minor();
        }
        let total = (whole.aging.outstanding.minor(), whole.aging.credit.minor());
        if total != (outstanding, credit) {
            return Err(format!("{whole:#?}\nnot {outstanding} owed, {credit} in credit"));
        }
    }
    Ok(())
}
