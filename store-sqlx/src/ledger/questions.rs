//! The questions of the contract, each under its name there: what asks them goes by the contract's own list of methods.

pub(crate) use super::read::{
    accounts, book, books, charges, entries, entries_by_key, fee_charged, fees, fees_of, file_marks,
    list_accounts, reversal_of, scan,
};
pub(crate) use super::reports::{aged_rows, entries_of, owing, summary_rows};
pub(crate) use super::seal::{seal_state, sealed, seals, segments};
pub(crate) use super::sums::{book_totals, term_rows, totals};
