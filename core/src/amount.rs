//! Amounts: how a caller gives money, and how much of it one entry or fee takes.

use rust_decimal::Decimal;

use crate::{Currency, Money, Refusal};

/// The largest amount of one entry or fee, in minor units: 10^15.
///
/// Far beyond any school, and small enough that sums of entries stay within 64 bits.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// An amount as a caller gives it: a plain [`Decimal`], meant in the book's currency, or [`Money`], whose currency is checked
/// against the book's.
///
/// ```
/// use bursar::{Amount, Currency, Money};
/// use rust_decimal_macros::dec;
///
/// let figure = Amount::from(dec!(40));
/// assert_eq!(figure.in_currency(Currency::KWD)?.to_string(), "40.000");
/// let dollars = Amount::from(Money::new(dec!(40), Currency::USD)?);
/// assert_eq!(dollars.in_currency(Currency::KWD).unwrap_err().code(), "currency-mismatch");
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// A figure in the book's currency.
    InBookCurrency(Decimal),
    /// An amount that says its currency.
    Money(Money),
}

impl Amount {
    /// The amount in the book's currency.
    ///
    /// # Errors
    /// [`Refusal::CurrencyMismatch`], and those of [`Money::new`].
    pub fn in_currency(self, currency: Currency) -> Result<Money, Refusal> {
        match self {
            Self::InBookCurrency(figure) => Money::new(figure, currency),
            Self::Money(money) if money.currency() == currency => Ok(money),
            Self::Money(money) => {
                Err(Refusal::CurrencyMismatch { expected: currency, given: money.currency() })
            }
        }
    }
}

impl From<Decimal> for Amount {
    fn from(figure: Decimal) -> Self {
        Self::InBookCurrency(figure)
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self::Money(money)
    }
}

/// Refuses what is not above zero, or past the cap.
pub(crate) fn check_amount(what: &'static str, amount: Money) -> Result<(), Refusal> {
    if !amount.is_positive() {
        return Err(Refusal::NotPositive { what, given: amount });
    }
    check_cap(amount)
}

/// Refuses what is past the cap, of either sign.
pub(crate) fn check_cap(amount: Money) -> Result<(), Refusal> {
    if amount.minor().unsigned_abs() > AMOUNT_MAX.unsigned_abs() {
        return Err(Refusal::AmountTooLarge {
            given: amount,
            max: Money::from_minor(AMOUNT_MAX, amount.currency()),
        });
    }
    Ok(())
}
