//! Statements: the entries of an account with the balance after each, for the parent to read.

mod household;
mod span;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use household::HouseholdStatement;
pub use span::Span;

use crate::as_of::counting_days;
use crate::{
    AccountId, Allocation, AsOf, Currency, Debit, Entry, Money, Refusal, Settlement, TermBalance, TermId,
    TermTotals,
};

/// A line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatementLine {
    /// The entry.
    pub entry: Entry,
    /// The day from which it counts: its effective date; of a reversal that is dated before what it reverses, that entry's.
    pub day: NaiveDate,
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
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001").on(date("2026-02-01")?)).await?;
/// let february = school.statement("s-17", date("2026-02-01")?..=date("2026-02-28")?).await?;
/// assert_eq!((february.earlier.to_string(), february.closing.to_string()), ("120.00".into(), "40.00".into()));
/// let [line] = &february.lines[..] else { panic!("one payment") };
/// assert_eq!((line.entry.kind.as_str(), line.balance.to_string()), ("payment", "40.00".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// The entries of the span by the day from which they count, then position; of a span of terms, by term first.
    pub lines: Vec<StatementLine>,
    /// The figures of every term that has a line, in order; of a statement of a single term, its figures in any case.
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
        let totals = TermTotals::fold(&entries)?;
        let days = counting_days(&entries);
        let (mut earlier, mut listed) = (Money::zero(currency), Vec::new());
        for entry in entries {
            let day = days.get(&entry.position).copied().unwrap_or(entry.effective_on);
            if span.holds(entry.term, day) {
                listed.push((day, entry));
            } else if span.follows(entry.term, day) {
                earlier = earlier.checked_add(entry.effect)?;
            }
        }
        listed.sort_by_key(|(day, entry)| (span.is_by_term().then_some(entry.term), *day, entry.position));
        let terms = figures(account, span, &totals, &listed, currency)?;
        let mut open = Open::of(&allocation, currency)?;
        let mut closing = earlier;
        let mut lines = Vec::with_capacity(listed.len());
        for (day, entry) in listed {
            closing = closing.checked_add(entry.effect)?;
            let (settlements, open) = open.take(entry.position);
            lines.push(StatementLine { entry, day, balance: closing, settlements, open });
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

/// The figures of the terms that have a line; of a statement of a single term, its figures in any case.
fn figures(
    account: &AccountId,
    span: Span,
    totals: &TermTotals,
    listed: &[(NaiveDate, Entry)],
    currency: Currency,
) -> Result<Vec<TermBalance>, Refusal> {
    if let Span::Terms { first, last } = span
        && first == last
    {
        return Ok(vec![totals.balance_of(account, first, currency)?]);
    }
    let with_lines: BTreeSet<TermId> = listed.iter().map(|(_, entry)| entry.term).collect();
    let mut terms = totals.balances(account, currency)?;
    terms.retain(|figures| with_lines.contains(&figures.term));
    Ok(terms)
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
