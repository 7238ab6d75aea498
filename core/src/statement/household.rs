//! The statement of a household: those of its accounts, and what they come to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Span, Statement};
use crate::text::{Side, Table, failed};
use crate::{AsOf, Currency, HouseholdId, Money, Refusal};

/// The statements of a household's accounts, and their sums.
///
/// What one account has in credit does not settle what another owes: a household may owe and be in credit at once.
/// [`Display`](std::fmt::Display) shows it as a text of 80 columns: the sums first, then every statement.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// let family = Household::new("h-3", ["s-17"])?;
/// let statement = school.household_statement(&family, Span::All, AsOf::ALL).await?;
/// assert!(statement.to_string().contains("s-17"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HouseholdStatement {
    /// The household.
    pub household: HouseholdId,
    /// What it is of.
    pub span: Span,
    /// Which entries count, in every figure.
    pub as_of: AsOf,
    /// The statements, in the household's order of accounts.
    pub statements: Vec<Statement>,
    /// What was left before the span on all accounts.
    pub earlier: Money,
    /// The closing balances of all accounts together.
    pub closing: Money,
    /// What is owed on all accounts.
    pub outstanding: Money,
    /// What is in credit on all accounts, and settles nothing.
    pub unallocated: Money,
}

impl HouseholdStatement {
    /// Puts the statements of a household together.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub(crate) fn of(
        household: HouseholdId,
        span: Span,
        as_of: AsOf,
        statements: Vec<Statement>,
        currency: Currency,
    ) -> Result<Self, Refusal> {
        let sum = |figure: fn(&Statement) -> Result<Money, Refusal>| {
            let zero = Money::zero(currency);
            statements.iter().try_fold(zero, |sum, statement| sum.checked_add(figure(statement)?))
        };
        Ok(Self {
            household,
            span,
            as_of,
            earlier: sum(|one| Ok(one.earlier))?,
            closing: sum(|one| Ok(one.closing))?,
            outstanding: sum(Statement::outstanding)?,
            unallocated: sum(|one| Ok(one.unallocated))?,
            statements,
        })
    }
}

impl fmt::Display for HouseholdStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = self.closing.currency();
        write!(f, "Statement of household {}, {}, in {currency}", self.household, self.span)?;
        if self.as_of != AsOf::ALL && !matches!(self.span, Span::Days { .. }) {
            write!(f, ", {}", self.as_of)?;
        }
        writeln!(f)?;
        let right = Side::Right;
        let mut table = Table::new([Side::Cut, right, right, right, right]);
        table.row(["account", "left before", "closing", "owed", "in credit"].map(str::to_owned));
        let row = |name: &str, [earlier, closing, owed, credit]: [Money; 4]| {
            [name.to_owned(), earlier.to_string(), closing.to_string(), owed.to_string(), credit.to_string()]
        };
        for one in &self.statements {
            let owed = one.outstanding().map_err(failed)?;
            table.row(row(one.account.as_str(), [one.earlier, one.closing, owed, one.unallocated]));
        }
        table.row(row("all", [self.earlier, self.closing, self.outstanding, self.unallocated]));
        write!(f, "{table}")?;
        for one in &self.statements {
            write!(f, "\n{one}")?;
        }
        Ok(())
    }
}
