//! Drafts: what a caller asks to be recorded, one type for each kind, checked when it is handed to the ledger.

use chrono::NaiveDate;

use crate::amount::Amount;
use crate::name::{IntoName, check_text};
use crate::recording::{Recording, recording_calls};
use crate::{
    AccountId, BilledSlot, ConcessionKind, FeeCode, FeeGroup, IdempotencyKey, Method, Refusal, TermId,
};

/// What every kind has in common, as given and not yet checked.
///
/// ```
/// use bursar::{Charge, Draft, Payment};
/// use rust_decimal_macros::dec;
///
/// // What a form asks for, whatever its kind; a ledger's `record` takes it.
/// let asked: [Draft; 2] = [Payment::cash(dec!(80)).from("s-17").into(), Charge::of("trip", dec!(15)).to("s-17").into()];
/// # let _ = asked;
/// ```
#[derive(Clone, Debug)]
pub struct Draft {
    pub(crate) kind: DraftKind,
    pub(crate) amount: Amount,
    account: Option<Result<AccountId, Refusal>>,
    term: Option<TermId>,
    pub(crate) recording: Recording,
}

/// What only one kind has.
#[derive(Clone, Debug)]
pub(crate) enum DraftKind {
    Payment { method: Method, reference: Option<String> },
    Refund { method: Method, reference: Option<String> },
    Charge { code: Result<FeeCode, Refusal>, due_on: Option<NaiveDate>, billed: Option<BilledFrom> },
    Opening { reason: String },
    Adjustment { reason: String },
    Concession { concession: ConcessionKind, reason: String },
    WriteOff { reason: String },
}

/// From which fee a charge was billed elsewhere, and in which slot where that is said.
#[derive(Clone, Debug)]
pub(crate) struct BilledFrom {
    /// The fee's group; none for the account's own fee.
    pub(crate) group: Option<Result<FeeGroup, Refusal>>,
    pub(crate) slot: Option<BilledSlot>,
}

impl Draft {
    fn new(kind: DraftKind, amount: Amount) -> Self {
        Self { kind, amount, account: None, term: None, recording: Recording::default() }
    }

    pub(crate) fn account(&self) -> Result<AccountId, Refusal> {
        self.account.clone().ok_or(Refusal::Missing { what: "account" })?
    }

    /// The account, where one is named.
    pub(crate) fn named_account(&self) -> Result<Option<AccountId>, Refusal> {
        self.account.clone().transpose()
    }

    /// The same draft for a part of the amount, on an account, under a key.
    pub(crate) fn part(&self, account: AccountId, amount: Amount, key: IdempotencyKey) -> Self {
        let recording = Recording { key: Some(Ok(key)), ..self.recording.clone() };
        Self { account: Some(Ok(account)), amount, recording, ..self.clone() }
    }

    pub(crate) fn term(&self) -> Result<TermId, Refusal> {
        self.term.ok_or(Refusal::Missing { what: "term" })
    }

    /// Whether its kind is decided on the account's balance.
    pub(crate) const fn needs_balance(&self) -> bool {
        matches!(self.kind, DraftKind::Refund { .. } | DraftKind::WriteOff { .. })
    }

    pub(crate) fn check_texts(&self) -> Result<(), Refusal> {
        self.recording.check_texts()?;
        match &self.kind {
            DraftKind::Payment { reference, .. } | DraftKind::Refund { reference, .. } => {
                reference.as_deref().map_or(Ok(()), |text| check_text("reference", text, false))
            }
            DraftKind::Charge { .. } => Ok(()),
            DraftKind::Opening { reason }
            | DraftKind::Adjustment { reason }
            | DraftKind::Concession { reason, .. }
            | DraftKind::WriteOff { reason } => check_text("reason", reason, true),
        }
    }
}

macro_rules! draft {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(Draft);

        impl $name {
            /// The account.
            #[must_use]
            pub fn account(mut self, account: impl IntoName<AccountId>) -> Self {
                self.0.account = Some(account.into_name());
                self
            }

            /// The term in whose figures it counts.
            #[must_use]
            pub fn for_term(mut self, term: TermId) -> Self {
                self.0.term = Some(term);
                self
            }

            recording_calls!(recording);

            const fn recording(&mut self) -> &mut Recording {
                &mut self.0.recording
            }
        }

        impl From<$name> for Draft {
            fn from(draft: $name) -> Self {
                draft.0
            }
        }
    };
}

draft! {
    /// Money received.
    ///
    /// ```
    /// use bursar::{Payment, TermId};
    /// use rust_decimal_macros::dec;
    ///
    /// let term = TermId::new(2026, 1)?;
    /// let payment = Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001");
    /// # let _ = payment;
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    Payment
}

impl Payment {
    /// A payment by some method.
    pub fn by(method: Method, amount: impl Into<Amount>) -> Self {
        Self(Draft::new(DraftKind::Payment { method, reference: None }, amount.into()))
    }

    /// A payment in cash.
    pub fn cash(amount: impl Into<Amount>) -> Self {
        Self::by(Method::Cash, amount)
    }

    /// A payment through a bank.
    pub fn bank(amount: impl Into<Amount>) -> Self {
        Self::by(Method::Bank, amount)
    }

    /// A payment by mobile money.
    pub fn mobile(amount: impl Into<Amount>) -> Self {
        Self::by(Method::Mobile, amount)
    }

    /// The account for which it is paid; the same as [`account`](Payment::account).
    #[must_use]
    pub fn from(self, account: impl IntoName<AccountId>) -> Self {
        self.account(account)
    }

    /// The payer's or bank's reference.
    #[must_use]
    pub fn reference(mut self, text: impl Into<String>) -> Self {
        if let DraftKind::Payment { reference, .. } = &mut self.0.kind {
            *reference = Some(text.into());
        }
        self
    }
}

draft! {
    /// Money given back out of an account's credit.
    Refund
}

impl Refund {
    /// A refund by some method.
    pub fn by(method: Method, amount: impl Into<Amount>) -> Self {
        Self(Draft::new(DraftKind::Refund { method, reference: None }, amount.into()))
    }

    /// The account whose credit is given back; the same as [`account`](Refund::account).
    #[must_use]
    pub fn to(self, account: impl IntoName<AccountId>) -> Self {
        self.account(account)
    }

    /// The bank's reference.
    #[must_use]
    pub fn reference(mut self, text: impl Into<String>) -> Self {
        if let DraftKind::Refund { reference, .. } = &mut self.0.kind {
            *reference = Some(text.into());
        }
        self
    }
}

draft! {
    /// A charge by hand (a broken window, a trip). It counts as billed for its code, and is never refused for it.
    Charge
}

impl Charge {
    /// A charge for something.
    pub fn of(code: impl IntoName<FeeCode>, amount: impl Into<Amount>) -> Self {
        Self(Draft::new(
            DraftKind::Charge { code: code.into_name(), due_on: None, billed: None },
            amount.into(),
        ))
    }

    /// The account charged; the same as [`account`](Charge::account).
    #[must_use]
    pub fn to(self, account: impl IntoName<AccountId>) -> Self {
        self.account(account)
    }

    /// The day on which it falls due; the day on which it takes effect unless given.
    #[must_use]
    pub fn due_on(mut self, day: NaiveDate) -> Self {
        if let DraftKind::Charge { due_on, .. } = &mut self.0.kind {
            *due_on = Some(day);
        }
        self
    }

    /// Says that it is not by hand, but was billed elsewhere from this group's fee: repricing the fee reaches it, and the account must not
    /// have been billed for the code already.
    #[must_use]
    pub fn billed_from(self, fee_group: impl IntoName<FeeGroup>) -> Self {
        self.billed(BilledFrom { group: Some(fee_group.into_name()), slot: None })
    }

    /// Says that it was billed elsewhere, and from what.
    pub(crate) fn billed(mut self, from: BilledFrom) -> Self {
        if let DraftKind::Charge { billed, .. } = &mut self.0.kind {
            *billed = Some(from);
        }
        self
    }
}

draft! {
    /// Arrears (above zero) or credit (below zero) brought in from elsewhere.
    OpeningBalance
}

impl OpeningBalance {
    /// An opening balance, and where it came from.
    pub fn of(amount: impl Into<Amount>, reason: impl Into<String>) -> Self {
        Self(Draft::new(DraftKind::Opening { reason: reason.into() }, amount.into()))
    }
}

draft! {
    /// A signed correction, with its reason.
    Adjustment
}

impl Adjustment {
    /// An adjustment that raises (above zero) or lowers (below zero) what is owed.
    pub fn of(amount: impl Into<Amount>, reason: impl Into<String>) -> Self {
        Self(Draft::new(DraftKind::Adjustment { reason: reason.into() }, amount.into()))
    }
}

draft! {
    /// Less asked than the fee.
    Concession
}

impl Concession {
    /// A concession of some kind, with its reason.
    pub fn of(concession: ConcessionKind, amount: impl Into<Amount>, reason: impl Into<String>) -> Self {
        Self(Draft::new(DraftKind::Concession { concession, reason: reason.into() }, amount.into()))
    }
}

draft! {
    /// A debt given up, with its reason; at most what the whole account owes.
    WriteOff
}

impl WriteOff {
    /// A write-off.
    pub fn of(amount: impl Into<Amount>, reason: impl Into<String>) -> Self {
        Self(Draft::new(DraftKind::WriteOff { reason: reason.into() }, amount.into()))
    }
}
