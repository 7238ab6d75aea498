//! Households: accounts for which one family pays, and how a payment is split over what they owe.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::name::IntoName;
use crate::{AccountId, Debit, HouseholdId, Money, Refusal, TermId};

/// The most accounts of one household.
pub const HOUSEHOLD_MAX: usize = 64;

/// A household: its accounts in an order of the application's own (the eldest child first, say), each once.
///
/// The book keeps no households: who belongs to whom is the application's to know.
///
/// ```
/// use bursar::Household;
///
/// let household = Household::new("h-3", ["s-17", "s-18"])?;
/// assert_eq!(household.accounts()[0].as_str(), "s-17");
/// assert!(Household::new("h-3", ["s-17", "s-17"]).is_err());
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Household {
    id: HouseholdId,
    accounts: Vec<AccountId>,
}

/// As it is read and written; checked on the way in.
#[derive(Serialize, Deserialize)]
struct Raw {
    id: HouseholdId,
    accounts: Vec<AccountId>,
}

impl TryFrom<Raw> for Household {
    type Error = Refusal;
    fn try_from(raw: Raw) -> Result<Self, Refusal> {
        Self::new(raw.id, raw.accounts)
    }
}

impl From<Household> for Raw {
    fn from(Household { id, accounts }: Household) -> Self {
        Self { id, accounts }
    }
}

impl Household {
    /// A household of accounts, in this order.
    ///
    /// # Errors
    /// [`Refusal::BadHousehold`] without accounts, with more than [`HOUSEHOLD_MAX`], or with one of them twice; [`Refusal::BadName`].
    pub fn new<A: IntoName<AccountId>>(
        id: impl IntoName<HouseholdId>,
        accounts: impl IntoIterator<Item = A>,
    ) -> Result<Self, Refusal> {
        let id = id.into_name()?;
        let accounts = accounts.into_iter().take(HOUSEHOLD_MAX.saturating_add(1)).map(IntoName::into_name);
        let accounts = accounts.collect::<Result<Vec<AccountId>, Refusal>>()?;
        let distinct: BTreeSet<&AccountId> = accounts.iter().collect();
        let why = match accounts.len() {
            0 => Some("it has no account"),
            n if n > HOUSEHOLD_MAX => Some("it has too many accounts"),
            n if n > distinct.len() => Some("it names an account twice"),
            _ => None,
        };
        match why {
            Some(why) => Err(Refusal::BadHousehold { household: id, why, max: HOUSEHOLD_MAX }),
            None => Ok(Self { id, accounts }),
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &HouseholdId {
        &self.id
    }

    /// Its accounts, in its order.
    #[must_use]
    pub fn accounts(&self) -> &[AccountId] {
        &self.accounts
    }

    /// Refuses an account that is not one of its own.
    pub(crate) fn check_member(&self, account: &AccountId) -> Result<(), Refusal> {
        if self.accounts.contains(account) {
            return Ok(());
        }
        Err(Refusal::NotOfHousehold { account: account.clone(), household: self.id.clone() })
    }
}

/// What one account of a household owes, debit by debit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountDebits {
    /// The account.
    pub account: AccountId,
    /// Its debits; what of them is settled is passed over.
    pub debits: Vec<Debit>,
}

/// A part of a payment that settles a debit, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DebitPart {
    /// The account.
    pub account: AccountId,
    /// The position of the debit.
    pub debit: u32,
    /// Its term.
    pub term: TermId,
    /// The day on which it fell or falls due.
    pub due_on: NaiveDate,
    /// How much of it is settled.
    pub amount: Money,
}

/// How a payment is split over accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Split {
    /// Which debits it settles, in the order in which they fell due.
    pub settled: Vec<DebitPart>,
    /// What is left when nothing is owed any more.
    pub rest: Money,
}

impl Split {
    /// What each account gets of it, in the order of the accounts given, none that gets nothing; the rest goes to one of them.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn by_account(
        &self,
        accounts: &[AccountId],
        rest_to: &AccountId,
    ) -> Result<Vec<(AccountId, Money)>, Refusal> {
        let mut sums: BTreeMap<&AccountId, Money> = BTreeMap::new();
        let parts = self.settled.iter().map(|part| (&part.account, part.amount));
        for (account, amount) in parts.chain([(rest_to, self.rest)]) {
            let so_far = sums.get(account).copied().unwrap_or(Money::zero(amount.currency()));
            sums.insert(account, so_far.checked_add(amount)?);
        }
        let part = |account: &AccountId| Some((account.clone(), sums.get(account).copied()?));
        Ok(accounts.iter().filter_map(part).filter(|(_, amount)| amount.is_positive()).collect())
    }
}

/// Splits an amount over the unsettled debits of several accounts, those that fell due first, first; on the same day in the order of the
/// accounts given, then in that of recording. No debit gets more than is unsettled of it, and the parts and the rest sum to the amount.
///
/// ```
/// use bursar::{AccountDebits, AccountId, Currency, Debit, Money, TermId, date, split_oldest_first};
///
/// let usd = |minor| Money::from_minor(minor, Currency::USD);
/// let term = TermId::new(2026, 1)?;
/// let debit = |due_on| Debit { position: 1, term, due_on, amount: usd(10_000), settled: usd(0) };
/// let owed = [("s-17", "2026-02-12"), ("s-18", "2026-01-12")].map(|(account, due_on)| AccountDebits {
///     account: AccountId::new(account).unwrap(),
///     debits: vec![debit(date(due_on).unwrap())],
/// });
/// let split = split_oldest_first(&owed, usd(15_000))?;
/// let parts: Vec<_> = split.settled.iter().map(|part| (part.account.as_str(), part.amount.to_string())).collect();
/// assert_eq!(parts, [("s-18", "100.00".into()), ("s-17", "50.00".into())]);
/// assert!(split.rest.is_zero());
/// # Ok::<(), bursar::Refusal>(())
/// ```
///
/// # Errors
/// [`Refusal::NotPositive`] unless the amount is above zero; [`Refusal::CurrencyMismatch`], [`Refusal::Overflow`].
pub fn split_oldest_first(owed: &[AccountDebits], amount: Money) -> Result<Split, Refusal> {
    if !amount.is_positive() {
        return Err(Refusal::NotPositive { what: "payment", given: amount });
    }
    let mut debits: Vec<(NaiveDate, usize, u32, &AccountId, &Debit)> = Vec::new();
    for (place, AccountDebits { account, debits: own }) in owed.iter().enumerate() {
        debits.extend(own.iter().map(|debit| (debit.due_on, place, debit.position, account, debit)));
    }
    debits.sort_by_key(|(due_on, place, position, ..)| (*due_on, *place, *position));
    let mut split = Split { settled: Vec::new(), rest: amount };
    for (due_on, _, position, account, debit) in debits {
        let unsettled = debit.unsettled()?;
        // Both in one currency, or the difference says so.
        let after = split.rest.checked_sub(unsettled)?;
        let amount = if after.is_negative() { split.rest } else { unsettled };
        if amount.is_positive() {
            split.rest = split.rest.checked_sub(amount)?;
            let (account, term) = (account.clone(), debit.term);
            split.settled.push(DebitPart { account, debit: position, term, due_on, amount });
        }
    }
    Ok(split)
}
