#![doc = include_str!("docs/lib.md")]
// Money is summed here: nothing may wrap (B9).
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod account;
mod aging;
mod allocation;
mod amount;
mod as_of;
pub mod audit;
mod balance;
mod billing;
mod billing_key;
mod by_entries;
mod calendar;
mod conceded;
mod concession_rule;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod csv;
mod currency;
mod debtors;
mod draft;
mod early_payment;
mod entry;
mod error;
mod fee;
mod hex;
mod household;
pub mod import;
pub mod journal;
mod late_fee;
mod ledger;
mod methods;
mod money;
mod name;
mod parts;
mod printed;
mod rate;
mod receipt;
mod recording;
mod refusal;
mod reversal;
pub mod rule;
mod rule_key;
mod rule_name;
#[doc = include_str!("docs/rules.md")]
pub mod rules {}
pub mod school_file;
pub mod seal;
mod shared;
mod sibling_discount;
mod standing;
mod statement;
pub mod store;
mod summary;
mod text;
mod unsettled;
mod word;

pub use account::{Account, GROUPS_MAX};
pub use aging::{AccountAging, Aged, AgedTotals, Aging, BOUNDS_MAX, BookAging, Buckets};
pub use allocation::{Allocation, Credit, Debit, Settlement};
pub use amount::{AMOUNT_MAX, Amount};
pub use as_of::AsOf;
pub use balance::{PaymentStatus, TermBalance, TermTotals, Totals};
pub use billing::{
    BillingPlan, BillingPolicy, BillingReport, PlannedCharge, SKIPPED_LISTED_MAX, SetRule, SkipReason,
    Skipped, StandardPolicy,
};
pub use calendar::{Calendar, Term, TermId, date};
pub use concession_rule::{ConcessionPlan, ConcessionRule, PlannedConcession};
pub use currency::Currency;
pub use debtors::{Debtor, DebtorFilter, DebtorKey};
pub use draft::{Adjustment, Charge, Concession, Draft, OpeningBalance, Payment, Refund, WriteOff};
pub use early_payment::{Deadline, EarlyPayment};
pub use entry::{BilledSlot, ChargeOrigin, ConcessionKind, Entry, EntryKind, Figure, Method, NewEntry, Text};
pub use error::{Error, StoreError, StoreErrorKind};
pub use fee::{Fee, FeeKey, INSTALMENTS_MAX, Instalment, NewFee, Payer};
pub use household::{AccountDebits, DebitPart, HOUSEHOLD_MAX, Household, Split, split_oldest_first};
pub use late_fee::{LATE_PERIODS_MAX, LateFee, LateFeeDue, LateFeePlan};
pub use ledger::{
    Agings, BookBalance, DebtorPage, Enrolled, GrantReport, LateFeeReport, Ledger, PAGE_MAX, Repricing,
    RunProgress, SkippedLateFee, TermBalances,
};
pub use money::Money;
pub use name::{
    AccountId, BookId, FeeCode, FeeGroup, HouseholdId, IdempotencyKey, IntoName, TEXT_LENGTH_MAX,
};
pub use parts::PARTS_MAX;
pub use printed::{PrintedReceipt, ReceiptPart};
pub use rate::{Measure, Rate};
pub use receipt::{Receipt, ReceiptNumber};
pub use refusal::Refusal;
pub use reversal::Reversal;
pub use rule_name::RuleName;
pub use sibling_discount::SiblingDiscount;
pub use standing::Standing;
pub use statement::{HouseholdStatement, Span, Statement, StatementLine};
pub use store::LedgerStore;
pub use summary::{CollectionRate, GroupSummary, SummaryFigures, TermSummary};
pub use word::UnknownWord;
