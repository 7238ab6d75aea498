#![doc = include_str!("docs/lib.md")]
// Money is summed here: nothing may wrap (B9).
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod account;
mod aging;
mod allocation;
pub mod audit;
mod balance;
mod billing;
mod calendar;
#[cfg(feature = "conformance")]
pub mod conformance;
mod currency;
mod draft;
mod entry;
mod error;
mod fee;
mod ledger;
mod money;
mod name;
mod receipt;
mod refusal;
pub mod rule;
#[doc = include_str!("docs/rules.md")]
pub mod rules {}
pub mod school_file;
mod shared;
mod standing;
mod statement;
pub mod store;

pub use account::{Account, GROUPS_MAX};
pub use aging::{Aged, Aging, BOUNDS_MAX, Buckets};
pub use allocation::{Allocation, Debit, Settlement};
pub use balance::{PaymentStatus, TermBalance, TermTotals, Totals};
pub use billing::{
    BillingPlan, BillingPolicy, BillingProgress, BillingReport, PlannedCharge, SKIPPED_LISTED_MAX, SetRule,
    SkipReason, Skipped, StandardPolicy, billing_key, plan, redo_key, undo_key,
};
pub use calendar::{Calendar, Term, TermId, date};
pub use currency::Currency;
pub use draft::{Adjustment, Charge, Concession, Draft, OpeningBalance, Payment, Refund, Reversal, WriteOff};
pub use entry::{BilledSlot, ChargeOrigin, ConcessionKind, Entry, EntryKind, Figure, Method, NewEntry, Text};
pub use error::{Error, StoreError, StoreErrorKind};
pub use fee::{Fee, FeeKey, INSTALMENTS_MAX, Instalment, NewFee, Payer};
pub use ledger::{BookBalance, Enrolled, Ledger, PAGE_MAX, Repricing, TermBalances};
pub use money::{AMOUNT_MAX, Amount, Money, PARTS_MAX};
pub use name::{AccountId, BookId, FeeCode, FeeGroup, IdempotencyKey, IntoName, TEXT_LENGTH_MAX};
pub use receipt::{Receipt, ReceiptNumber};
pub use refusal::Refusal;
pub use standing::{Standing, UnknownWord};
pub use statement::{Statement, StatementLine};
pub use store::LedgerStore;
