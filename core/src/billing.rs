//! Billing: which accounts a term's fees are charged to, by a policy, and what is reported of those that are not.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::billing_key::billing_key;
use crate::{
    Account, AccountId, BilledSlot, ChargeOrigin, EntryKind, Fee, FeeCode, IdempotencyKey, Instalment, Money,
    Payer, Refusal, Standing, Term, TermId,
};

/// Why an account was not charged, or not for a code.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// school.enrol("s-18", ["PRIMARY"], date("2026-01-12")?).await?;
/// school.move_standing("s-18", Standing::OnLeave, date("2026-01-12")?).await?;
/// let report = school.activate_on(term, date("2026-01-13")?).await?;
/// assert_eq!(report.skipped_accounts[0].reason.to_string(), "its standing is on_leave");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// Its standing is not one that is billed.
    Standing {
        /// Its standing.
        standing: Standing,
    },
    /// It is enrolled only after the term's end.
    EnrolledLater,
    /// Neither its groups nor itself has a fee in the term.
    NoFee,
    /// Two of its groups have a fee of this code; neither was charged. Give it a fee of its own, or move it.
    Ambiguous {
        /// The code.
        code: FeeCode,
    },
    /// The application's own policy says so.
    Policy {
        /// In its words.
        why: String,
    },
}

impl SkipReason {
    /// The word under which a report counts it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Standing { .. } => "standing",
            Self::EnrolledLater => "enrolled-later",
            Self::NoFee => "no-fee",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Policy { .. } => "policy",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standing { standing } => write!(f, "its standing is {standing}"),
            Self::EnrolledLater => f.write_str("it is enrolled after the term's end"),
            Self::NoFee => f.write_str("its groups have no fee in the term"),
            Self::Ambiguous { code } => write!(f, "two of its groups have a fee {code}"),
            Self::Policy { why } => f.write_str(why),
        }
    }
}

/// An account that was not charged, or not for a code, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Skipped {
    /// The account.
    pub account: AccountId,
    /// Why.
    #[serde(flatten)]
    pub reason: SkipReason,
}

/// Who is billed, and for how much: the one place where the school decides.
///
/// The default, [`StandardPolicy`], bills active accounts enrolled on or before the term's end for the full fee. A policy of the
/// application's own may bill a mid-term joiner for less, or leave out a finalist with arrears (`account.groups` and
/// `account.balance` say who that is):
///
/// ```
/// use bursar::{Account, BillingPolicy, SkipReason, StandardPolicy, Term};
/// use chrono::NaiveDate;
///
/// struct SpareFinalists;
///
/// impl BillingPolicy for SpareFinalists {
///     fn eligible(&self, account: &Account, term: &Term, on: NaiveDate) -> Result<(), SkipReason> {
///         StandardPolicy.eligible(account, term, on)?;
///         if account.groups.iter().any(|group| group.as_str() == "FINAL") && account.balance.is_positive() {
///             return Err(SkipReason::Policy { why: "a finalist in arrears is not billed".into() });
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait BillingPolicy: Send + Sync {
    /// Whether an account is billed for a term on a day.
    ///
    /// # Errors
    /// Why not.
    fn eligible(&self, account: &Account, term: &Term, on: NaiveDate) -> Result<(), SkipReason>;

    /// What an eligible account pays of a fee, and when it is due. As priced, unless the policy says otherwise; a part that falls
    /// due before the account was enrolled is due on the day of its enrolment. An empty answer charges nothing.
    fn instalments(&self, account: &Account, term: &Term, fee: &Fee, on: NaiveDate) -> Vec<Instalment> {
        let _ = (term, on);
        fee.instalments
            .iter()
            .map(|part| Instalment { due_on: part.due_on.max(account.enrolled_on), ..*part })
            .collect()
    }

    /// The policy as a rule that a store can apply to all accounts at once, where it is that simple: it must then say the same as the other
    /// two methods. A policy that answers `None` is asked account by account.
    fn set_rule(&self) -> Option<SetRule> {
        None
    }
}

/// A billing policy that a store applies to all accounts in one statement: full fees for accounts of these standings, enrolled on
/// or before the term's end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetRule {
    /// The standings that are billed.
    pub standings: Vec<Standing>,
}

impl SetRule {
    /// Full fees for accounts of these standings.
    ///
    /// ```
    /// use bursar::{Account, BillingPolicy, SetRule, SkipReason, Standing, Term};
    /// use chrono::NaiveDate;
    ///
    /// /// Who is on leave pays as well, to keep the place.
    /// struct OnLeaveToo;
    ///
    /// impl BillingPolicy for OnLeaveToo {
    ///     fn eligible(&self, account: &Account, term: &Term, _on: NaiveDate) -> Result<(), SkipReason> {
    ///         match account.standing {
    ///             Standing::Active | Standing::OnLeave if account.enrolled_on <= term.ends_on => Ok(()),
    ///             Standing::Active | Standing::OnLeave => Err(SkipReason::EnrolledLater),
    ///             standing => Err(SkipReason::Standing { standing }),
    ///         }
    ///     }
    ///
    ///     // The same in the words of a store, which then bills all accounts in one statement.
    ///     fn set_rule(&self) -> Option<SetRule> {
    ///         Some(SetRule::of([Standing::Active, Standing::OnLeave]))
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn of(standings: impl Into<Vec<Standing>>) -> Self {
        Self { standings: standings.into() }
    }
}

/// The default policy: active accounts, enrolled on or before the term's end, pay the full fee.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardPolicy;

impl BillingPolicy for StandardPolicy {
    fn eligible(&self, account: &Account, term: &Term, _on: NaiveDate) -> Result<(), SkipReason> {
        if account.standing != Standing::Active {
            return Err(SkipReason::Standing { standing: account.standing });
        }
        if account.enrolled_on > term.ends_on {
            return Err(SkipReason::EnrolledLater);
        }
        Ok(())
    }

    fn set_rule(&self) -> Option<SetRule> {
        Some(SetRule::of([Standing::Active]))
    }
}

/// A charge that billing makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCharge {
    /// What for, when due, and from which fee.
    pub kind: EntryKind,
    /// How much.
    pub amount: Money,
    /// The key that makes it once: the same whoever bills, and whenever.
    pub key: IdempotencyKey,
}

/// What billing does with one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BillingPlan {
    /// The charges to make, by code and instalment.
    pub charges: Vec<PlannedCharge>,
    /// How many codes it has been charged for already.
    pub already_charged: u32,
    /// Why it is not charged, or not for a code.
    pub skipped: Vec<SkipReason>,
}

fn pays(account: &Account, payer: &Payer) -> bool {
    match payer {
        Payer::Group(group) => account.groups.contains(group),
        Payer::Account(own) => *own == account.id,
    }
}

impl BillingPlan {
    /// Plans the billing of one account: the one function that decides which fees an account is charged.
    ///
    /// `fees` are those of the term that are the account's own or its groups'; others are passed over. `charged` are the codes of which
    /// the account has any charge in the term, reversed or not, billed or by hand: none of them is billed again.
    ///
    /// ```
    #[doc = include_str!("docs/school.txt")]
    /// // What activating the term would charge an account that is not there yet.
    /// let mut account = school.account("s-17").await?;
    /// account.id = AccountId::new("s-18")?;
    /// let calendar = school.calendar().await?;
    /// let fees = school.fees(term, None, PAGE_MAX).await?;
    /// let plan = BillingPlan::of(&account, calendar.term(term)?, &fees, &[], &StandardPolicy, date("2026-01-12")?)?;
    /// assert_eq!(plan.charges[0].amount.to_string(), "120.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::AmountTooLarge`] or [`Refusal::NotPositive`] when the policy asks for such an amount, [`Refusal::BalanceTooLarge`].
    pub fn of(
        account: &Account,
        term: &Term,
        fees: &[Fee],
        charged: &[FeeCode],
        policy: &dyn BillingPolicy,
        on: NaiveDate,
    ) -> Result<Self, Refusal> {
        let mut plan = Self::default();
        if let Err(reason) = policy.eligible(account, term, on) {
            plan.skipped.push(reason);
            return Ok(plan);
        }
        let mut by_code: BTreeMap<&FeeCode, Vec<&Fee>> = BTreeMap::new();
        for fee in fees.iter().filter(|fee| fee.key.term == term.id && pays(account, &fee.key.payer)) {
            by_code.entry(&fee.key.code).or_default().push(fee);
        }
        if by_code.is_empty() {
            plan.skipped.push(SkipReason::NoFee);
        }
        for (code, fees) in by_code {
            let own = fees.iter().find(|fee| matches!(fee.key.payer, Payer::Account(_)));
            if charged.contains(code) {
                plan.already_charged = plan.already_charged.saturating_add(1);
            } else if let Some(fee) = own.or(if fees.len() == 1 { fees.first() } else { None }) {
                plan.charge(account, term, fee, policy, on)?;
            } else {
                plan.skipped.push(SkipReason::Ambiguous { code: code.clone() });
            }
        }
        let amounts = plan.charges.iter().map(|charge| charge.amount);
        crate::rule::check_balance_cap(account, Money::sum(amounts, account.balance.currency())?)?;
        Ok(plan)
    }

    fn charge(
        &mut self,
        account: &Account,
        term: &Term,
        fee: &Fee,
        policy: &dyn BillingPolicy,
        on: NaiveDate,
    ) -> Result<(), Refusal> {
        let group = match &fee.key.payer {
            Payer::Group(group) => Some(group.clone()),
            Payer::Account(_) => None,
        };
        let code = &fee.key.code;
        for (instalment, part) in (0_u16..).zip(policy.instalments(account, term, fee, on)) {
            crate::amount::check_amount("charge", part.amount)?;
            let slot = BilledSlot { revision: fee.revision, instalment };
            let origin = ChargeOrigin { group: group.clone(), slot: Some(slot) };
            let kind = EntryKind::Charge { code: code.clone(), due_on: part.due_on, origin };
            let key = billing_key(term.id, code, slot, &account.id)?;
            self.charges.push(PlannedCharge { kind, amount: part.amount, key });
        }
        Ok(())
    }
}

/// How many skipped accounts a report lists; the counts are complete, and
/// [`Ledger::unbilled`](crate::Ledger::unbilled) lists all.
pub const SKIPPED_LISTED_MAX: usize = 1_000;

/// What a billing did.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// school.enrol("s-18", ["BOARDERS"], date("2026-01-12")?).await?;
/// let report = school.activate_on(term, date("2026-01-13")?).await?;
/// assert_eq!((report.accounts_seen, report.charges), (2, 0), "s-17 was charged before");
/// assert_eq!(report.skipped["no-fee"], 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingReport {
    /// The term billed.
    pub term: TermId,
    /// How many accounts the book has.
    pub accounts_seen: u64,
    /// How many accounts were charged.
    pub accounts_charged: u64,
    /// How many charges were made.
    pub charges: u64,
    /// The sum of these charges.
    pub amount: Money,
    /// How many skips there were, by reason (the words of [`SkipReason::as_str`]).
    pub skipped: BTreeMap<String, u64>,
    /// The first [`SKIPPED_LISTED_MAX`] of them.
    pub skipped_accounts: Vec<Skipped>,
}

impl BillingReport {
    pub(crate) fn new(term: TermId, zero: Money) -> Self {
        Self {
            term,
            accounts_seen: 0,
            accounts_charged: 0,
            charges: 0,
            amount: zero,
            skipped: BTreeMap::new(),
            skipped_accounts: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_an_account_was_skipped_is_said_in_words() {
        let code = FeeCode::new("tuition").unwrap();
        for (reason, word, said) in [
            (SkipReason::Standing { standing: Standing::OnLeave }, "standing", "its standing is on_leave"),
            (SkipReason::EnrolledLater, "enrolled-later", "it is enrolled after the term's end"),
            (SkipReason::NoFee, "no-fee", "its groups have no fee in the term"),
            (SkipReason::Ambiguous { code }, "ambiguous", "two of its groups have a fee tuition"),
            (SkipReason::Policy { why: "a guest".to_owned() }, "policy", "a guest"),
        ] {
            assert_eq!((reason.as_str(), reason.to_string().as_str()), (word, said));
        }
    }
}
