//! Term balances: the figures of an account in a term, folded from its entries (B1).

use serde::{Deserialize, Serialize};

use crate::word::words;
use crate::{AccountId, Currency, Entry, Figure, Money, NewEntry, Refusal, TermId};

words! {
    /// Whether a term is paid.
    ///
    /// ```
    /// use bursar::PaymentStatus;
    ///
    /// assert_eq!(PaymentStatus::of(12_000, 8_000), PaymentStatus::Partial);
    /// assert_eq!(PaymentStatus::of(12_000, 0), PaymentStatus::Unpaid);
    /// // Credit brought forward has paid for the term.
    /// assert_eq!(PaymentStatus::of(-500, 0), PaymentStatus::Paid);
    /// ```
    PaymentStatus {
        /// Nothing is due, or all that is due is paid.
        Paid = "paid",
        /// Something is paid, and not all.
        Partial = "partial",
        /// Something is due, and nothing is paid.
        Unpaid = "unpaid",
    }
}

impl PaymentStatus {
    /// The status of a total due and an amount paid, in minor units of one currency.
    #[must_use]
    pub const fn of(total_due: i64, amount_paid: i64) -> Self {
        if total_due <= 0 || amount_paid >= total_due {
            Self::Paid
        } else if amount_paid > 0 {
            Self::Partial
        } else {
            Self::Unpaid
        }
    }
}

/// Signed sums of the effects of entries, one for each [`Figure`], in minor units of the book's currency: what a store sums, and
/// what every figure of a term follows from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Opening balances.
    pub opening: i64,
    /// Charges less concessions.
    pub fee: i64,
    /// Adjustments less write-offs.
    pub adjustment: i64,
    /// Refunds less payments: what was paid lowers the balance.
    pub paid: i64,
}

impl Totals {
    /// Adds an effect to a figure.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    #[inline]
    pub fn add(&mut self, figure: Figure, effect: i64) -> Result<(), Refusal> {
        let total = match figure {
            Figure::Opening => &mut self.opening,
            Figure::Fee => &mut self.fee,
            Figure::Adjustment => &mut self.adjustment,
            Figure::Paid => &mut self.paid,
        };
        *total = total.checked_add(effect).ok_or(Refusal::Overflow)?;
        Ok(())
    }

    /// The sum of all figures: what these entries do to the balance.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn net(&self) -> Result<i64, Refusal> {
        sum([self.opening, self.fee, self.adjustment, self.paid])
    }
}

fn sum<const N: usize>(parts: [i64; N]) -> Result<i64, Refusal> {
    // Wide, so that only a sum that does not fit is an overflow, not the order of adding.
    i64::try_from(parts.into_iter().map(i128::from).sum::<i128>()).map_err(|_| Refusal::Overflow)
}

/// The totals of one account by term, in order of terms, folded from its entries in any order (B8).
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// // What the ledger does for a term's figures, by hand.
/// let entries = school.entries("s-17", 0, PAGE_MAX).await?;
/// let totals = TermTotals::fold(&entries)?;
/// let figures = totals.balance_of(&AccountId::new("s-17")?, term, Currency::USD)?;
/// assert_eq!(figures, school.term_balance("s-17", term).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermTotals {
    by_term: Vec<(TermId, Totals)>,
}

impl TermTotals {
    /// Totals that a store has summed.
    #[must_use]
    pub fn new(mut by_term: Vec<(TermId, Totals)>) -> Self {
        by_term.sort_by_key(|(term, _)| *term);
        Self { by_term }
    }

    /// Folds entries of one account.
    ///
    /// ```
    /// # use bursar::TermTotals;
    /// let none = TermTotals::fold(std::iter::empty())?;
    /// assert!(none.terms().is_empty());
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Self, Refusal> {
        let mut totals = Self::default();
        for entry in entries {
            totals.add(entry)?;
        }
        Ok(totals)
    }

    /// Adds one entry.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    #[inline]
    pub fn add(&mut self, entry: &NewEntry) -> Result<(), Refusal> {
        let (figure, effect) = (entry.kind.figure(), entry.effect.minor());
        // Entries mostly come term by term, so the last one touched is nearly always the one meant.
        if let Some((term, totals)) = self.by_term.last_mut()
            && *term == entry.term
        {
            return totals.add(figure, effect);
        }
        self.totals_of(entry.term)?.add(figure, effect)
    }

    fn totals_of(&mut self, term: TermId) -> Result<&mut Totals, Refusal> {
        let at = match self.by_term.binary_search_by_key(&term, |(term, _)| *term) {
            Ok(at) => at,
            Err(at) => {
                self.by_term.insert(at, (term, Totals::default()));
                at
            }
        };
        self.by_term.get_mut(at).map(|(_, totals)| totals).ok_or(Refusal::Overflow)
    }

    /// Makes room for another account's entries, keeping the memory.
    pub fn clear(&mut self) {
        self.by_term.clear();
    }

    /// The totals of the terms that have entries, in order.
    #[must_use]
    pub fn terms(&self) -> &[(TermId, Totals)] {
        &self.by_term
    }

    /// The sum of everything: the account's balance, in minor units.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn balance(&self) -> Result<i64, Refusal> {
        self.by_term.iter().try_fold(0_i64, |balance, (_, totals)| sum([balance, totals.net()?]))
    }

    /// The balances of the terms that have entries, in order, each carrying forward what the earlier ones left (B2).
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn balances(&self, account: &AccountId, currency: Currency) -> Result<Vec<TermBalance>, Refusal> {
        let mut earlier = 0_i64;
        let mut balances = Vec::with_capacity(self.by_term.len());
        for (term, totals) in &self.by_term {
            let balance = TermBalance::derive(account.clone(), *term, earlier, *totals, currency)?;
            earlier = balance.balance.minor();
            balances.push(balance);
        }
        Ok(balances)
    }

    /// What all terms before one left, in minor units, and its own totals.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn up_to(&self, term: TermId) -> Result<(i64, Totals), Refusal> {
        let (mut earlier, mut own) = (0_i64, Totals::default());
        for (other, totals) in self.by_term.iter().take_while(|(other, _)| *other <= term) {
            if *other == term {
                own = *totals;
            } else {
                earlier = sum([earlier, totals.net()?])?;
            }
        }
        Ok((earlier, own))
    }

    /// The balance of one term, whether or not it has entries.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn balance_of(
        &self,
        account: &AccountId,
        term: TermId,
        currency: Currency,
    ) -> Result<TermBalance, Refusal> {
        let (earlier, own) = self.up_to(term)?;
        TermBalance::derive(account.clone(), term, earlier, own, currency)
    }
}

/// The figures of an account in a term. Every one is derived from the entries, and none is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TermBalance {
    /// The account.
    pub account: AccountId,
    /// The term.
    pub term: TermId,
    /// What earlier terms left, and opening balances of this one: positive is arrears, negative is credit.
    pub brought_forward: Money,
    /// Charges less concessions.
    pub term_fee: Money,
    /// Adjustments less write-offs.
    pub adjustments: Money,
    /// Brought forward, the term's fee and adjustments together.
    pub total_due: Money,
    /// Payments less refunds.
    pub amount_paid: Money,
    /// Total due less the amount paid: positive is owed, negative is credit.
    pub balance: Money,
    /// What is owed, or zero.
    pub outstanding: Money,
    /// What is in credit, or zero.
    pub credit: Money,
    /// Whether the term is paid.
    pub status: PaymentStatus,
    /// How much of what is outstanding are arrears of earlier terms: payments clear arrears first.
    pub arrears_remaining: Money,
    /// How much of what is outstanding is this term's own.
    pub fee_remaining: Money,
}

impl TermBalance {
    /// Derives the figures from what earlier terms left and the term's own totals.
    ///
    /// ```
    /// use bursar::{AccountId, Currency, PaymentStatus, TermBalance, TermId, Totals};
    ///
    /// // A fee of 120.00 of which 80.00 is paid, and nothing brought forward.
    /// let totals = Totals { fee: 12_000, paid: -8_000, ..Totals::default() };
    /// let term = TermId::new(2026, 1)?;
    /// let now = TermBalance::derive(AccountId::new("s-17")?, term, 0, totals, Currency::USD)?;
    /// assert_eq!((now.balance.to_string().as_str(), now.status), ("40.00", PaymentStatus::Partial));
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn derive(
        account: AccountId,
        term: TermId,
        earlier: i64,
        totals: Totals,
        currency: Currency,
    ) -> Result<Self, Refusal> {
        let money = |minor| Money::from_minor(minor, currency);
        let brought_forward = sum([earlier, totals.opening])?;
        let total_due = sum([brought_forward, totals.fee, totals.adjustment])?;
        let amount_paid = totals.paid.checked_neg().ok_or(Refusal::Overflow)?;
        let balance = sum([total_due, totals.paid])?;
        let outstanding = balance.max(0);
        let credit = balance.min(0).checked_neg().ok_or(Refusal::Overflow)?;
        let arrears_left = if brought_forward > 0 { sum([brought_forward, totals.paid])?.max(0) } else { 0 };
        let arrears_remaining = outstanding.min(arrears_left);
        let fee_remaining = outstanding.checked_sub(arrears_remaining).ok_or(Refusal::Overflow)?;
        Ok(Self {
            account,
            term,
            brought_forward: money(brought_forward),
            term_fee: money(totals.fee),
            adjustments: money(totals.adjustment),
            total_due: money(total_due),
            amount_paid: money(amount_paid),
            balance: money(balance),
            outstanding: money(outstanding),
            credit: money(credit),
            status: PaymentStatus::of(total_due, amount_paid),
            arrears_remaining: money(arrears_remaining),
            fee_remaining: money(fee_remaining),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_that_were_cleared_know_nothing_of_the_account_before() {
        let (first, second) = (TermId::new(2026, 1).unwrap(), TermId::new(2026, 2).unwrap());
        let mut totals = TermTotals::new(vec![
            (second, Totals { fee: 2, ..Totals::default() }),
            (first, Totals { paid: -5, ..Totals::default() }),
        ]);
        assert_eq!((totals.balance(), totals.up_to(second).unwrap().0), (Ok(-3), -5));
        totals.clear();
        assert_eq!((&totals, totals.balance()), (&TermTotals::default(), Ok(0)));
    }
}
