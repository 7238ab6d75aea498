//! What has been written of one account: what a later line of it is written with, and what a reader would make of that.

use std::collections::BTreeMap;

use crate::billing_key::billed_slot;
use crate::ledger::slot::next_slot;
use crate::store::ChargeMade;
use crate::{AccountId, BilledSlot, Entry, EntryKind, TermId};

/// The keys and the charges of the entries of one account, in the order written.
#[derive(Default)]
pub(super) struct Written {
    account: Option<AccountId>,
    keys: Vec<String>,
    /// The charges of each term.
    charges: BTreeMap<TermId, Vec<ChargeMade>>,
    /// Where the charge at a position is among them.
    charged: BTreeMap<u32, (TermId, usize)>,
}

impl Written {
    /// Takes in an entry; one of another account begins anew.
    pub(super) fn add(&mut self, entry: &Entry) {
        self.keys.push(entry.key.as_str().to_owned());
        match &entry.kind {
            EntryKind::Charge { code, origin, .. } => {
                let charges = self.charges.entry(entry.term).or_default();
                self.charged.insert(entry.position, (entry.term, charges.len()));
                let (account, code, slot) = (entry.account.clone(), code.clone(), origin.slot);
                charges.push(ChargeMade { account, code, slot, live: true });
            }
            EntryKind::Reversal { of, .. } => {
                if let Some((term, at)) = self.charged.get(of)
                    && let Some(charge) = self.charges.get_mut(term).and_then(|made| made.get_mut(*at))
                {
                    charge.live = false;
                }
            }
            _ => {}
        }
    }

    /// Forgets what was written of any other account.
    pub(super) fn begin(&mut self, account: &AccountId) {
        if self.account.as_ref() != Some(account) {
            *self = Self { account: Some(account.clone()), ..Self::default() };
        }
    }

    /// The key of the entry at a position.
    pub(super) fn key(&self, position: u32) -> Option<&str> {
        let index = usize::try_from(position).ok()?.checked_sub(1)?;
        self.keys.get(index).map(String::as_str)
    }

    /// The slot of a charge, where its line has to say it: where a reader would give it another one, or none.
    pub(super) fn slot(&self, entry: &Entry) -> Option<BilledSlot> {
        let EntryKind::Charge { code, origin, .. } = &entry.kind else { return None };
        let of_own_fee = || {
            billed_slot(&entry.key, entry.term, code, &entry.account).is_some_and(|slot| slot.instalment == 0)
        };
        let made = self.charges.get(&entry.term).map_or(&[][..], Vec::as_slice);
        let billed = origin.group.is_some() || of_own_fee();
        let unsaid = if billed { next_slot(entry, code, made.iter()).ok() } else { None };
        origin.slot.filter(|slot| Some(*slot) != unsaid)
    }
}
