//! A history of entries of every kind over several accounts and terms, the same every time.

use super::failure::Failure;
use super::kinds::{all_kinds, by_hand, reversal, signed};
use super::school::{School, terms};
use crate::rule::Posting;
use crate::{EntryKind, Figure, TermId};

/// Numbers that look random and are the same in every run.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).checked_rem(bound).unwrap_or(0)
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.below(u64::try_from(from.len()).unwrap_or(1));
        from.get(usize::try_from(at).unwrap_or(0))
    }
}

/// What has been recorded on an account and can still be reversed.
struct Open {
    account: String,
    position: u32,
    term: TermId,
    figure: Figure,
    effect: i64,
}

/// Makes postings one after another, as each follows from those before it.
pub(super) struct History {
    numbers: Numbers,
    accounts: Vec<String>,
    versions: Vec<u32>,
    open: Vec<Open>,
    made: u32,
}

impl History {
    pub(super) fn new(accounts: &[&str], seed: u64) -> Self {
        let accounts: Vec<String> = accounts.iter().map(|name| (*name).to_owned()).collect();
        let versions = vec![0; accounts.len()];
        Self { numbers: Numbers::new(seed), accounts, versions, open: Vec::new(), made: 0 }
    }

    /// The next posting, which is admitted while no term is current or closed and nothing else is posted.
    pub(super) fn next(&mut self, school: &School) -> Result<Posting, Failure> {
        self.made = self.made.saturating_add(1);
        if self.made.is_multiple_of(5) && !self.open.is_empty() {
            return self.undo(school);
        }
        let at =
            usize::try_from(self.numbers.below(u64::try_from(self.accounts.len()).unwrap_or(1))).unwrap_or(0);
        let minor = i64::try_from(self.numbers.below(1_000_000)).unwrap_or(0).saturating_add(1);
        let name = self.accounts.get(at).cloned().unwrap_or_default();
        let mut kinds = all_kinds()?;
        kinds.push(by_hand("tuition")?);
        let kind = self.numbers.pick(&kinds).cloned().unwrap_or(by_hand("trip")?);
        let turned =
            matches!(kind, EntryKind::Opening { .. } | EntryKind::Adjustment { .. }) && minor % 2 == 0;
        let effect = if turned { minor.saturating_neg() } else { signed(&kind, minor) };
        let figure = kind.figure();
        let mut posting = school.posting(&name, &format!("history-{}", self.made), kind, effect)?;
        let terms = terms()?;
        posting.entry.term = self.numbers.pick(&terms).map_or(posting.entry.term, |term| term.id);
        let position = self.count(at);
        self.open.push(Open { account: name, position, term: posting.entry.term, figure, effect });
        Ok(posting)
    }

    fn undo(&mut self, school: &School) -> Result<Posting, Failure> {
        let at = self.numbers.below(u64::try_from(self.open.len()).unwrap_or(1));
        let undone = self.open.swap_remove(usize::try_from(at).unwrap_or(0));
        let kind = reversal(undone.position, undone.figure);
        let effect = undone.effect.saturating_neg();
        let mut posting = school.posting(&undone.account, &format!("history-{}", self.made), kind, effect)?;
        posting.entry.term = undone.term;
        if let Some(at) = self.accounts.iter().position(|name| *name == undone.account) {
            self.count(at);
        }
        Ok(posting)
    }

    /// The next position of an account.
    fn count(&mut self, at: usize) -> u32 {
        let Some(version) = self.versions.get_mut(at) else { return 0 };
        *version = version.saturating_add(1);
        *version
    }
}
