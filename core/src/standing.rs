//! Standing: where a student is with the school, and which moves between standings are allowed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Money, Refusal};

/// Where a student is with the school. `Active ⇄ OnLeave`; either may leave as `Graduated`, `Withdrawn` or `Expelled`; a
/// withdrawn student may be readmitted, and a graduate who owes nothing becomes an alumnus. `Expelled` and `Alumni` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Attends, and is billed.
    Active,
    /// Away for a while.
    OnLeave,
    /// Finished school.
    Graduated,
    /// Left; may be readmitted.
    Withdrawn,
    /// Sent away for good.
    Expelled,
    /// A graduate who owes nothing.
    Alumni,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::OnLeave, Self::Graduated, Self::Withdrawn, Self::Expelled, Self::Alumni];

    /// The word for it in files and columns.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::OnLeave => "on_leave",
            Self::Graduated => "graduated",
            Self::Withdrawn => "withdrawn",
            Self::Expelled => "expelled",
            Self::Alumni => "alumni",
        }
    }

    /// Which standings may follow it.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Active => &[Self::OnLeave, Self::Graduated, Self::Withdrawn, Self::Expelled],
            Self::OnLeave => &[Self::Active, Self::Graduated, Self::Withdrawn, Self::Expelled],
            Self::Graduated => &[Self::Alumni],
            Self::Withdrawn => &[Self::Active],
            Self::Expelled | Self::Alumni => &[],
        }
    }

    /// Decides a move of an account with this balance: `true` when it is a move, `false` when it is the standing it has.
    ///
    /// # Errors
    /// [`Refusal::StandingRefused`]; [`Refusal::StillOwes`] for a graduate in debt who would become an alumnus.
    pub(crate) fn decide(self, to: Self, account: &AccountId, balance: Money) -> Result<bool, Refusal> {
        if self == to {
            return Ok(false);
        }
        if !self.next().contains(&to) {
            let names: Vec<&str> = self.next().iter().map(|next| next.as_str()).collect();
            let allowed = if names.is_empty() { "none, it is final".to_owned() } else { names.join(", ") };
            return Err(Refusal::StandingRefused { account: account.clone(), from: self, to, allowed });
        }
        if to == Self::Alumni && balance.is_positive() {
            return Err(Refusal::StillOwes { account: account.clone(), outstanding: balance });
        }
        Ok(true)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Standing {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|one| one.as_str() == word)
            .ok_or(UnknownWord { allowed: "active, on_leave, graduated, withdrawn, expelled, alumni" })
    }
}

/// A word that is none of a fixed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed are: {allowed}")]
pub struct UnknownWord {
    /// The words allowed.
    pub allowed: &'static str,
}
