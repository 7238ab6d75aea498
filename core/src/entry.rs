//! Entries: the immutable lines of an account, from which every figure is derived.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::receipt::ReceiptNumber;
use crate::word::words;
use crate::{AccountId, FeeCode, FeeGroup, IdempotencyKey, Money, TermId};

/// Free text of an entry; cheap to clone.
pub type Text = Arc<str>;

words! {
    /// How money was paid or given back.
    #[non_exhaustive]
    Method {
        /// Notes and coins.
        Cash = "cash",
        /// A transfer or deposit at a bank.
        Bank = "bank",
        /// Mobile money.
        Mobile = "mobile",
        /// A cheque.
        Cheque = "cheque",
        /// A payment card.
        Card = "card",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// Why the school asks for less than the fee.
    #[non_exhaustive]
    ConcessionKind {
        /// A scholarship or bursary.
        Scholarship = "scholarship",
        /// A fee waived.
        Waiver = "waiver",
        /// A discount (siblings, early payment).
        Discount = "discount",
        /// Goodwill.
        Goodwill = "goodwill",
    }
}

words! {
    /// Which figure of its term an entry counts in; a reversal counts where the entry it reverses does.
    Figure {
        /// Opening balances: in what is brought forward.
        Opening = "opening",
        /// Charges less concessions: in the term's fee.
        Fee = "fee",
        /// Adjustments less write-offs.
        Adjustment = "adjustment",
        /// Payments less refunds: in the amount paid.
        Paid = "paid",
    }
}

/// Which fee a charge was made from. By hand: neither. Billed from a group's fee: both. Billed from the account's own fee: a slot alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChargeOrigin {
    /// The group whose fee it was made from.
    pub group: Option<FeeGroup>,
    /// Which billing of the code it is: there is one entry an account, term, code and slot (S5).
    pub slot: Option<BilledSlot>,
}

/// Which billing of a code a charge is: the instalment, and how often the fee had been repriced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BilledSlot {
    /// How often the fee had been repriced.
    pub revision: u32,
    /// Which instalment, from 0.
    pub instalment: u16,
}

impl BilledSlot {
    /// The slot as one integer: what stores keep.
    #[must_use]
    pub fn ordinal(self) -> i64 {
        i64::from(self.revision).saturating_mul(1000).saturating_add(i64::from(self.instalment))
    }

    /// The slot of such an integer; `None` when it is none.
    #[must_use]
    pub fn from_ordinal(ordinal: i64) -> Option<Self> {
        let revision = u32::try_from(ordinal.checked_div(1000)?).ok()?;
        let instalment = u16::try_from(ordinal.checked_rem(1000)?).ok()?;
        Some(Self { revision, instalment })
    }
}

/// What an entry is, with what only its kind carries.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// school.pay(Payment::bank(dec!(80)).from("s-17").for_term(term).key("bank-0001").reference("FT-553")).await?;
/// for entry in school.entries("s-17", 0, PAGE_MAX).await? {
///     match &entry.kind {
///         EntryKind::Charge { code, due_on, .. } => println!("{code}, due {due_on}: {}", entry.amount()),
///         EntryKind::Payment { method, reference } => {
///             println!("paid by {method}, {}: {}", reference.as_deref().unwrap_or("-"), entry.amount());
///         }
///         other => println!("{}: {}", other.as_str(), entry.effect),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EntryKind {
    /// A fee charged (+).
    Charge {
        /// What for.
        code: FeeCode,
        /// The day on which it falls due.
        due_on: NaiveDate,
        /// Which fee it was made from.
        origin: ChargeOrigin,
    },
    /// Arrears (+) or credit (−) brought in from elsewhere.
    Opening {
        /// Where it came from.
        reason: Text,
    },
    /// A signed correction.
    Adjustment {
        /// Why.
        reason: Text,
    },
    /// Money given back (+).
    Refund {
        /// How.
        method: Method,
        /// The payer's or bank's reference.
        reference: Option<Text>,
    },
    /// Money received (−).
    Payment {
        /// How.
        method: Method,
        /// The payer's or bank's reference.
        reference: Option<Text>,
    },
    /// Less asked than the fee (−).
    Concession {
        /// Which concession.
        concession: ConcessionKind,
        /// Why.
        reason: Text,
    },
    /// A debt given up (−).
    WriteOff {
        /// Why.
        reason: Text,
    },
    /// The exact opposite of an earlier entry of the account.
    Reversal {
        /// The position of the entry reversed.
        of: u32,
        /// The figure in which that entry counts, and so this one.
        figure: Figure,
        /// Why.
        reason: Text,
    },
}

impl EntryKind {
    /// The word for it in files, columns and messages.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Charge { .. } => "charge",
            Self::Opening { .. } => "opening",
            Self::Adjustment { .. } => "adjustment",
            Self::Refund { .. } => "refund",
            Self::Payment { .. } => "payment",
            Self::Concession { .. } => "concession",
            Self::WriteOff { .. } => "write_off",
            Self::Reversal { .. } => "reversal",
        }
    }

    /// The figure of its term in which it counts.
    #[must_use]
    pub const fn figure(&self) -> Figure {
        match self {
            Self::Charge { .. } | Self::Concession { .. } => Figure::Fee,
            Self::Opening { .. } => Figure::Opening,
            Self::Adjustment { .. } | Self::WriteOff { .. } => Figure::Adjustment,
            Self::Refund { .. } | Self::Payment { .. } => Figure::Paid,
            Self::Reversal { figure, .. } => *figure,
        }
    }

    /// Whether its amount lowers the balance: payments, concessions and write-offs.
    #[must_use]
    pub const fn lowers(&self) -> bool {
        matches!(self, Self::Payment { .. } | Self::Concession { .. } | Self::WriteOff { .. })
    }

    /// Whether its amount has a sign of its own: opening balances, adjustments and reversals.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        matches!(self, Self::Opening { .. } | Self::Adjustment { .. } | Self::Reversal { .. })
    }
}

/// An entry as the ledger hands it to a store, which gives it its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEntry {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// The account.
    pub account: AccountId,
    /// The term in whose figures it counts.
    pub term: TermId,
    /// What it is.
    #[serde(flatten)]
    pub kind: EntryKind,
    /// Its signed effect on the balance.
    pub effect: Money,
    /// The day on which it takes effect, in the school's calendar.
    pub effective_on: NaiveDate,
    /// The instant at which it was recorded, UTC, to the microsecond.
    pub recorded_at: DateTime<Utc>,
    /// Who recorded it, where the application says.
    pub recorded_by: Option<Text>,
    /// The caller's name for the recording, unique in the book.
    pub key: IdempotencyKey,
    /// A note.
    pub note: Option<Text>,
}

impl NewEntry {
    /// The entry at its position.
    #[must_use]
    pub fn at(self, position: u32) -> Entry {
        Entry { position, line: self }
    }

    /// The amount as it was given: positive where the kind gives the sign, signed for opening balances, adjustments and reversals.
    ///
    /// ```
    #[doc = include_str!("docs/school.txt")]
    /// let receipt = school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
    /// // Eighty were paid, and the account owes eighty less.
    /// assert_eq!((receipt.entry.amount().to_string(), receipt.entry.effect.to_string()), ("80.00".into(), "-80.00".into()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn amount(&self) -> Money {
        if self.kind.lowers() {
            // Capped when it was recorded, so its opposite exists.
            self.effect.checked_neg().unwrap_or(self.effect)
        } else {
            self.effect
        }
    }
}

/// An entry of an account: immutable once recorded.
///
/// It reads as its [`NewEntry`] does (`entry.term`, `entry.effect`), and has a position besides.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// let entry = school.entries("s-17", 0, 1).await?.remove(0);
/// assert_eq!((entry.position, entry.term, entry.effect.to_string()), (1, term, "120.00".into()));
/// assert_eq!(entry.receipt().account().as_str(), "s-17");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its position in the account: 1, 2, 3 … without gaps.
    pub position: u32,
    #[serde(flatten)]
    line: NewEntry,
}

impl std::ops::Deref for Entry {
    type Target = NewEntry;
    fn deref(&self) -> &NewEntry {
        &self.line
    }
}

impl Entry {
    /// Its receipt number: account, position and check character.
    #[must_use]
    pub fn receipt(&self) -> ReceiptNumber {
        ReceiptNumber::new(self.account.clone(), self.position)
    }
}
