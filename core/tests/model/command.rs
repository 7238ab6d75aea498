//! What a school can do: one variant for each `do` of the school file, in plain types.

use chrono::NaiveDate;

use super::words::{ConcessionKind, Method, Standing};

/// A term by year and number.
pub type TermId = (u16, u16);

/// Who pays a fee: everybody in a fee group, or one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payer {
    Group(String),
    Account(String),
}

/// One line of the school file. Amounts are in minor units, signed where the file's are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Book {
        book: String,
        currency: String,
    },
    Term {
        year: u16,
        number: u16,
        starts_on: NaiveDate,
        ends_on: NaiveDate,
        name: Option<String>,
    },
    Fee {
        year: u16,
        term: u16,
        payer: Payer,
        code: String,
        amount: i64,
        due_on: Option<NaiveDate>,
    },
    Enrol {
        account: String,
        groups: Vec<String>,
        on: NaiveDate,
    },
    Groups {
        account: String,
        groups: Vec<String>,
        on: NaiveDate,
    },
    Standing {
        account: String,
        to: Standing,
        on: NaiveDate,
    },
    Activate {
        year: u16,
        term: u16,
        on: NaiveDate,
    },
    Close {
        year: u16,
        term: u16,
        on: NaiveDate,
    },
    Charge {
        key: String,
        account: String,
        year: u16,
        term: u16,
        code: String,
        amount: i64,
        on: NaiveDate,
        due_on: Option<NaiveDate>,
        group: Option<String>,
    },
    Pay {
        key: String,
        account: String,
        year: u16,
        term: u16,
        amount: i64,
        method: Method,
        on: NaiveDate,
        reference: Option<String>,
    },
    Opening {
        key: String,
        account: String,
        year: u16,
        term: u16,
        amount: i64,
        reason: String,
        on: NaiveDate,
    },
    Concession {
        key: String,
        account: String,
        year: u16,
        term: u16,
        kind: ConcessionKind,
        amount: i64,
        reason: String,
        on: NaiveDate,
    },
    Adjust {
        key: String,
        account: String,
        year: u16,
        term: u16,
        amount: i64,
        reason: String,
        on: NaiveDate,
    },
    WriteOff {
        key: String,
        account: String,
        year: u16,
        term: u16,
        amount: i64,
        reason: String,
        on: NaiveDate,
    },
    Refund {
        key: String,
        account: String,
        year: u16,
        term: u16,
        amount: i64,
        method: Method,
        on: NaiveDate,
    },
    Reverse {
        key: String,
        of: String,
        reason: String,
        on: NaiveDate,
    },
    Reprice {
        year: u16,
        term: u16,
        group: String,
        code: String,
        amount: i64,
        reason: String,
        on: NaiveDate,
    },
    Lock {
        through: NaiveDate,
    },
}

/// Binds the named field in every variant that has it.
macro_rules! field {
    ($on:expr, $field:ident, $($variant:ident)|+) => {
        match $on {
            $(Command::$variant { $field, .. })|+ => Some($field),
            _ => None,
        }
    };
}

/// The same, for fields that many variants have.
macro_rules! key {
    ($on:expr) => {
        field!($on, key, Charge | Pay | Opening | Concession | Adjust | WriteOff | Refund | Reverse)
    };
}

macro_rules! account {
    ($on:expr) => {
        match $on {
            Command::Enrol { account, .. }
            | Command::Groups { account, .. }
            | Command::Standing { account, .. }
            | Command::Fee { payer: Payer::Account(account), .. }
            | Command::Charge { account, .. }
            | Command::Pay { account, .. }
            | Command::Opening { account, .. }
            | Command::Concession { account, .. }
            | Command::Adjust { account, .. }
            | Command::WriteOff { account, .. }
            | Command::Refund { account, .. } => Some(account),
            _ => None,
        }
    };
}

macro_rules! term {
    ($on:expr) => {
        match $on {
            Command::Fee { year, term, .. }
            | Command::Activate { year, term, .. }
            | Command::Close { year, term, .. }
            | Command::Charge { year, term, .. }
            | Command::Pay { year, term, .. }
            | Command::Opening { year, term, .. }
            | Command::Concession { year, term, .. }
            | Command::Adjust { year, term, .. }
            | Command::WriteOff { year, term, .. }
            | Command::Refund { year, term, .. }
            | Command::Reprice { year, term, .. } => Some((year, term)),
            _ => None,
        }
    };
}

macro_rules! on {
    ($on:expr) => {
        match $on {
            Command::Enrol { on, .. }
            | Command::Groups { on, .. }
            | Command::Standing { on, .. }
            | Command::Activate { on, .. }
            | Command::Close { on, .. }
            | Command::Charge { on, .. }
            | Command::Pay { on, .. }
            | Command::Opening { on, .. }
            | Command::Concession { on, .. }
            | Command::Adjust { on, .. }
            | Command::WriteOff { on, .. }
            | Command::Refund { on, .. }
            | Command::Reverse { on, .. }
            | Command::Reprice { on, .. } => Some(on),
            _ => None,
        }
    };
}

macro_rules! amount {
    ($on:expr) => {
        field!($on, amount, Fee | Charge | Pay | Opening | Concession | Adjust | WriteOff | Refund | Reprice)
    };
}

macro_rules! reason {
    ($on:expr) => {
        field!($on, reason, Opening | Concession | Adjust | WriteOff | Reverse | Reprice)
    };
}

impl Command {
    /// The word after `do`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Book { .. } => "book",
            Self::Term { .. } => "term",
            Self::Fee { .. } => "fee",
            Self::Enrol { .. } => "enrol",
            Self::Groups { .. } => "groups",
            Self::Standing { .. } => "standing",
            Self::Activate { .. } => "activate",
            Self::Close { .. } => "close",
            Self::Charge { .. } => "charge",
            Self::Pay { .. } => "pay",
            Self::Opening { .. } => "opening",
            Self::Concession { .. } => "concession",
            Self::Adjust { .. } => "adjust",
            Self::WriteOff { .. } => "write_off",
            Self::Refund { .. } => "refund",
            Self::Reverse { .. } => "reverse",
            Self::Reprice { .. } => "reprice",
            Self::Lock { .. } => "lock",
        }
    }

    /// The idempotency key, where the command has one.
    pub fn key(&self) -> Option<&String> {
        key!(self)
    }

    pub fn key_mut(&mut self) -> Option<&mut String> {
        key!(self)
    }

    /// The account named, an own fee's included.
    pub fn account(&self) -> Option<&String> {
        account!(self)
    }

    pub fn account_mut(&mut self) -> Option<&mut String> {
        account!(self)
    }

    /// The term named; what a `term` line defines is not one.
    pub fn term(&self) -> Option<TermId> {
        term!(self).map(|(year, term)| (*year, *term))
    }

    pub fn term_mut(&mut self) -> Option<(&mut u16, &mut u16)> {
        term!(self)
    }

    /// The effective date, where the command has one.
    pub fn on(&self) -> Option<NaiveDate> {
        on!(self).copied()
    }

    pub fn on_mut(&mut self) -> Option<&mut NaiveDate> {
        on!(self)
    }

    /// The amount in minor units, where the command has one.
    pub fn amount(&self) -> Option<i64> {
        amount!(self).copied()
    }

    pub fn amount_mut(&mut self) -> Option<&mut i64> {
        amount!(self)
    }

    /// The reason, where one is required.
    pub fn reason(&self) -> Option<&String> {
        reason!(self)
    }

    pub fn reason_mut(&mut self) -> Option<&mut String> {
        reason!(self)
    }

    /// The fee code, where the command has one.
    pub fn code(&self) -> Option<&String> {
        field!(self, code, Fee | Charge | Reprice)
    }

    pub fn code_mut(&mut self) -> Option<&mut String> {
        field!(self, code, Fee | Charge | Reprice)
    }
}
