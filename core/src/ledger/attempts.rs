//! Attempts: how often one call is decided anew, when it is given up, and what of it was sent.

use std::collections::HashSet;
use std::time::Duration;

use uuid::Uuid;

use super::Ledger;
use crate::store::{ChangeSet, Committed};
use crate::{Entry, Error, IdempotencyKey, LedgerStore, NewEntry};

/// How often a call is decided anew when others change the same records at the same time.
const ATTEMPTS_MAX: u32 = 32;

/// How often a write is sent again whose outcome is unknown.
const UNKNOWN_MAX: u32 = 4;

/// The attempts of one call.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    count: u32,
    unknown: u32,
    /// The ids of the entries that were sent: one that is found later was recorded by this call, though its answer was lost on the way.
    sent: HashSet<Uuid>,
}

impl Attempts {
    /// Whether nothing was tried yet.
    pub(crate) const fn is_first(&self) -> bool {
        self.count == 0
    }

    /// Goes on to the next attempt at once.
    pub(crate) const fn at_once(&mut self) {
        self.count = self.count.saturating_add(1);
    }

    /// Waits a random while, longer from try to try, before a call is decided anew; an error after the last.
    pub(crate) async fn again<S: LedgerStore>(&mut self, ledger: &Ledger<S>) -> Result<(), Error> {
        const UNIT_MICROS: u64 = 500;
        let attempt = self.count;
        self.at_once();
        if self.count >= ATTEMPTS_MAX {
            return Err(Error::Conflict { attempts: ATTEMPTS_MAX });
        }
        let most = UNIT_MICROS.saturating_mul(1 << attempt.min(7));
        let random = ledger.store.new_id().as_u64_pair().1;
        let jitter = random.checked_rem(most).unwrap_or(0);
        tracing::debug!(attempt, "decided anew: others changed the same records");
        ledger.store.pause(Duration::from_micros(jitter)).await;
        Ok(())
    }

    /// What a write failed with, unless its outcome is unknown and it may be sent again: by the same keys it is then found, or recorded,
    /// once either way (B7).
    pub(crate) fn unless_unknown(&mut self, error: Error, key: Option<&IdempotencyKey>) -> Result<(), Error> {
        let Error::UnknownOutcome { source, .. } = error else { return Err(error) };
        if self.unknown >= UNKNOWN_MAX {
            return Err(Error::UnknownOutcome { key: key.cloned(), source });
        }
        tracing::warn!(error = %source, "the outcome of a recording is unknown; asking by its key");
        self.unknown = self.unknown.saturating_add(1);
        Ok(())
    }

    /// Commits postings; the entries that were recorded, or nothing when they are to be decided anew.
    pub(crate) async fn commit<S: LedgerStore>(
        &mut self,
        ledger: &Ledger<S>,
        changes: ChangeSet,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Vec<Entry>>, Error> {
        let entries: Vec<NewEntry> = changes.postings.iter().map(|posting| posting.entry.clone()).collect();
        self.sent.extend(entries.iter().map(|entry| entry.id));
        match ledger.store.commit(&ledger.book, changes).await {
            Ok(Committed::Admitted { positions }) => {
                Ok(Some(entries.into_iter().zip(positions).map(|(entry, at)| entry.at(at)).collect()))
            }
            Ok(Committed::NotAdmitted) => Ok(None),
            Err(error) => self.unless_unknown(error.into(), key).map(|()| None),
        }
    }

    /// Whether this call has sent an entry.
    pub(crate) fn has_sent(&self, entry: &Entry) -> bool {
        self.sent.contains(&entry.id)
    }
}
