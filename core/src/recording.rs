//! What every recording brings along besides what is recorded: its key, its day, its note, and who records it.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::name::{check_recorder, check_text};
use crate::{IdempotencyKey, Refusal};

/// It, as given and not yet checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    pub(crate) key: Option<Result<IdempotencyKey, Refusal>>,
    pub(crate) on: Option<NaiveDate>,
    pub(crate) note: Option<String>,
    pub(crate) recorded_by: Option<String>,
    pub(crate) provenance: Provenance,
}

/// The id and the instant that an entry brings along from another book; what it does not bring, the store gives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Provenance {
    pub(crate) id: Option<Uuid>,
    pub(crate) recorded_at: Option<DateTime<Utc>>,
}

impl Recording {
    pub(crate) fn key(&self) -> Result<IdempotencyKey, Refusal> {
        self.key.clone().ok_or(Refusal::Missing { what: "idempotency key" })?
    }

    pub(crate) fn check_texts(&self) -> Result<(), Refusal> {
        self.note.as_deref().map_or(Ok(()), |note| check_text("note", note, false))?;
        self.recorded_by.as_deref().map_or(Ok(()), check_recorder)
    }
}

/// The calls by which a recording that is a field of the type says them.
macro_rules! recording_calls {
    ($recording:ident) => {
        /// The caller's own name for this recording, unique in the book: sent again with the same content, it records nothing more.
        #[must_use]
        pub fn key(mut self, key: impl $crate::IntoName<$crate::IdempotencyKey>) -> Self {
            self.$recording().key = Some(key.into_name());
            self
        }

        /// The day on which it takes effect; today in the ledger's time zone unless given.
        #[must_use]
        pub fn on(mut self, day: chrono::NaiveDate) -> Self {
            self.$recording().on = Some(day);
            self
        }

        /// A note. It is not part of the content that a key is compared by.
        #[must_use]
        pub fn note(mut self, note: impl Into<String>) -> Self {
            self.$recording().note = Some(note.into());
            self
        }

        /// Who records it. It is not part of the content that a key is compared by.
        #[must_use]
        pub fn recorded_by(mut self, who: impl Into<String>) -> Self {
            self.$recording().recorded_by = Some(who.into());
            self
        }
    };
}

pub(crate) use recording_calls;
