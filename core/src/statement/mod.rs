//! Statements: the entries of an account with the balance after each, for the parent to read.

mod span;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use span::Span;

use crate::{
    AccountId, Allocation, AsOf, Currency, Debit, Entry, Money, Refusal, Settlement, TermBalance, TermId,
    TermTotals,
};

/// A line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// The entry.
    pub entry: Entry,
    /// The balance of the account after it, within the statement's order.
    pub balance: Money,
    /// Of a credit, which debits it settled; of a debit, by which credits it was settled. Empty for what is reversed.
    pub settlements: Vec<Settlement>,
    /// Of a debit, what is still owed on it; of a credit, what of it is left for debits to come.
    pub open: Money,
}

/// The statement of an account: what was left before the span, each entry in it with the balance after it, the figures of its terms, and
/// what is owed on the whole account.
///
/// [`Display`](std::fmt::Display) shows it as a text of 80 columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The account.
    pub account: AccountId,
    /// What it is of.
    pub span: Span,
    /// Which entries count, in every figure. Of a span of days, its last day at the latest.
    pub as_of: AsOf,
    /// What all entries before the span left: positive is arrears, negative is credit. Opening balances within the span are lines of
    /// their own.
    pub earlier: Money,
    /// The entries of the span by effective date, then position; of a span of terms, by term first.
    pub lines: Vec<StatementLine>,
    /// The figures of every term that has a line, in order.
    pub terms: Vec<TermBalance>,
    /// What was left before the span, and its lines: the balance after the last of them.
    pub closing: Money,
    /// What is still owed on the whole account, debit by debit, in the order in which they fell or fall due.
    pub owed: Vec<Debit>,
    /// Credit of the whole account that no debit is left for.
    pub unallocated: Money,
}

impl Statement {
    /// Draws up a statement from all entries of an account.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn of(
        account: &AccountId,
        span: Span,
        as_of: AsOf,
        entries: Vec<Entry>,
        currency: Currency,
    ) -> Result<Self, Refusal> {
        let as_of = match span {
            Span::Days { last, .. } => as_of.until(last),
            Span::All | Span::Terms { .. } => as_of,
        };
        let entries = as_of.of(entries);
        let allocation = Allocation::of(&entries, currency)?;
        let earlier = entries.iter().filter(|entry| span.is_after(entry)).map(|entry| entry.effect);
        let earlier = Money::sum(earlier, currency)?;
        let mut terms = TermTotals::fold(&entries)?.balances(account, currency)?;
        let mut listed: Vec<Entry> = entries.into_iter().filter(|entry| span.holds(entry)).collect();
        let with_lines: BTreeSet<TermId> = listed.iter().map(|entry| entry.term).collect();
        terms.retain(|figures| with_lines.contains(&figures.term));
        listed.sort_by_key(|entry| {
            (span.is_by_term().then_some(entry.term), entry.effective_on, entry.position)
        });
        let mut open = Open::of(&allocation, currency)?;
        let mut closing = earlier;
        let mut lines = Vec::with_capacity(listed.len());
        for entry in listed {
            closing = closing.checked_add(entry.effect)?;
            let (settlements, open) = open.take(entry.position);
            lines.push(StatementLine { entry, balance: closing, settlements, open });
        }
        let Allocation { debits, unallocated, .. } = allocation;
        let owed = debits.into_iter().filter(|debit| debit.settled != debit.amount).collect();
        Ok(Self { account: account.clone(), span, as_of, earlier, lines, terms, closing, owed, unallocated })
    }

    /// What is owed on the whole account: the sum of [`owed`](Statement::owed).
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn outstanding(&self) -> Result<Money, Refusal> {
        let zero = Money::zero(self.closing.currency());
        self.owed.iter().try_fold(zero, |sum, debit| sum.checked_add(debit.unsettled()?))
    }
}

/// What an allocation says of each entry.
struct Open {
    settlements: BTreeMap<u32, Vec<Settlement>>,
    amounts: BTreeMap<u32, Money>,
    zero: Money,
}

impl Open {
    fn of(allocation: &Allocation, currency: Currency) -> Result<Self, Refusal> {
        let mut settlements: BTreeMap<u32, Vec<Settlement>> = BTreeMap::new();
        for part in &allocation.settlements {
            settlements.entry(part.credit).or_default().push(part.clone());
            settlements.entry(part.debit).or_default().push(part.clone());
        }
        let mut amounts = BTreeMap::new();
        for debit in &allocation.debits {
            amounts.insert(debit.position, debit.unsettled()?);
        }
        for credit in &allocation.credits {
            amounts.insert(credit.position, credit.unallocated()?);
        }
        Ok(Self { settlements, amounts, zero: Money::zero(currency) })
    }

    fn take(&mut self, position: u32) -> (Vec<Settlement>, Money) {
        let open = self.amounts.get(&position).copied().unwrap_or(self.zero);
        (self.settlements.remove(&position).unwrap_or_default(), open)
    }
}
