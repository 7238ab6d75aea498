//! What a store keeps of seals.

use super::{Digest, Seal};
use crate::AccountId;

/// A run of sealed entries of one account, as a store keeps it: a digest each, so that one that is changed later can be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The account.
    pub account: AccountId,
    /// The position of its first entry.
    pub first: u32,
    /// The digests of its entries, in the order of positions; there is at least one, and at most [`SEGMENT_MAX`](super::SEGMENT_MAX).
    pub digests: Vec<Digest>,
    /// The account's chain after its last entry.
    pub chain: Digest,
    /// The number of the seal that it is part of. It counts once that seal has its root.
    pub seal: u64,
}

impl Segment {
    /// The position of its last entry.
    #[must_use]
    pub fn last(&self) -> u32 {
        let more = u32::try_from(self.digests.len()).unwrap_or(u32::MAX).saturating_sub(1);
        self.first.saturating_add(more)
    }

    /// Its end.
    #[must_use]
    pub fn end(&self) -> SegmentEnd {
        SegmentEnd { account: self.account.clone(), last: self.last(), chain: self.chain, seal: self.seal }
    }
}

/// How far an account is sealed: the end of its last [`Segment`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentEnd {
    /// The account.
    pub account: AccountId,
    /// The position of its last sealed entry.
    pub last: u32,
    /// The account's chain after it.
    pub chain: Digest,
    /// The number of the seal that sealed it.
    pub seal: u64,
}

/// How far a book is sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealState {
    /// How many steps of sealing were kept, of whatever kind: whoever keeps the next one gives its number, which is one more.
    pub step: u64,
    /// The last seal that has its root.
    pub last: Option<Seal>,
    /// The step that kept that root; 0 without one. Later steps are of a seal that has no root yet.
    pub last_step: u64,
}

/// A step of sealing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealStep {
    /// Segments of a seal that has no root yet.
    Segments(Vec<Segment>),
    /// The root of a seal: it counts from now on.
    Root(Seal),
}
