//! What stands against an account in an entry's transaction.

use crate::{AccountId, ConcessionKind, Entry, EntryKind, Error, FeeCode, Method, StoreError};

/// The account that an entry's receivable stands against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counter {
    Cash(Method),
    OpeningBalances,
    Concessions(ConcessionKind),
    WriteOffs,
    Adjustments,
    Fees(FeeCode),
}

impl Counter {
    /// Of every kind but a reversal, which has that of another entry.
    fn of(kind: &EntryKind) -> Option<Self> {
        Some(match kind {
            EntryKind::Charge { code, .. } => Self::Fees(code.clone()),
            EntryKind::Payment { method, .. } | EntryKind::Refund { method, .. } => Self::Cash(*method),
            EntryKind::Concession { concession, .. } => Self::Concessions(*concession),
            EntryKind::WriteOff { .. } => Self::WriteOffs,
            EntryKind::Opening { .. } => Self::OpeningBalances,
            EntryKind::Adjustment { .. } => Self::Adjustments,
            EntryKind::Reversal { .. } => return None,
        })
    }

    /// The fee code that it is named after.
    pub(super) fn code(&self) -> Option<&str> {
        if let Self::Fees(code) = self { Some(code.as_str()) } else { None }
    }
}

/// What the entries of one account stand against, by position: a reversal asks for it.
#[derive(Default)]
pub(super) struct History {
    account: Option<AccountId>,
    counters: Vec<Counter>,
}

impl History {
    /// Takes in the next entry of a scan.
    pub(super) fn see(&mut self, entry: &Entry) -> Result<Counter, Error> {
        if self.account.as_ref() != Some(&entry.account) {
            self.account = Some(entry.account.clone());
            self.counters.clear();
        }
        let corrupt = |why: &str| StoreError::corrupt("journal", format!("{}: {why}", entry.receipt()));
        // S2
        if usize::try_from(entry.position).ok() != self.counters.len().checked_add(1) {
            return Err(corrupt("its position does not follow the one before").into());
        }
        let counter = match &entry.kind {
            EntryKind::Reversal { of, .. } => {
                let index = usize::try_from(*of).ok().and_then(|of| of.checked_sub(1));
                let reversed = index.and_then(|index| self.counters.get(index)).cloned();
                reversed.ok_or_else(|| corrupt("it reverses an entry that is not before it"))?
            }
            kind => Counter::of(kind).ok_or_else(|| corrupt("its kind stands against nothing"))?,
        };
        self.counters.push(counter.clone());
        Ok(counter)
    }
}
