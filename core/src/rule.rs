//! The rule of posting: when an entry is admitted. Every write passes through it: a store asks [`admits`] or says the same in its
//! statement, and the ledger asks why not.

use serde::{Deserialize, Serialize};

use crate::{Account, Calendar, EntryKind, Money, NewEntry, Refusal};

/// What an entry asks of its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TermGate {
    /// It is defined.
    Defined,
    /// It is defined and not closed: charges.
    Open,
    /// It is defined and not later than the current one, if one is current: payments.
    NotAfterCurrent,
}

impl TermGate {
    /// What an entry of this kind asks of its term.
    #[must_use]
    pub const fn of(kind: &EntryKind) -> Self {
        match kind {
            EntryKind::Charge { .. } => Self::Open,
            EntryKind::Payment { .. } => Self::NotAfterCurrent,
            _ => Self::Defined,
        }
    }
}

/// An entry on its way to a store, with what it was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The entry.
    pub entry: NewEntry,
    /// The account's version that it was decided on, where the balance mattered: refunds and write-offs (S3). Within a change set only
    /// the first posting of an account has one.
    pub version: Option<u32>,
}

impl Posting {
    /// A posting that does not depend on a balance.
    #[must_use]
    pub const fn new(entry: NewEntry) -> Self {
        Self { entry, version: None }
    }

    /// What it asks of its term.
    #[must_use]
    pub const fn gate(&self) -> TermGate {
        TermGate::of(&self.entry.kind)
    }

    /// The position of the entry that it reverses, for a reversal.
    #[must_use]
    pub const fn reverses(&self) -> Option<u32> {
        match self.entry.kind {
            EntryKind::Reversal { of, .. } => Some(of),
            _ => None,
        }
    }
}

/// The state that a posting is decided on.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// The terms, the current one, and the lock.
    pub calendar: &'a Calendar,
    /// The account, where it exists.
    pub account: Option<&'a Account>,
    /// Whether an entry is recorded under the posting's key.
    pub key_known: bool,
    /// Whether the entry that it reverses is reversed already.
    pub reversed: bool,
}

/// Whether a posting is admitted in this state: what a store decides in the same step as the write.
///
/// The account and the term exist, the term is as the kind asks, the date is not locked, the key is new, the account is at the
/// version decided on, and what it reverses is not reversed yet.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// use bursar::rule::{Posting, State, admits};
///
/// let account = school.account("s-17").await?;
/// let calendar = school.calendar().await?;
/// let mut entry = (*school.entries("s-17", 0, 1).await?[0]).clone();
/// entry.term = TermId::new(2026, 2)?;
/// let state = State { calendar: &calendar, account: Some(&account), key_known: false, reversed: false };
/// assert!(!admits(&Posting::new(entry), state), "there is no such term");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn admits(posting: &Posting, state: State<'_>) -> bool {
    let version_holds = match (posting.version, state.account) {
        (Some(version), Some(account)) => version == account.version,
        _ => true,
    };
    !state.key_known && version_holds && check(&posting.entry, state).is_ok()
}

/// Says why an entry is not admitted in this state; the key and the version are not its concern.
pub(crate) fn check(entry: &NewEntry, state: State<'_>) -> Result<(), Refusal> {
    if state.account.is_none() {
        return Err(Refusal::UnknownAccount { account: entry.account.clone() });
    }
    match TermGate::of(&entry.kind) {
        TermGate::Defined => {
            state.calendar.term(entry.term)?;
        }
        TermGate::Open => {
            state.calendar.open_term(entry.term, "charges")?;
        }
        TermGate::NotAfterCurrent => {
            state.calendar.term(entry.term)?;
            if let Some(current) = state.calendar.current().filter(|current| entry.term > *current) {
                return Err(Refusal::TermAfterCurrent { term: entry.term, current });
            }
        }
    }
    state.calendar.unlocked(entry.effective_on)?;
    if let Some(account) = state.account {
        check_balance_cap(account, entry.effect)?;
    }
    match entry.kind {
        EntryKind::Reversal { of, .. } if state.reversed => {
            Err(Refusal::AlreadyReversed { account: entry.account.clone(), position: of })
        }
        _ => Ok(()),
    }
}

/// The largest balance of an account, owed or in credit, in minor units: 10^18. A whole batch of entries of
/// [`AMOUNT_MAX`](crate::AMOUNT_MAX) beyond it still fits 64 bits, so no sum overflows (B9).
pub const BALANCE_MAX: i64 = 1_000_000_000_000_000_000;

pub(crate) fn check_balance_cap(account: &Account, effect: Money) -> Result<(), Refusal> {
    let after = account.balance.checked_add(effect)?;
    if after.minor().unsigned_abs() > BALANCE_MAX.unsigned_abs() {
        let max = Money::from_minor(BALANCE_MAX, after.currency());
        return Err(Refusal::BalanceTooLarge { account: account.id.clone(), max });
    }
    Ok(())
}

/// Says why a balance does not allow an entry: a refund needs that much credit on the whole account, a write-off that much
/// outstanding. Other kinds do not ask.
pub(crate) fn check_balance(entry: &NewEntry, account: &Account) -> Result<(), Refusal> {
    let (given, credit, outstanding) = (entry.amount(), account.credit(), account.outstanding());
    match entry.kind {
        EntryKind::Refund { .. } if given.minor() > credit.minor() => {
            Err(Refusal::ExceedsCredit { account: account.id.clone(), given, credit })
        }
        EntryKind::WriteOff { .. } if given.minor() > outstanding.minor() => {
            Err(Refusal::ExceedsOutstanding { account: account.id.clone(), given, outstanding })
        }
        _ => Ok(()),
    }
}

/// Whether a kind is decided on the balance, and so against the account's version (S3).
pub(crate) const fn needs_balance(kind: &EntryKind) -> bool {
    matches!(kind, EntryKind::Refund { .. } | EntryKind::WriteOff { .. })
}
