//! Statements: the entries of an account with the balance after each, for the parent to read.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Currency, Entry, Money, Refusal, TermBalance, TermId, TermTotals};

/// A line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// The entry.
    pub entry: Entry,
    /// The balance of the account after it, within the statement's order.
    pub balance: Money,
}

/// The statement of an account for a term: what was brought forward, each entry with the balance after it, and the figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The account.
    pub account: AccountId,
    /// The term.
    pub term: TermId,
    /// What earlier terms left: positive is arrears, negative is credit.
    pub earlier: Money,
    /// The entries of the term by effective date, then position.
    pub lines: Vec<StatementLine>,
    /// The figures of the term.
    pub figures: TermBalance,
}

impl Statement {
    /// Draws up the statement of a term from all entries of an account.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn of(
        account: &AccountId,
        term: TermId,
        entries: Vec<Entry>,
        currency: Currency,
    ) -> Result<Self, Refusal> {
        let figures = TermTotals::fold(&entries)?.balance_of(account, term, currency)?;
        let before = entries.iter().filter(|entry| entry.term < term).map(|entry| entry.effect);
        let earlier = Money::sum(before, currency)?;
        let mut of_term: Vec<Entry> = entries.into_iter().filter(|entry| entry.term == term).collect();
        of_term.sort_by_key(|entry| (entry.effective_on, entry.position));
        let mut balance = earlier;
        let mut lines = Vec::with_capacity(of_term.len());
        for entry in of_term {
            balance = balance.checked_add(entry.effect)?;
            lines.push(StatementLine { entry, balance });
        }
        Ok(Self { account: account.clone(), term, earlier, lines, figures })
    }
}
