//! Reversals: the undoing of an entry, as a caller asks for it.

use crate::name::{IntoName, check_text};
use crate::recording::{Recording, recording_calls};
use crate::{AccountId, IdempotencyKey, Refusal};

/// Which entry a reversal undoes.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Key(Result<IdempotencyKey, Refusal>),
    Entry(Result<AccountId, Refusal>, u32),
}

/// The undoing of an entry: an entry that is its exact opposite.
///
/// ```
/// use bursar::Reversal;
///
/// let undone = Reversal::of_key("till-1-0001", "recorded in error").key("till-1-0002");
/// # let _ = undone;
/// ```
#[derive(Clone, Debug)]
pub struct Reversal {
    pub(crate) target: Target,
    pub(crate) reason: String,
    pub(crate) recording: Recording,
}

impl Reversal {
    /// A reversal of the entry recorded under a key.
    pub fn of_key(key: impl IntoName<IdempotencyKey>, reason: impl Into<String>) -> Self {
        Self::new(Target::Key(key.into_name()), reason.into())
    }

    /// A reversal of the entry at a position of an account.
    pub fn of_entry(account: impl IntoName<AccountId>, position: u32, reason: impl Into<String>) -> Self {
        Self::new(Target::Entry(account.into_name(), position), reason.into())
    }

    fn new(target: Target, reason: String) -> Self {
        Self { target, reason, recording: Recording::default() }
    }

    const fn recording(&mut self) -> &mut Recording {
        &mut self.recording
    }

    recording_calls!(recording);

    pub(crate) fn check_texts(&self) -> Result<(), Refusal> {
        self.recording.check_texts()?;
        check_text("reason", &self.reason, true)
    }
}
