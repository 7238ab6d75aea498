//! Conceded: what rules have conceded on the charges of an account in a term, and how much of each may still be conceded.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::rule_key::{RuleKey, RuleKind, is_back_key};
use crate::{Currency, Entry, EntryKind, FeeCode, Figure, Money, Refusal, RuleName, TermId};

/// A concession that a rule has made.
pub(crate) struct Given {
    pub(crate) position: u32,
    pub(crate) amount: Money,
    pub(crate) state: GivenState,
}

/// What became of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivenState {
    /// It stands.
    Live,
    /// A run of the rule reversed it.
    TakenBack,
    /// Somebody reversed it: it is not made again.
    Withdrawn,
}

/// The charges of an account in a term as one rule sees them.
pub(crate) struct Conceded<'a> {
    /// Those not reversed that are in effect on the day of the run, in the order in which they fall due.
    charges: Vec<(NaiveDate, &'a FeeCode, &'a Entry)>,
    /// The charges that are reversed.
    gone: BTreeSet<u32>,
    /// What the rule itself has conceded, by charge.
    given: BTreeMap<u32, Vec<Given>>,
    /// What all rules concede, by charge.
    conceded: BTreeMap<u32, Money>,
    /// What rules concede on charges that are reversed: the positions.
    on_reversed: Vec<u32>,
    /// The term's fee: charges less concessions of any origin, but for those that a run takes back.
    fee_left: Money,
    zero: Money,
}

impl<'a> Conceded<'a> {
    pub(crate) fn of(
        kind: RuleKind,
        rule: &RuleName,
        entries: &'a [Entry],
        (term, on): (TermId, NaiveDate),
        currency: Currency,
    ) -> Result<Self, Refusal> {
        let entries = || entries.iter().filter(|entry| entry.term == term);
        let reversed: BTreeMap<u32, bool> = entries()
            .filter_map(|entry| match entry.kind {
                EntryKind::Reversal { of, .. } => Some((of, is_back_key(&entry.key))),
                _ => None,
            })
            .collect();
        let zero = Money::zero(currency);
        let (charges, gone) = (Vec::new(), BTreeSet::new());
        let (given, conceded) = (BTreeMap::new(), BTreeMap::new());
        let mut found =
            Self { charges, gone, given, conceded, on_reversed: Vec::new(), fee_left: zero, zero };
        let mut live: Vec<(u32, &Entry)> = Vec::new();
        for entry in entries() {
            if entry.kind.figure() == Figure::Fee {
                found.fee_left = found.fee_left.checked_add(entry.effect)?;
            }
            match &entry.kind {
                EntryKind::Charge { code, due_on, .. } => {
                    if reversed.contains_key(&entry.position) {
                        found.gone.insert(entry.position);
                    } else if entry.effective_on <= on {
                        found.charges.push((*due_on, code, entry));
                    }
                }
                EntryKind::Concession { .. } => {
                    let Some(key) = RuleKey::read(&entry.key) else { continue };
                    let state = match reversed.get(&entry.position) {
                        None => GivenState::Live,
                        Some(true) => GivenState::TakenBack,
                        Some(false) => GivenState::Withdrawn,
                    };
                    if state == GivenState::Live {
                        live.push((key.charge, entry));
                    }
                    if key.kind == kind && key.rule == rule.as_str() {
                        let one = Given { position: entry.position, amount: entry.amount(), state };
                        found.given.entry(key.charge).or_default().push(one);
                    }
                }
                _ => {}
            }
        }
        for (charge, entry) in live {
            found.take_in(charge, entry)?;
        }
        found.charges.sort_by_key(|(due_on, _, entry)| (*due_on, entry.position));
        Ok(found)
    }

    /// Takes in what a rule concedes on a charge. On one that is reversed it is as good as taken back.
    fn take_in(&mut self, charge: u32, entry: &Entry) -> Result<(), Refusal> {
        if self.gone.contains(&charge) {
            self.on_reversed.push(entry.position);
            self.fee_left = self.fee_left.checked_add(entry.amount())?;
        } else {
            let on_charge = self.conceded.entry(charge).or_insert(self.zero);
            *on_charge = on_charge.checked_add(entry.amount())?;
        }
        Ok(())
    }

    /// The charges of these codes; where none are named, of all but late fees.
    pub(crate) fn charges(&self, codes: Option<&BTreeSet<FeeCode>>) -> Vec<(NaiveDate, &'a Entry)> {
        let late_fee = |entry: &Entry| RuleKey::read(&entry.key).is_some();
        let reached =
            |code: &FeeCode, entry: &Entry| codes.map_or(!late_fee(entry), |codes| codes.contains(code));
        let charges = self.charges.iter().filter(|(_, code, entry)| reached(code, entry));
        charges.map(|(due_on, _, entry)| (*due_on, *entry)).collect()
    }

    /// What the rule has conceded on a charge.
    pub(crate) fn given(&self, charge: u32) -> &[Given] {
        self.given.get(&charge).map_or(&[], Vec::as_slice)
    }

    /// The positions of what rules concede on charges that are reversed: any rule's, so that none stands in the way of another.
    pub(crate) fn on_reversed(&self) -> Vec<u32> {
        self.on_reversed.clone()
    }

    /// Takes as much of an amount as may still be conceded on a charge: of all rules together at most the charge, and with what is conceded
    /// by hand at most the term's charges.
    pub(crate) fn take(&mut self, charge: &Entry, amount: Money) -> Result<Money, Refusal> {
        let amount = self.room(charge, amount)?;
        let on_charge = self.conceded.entry(charge.position).or_insert(self.zero);
        *on_charge = on_charge.checked_add(amount)?;
        self.fee_left = self.fee_left.checked_sub(amount)?;
        Ok(amount)
    }

    /// How much of an amount may still be conceded on a charge; nothing at least.
    pub(crate) fn room(&self, charge: &Entry, amount: Money) -> Result<Money, Refusal> {
        let conceded = self.conceded.get(&charge.position).copied().unwrap_or(self.zero);
        let left = charge.effect.checked_sub(conceded)?;
        let minor = amount.minor().min(left.minor()).min(self.fee_left.minor()).max(0);
        Ok(Money::from_minor(minor, self.zero.currency()))
    }
}
