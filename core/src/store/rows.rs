//! Rows: what a ledger asks a store to list and to sum.

use chrono::NaiveDate;

use crate::{Account, AccountId, AgedTotals, AsOf, BilledSlot, FeeCode, FeeGroup, Standing, Totals};

/// Which accounts a listing holds.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// use bursar::store::AccountFilter;
///
/// assert_eq!(school.accounts(AccountFilter::Debtors, None, PAGE_MAX).await?.len(), 1);
/// assert!(school.accounts(AccountFilter::InCredit, None, PAGE_MAX).await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountFilter {
    /// All of them.
    #[default]
    All,
    /// Those that owe.
    Debtors,
    /// Those in credit.
    InCredit,
}

/// An account's figures of one term as a store sums them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermRow {
    /// The account.
    pub account: AccountId,
    /// The sum of the effects of all entries of earlier terms, in minor units.
    pub earlier: i64,
    /// The totals of the term's own entries.
    pub totals: Totals,
}

/// An account's part in a term's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// The account.
    pub account: AccountId,
    /// The sum of the effects of all entries of earlier terms, in minor units.
    pub earlier: i64,
    /// The totals of the term's own entries.
    pub totals: Totals,
    /// The sum of the term's charges that are not reversed.
    pub charged: i64,
    /// The account's fee groups, in byte order.
    pub groups: Vec<FeeGroup>,
}

/// What an aging is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgingOrder {
    /// Which entries count.
    pub as_of: AsOf,
    /// The first due dates of the buckets, falling: see [`Buckets::floors`](crate::Buckets::floors).
    pub floors: Vec<NaiveDate>,
}

/// An account's part in an aging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgedRow {
    /// The account.
    pub account: AccountId,
    /// Its sums.
    pub totals: AgedTotals,
}

/// Which accounts that owe are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwingFilter {
    /// Those in this fee group.
    pub group: Option<FeeGroup>,
    /// Those of this standing.
    pub standing: Option<Standing>,
    /// Those whose balance, in minor units, is at least this; in any case above zero.
    pub at_least: i64,
}

impl OwingFilter {
    /// Whether it holds an account.
    #[must_use]
    pub fn holds(&self, account: &Account) -> bool {
        account.balance.is_positive()
            && account.balance.minor() >= self.at_least
            && self.standing.is_none_or(|standing| account.standing == standing)
            && self.group.as_ref().is_none_or(|group| account.groups.contains(group))
    }
}

/// A charge that an account has in a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeMade {
    /// The account.
    pub account: AccountId,
    /// What for.
    pub code: FeeCode,
    /// Which billing of the code it is; `None` for one by hand.
    pub slot: Option<BilledSlot>,
    /// Whether it is not reversed.
    pub live: bool,
}

/// Sums over a whole book, in minor units; wide, so that they always fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookTotals {
    /// How many accounts.
    pub accounts: u64,
    /// How many entries.
    pub entries: u64,
    /// The sum of the effects of all entries.
    pub effects: i128,
    /// The sum of the balances that the accounts keep.
    pub balances: i128,
}
