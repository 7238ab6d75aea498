//! A line: what an entry says, before the ledger gives it an id, an instant, and the name of who records it.

use chrono::NaiveDate;

use super::Ledger;
use crate::recording::Provenance;
use crate::rule::Posting;
use crate::{
    AccountId, Entry, EntryKind, IdempotencyKey, LedgerStore, Money, NewEntry, Refusal, TermId, Text,
};

/// A line for an account and a day.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) term: TermId,
    pub(crate) kind: EntryKind,
    pub(crate) effect: Money,
    pub(crate) key: IdempotencyKey,
}

impl Line {
    /// The exact opposite of an entry, in the same term (B6).
    pub(crate) fn reversing(entry: &Entry, reason: &str, key: IdempotencyKey) -> Result<Self, Refusal> {
        let (of, figure, reason) = (entry.position, entry.kind.figure(), Text::from(reason));
        let kind = EntryKind::Reversal { of, figure, reason };
        Ok(Self { term: entry.term, kind, effect: entry.effect.checked_neg()?, key })
    }
}

impl<S: LedgerStore> Ledger<S> {
    /// The posting of a line.
    pub(crate) fn posting(
        &self,
        account: &AccountId,
        line: Line,
        on: NaiveDate,
        Provenance { id, recorded_at }: Provenance,
    ) -> Posting {
        let Line { term, kind, effect, key } = line;
        Posting::new(NewEntry {
            id: id.unwrap_or_else(|| self.store.new_id()),
            account: account.clone(),
            term,
            kind,
            effect,
            effective_on: on,
            recorded_at: recorded_at.unwrap_or_else(|| self.now()),
            recorded_by: self.recorder(),
            key,
            note: None,
        })
    }
}
