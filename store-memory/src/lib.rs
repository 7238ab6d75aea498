//! Ledgers in memory, and with the feature `session` sessions: the reference store of [`bursar`].
//!
//! It is for tests, for trying things out, and for tools that read a whole book, work on it and end: nothing outlives the process.
//! Everything is kept under one lock, so that each write is seen whole or not at all.
//!
//! ```
//! use bursar::{Currency, Ledger, Payment, Term, TermId, date};
//! use bursar_store_memory::MemoryStore;
//! use rust_decimal_macros::dec;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), bursar::Error> {
//! let ledger = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
//! let term = TermId::new(2026, 1)?;
//! ledger.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
//! ledger.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
//! ledger.enrol("s-17", ["PRIMARY"], date("2026-01-12")?).await?;
//! ledger.activate(term).await?;
//!
//! ledger.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
//! assert_eq!(ledger.term_balance("s-17", term).await?.balance.to_string(), "40.00");
//! # Ok(())
//! # }
//! ```

mod account;
mod book;
mod chunks;
mod ledger_store;
mod reprice;
mod seals;
#[cfg(feature = "session")]
mod session_store;
#[cfg(feature = "session")]
mod sessions;
mod staged;
mod store;

pub use store::MemoryStore;
