//! Money: exact amounts in a currency.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::name::shorten;
use crate::{Currency, Refusal};

/// An exact amount in a currency, kept as an integer of its minor units (cents).
///
/// It is made from a [`Decimal`] and never rounds: an amount with more decimals than the currency has is refused.
/// Arithmetic is checked; overflow and a mix of currencies are errors. It is shown as `40.00`, with its currency as
/// `40.00 USD` by the alternate form `{:#}`, which is also how it is serialised and parsed back: a bare `"40.00"` would leave
/// the reader to guess the currency.
///
/// ```
/// use bursar::{Currency, Money, Refusal};
/// use rust_decimal_macros::dec;
///
/// let fee = Money::new(dec!(120), Currency::USD)?;
/// let left = fee.checked_sub(Money::new(dec!(80), Currency::USD)?)?;
/// assert_eq!(left.to_string(), "40.00");
/// assert_eq!(format!("{left:#}").parse::<Money>()?, left);
/// assert!(matches!(Money::new(dec!(0.001), Currency::USD), Err(Refusal::TooManyDecimals { .. })));
/// # Ok::<(), Refusal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount of nothing.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// An amount from its decimal figure.
    ///
    /// ```
    /// use bursar::{Currency, Money, Refusal};
    /// use rust_decimal_macros::dec;
    ///
    /// assert_eq!(Money::new(dec!(40), Currency::USD)?.to_string(), "40.00");
    /// // A third of a cent is refused and not rounded.
    /// assert_eq!(Money::new(dec!(0.003), Currency::USD).unwrap_err().code(), "too-many-decimals");
    /// # Ok::<(), Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::TooManyDecimals`] when it has more decimals than the currency (trailing zeros count: they claim a precision
    /// that the currency does not have); [`Refusal::Overflow`] when it does not fit.
    pub fn new(amount: Decimal, currency: Currency) -> Result<Self, Refusal> {
        let exponent = currency.exponent();
        if amount.scale() > exponent {
            return Err(Refusal::TooManyDecimals { given: amount.to_string(), currency, allowed: exponent });
        }
        let shift = exponent.saturating_sub(amount.scale());
        let minor = 10_i128
            .checked_pow(shift)
            .and_then(|factor| amount.mantissa().checked_mul(factor))
            .and_then(|minor| i64::try_from(minor).ok())
            .ok_or(Refusal::Overflow)?;
        Ok(Self { minor, currency })
    }

    /// An amount from a text such as `"40.00"`, `"40"` or `"-3.5"`: digits, at most one point and a leading minus.
    ///
    /// ```
    /// use bursar::{Currency, Money, Refusal};
    ///
    /// assert_eq!(Money::parse("-3.5", Currency::USD)?.minor(), -350);
    /// // A thousands mark is one country's and another's point of decimals: neither is guessed at.
    /// assert_eq!(Money::parse("1,234", Currency::USD).unwrap_err().code(), "bad-amount");
    /// # Ok::<(), Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::BadAmount`] for anything else (an exponent, a plus sign, spaces, thousands marks);
    /// [`Refusal::TooManyDecimals`] and [`Refusal::Overflow`] as in [`Money::new`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, Refusal> {
        Self::new(parse_decimal(text)?, currency)
    }

    /// An amount from an integer of minor units (cents): what stores keep.
    ///
    /// ```
    /// use bursar::{Currency, Money};
    ///
    /// assert_eq!(Money::from_minor(4_000, Currency::USD).to_string(), "40.00");
    /// assert_eq!(Money::from_minor(4_000, Currency::JPY).to_string(), "4000");
    /// ```
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The integer of minor units (cents).
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The decimal figure, with the currency's decimals.
    #[must_use]
    pub fn amount(self) -> Decimal {
        Decimal::from_i128_with_scale(i128::from(self.minor), self.currency.exponent())
    }

    /// Whether it is more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum.
    ///
    /// ```
    /// use bursar::{Currency, Money, Refusal};
    ///
    /// let (fee, paid) = (Money::from_minor(12_000, Currency::USD), Money::from_minor(8_000, Currency::USD));
    /// assert_eq!(fee.checked_sub(paid)?.checked_add(fee)?.to_string(), "160.00");
    /// assert_eq!(fee.checked_add(Money::zero(Currency::KES)).unwrap_err().code(), "currency-mismatch");
    /// # Ok::<(), Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::CurrencyMismatch`], [`Refusal::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, Refusal> {
        self.same_currency(other)?;
        self.minor.checked_add(other.minor).map(|minor| Self { minor, ..self }).ok_or(Refusal::Overflow)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`Refusal::CurrencyMismatch`], [`Refusal::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, Refusal> {
        self.same_currency(other)?;
        self.minor.checked_sub(other.minor).map(|minor| Self { minor, ..self }).ok_or(Refusal::Overflow)
    }

    /// The opposite amount.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn checked_neg(self) -> Result<Self, Refusal> {
        self.minor.checked_neg().map(|minor| Self { minor, ..self }).ok_or(Refusal::Overflow)
    }

    /// The sum of amounts in one currency; nothing adds up to zero.
    ///
    /// ```
    /// use bursar::{Currency, Money};
    ///
    /// let parts = [4_000, 250, -1_000].map(|minor| Money::from_minor(minor, Currency::USD));
    /// assert_eq!(Money::sum(parts, Currency::USD)?.to_string(), "32.50");
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::CurrencyMismatch`], [`Refusal::Overflow`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>, currency: Currency) -> Result<Self, Refusal> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// A share of the amount at a rate (`dec!(0.125)` for a discount of 12.5 %), rounded by the strategy that the caller names:
    /// the one place where money is rounded.
    ///
    /// ```
    /// # use bursar::{Currency, Money};
    /// # use rust_decimal::RoundingStrategy;
    /// # use rust_decimal_macros::dec;
    /// let fee = Money::new(dec!(99.99), Currency::USD)?;
    /// let discount = fee.at_rate(dec!(0.125), RoundingStrategy::MidpointAwayFromZero)?;
    /// assert_eq!(discount.to_string(), "12.50");
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn at_rate(self, rate: Decimal, strategy: RoundingStrategy) -> Result<Self, Refusal> {
        let exact = self.amount().checked_mul(rate).ok_or(Refusal::Overflow)?;
        let mut rounded = exact.round_dp_with_strategy(self.currency.exponent(), strategy);
        rounded.rescale(self.currency.exponent());
        Self::new(rounded, self.currency)
    }

    /// The lower of two amounts of one currency.
    pub(crate) fn min(self, other: Self) -> Self {
        Self { minor: self.minor.min(other.minor), ..self }
    }

    /// The higher of two amounts of one currency.
    pub(crate) fn max(self, other: Self) -> Self {
        Self { minor: self.minor.max(other.minor), ..self }
    }

    fn same_currency(self, other: Self) -> Result<(), Refusal> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(Refusal::CurrencyMismatch { expected: self.currency, given: other.currency })
        }
    }
}

/// Reads a plain decimal: digits, at most one point between digits, and a leading minus.
pub(crate) fn parse_decimal(text: &str) -> Result<Decimal, Refusal> {
    let bad = || Refusal::BadAmount { given: shorten(text) };
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').map_or((digits, None), |(w, d)| (w, Some(d)));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !decimals.is_none_or(all_digits) {
        return Err(bad());
    }
    // Exact: a figure that a decimal cannot hold to the last digit is refused, not rounded.
    Decimal::from_str_exact(text).map_err(|_| Refusal::Overflow)
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = usize::try_from(self.currency.exponent()).unwrap_or(0);
        let mut text = self.minor.unsigned_abs().to_string();
        if exponent > 0 {
            if text.len() <= exponent {
                let zeros = exponent.saturating_add(1).saturating_sub(text.len());
                text.insert_str(0, &"0".repeat(zeros));
            }
            text.insert(text.len().saturating_sub(exponent), '.');
        }
        if self.minor < 0 {
            text.insert(0, '-');
        }
        if f.alternate() {
            text.push(' ');
            text.push_str(self.currency.code());
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl FromStr for Money {
    type Err = Refusal;

    /// Reads the form `40.00 USD`.
    ///
    /// # Errors
    /// [`Refusal::BadAmount`], [`Refusal::UnknownCurrency`], and those of [`Money::new`].
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let (amount, code) =
            text.rsplit_once(' ').ok_or_else(|| Refusal::BadAmount { given: shorten(text) })?;
        Self::parse(amount, code.parse()?)
    }
}

impl TryFrom<String> for Money {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<Money> for String {
    fn from(money: Money) -> String {
        format!("{money:#}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_shown_with_their_decimals() {
        let shown = |minor, currency| Money::from_minor(minor, currency).to_string();
        assert_eq!(shown(4000, Currency::USD), "40.00");
        assert_eq!(shown(-5, Currency::USD), "-0.05");
        assert_eq!(shown(7, Currency::JPY), "7");
        assert_eq!(shown(-1, Currency::KWD), "-0.001");
        assert_eq!(shown(i64::MIN, Currency::JPY), "-9223372036854775808");
    }

    #[test]
    fn what_is_not_a_plain_decimal_is_refused() {
        for bad in ["", "-", "+1", "1e3", " 1", "1 ", "1.", ".5", "1,000", "--1", "0x1", "1.2.3", "١"] {
            assert!(matches!(Money::parse(bad, Currency::USD), Err(Refusal::BadAmount { .. })), "{bad:?}");
        }
        for bad in ["1.000", "0.001", "-1.230"] {
            assert!(
                matches!(Money::parse(bad, Currency::USD), Err(Refusal::TooManyDecimals { .. })),
                "{bad:?}"
            );
        }
        assert!(matches!(Money::parse("1.0", Currency::JPY), Err(Refusal::TooManyDecimals { .. })));
        assert_eq!(Money::parse(&"9".repeat(40), Currency::USD), Err(Refusal::Overflow));
        assert_eq!(Money::parse("92233720368547758.08", Currency::USD), Err(Refusal::Overflow));
    }

    proptest! {
        #[test]
        fn text_and_serde_give_back_the_same_amount(minor: i64, code in prop::sample::select(vec!["USD", "JPY", "KWD", "CLF"])) {
            let money = Money::from_minor(minor, code.parse().unwrap());
            prop_assert_eq!(Money::parse(&money.to_string(), money.currency()).unwrap(), money);
            prop_assert_eq!(Money::new(money.amount(), money.currency()).unwrap(), money);
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn arithmetic_is_checked(a: i64, b: i64) {
            let (x, y) = (Money::from_minor(a, Currency::USD), Money::from_minor(b, Currency::USD));
            prop_assert_eq!(x.checked_add(y).ok().map(Money::minor), a.checked_add(b));
            prop_assert_eq!(x.checked_sub(y).ok().map(Money::minor), a.checked_sub(b));
            prop_assert!(x.checked_add(Money::zero(Currency::EUR)).is_err());
        }
    }
}
