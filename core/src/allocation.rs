//! Allocation: which credit settles which debit (B5). It is derived whenever it is asked for, and never stored.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::aging::due_on;
use crate::{Currency, Entry, EntryKind, Money, Refusal, TermId};

/// A debit (a charge, a positive opening balance or adjustment, a refund) and how much of it is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debit {
    /// The position of the entry.
    pub position: u32,
    /// Its term.
    pub term: TermId,
    /// The day on which it fell or falls due: a charge's own due date, any other's effective date.
    pub due_on: NaiveDate,
    /// Its amount.
    pub amount: Money,
    /// How much of it is settled; never more than its amount.
    pub settled: Money,
}

impl Debit {
    /// How much of it is not settled.
    ///
    /// # Errors
    /// [`Refusal::Overflow`]; not for a debit that [`Allocation::of`] made.
    pub fn unsettled(&self) -> Result<Money, Refusal> {
        self.amount.checked_sub(self.settled)
    }
}

/// A credit (a payment, concession, write-off, a negative opening balance or adjustment) and how much of it settled debits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credit {
    /// The position of the entry.
    pub position: u32,
    /// Its term.
    pub term: TermId,
    /// The day on which it took effect.
    pub effective_on: NaiveDate,
    /// Its amount, above zero.
    pub amount: Money,
    /// How much of it settled debits; never more than its amount.
    pub allocated: Money,
}

impl Credit {
    /// How much of it no debit is left for.
    ///
    /// # Errors
    /// [`Refusal::Overflow`]; not for a credit that [`Allocation::of`] made.
    pub fn unallocated(&self) -> Result<Money, Refusal> {
        self.amount.checked_sub(self.allocated)
    }
}

/// A part of a credit that settles a part of a debit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settlement {
    /// The position of the credit.
    pub credit: u32,
    /// The position of the debit.
    pub debit: u32,
    /// How much.
    pub amount: Money,
}

/// How the credits of an account settle its debits: those that fell due first, first.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// school.pay(Payment::cash(dec!(150)).from("s-17").for_term(term).key("till-1-0001")).await?;
/// let allocation = school.allocation("s-17").await?;
/// let settled = &allocation.settlements[0];
/// assert_eq!((settled.debit, settled.credit, settled.amount.to_string()), (1, 2, "120.00".into()));
/// assert_eq!(allocation.unallocated.to_string(), "30.00");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Allocation {
    /// The debits in the order in which they fall due (the same day: in the order in which they were recorded).
    pub debits: Vec<Debit>,
    /// The credits by effective date (the same day: in the order in which they were recorded).
    pub credits: Vec<Credit>,
    /// Which credit settles which debit, in the order in which that happens.
    pub settlements: Vec<Settlement>,
    /// Credit that no debit is left for.
    pub unallocated: Money,
}

impl Allocation {
    /// Allocates the entries of one account. A reversed entry and its reversal cancel each other out and take no part.
    ///
    /// # Errors
    /// [`Refusal::Overflow`], [`Refusal::CurrencyMismatch`].
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>, currency: Currency) -> Result<Self, Refusal> {
        let entries: Vec<&Entry> = entries.into_iter().collect();
        let cancelled: BTreeSet<u32> = entries
            .iter()
            .filter_map(|entry| match entry.kind {
                EntryKind::Reversal { of, .. } => Some([of, entry.position]),
                _ => None,
            })
            .flatten()
            .collect();
        let (mut debits, mut credits) = (Vec::new(), Vec::new());
        for entry in entries.into_iter().filter(|entry| !cancelled.contains(&entry.position)) {
            if entry.effect.is_positive() {
                let (position, term, settled) = (entry.position, entry.term, Money::zero(currency));
                debits.push(Debit { position, term, due_on: due_on(entry), amount: entry.effect, settled });
            } else if entry.effect.is_negative() {
                let (position, term, effective_on) = (entry.position, entry.term, entry.effective_on);
                let (amount, allocated) = (entry.effect.checked_neg()?, Money::zero(currency));
                credits.push(Credit { position, term, effective_on, amount, allocated });
            }
        }
        debits.sort_by_key(|debit| (debit.due_on, debit.position));
        credits.sort_by_key(|credit| (credit.effective_on, credit.position));
        settle(debits, credits, currency)
    }

    /// What is owed: the sum of what is not settled.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn outstanding(&self) -> Result<Money, Refusal> {
        let zero = Money::zero(self.unallocated.currency());
        self.debits.iter().try_fold(zero, |sum, debit| sum.checked_add(debit.unsettled()?))
    }
}

fn settle(
    mut debits: Vec<Debit>,
    mut credits: Vec<Credit>,
    currency: Currency,
) -> Result<Allocation, Refusal> {
    let mut settlements = Vec::new();
    let mut unallocated = Money::zero(currency);
    let mut open = debits.iter_mut().peekable();
    for credit in &mut credits {
        while let left = credit.unallocated()?
            && left.is_positive()
            && let Some(debit) = open.peek_mut()
        {
            let amount = left.min(debit.unsettled()?);
            debit.settled = debit.settled.checked_add(amount)?;
            credit.allocated = credit.allocated.checked_add(amount)?;
            settlements.push(Settlement { credit: credit.position, debit: debit.position, amount });
            if debit.settled == debit.amount {
                open.next();
            }
        }
        unallocated = unallocated.checked_add(credit.unallocated()?)?;
    }
    Ok(Allocation { debits, credits, settlements, unallocated })
}
