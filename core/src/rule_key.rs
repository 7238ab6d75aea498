//! The keys of what rules record: by rule and charge, so that each is recorded once, and is known again.

use crate::{AccountId, IdempotencyKey, Refusal, RuleName};

/// Which kind of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleKind {
    LateFee,
    Concession,
    EarlyPayment,
}

impl RuleKind {
    const ALL: [Self; 3] = [Self::LateFee, Self::Concession, Self::EarlyPayment];

    const fn prefix(self) -> &'static str {
        match self {
            Self::LateFee => "bursar:late:",
            Self::Concession => "bursar:concede:",
            Self::EarlyPayment => "bursar:early:",
        }
    }
}

/// What such a key says: `bursar:KIND:RULE:CHARGE:NTH:ACCOUNT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RuleKey<'k> {
    pub(crate) kind: RuleKind,
    pub(crate) rule: &'k str,
    /// The position of the charge that it is about.
    pub(crate) charge: u32,
    /// Which one on that charge, from 0.
    pub(crate) nth: u32,
}

impl<'k> RuleKey<'k> {
    pub(crate) fn of(kind: RuleKind, rule: &'k RuleName, charge: u32, nth: u32) -> Self {
        Self { kind, rule: rule.as_str(), charge, nth }
    }

    /// The key for an account. A rule's name has no colon, so that what the key says can be read from it.
    pub(crate) fn on(self, account: &AccountId) -> Result<IdempotencyKey, Refusal> {
        let Self { kind, rule, charge, nth } = self;
        IdempotencyKey::new(format!("{}{rule}:{charge}:{nth}:{account}", kind.prefix()))
    }

    pub(crate) fn read(key: &'k IdempotencyKey) -> Option<Self> {
        let found = |kind: RuleKind| key.as_str().strip_prefix(kind.prefix()).map(|rest| (kind, rest));
        let (kind, rest) = RuleKind::ALL.into_iter().find_map(found)?;
        let mut parts = rest.splitn(4, ':');
        let (rule, charge, nth) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { kind, rule, charge, nth })
    }
}

const BACK: &str = "bursar:back:";

/// The key of the reversal by which a rule takes back what is recorded under a key of its own: `bursar:back:` and the rest of that key.
pub(crate) fn back_key(key: &IdempotencyKey) -> Result<IdempotencyKey, Refusal> {
    let rest = key.as_str().strip_prefix(IdempotencyKey::RESERVED).unwrap_or(key.as_str());
    IdempotencyKey::new(format!("{BACK}{rest}"))
}

/// Whether a reversal was made by a rule, and not by hand.
pub(crate) fn is_back_key(key: &IdempotencyKey) -> bool {
    key.as_str().starts_with(BACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_again_what_it_was_made_of() {
        let rule = RuleName::new("x".repeat(RuleName::LENGTH_MAX)).unwrap();
        let account = AccountId::new(":".repeat(AccountId::LENGTH_MAX)).unwrap();
        for kind in RuleKind::ALL {
            let said = RuleKey::of(kind, &rule, u32::MAX, u32::MAX);
            let key = said.on(&account).unwrap();
            assert_eq!(RuleKey::read(&key), Some(said));
            assert!(key.is_reserved() && !is_back_key(&key));
            let back = back_key(&key).unwrap();
            assert!(is_back_key(&back) && RuleKey::read(&back).is_none());
        }
        for other in ["till-1", "bursar:bill:2026-1:tuition:0:s-17", "bursar:late:x:y:0:s-17"] {
            assert_eq!(RuleKey::read(&IdempotencyKey::new(other).unwrap()), None);
        }
    }
}
