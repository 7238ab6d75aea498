//! Bulk work: orders that a store carries out on many accounts in one step.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::FileMark;
use crate::{AccountId, Fee, SetRule, Skipped, TermId, Text};

/// An order to bill accounts in bulk.
#[derive(Clone, Debug)]
pub struct BillingOrder {
    /// The term.
    pub term: TermId,
    /// The effective date of the charges.
    pub on: NaiveDate,
    /// Which accounts.
    pub rule: SetRule,
    /// After which account to go on, in byte order; `None` at the start.
    pub after: Option<AccountId>,
    /// How many accounts to look at, at most.
    pub limit: u32,
    /// How many skipped accounts to list, at most; they are counted all the same.
    pub list_max: usize,
    /// The instant of recording.
    pub recorded_at: DateTime<Utc>,
    /// Who bills.
    pub recorded_by: Option<Text>,
    /// The id from which those of the charges are counted up: see [`nth_id`].
    pub first_id: Uuid,
}

/// What a store did of a [`BillingOrder`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Billed {
    /// It has billed these accounts, durably.
    Page(BilledPage),
    /// The term is closed or unknown, the date is locked, or a balance would be past its bound; nothing was charged.
    NotAdmitted,
    /// The store has no bulk billing: the ledger plans account by account.
    NotOffered,
}

/// What became of the accounts of one page of a billing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BilledPage {
    /// How many accounts were looked at.
    pub accounts_seen: u64,
    /// How many of them were charged.
    pub accounts_charged: u64,
    /// How many charges were made.
    pub charges: u64,
    /// The sum of the charges, in minor units.
    pub amount: i64,
    /// How many skips there were, by the words of [`SkipReason::as_str`](crate::SkipReason::as_str).
    pub skipped: Vec<(&'static str, u64)>,
    /// The first of them.
    pub listed: Vec<Skipped>,
    /// The last account looked at, where there may be more after it.
    pub next: Option<AccountId>,
}

/// An order to reprice a group's fee: in one atomic step the live charges made from it at the old price are reversed and made again,
/// and the fee takes the new price.
#[derive(Clone, Debug)]
pub struct RepriceOrder {
    /// The book's version that this was decided on.
    pub book_version: u64,
    /// The fee as it is.
    pub old: Fee,
    /// The fee as it becomes: the same key, as many instalments, the next revision.
    pub new: Fee,
    /// The effective date of the reversals and charges.
    pub on: NaiveDate,
    /// Why.
    pub reason: Text,
    /// The instant of recording.
    pub recorded_at: DateTime<Utc>,
    /// Who reprices.
    pub recorded_by: Option<Text>,
    /// The id from which those of the entries are counted up: see [`nth_id`].
    pub first_id: Uuid,
    /// How far a school file has been read with this.
    pub mark: Option<FileMark>,
}

/// What a repricing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repriced {
    /// It is done, durably.
    Done {
        /// How many charges were reversed and made again.
        charges: u64,
        /// How many live charges from the fee were left, since they were not at its old price.
        left: u64,
    },
    /// The book has moved on, or a rule does not admit it; nothing was changed.
    NotAdmitted,
}

/// The id that lies `n` after another: how bulk work numbers its entries. The last 48 bits count, the rest stays.
///
/// ```
/// use bursar::store::nth_id;
/// use uuid::Uuid;
///
/// let first = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000);
/// assert_eq!(nth_id(first, 1).as_u128(), first.as_u128() + 1);
/// ```
#[must_use]
pub fn nth_id(first: Uuid, n: u64) -> Uuid {
    const COUNTER: u128 = 0xffff_ffff_ffff;
    let first = first.as_u128();
    Uuid::from_u128((first & !COUNTER) | (first.wrapping_add(u128::from(n)) & COUNTER))
}
