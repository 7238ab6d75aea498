//! The sibling discount: a rate for the second child of a household, another for the third.

use chrono::NaiveDate;

use crate::household::HOUSEHOLD_MAX;
use crate::name::IntoName;
use crate::{ConcessionKind, ConcessionRule, Currency, Entry, FeeCode, Rate, Refusal, RuleName, TermId};

/// A sibling discount: the first child of a household gets the first rate, the second the second, and all after the last rate that one.
///
/// Children count in the household's order, those only that have a charge of the term that the rule reaches; one that has left and is not
/// charged is passed over. What has been granted stands, though a child joins or leaves. All else is as for a [`ConcessionRule`] by a rate,
/// with which it shares the names.
///
/// ```
/// use bursar::{Rate, SiblingDiscount};
/// use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
/// use rust_decimal_macros::dec;
///
/// let rate = |percent| Rate::percent(percent, MidpointAwayFromZero);
/// // Nothing for the first, 10 % for the second, 20 % for the third and every other.
/// let rule = SiblingDiscount::new("siblings", [rate(dec!(0))?, rate(dec!(10))?, rate(dec!(20))?])?
///     .on_codes(["tuition"])?;
/// # let _ = rule;
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiblingDiscount {
    first: ConcessionRule,
    /// The rules for the second child and on.
    others: Vec<ConcessionRule>,
}

impl SiblingDiscount {
    /// A sibling discount on every code but late fees, by the rates for the first child, the second, and so on.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; [`Refusal::BadRule`] without a rate, or with more than [`HOUSEHOLD_MAX`].
    pub fn new(
        name: impl IntoName<RuleName>,
        rates: impl IntoIterator<Item = Rate>,
    ) -> Result<Self, Refusal> {
        let name = name.into_name()?;
        let rule =
            |rate| ConcessionRule::new(name.clone(), ConcessionKind::Discount, rate, "sibling discount");
        let rates = rates.into_iter().take(HOUSEHOLD_MAX.saturating_add(1));
        let mut by_place = rates.map(rule).collect::<Result<Vec<_>, Refusal>>()?.into_iter();
        match by_place.next() {
            Some(first) if by_place.len() < HOUSEHOLD_MAX => Ok(Self { first, others: by_place.collect() }),
            _ => {
                let why = "it has no rate, or more rates than a household has accounts; give 1 to 64";
                Err(Refusal::BadRule { rule: name, why })
            }
        }
    }

    /// Only on charges of these codes.
    ///
    /// # Errors
    /// [`Refusal::BadName`]; [`Refusal::BadRule`] for no code.
    pub fn on_codes<C: IntoName<FeeCode>>(self, codes: impl IntoIterator<Item = C>) -> Result<Self, Refusal> {
        let codes = codes.into_iter().map(IntoName::into_name).collect::<Result<Vec<_>, Refusal>>()?;
        let first = self.first.on_codes(codes.clone())?;
        let others = self.others.into_iter().map(|rule| rule.on_codes(codes.clone()));
        Ok(Self { first, others: others.collect::<Result<_, Refusal>>()? })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &RuleName {
        self.first.name()
    }

    /// The rule for the child at a place, from 0.
    #[must_use]
    pub fn at(&self, place: usize) -> &ConcessionRule {
        let other = |nth: usize| self.others.get(nth).or(self.others.last());
        place.checked_sub(1).and_then(other).unwrap_or(&self.first)
    }

    /// Whether an account with these entries counts as a child.
    pub(crate) fn counts(
        &self,
        entries: &[Entry],
        term: TermId,
        on: NaiveDate,
        currency: Currency,
    ) -> Result<bool, Refusal> {
        self.first.reaches(entries, term, on, currency)
    }
}
