//! Standing: where a student is with the school, and which moves between standings are allowed.

use crate::word::words;
use crate::{AccountId, Money, Refusal};

words! {
    /// Where a student is with the school. `Active ⇄ OnLeave`; either may leave as `Graduated`, `Withdrawn` or `Expelled`; a
    /// withdrawn student may be readmitted, and a graduate who owes nothing becomes an alumnus. `Expelled` and `Alumni` are final.
    ///
    /// ```
    /// use bursar::Standing;
    ///
    /// assert_eq!("on_leave".parse(), Ok(Standing::OnLeave));
    /// assert_eq!(Standing::Withdrawn.next(), [Standing::Active]);
    /// assert!(Standing::Expelled.next().is_empty());
    /// ```
    Standing {
        /// Attends, and is billed.
        Active = "active",
        /// Away for a while.
        OnLeave = "on_leave",
        /// Finished school.
        Graduated = "graduated",
        /// Left; may be readmitted.
        Withdrawn = "withdrawn",
        /// Sent away for good.
        Expelled = "expelled",
        /// A graduate who owes nothing.
        Alumni = "alumni",
    }
}

impl Standing {
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
