//! Accounts: one student's, with its standing, its fee groups, and the two figures that every post raises.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{AccountId, FeeGroup, Money, Payer, Refusal, Standing};

/// The most fee groups of one account.
pub const GROUPS_MAX: usize = 32;

/// An account as a book keeps it.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// school.pay(Payment::cash(dec!(150)).from("s-17").for_term(term).key("till-1-0001")).await?;
/// let account = school.account("s-17").await?;
/// assert_eq!((account.outstanding().to_string(), account.credit().to_string()), ("0.00".into(), "30.00".into()));
/// assert_eq!(account.version, 2, "a charge and a payment");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The application's key for it.
    pub id: AccountId,
    /// The day from which it is enrolled.
    pub enrolled_on: NaiveDate,
    /// Where the student is with the school.
    pub standing: Standing,
    /// Its fee groups, in byte order, without repeats.
    pub groups: Vec<FeeGroup>,
    /// How many entries it has: the position of the last one. A decision on a balance is made against it (S3).
    pub version: u32,
    /// How often its standing or groups were changed.
    pub revision: u32,
    /// The sum of its entries' effects (B1): positive is owed, negative is credit.
    pub balance: Money,
}

impl Account {
    /// Whose fees it is billed: its groups' and its own.
    pub(crate) fn payers(&self) -> impl Iterator<Item = Payer> {
        let own = Payer::Account(self.id.clone());
        self.groups.iter().cloned().map(Payer::Group).chain([own])
    }

    /// What is owed on the whole account, or zero.
    #[must_use]
    pub fn outstanding(&self) -> Money {
        if self.balance.is_positive() { self.balance } else { Money::zero(self.balance.currency()) }
    }

    /// What is in credit on the whole account, or zero.
    #[must_use]
    pub fn credit(&self) -> Money {
        // The opposite of the smallest integer alone would overflow, and no account can have it.
        let credit = self.balance.checked_neg().unwrap_or(self.balance);
        if credit.is_positive() { credit } else { Money::zero(credit.currency()) }
    }
}

/// Fee groups as a set: in byte order, a repeated one once.
pub(crate) fn group_set(
    account: &AccountId,
    groups: impl IntoIterator<Item = FeeGroup>,
) -> Result<Vec<FeeGroup>, Refusal> {
    let groups: BTreeSet<FeeGroup> = groups.into_iter().collect();
    if groups.is_empty() || groups.len() > GROUPS_MAX {
        return Err(Refusal::GroupCount { account: account.clone(), given: groups.len(), max: GROUPS_MAX });
    }
    Ok(groups.into_iter().collect())
}
