//! Parts: an amount split so that no minor unit is lost.

use crate::{Money, Refusal};

/// The most parts that an amount is split into.
pub const PARTS_MAX: usize = 1_000;

impl Money {
    /// Splits into parts as even as minor units allow; the parts sum to the whole, and the first ones carry what is left over.
    ///
    /// ```
    /// # use bursar::{Currency, Money};
    /// # use rust_decimal_macros::dec;
    /// let parts = Money::new(dec!(100), Currency::USD)?.split(3)?;
    /// assert_eq!(parts.iter().map(ToString::to_string).collect::<Vec<_>>(), ["33.34", "33.33", "33.33"]);
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::BadSplit`] for no parts, or for more than [`PARTS_MAX`].
    pub fn split(self, parts: usize) -> Result<Vec<Self>, Refusal> {
        if parts > PARTS_MAX {
            return Err(Refusal::BadSplit { why: "too many parts" });
        }
        self.split_by(&vec![1; parts])
    }

    /// Splits in proportion to whole-number shares (two payers at 2 : 1); the parts sum to the whole, and minor units left over go
    /// one each to the first parts whose share is not nothing.
    ///
    /// ```
    /// use bursar::{Currency, Money};
    /// use rust_decimal_macros::dec;
    ///
    /// // The father pays two parts, the aunt one.
    /// let shares = Money::new(dec!(100), Currency::USD)?.split_by(&[2, 1])?;
    /// assert_eq!(shares.iter().map(ToString::to_string).collect::<Vec<_>>(), ["66.67", "33.33"]);
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::BadSplit`] when there are no shares, more than [`PARTS_MAX`], or they are all nothing.
    pub fn split_by(self, shares: &[u32]) -> Result<Vec<Self>, Refusal> {
        let shares: Vec<i64> = shares.iter().map(|share| i64::from(*share)).collect();
        self.split_like(&shares)
    }

    /// Splits in proportion to shares that are not negative.
    pub(crate) fn split_like(self, shares: &[i64]) -> Result<Vec<Self>, Refusal> {
        let total: i128 = shares.iter().map(|share| i128::from(*share)).sum();
        if shares.len() > PARTS_MAX {
            return Err(Refusal::BadSplit { why: "too many parts" });
        }
        if total <= 0 {
            return Err(Refusal::BadSplit { why: "no share is more than nothing" });
        }
        let whole = i128::from(self.minor());
        let mut left = whole;
        let mut parts = Vec::with_capacity(shares.len());
        for share in shares {
            let part = whole
                .checked_mul(i128::from(*share))
                .and_then(|product| product.checked_div(total))
                .ok_or(Refusal::Overflow)?;
            left = left.checked_sub(part).ok_or(Refusal::Overflow)?;
            parts.push(part);
        }
        let unit = left.signum();
        for (part, _) in parts.iter_mut().zip(shares).filter(|(_, share)| **share > 0) {
            if left == 0 {
                break;
            }
            *part = part.checked_add(unit).ok_or(Refusal::Overflow)?;
            left = left.checked_sub(unit).ok_or(Refusal::Overflow)?;
        }
        parts
            .into_iter()
            .map(|part| {
                i64::try_from(part)
                    .map(|minor| Self::from_minor(minor, self.currency()))
                    .map_err(|_| Refusal::Overflow)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Currency;

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(minor: i64, shares in prop::collection::vec(0_u32..1000, 1..20)) {
            let whole = Money::from_minor(minor, Currency::USD);
            match whole.split_by(&shares) {
                Ok(parts) => {
                    prop_assert_eq!(parts.len(), shares.len());
                    let sum: i128 = parts.iter().map(|part| i128::from(part.minor())).sum();
                    prop_assert_eq!(sum, i128::from(minor));
                    prop_assert!(parts.iter().zip(&shares).all(|(part, share)| *share > 0 || part.is_zero()));
                }
                Err(refusal) => prop_assert!(shares.iter().all(|share| *share == 0), "{}", refusal),
            }
        }
    }
}
