//! Debtors: who owes, how much, and since when.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::text::{Side, Table};
use crate::{Account, AccountId, Allocation, Debit, FeeGroup, Money, Refusal, Standing, TermId};

/// Which debtors a listing holds, and in what order.
///
/// ```
/// use bursar::{DebtorFilter, Standing, date};
/// use rust_decimal_macros::dec;
///
/// let to_write_to = DebtorFilter::on(date("2026-04-01")?)
///     .in_group("PRIMARY")?
///     .with_standing(Standing::Active)
///     .at_least(dec!(10))
///     .overdue_for(30)
///     .oldest_first();
/// # let _ = to_write_to;
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct DebtorFilter {
    pub(crate) day: NaiveDate,
    pub(crate) group: Option<FeeGroup>,
    pub(crate) standing: Option<Standing>,
    pub(crate) at_least: Option<Amount>,
    pub(crate) overdue_for: Option<u32>,
    pub(crate) order: DebtorOrder,
}

/// In what order debtors are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DebtorOrder {
    Amount,
    Age,
}

impl DebtorFilter {
    /// Every account that owes, those that owe most first, with ages told on a day. What is owed is the account's balance as it is now.
    #[must_use]
    pub const fn on(day: NaiveDate) -> Self {
        let (group, standing, at_least, overdue_for) = (None, None, None, None);
        Self { day, group, standing, at_least, overdue_for, order: DebtorOrder::Amount }
    }

    /// Those in a fee group.
    ///
    /// # Errors
    /// [`Refusal::BadName`].
    pub fn in_group(self, group: impl crate::IntoName<FeeGroup>) -> Result<Self, Refusal> {
        Ok(Self { group: Some(group.into_name()?), ..self })
    }

    /// Those of a standing.
    #[must_use]
    pub fn with_standing(self, standing: Standing) -> Self {
        Self { standing: Some(standing), ..self }
    }

    /// Those that owe at least so much.
    #[must_use]
    pub fn at_least(self, amount: impl Into<Amount>) -> Self {
        Self { at_least: Some(amount.into()), ..self }
    }

    /// Those with a debt that has been overdue for at least so many days.
    #[must_use]
    pub fn overdue_for(self, days: u32) -> Self {
        Self { overdue_for: Some(days), ..self }
    }

    /// Those whose debt is oldest first. To know who that is every debtor's entries are read, for every page; by amount only those of the
    /// page are.
    #[must_use]
    pub fn oldest_first(self) -> Self {
        Self { order: DebtorOrder::Age, ..self }
    }
}

/// An account that owes.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// let page = school.debtors(&DebtorFilter::on(date("2026-02-28")?), None, 10).await?;
/// assert_eq!(
///     page.debtors[0].to_string(),
///     "s-17 owes 120.00 USD, 120.00 overdue, for 47 days, since 2026-01-12"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Debtor {
    /// The account, with its standing and groups.
    pub account: Account,
    /// What it owes.
    pub outstanding: Money,
    /// How much of that is overdue on the day asked about: what is due on that day, or later, is not.
    pub overdue: Money,
    /// The term of the oldest debit that is not settled.
    pub since_term: TermId,
    /// The day on which that debit fell or falls due.
    pub since: NaiveDate,
    /// For how many days it has been overdue on the day asked about; 0 when it is not.
    pub days_overdue: u32,
}

impl Debtor {
    /// The debtor that an account is, if its entries leave anything owed.
    pub(crate) fn of(
        account: Account,
        allocation: &Allocation,
        day: NaiveDate,
    ) -> Result<Option<Self>, Refusal> {
        let Some(oldest) = allocation.debits.iter().find(|debit| debit.settled != debit.amount) else {
            return Ok(None);
        };
        let Debit { term: since_term, due_on: since, .. } = *oldest;
        let days = day.signed_duration_since(since).num_days().max(0);
        let days_overdue = u32::try_from(days).map_err(|_| Refusal::Overflow)?;
        let outstanding = allocation.outstanding()?;
        let late = allocation.debits.iter().filter(|debit| debit.due_on < day);
        let zero = Money::zero(outstanding.currency());
        let overdue = late.map(Debit::unsettled).try_fold(zero, |sum, one| sum.checked_add(one?))?;
        Ok(Some(Self { account, outstanding, overdue, since_term, since, days_overdue }))
    }

    /// What a page goes on after.
    #[must_use]
    pub fn key(&self) -> DebtorKey {
        DebtorKey { outstanding: self.outstanding, since: self.since, account: self.account.id.clone() }
    }
}

impl fmt::Display for Debtor {
    /// On one line: `s-17 owes 40.00 USD, 40.00 overdue, for 58 days, since 2026-02-01`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, outstanding, overdue, since, days_overdue, .. } = self;
        write!(f, "{} owes {outstanding:#}", account.id)?;
        match days_overdue {
            0 => write!(f, ", due {since}"),
            days => write!(f, ", {overdue} overdue, for {days} days, since {since}"),
        }
    }
}

/// Debtors as a table, a line each.
pub(crate) fn table(debtors: &[Debtor]) -> Table<6> {
    let (left, right) = (Side::Left, Side::Right);
    let mut table = Table::new([Side::Cut, left, right, right, left, right]);
    table.row(["account", "standing", "owed", "overdue", "since", "days"].map(str::to_owned));
    for debtor in debtors {
        table.row([
            debtor.account.id.to_string(),
            debtor.account.standing.to_string(),
            debtor.outstanding.to_string(),
            debtor.overdue.to_string(),
            debtor.since.to_string(),
            debtor.days_overdue.to_string(),
        ]);
    }
    table
}

/// A debtor's place in the order of a listing: hand the last one's to the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebtorKey {
    /// What it owes.
    pub outstanding: Money,
    /// Since which day.
    pub since: NaiveDate,
    /// The account.
    pub account: AccountId,
}
