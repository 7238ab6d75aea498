//! Rates: a share of an amount, with the rounding that goes with it, and what a rule asks for or gives by one.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::amount::{Amount, check_amount};
use crate::{Currency, Money, Refusal};

/// A share of an amount from nothing to all of it, and how its product is rounded to minor units.
///
/// ```
/// use bursar::{Currency, Money, Rate, Refusal};
/// use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
/// use rust_decimal_macros::dec;
///
/// let discount = Rate::percent(dec!(12.5), MidpointAwayFromZero)?;
/// assert_eq!(discount.of(Money::new(dec!(99.99), Currency::USD)?)?.to_string(), "12.50");
/// assert!(matches!(Rate::percent(dec!(101), MidpointAwayFromZero), Err(Refusal::BadRate { .. })));
/// # Ok::<(), Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    share: Decimal,
    rounding: RoundingStrategy,
}

/// The most decimals of a rate's share, so that its products are exact before they are rounded.
const DECIMALS_MAX: u32 = 10;

impl Rate {
    /// A rate as a share: `dec!(0.125)` for 12.5 %.
    ///
    /// # Errors
    /// [`Refusal::BadRate`] unless it is 0 to 1, with at most 10 decimals.
    pub fn new(share: Decimal, rounding: RoundingStrategy) -> Result<Self, Refusal> {
        if !(Decimal::ZERO..=Decimal::ONE).contains(&share) || share.scale() > DECIMALS_MAX {
            return Err(Refusal::BadRate { given: share.to_string() });
        }
        Ok(Self { share, rounding })
    }

    /// A rate in per cent: `dec!(12.5)` for 12.5 %.
    ///
    /// # Errors
    /// [`Refusal::BadRate`] unless it is 0 to 100, with at most 8 decimals.
    pub fn percent(percent: Decimal, rounding: RoundingStrategy) -> Result<Self, Refusal> {
        let bad = || Refusal::BadRate { given: format!("{percent} %") };
        // Shifts the point, which no division does exactly.
        let scale = percent.scale().checked_add(2).ok_or_else(bad)?;
        let share = Decimal::try_from_i128_with_scale(percent.mantissa(), scale).map_err(|_| bad())?;
        Self::new(share, rounding).map_err(|_| bad())
    }

    /// The share: 0 to 1.
    #[must_use]
    pub const fn share(self) -> Decimal {
        self.share
    }

    /// Its part of an amount, rounded.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn of(self, amount: Money) -> Result<Money, Refusal> {
        amount.at_rate(self.share, self.rounding)
    }
}

/// How much a rule charges or concedes: an amount, or a rate of something.
///
/// ```
/// use bursar::{LateFee, Rate};
/// use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
/// use rust_decimal_macros::dec;
///
/// // A plain figure is an amount, five of the book's currency; a rate says that it is one.
/// let five = LateFee::new("late", dec!(5))?;
/// let five_percent = LateFee::new("late-rate", Rate::percent(dec!(5), MidpointAwayFromZero)?)?;
/// # let _ = (five, five_percent);
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// An amount.
    Amount(Amount),
    /// A rate; of what, the rule says.
    Rate(Rate),
}

impl Measure {
    /// The measure with its amount in the book's currency, above zero.
    pub(crate) fn in_currency(self, what: &'static str, currency: Currency) -> Result<Self, Refusal> {
        if let Self::Amount(amount) = self {
            let amount = amount.in_currency(currency)?;
            check_amount(what, amount)?;
            return Ok(Self::Amount(amount.into()));
        }
        Ok(self)
    }

    /// The amount, or the rate's part of a base.
    pub(crate) fn of(self, base: Money) -> Result<Money, Refusal> {
        match self {
            Self::Amount(amount) => amount.in_currency(base.currency()),
            Self::Rate(rate) => rate.of(base),
        }
    }
}

impl From<Rate> for Measure {
    fn from(rate: Rate) -> Self {
        Self::Rate(rate)
    }
}

impl From<Amount> for Measure {
    fn from(amount: Amount) -> Self {
        Self::Amount(amount)
    }
}

impl From<Decimal> for Measure {
    /// A plain figure is an amount in the book's currency; a share of something says so, as a [`Rate`].
    fn from(figure: Decimal) -> Self {
        Self::Amount(figure.into())
    }
}

impl From<Money> for Measure {
    fn from(money: Money) -> Self {
        Self::Amount(money.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::RoundingStrategy::{MidpointAwayFromZero, ToPositiveInfinity};
    use rust_decimal_macros::dec;

    use super::*;

    #[test]
    fn a_rate_is_nothing_to_all() {
        for good in [dec!(0), dec!(0.125), dec!(1), dec!(1.00), dec!(0.0000000001)] {
            assert_eq!(Rate::new(good, MidpointAwayFromZero).unwrap().share(), good);
        }
        for bad in [dec!(-0.01), dec!(1.01), Decimal::MAX, Decimal::MIN, dec!(0.00000000001)] {
            assert_eq!(Rate::new(bad, MidpointAwayFromZero).unwrap_err().code(), "bad-rate");
        }
        for bad in [dec!(-1), dec!(100.5), Decimal::MAX] {
            assert_eq!(Rate::percent(bad, MidpointAwayFromZero).unwrap_err().code(), "bad-rate");
        }
        assert_eq!(Rate::percent(dec!(7.5), MidpointAwayFromZero).unwrap().share(), dec!(0.075));
    }

    proptest! {
        #[test]
        fn a_part_is_nothing_to_all(minor in 0..=crate::AMOUNT_MAX, hundredths in 0_i64..=10_000) {
            let base = Money::from_minor(minor, Currency::USD);
            let rate = Rate::new(Decimal::new(hundredths, 4), ToPositiveInfinity).unwrap();
            let part = rate.of(base).unwrap();
            prop_assert!(!part.is_negative() && part.minor() <= minor);
            let exact = i128::from(minor) * i128::from(hundredths);
            prop_assert_eq!(i128::from(part.minor()), exact.div_euclid(10_000) + i128::from(exact % 10_000 != 0));
        }
    }
}
