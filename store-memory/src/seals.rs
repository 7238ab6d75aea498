//! What is kept of a book's seals, in the order of the steps that kept it.

use std::collections::BTreeMap;
use std::ops::Bound;

use bursar::AccountId;
use bursar::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};

/// The seals of a book.
#[derive(Debug, Default)]
pub(crate) struct SealLog {
    step: u64,
    last_step: u64,
    /// By number.
    roots: BTreeMap<u64, Seal>,
    /// By account and first position.
    segments: BTreeMap<(AccountId, u32), Segment>,
}

impl SealLog {
    pub(crate) fn state(&self) -> SealState {
        let last = self.roots.last_key_value().map(|(_, seal)| seal.clone());
        SealState { step: self.step, last, last_step: self.last_step }
    }

    pub(crate) fn roots_after(&self, number: u64) -> impl Iterator<Item = &Seal> {
        self.roots.range((Bound::Excluded(number), Bound::Unbounded)).map(|(_, seal)| seal)
    }

    /// How far an account is sealed.
    pub(crate) fn end(&self, account: &AccountId) -> Option<SegmentEnd> {
        let of_account = (account.clone(), 0)..=(account.clone(), u32::MAX);
        self.segments.range(of_account).next_back().map(|(_, segment)| segment.end())
    }

    pub(crate) fn segments_after(&self, after: Option<(&AccountId, u32)>) -> impl Iterator<Item = &Segment> {
        let after = after.map(|(account, first)| (account.clone(), first));
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.segments.range((from, Bound::Unbounded)).map(|(_, segment)| segment)
    }

    /// Keeps a step where it is the next one and nothing is in its way; whether it did.
    pub(crate) fn keep(&mut self, step: u64, what: SealStep) -> bool {
        if self.step.checked_add(1) != Some(step) {
            return false;
        }
        match what {
            SealStep::Root(seal) => {
                if self.roots.contains_key(&seal.root.seal) {
                    return false;
                }
                self.roots.insert(seal.root.seal, seal);
                self.last_step = step;
            }
            SealStep::Segments(segments) => {
                let count = segments.len();
                let new: BTreeMap<(AccountId, u32), Segment> = segments
                    .into_iter()
                    .map(|segment| ((segment.account.clone(), segment.first), segment))
                    .collect();
                if new.len() != count || new.keys().any(|place| self.segments.contains_key(place)) {
                    return false;
                }
                self.segments.extend(new);
            }
        }
        self.step = step;
        true
    }
}
