//! Fees: a priced item of a term, for a fee group or for one account.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::amount::{Amount, check_amount};
use crate::name::IntoName;
use crate::{AccountId, Currency, FeeCode, FeeGroup, Money, Refusal, Term, TermId};

/// Who is billed a fee: every account of a fee group, or one account of its own (a club, a bus).
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// let fee = school.fees(term, None, 1).await?.remove(0);
/// assert_eq!(fee.key.payer, Payer::Group(FeeGroup::new("PRIMARY")?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payer {
    /// Every eligible account of the group.
    Group(FeeGroup),
    /// This account alone; its own fee of a code replaces its groups' fee of that code.
    Account(AccountId),
}

impl fmt::Display for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "group {group}"),
            Self::Account(account) => write!(f, "account {account}"),
        }
    }
}

/// What names a fee: the term, who pays it, and the code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FeeKey {
    /// The term.
    pub term: TermId,
    /// Who pays it.
    pub payer: Payer,
    /// What it is for.
    pub code: FeeCode,
}

impl FeeKey {
    pub(crate) fn unknown(&self) -> Refusal {
        Refusal::UnknownFee { term: self.term, payer: self.payer.to_string(), code: self.code.clone() }
    }
}

/// A part of a fee that falls due on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instalment {
    /// How much of the fee.
    pub amount: Money,
    /// On which day it falls due.
    pub due_on: NaiveDate,
}

/// A fee as a book keeps it.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// let thirds = [date("2026-01-12")?, date("2026-02-12")?, date("2026-03-12")?];
/// school.define_fee(NewFee::of_group(term, "ECD", "tuition", dec!(100)).in_instalments(thirds)).await?;
/// let fee = school.fees(term, None, 1).await?.remove(0);
/// let parts: Vec<String> = fee.instalments.iter().map(|part| part.amount.to_string()).collect();
/// assert_eq!((fee.price(Currency::USD)?.to_string(), parts.join(" + ")), ("100.00".into(), "33.34 + 33.33 + 33.33".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    /// The term, who pays, and what for.
    pub key: FeeKey,
    /// The parts in which it falls due: one, or several. Each is charged as an entry of its own.
    pub instalments: Vec<Instalment>,
    /// How often it has been repriced.
    pub revision: u32,
}

impl Fee {
    /// The price: the sum of the instalments.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn price(&self, currency: Currency) -> Result<Money, Refusal> {
        Money::sum(self.instalments.iter().map(|part| part.amount), currency)
    }

    /// The fee at another price, its instalments in the old proportions.
    pub(crate) fn repriced(&self, price: Money) -> Result<Self, Refusal> {
        let shares: Vec<i64> = self.instalments.iter().map(|part| part.amount.minor()).collect();
        let amounts = price.split_like(&shares)?;
        if !amounts.iter().all(|amount| amount.is_positive()) {
            let why = "the new price leaves an instalment with nothing";
            return Err(Refusal::BadInstalments { code: self.key.code.clone(), why });
        }
        let instalments = amounts
            .into_iter()
            .zip(&self.instalments)
            .map(|(amount, old)| Instalment { amount, due_on: old.due_on })
            .collect();
        Ok(Self { key: self.key.clone(), instalments, revision: self.revision.saturating_add(1) })
    }
}

/// A fee to price, as the caller gives it.
///
/// ```
/// use bursar::{NewFee, TermId, date};
/// use rust_decimal_macros::dec;
///
/// let term = TermId::new(2026, 1)?;
/// let meals = NewFee::of_group(term, "ECD", "meals", dec!(20)).due_on(date("2026-02-01")?);
/// let tuition = NewFee::of_group(term, "ECD", "tuition", dec!(100))
///     .in_instalments([date("2026-01-12")?, date("2026-02-12")?, date("2026-03-12")?]);
/// let boarding = NewFee::of_group(term, "ECD", "boarding", dec!(300))
///     .in_instalments_of([(dec!(200), date("2026-01-12")?), (dec!(100), date("2026-03-12")?)]);
/// let bus = NewFee::of_account(term, "s-17", "bus", dec!(35.50));
/// # let _ = (meals, tuition, boarding, bus);
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct NewFee {
    term: TermId,
    payer: Result<Payer, Refusal>,
    code: Result<FeeCode, Refusal>,
    amount: Amount,
    due_on: Vec<NaiveDate>,
    /// How much falls due on each of these days, where the parts are not even.
    parts: Option<Vec<Amount>>,
    /// How often it was repriced elsewhere, where that is said.
    revision: Option<u32>,
}

/// The most instalments of one fee.
pub const INSTALMENTS_MAX: usize = 100;

impl NewFee {
    /// A fee for every eligible account of a group, due at the term's start unless [`due_on`](NewFee::due_on) says otherwise.
    pub fn of_group(
        term: TermId,
        group: impl IntoName<FeeGroup>,
        code: impl IntoName<FeeCode>,
        amount: impl Into<Amount>,
    ) -> Self {
        Self::new(term, group.into_name().map(Payer::Group), code.into_name(), amount.into())
    }

    /// A fee of one account's own, which replaces its groups' fee of the same code.
    pub fn of_account(
        term: TermId,
        account: impl IntoName<AccountId>,
        code: impl IntoName<FeeCode>,
        amount: impl Into<Amount>,
    ) -> Self {
        Self::new(term, account.into_name().map(Payer::Account), code.into_name(), amount.into())
    }

    fn new(
        term: TermId,
        payer: Result<Payer, Refusal>,
        code: Result<FeeCode, Refusal>,
        amount: Amount,
    ) -> Self {
        Self { term, payer, code, amount, due_on: Vec::new(), parts: None, revision: None }
    }

    /// The fee due on a day other than the term's start.
    #[must_use]
    pub fn due_on(self, day: NaiveDate) -> Self {
        self.in_instalments([day])
    }

    /// The fee due in even instalments, one a day given; odd minor units fall to the first ones.
    #[must_use]
    pub fn in_instalments(mut self, days: impl IntoIterator<Item = NaiveDate>) -> Self {
        (self.due_on, self.parts) = (days.into_iter().collect(), None);
        self
    }

    /// The fee due in instalments of these amounts, each on its day; together they must be the fee.
    #[must_use]
    pub fn in_instalments_of<A: Into<Amount>>(
        mut self,
        parts: impl IntoIterator<Item = (A, NaiveDate)>,
    ) -> Self {
        let (amounts, days) = parts.into_iter().map(|(amount, day)| (amount.into(), day)).unzip();
        (self.due_on, self.parts) = (days, Some(amounts));
        self
    }

    /// The fee as it is after so many repricings elsewhere.
    pub(crate) fn at_revision(mut self, revision: u32) -> Self {
        self.revision = Some(revision);
        self
    }

    /// The fee as the book will keep it.
    pub(crate) fn in_book(self, currency: Currency) -> Result<DueFee, Refusal> {
        let key = FeeKey { term: self.term, payer: self.payer?, code: self.code? };
        let price = self.amount.in_currency(currency)?;
        check_amount("fee", price)?;
        let bad = |why| Refusal::BadInstalments { code: key.code.clone(), why };
        if self.due_on.len() > INSTALMENTS_MAX {
            return Err(bad("there are more than 100"));
        }
        if !self.due_on.is_sorted_by(|earlier, later| earlier < later) {
            return Err(bad("their days must rise"));
        }
        let amounts = match self.parts {
            Some(parts) => {
                parts.into_iter().map(|part| part.in_currency(currency)).collect::<Result<_, _>>()?
            }
            None => price.split(self.due_on.len().max(1))?,
        };
        if !amounts.iter().all(|part| part.is_positive()) {
            return Err(bad("an instalment would be nothing"));
        }
        if Money::sum(amounts.iter().copied(), currency)? != price {
            return Err(bad("together they are not the fee"));
        }
        Ok(DueFee { key, amounts, due_on: self.due_on, revision: self.revision })
    }
}

/// A checked fee that waits for its term, whose start is the default due date.
#[derive(Clone, Debug)]
pub(crate) struct DueFee {
    pub(crate) key: FeeKey,
    amounts: Vec<Money>,
    due_on: Vec<NaiveDate>,
    pub(crate) revision: Option<u32>,
}

impl DueFee {
    pub(crate) fn in_term(&self, term: &Term) -> Fee {
        let days: &[NaiveDate] = if self.due_on.is_empty() { &[term.starts_on] } else { &self.due_on };
        let parts = self.amounts.iter().zip(days);
        let instalments =
            parts.map(|(amount, due_on)| Instalment { amount: *amount, due_on: *due_on }).collect();
        Fee { key: self.key.clone(), instalments, revision: self.revision.unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_pays_is_said_in_words() {
        assert_eq!(Payer::Group(FeeGroup::new("PRIMARY").unwrap()).to_string(), "group PRIMARY");
        assert_eq!(Payer::Account(AccountId::new("s-17").unwrap()).to_string(), "account s-17");
    }
}
