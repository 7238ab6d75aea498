//! One account: its entries, and what is kept beside them so that nothing is searched for.

use std::collections::BTreeMap;

use bursar::store::{ChargeMade, SummaryRow, TermRow};
use bursar::{Account, BilledSlot, Entry, EntryKind, FeeCode, Refusal, TermId, TermTotals};

use crate::chunks::Chunks;

/// What every entry of an account changes.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) account: Account,
    /// The fold of the entries by term, kept by the fold's own step.
    pub(crate) totals: TermTotals,
}

impl Head {
    pub(crate) fn new(account: Account) -> Self {
        Self { account, totals: TermTotals::default() }
    }

    /// The figures of a term: what all earlier ones left, and its own totals.
    pub(crate) fn term_row(&self, term: TermId) -> Result<TermRow, Refusal> {
        let (earlier, totals) = self.totals.up_to(term)?;
        Ok(TermRow { account: self.account.id.clone(), earlier, totals })
    }
}

/// The term, code and slot of a billed charge, of which there is one in an account.
pub(crate) type Slot = (TermId, FeeCode, BilledSlot);

/// The slot that an entry takes, if it is a billed charge.
pub(crate) fn slot_of(term: TermId, kind: &EntryKind) -> Option<Slot> {
    match kind {
        EntryKind::Charge { code, origin, .. } => origin.slot.map(|slot| (term, code.clone(), slot)),
        _ => None,
    }
}

/// An account with its entries in the order of their positions.
#[derive(Debug)]
pub(crate) struct AccountLog {
    pub(crate) head: Head,
    entries: Chunks<Entry>,
    /// The positions of the charges.
    charges: Vec<u32>,
    /// The position of an entry that is reversed, and that of its reversal.
    reversals: BTreeMap<u32, u32>,
}

impl AccountLog {
    pub(crate) fn new(head: Head) -> Self {
        let (entries, charges) = (Chunks::new(), Vec::new());
        Self { head, entries, charges, reversals: BTreeMap::new() }
    }

    /// Takes an entry that was admitted, at the position after the last one.
    pub(crate) fn push(&mut self, entry: Entry) {
        match entry.kind {
            EntryKind::Charge { .. } => self.charges.push(entry.position),
            EntryKind::Reversal { of, .. } => {
                self.reversals.insert(of, entry.position);
            }
            _ => {}
        }
        self.entries.push(entry);
    }

    pub(crate) fn entry(&self, position: u32) -> Option<&Entry> {
        // Positions are 1, 2, 3 … without a gap (S2).
        usize::try_from(position).ok()?.checked_sub(1).and_then(|at| self.entries.get(at))
    }

    pub(crate) fn entries_after(&self, position: u32) -> impl Iterator<Item = &Entry> {
        self.entries.from(usize::try_from(position).unwrap_or(usize::MAX))
    }

    pub(crate) fn entry_count(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn effects(&self) -> i128 {
        self.entries.from(0).map(|entry| i128::from(entry.effect.minor())).sum()
    }

    pub(crate) fn reversal_of(&self, position: u32) -> Option<u32> {
        self.reversals.get(&position).copied()
    }

    pub(crate) fn has_slot(&self, slot: &Slot) -> bool {
        // An account has few charges, so they are their own index.
        self.charges().any(|entry| slot_of(entry.term, &entry.kind).as_ref() == Some(slot))
    }

    /// The charges in the order of their positions.
    pub(crate) fn charges(&self) -> impl Iterator<Item = &Entry> {
        self.charges.iter().filter_map(|position| self.entry(*position))
    }

    /// The charges of a term, reversed or not.
    pub(crate) fn charges_made(&self, term: TermId) -> impl Iterator<Item = ChargeMade> {
        self.charges().filter(move |entry| entry.term == term).filter_map(|entry| match &entry.kind {
            EntryKind::Charge { code, origin, .. } => Some(ChargeMade {
                account: entry.account.clone(),
                code: code.clone(),
                slot: origin.slot,
                live: self.reversal_of(entry.position).is_none(),
            }),
            _ => None,
        })
    }

    /// The account's part in the summary of a term.
    pub(crate) fn summary_row(&self, term: TermId) -> Result<SummaryRow, Refusal> {
        let TermRow { account, earlier, totals } = self.head.term_row(term)?;
        let live =
            self.charges().filter(|entry| entry.term == term && self.reversal_of(entry.position).is_none());
        let mut charges = live.map(|entry| entry.effect.minor());
        let charged = charges.try_fold(0_i64, i64::checked_add).ok_or(Refusal::Overflow)?;
        Ok(SummaryRow { account, earlier, totals, charged, groups: self.head.account.groups.clone() })
    }
}
