//! Currencies: an ISO 4217 code and its exponent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::name::shorten;

/// A currency of ISO 4217: its three-letter code and its exponent, the number of decimals of its minor unit.
///
/// ```
/// # use bursar::Currency;
/// assert_eq!(Currency::USD.exponent(), 2);
/// assert_eq!("JPY".parse::<Currency>()?.exponent(), 0);
/// assert!("USS".parse::<Currency>().is_err());
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency {
    code: iso_currency::Currency,
    // Beside the code, because amounts are shown and read more often than currencies are looked up.
    exponent: u8,
}

macro_rules! currencies {
    ($($code:ident $exponent:literal),* $(,)?) => {
        /// The currencies met most often; every other is had by `"XYZ".parse()`.
        impl Currency {
            $(
                #[doc = concat!("`", stringify!($code), "`, with an exponent of ", stringify!($exponent), ".")]
                pub const $code: Self = Self { code: iso_currency::Currency::$code, exponent: $exponent };
            )*

            #[cfg(test)]
            const NAMED: &'static [Self] = &[$(Self::$code),*];
        }
    };
}

currencies! {
    AED 2, AUD 2, BHD 3, BRL 2, BWP 2, CAD 2, CHF 2, CNY 2, EGP 2, ETB 2, EUR 2, GBP 2, GHS 2, IDR 2, INR 2,
    JPY 0, KES 2, KRW 0, KWD 3, MWK 2, MXN 2, MZN 2, NAD 2, NGN 2, PHP 2, PKR 2, RWF 0, SAR 2, SGD 2, TND 3, TZS 2,
    UGX 0, USD 2, VND 0, XAF 0, XOF 0, ZAR 2, ZMW 2,
}

impl Currency {
    /// The three-letter code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.code.code()
    }

    /// How many decimals an amount of it has: 2 for USD, 0 for JPY, 3 for KWD.
    #[must_use]
    pub const fn exponent(self) -> u32 {
        // From is not const; widening a u8 loses nothing.
        #[expect(clippy::as_conversions)]
        let exponent = self.exponent as u32;
        exponent
    }
}

impl FromStr for Currency {
    type Err = Refusal;

    /// # Errors
    /// [`Refusal::UnknownCurrency`] for a code that ISO 4217 does not have, or that has no minor unit (gold, special drawing rights).
    fn from_str(code: &str) -> Result<Self, Refusal> {
        let unknown = || Refusal::UnknownCurrency { given: shorten(code) };
        let found = iso_currency::Currency::from_code(code).ok_or_else(unknown)?;
        let exponent = found.exponent().ok_or_else(unknown)?;
        Ok(Self { code: found, exponent: u8::try_from(exponent).map_err(|_| unknown())? })
    }
}

impl TryFrom<String> for Currency {
    type Error = Refusal;
    fn try_from(code: String) -> Result<Self, Refusal> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_constants_agree_with_iso_4217() {
        for named in Currency::NAMED {
            assert_eq!(*named, named.code().parse().unwrap());
        }
    }

    #[test]
    fn what_is_not_a_currency_is_refused() {
        for bad in ["", "usd", "US", "USDD", "XAU", "XXX", "💶"] {
            assert!(matches!(bad.parse::<Currency>(), Err(Refusal::UnknownCurrency { .. })), "{bad}");
        }
    }

    #[test]
    fn a_currency_is_kept_by_its_code() {
        for currency in [Currency::USD, Currency::JPY, Currency::KWD] {
            let kept = serde_json::to_string(&currency).unwrap();
            assert_eq!(kept, format!("\"{}\"", currency.code()));
            assert_eq!(serde_json::from_str::<Currency>(&kept).unwrap(), currency);
        }
        assert!(serde_json::from_str::<Currency>("\"usd\"").is_err());
    }
}
