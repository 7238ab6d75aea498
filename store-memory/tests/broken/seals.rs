//! Keeping seals as a broken store does.

use bursar::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};
use bursar::{AccountId, BookId, LedgerStore, StoreError};
use chrono::SubsecRound;

use crate::faults::Fault;
use crate::store::Broken;

impl Broken {
    pub(crate) fn seen_seals(&self, mut seals: Vec<Seal>) -> Vec<Seal> {
        if self.is(Fault::InstantsAreCoarse) {
            seals.iter_mut().for_each(|seal| seal.sealed_at = seal.sealed_at.trunc_subsecs(3));
        }
        seals
    }

    pub(crate) async fn seal_state_broken(&self, book: &BookId) -> Result<SealState, StoreError> {
        let mut state = self.inner.seal_state(book).await?;
        if self.is(Fault::TheFirstRootIsTheLast) {
            state.last = self.inner.seals(book, 0, 1).await?.pop();
        }
        Ok(state)
    }

    pub(crate) async fn sealed_broken(
        &self,
        book: &BookId,
        accounts: &[AccountId],
    ) -> Result<Vec<SegmentEnd>, StoreError> {
        if !self.is(Fault::EndsAreOfTheFirstSegment) {
            return self.inner.sealed(book, accounts).await;
        }
        let mut first: Vec<Segment> = self.inner.segments(book, None, u32::MAX).await?;
        first.dedup_by_key(|segment| segment.account.clone());
        first.retain(|segment| accounts.contains(&segment.account));
        Ok(first.iter().map(Segment::end).collect())
    }

    pub(crate) async fn keep_seal_broken(
        &self,
        book: &BookId,
        step: u64,
        mut what: SealStep,
    ) -> Result<bool, StoreError> {
        let next = async || Ok::<_, StoreError>(self.inner.seal_state(book).await?.step + 1);
        match (self.fault, &mut what) {
            (Fault::DigestsAreCut, SealStep::Segments(segments)) => {
                segments.iter_mut().for_each(|segment| segment.digests.truncate(100));
            }
            (Fault::StepsAreNotCompared, _) => return self.inner.keep_seal(book, next().await?, what).await,
            (Fault::StepsAreCheckedBeforehand, _) => {
                if step != next().await? {
                    return Ok(false);
                }
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
                return self.inner.keep_seal(book, next().await?, what).await;
            }
            (Fault::HalfAStepIsKept, SealStep::Segments(segments)) => {
                let all = SealStep::Segments(segments.clone());
                let whole = self.inner.keep_seal(book, step, all).await?;
                if !whole && step == next().await? {
                    let there = self.inner.segments(book, None, u32::MAX).await?;
                    let new = |one: &Segment| !there.iter().any(|other| other.account == one.account);
                    segments.retain(new);
                    self.inner.keep_seal(book, step, what).await?;
                }
                return Ok(whole);
            }
            (Fault::RootsRepeat, SealStep::Root(seal)) if step == next().await? => {
                let last = self.inner.seals(book, seal.root.seal - 1, u32::MAX).await?;
                seal.root.seal = last.last().map_or(seal.root.seal, |last| last.root.seal + 1);
            }
            _ => {}
        }
        self.inner.keep_seal(book, step, what).await
    }
}
