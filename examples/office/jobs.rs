//! Runs that take long, such as billing a term: started once, and looked at until they are done.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bursar::{BillingReport, Error, TermId};

use super::form::Key;

/// How many runs are remembered.
const KEPT_MAX: usize = 100;

/// How far a run is.
#[derive(Clone)]
pub enum Stage {
    /// It is under way: so many accounts were seen, and so many charges made.
    Running {
        /// Accounts seen.
        accounts: u64,
        /// Charges made.
        charges: u64,
    },
    /// It is done.
    Done(Arc<BillingReport>),
    /// It was refused, or failed.
    Failed(Arc<Error>),
}

/// A run of the billing of a term.
#[derive(Clone)]
pub struct Job {
    /// The key of the form that started it.
    pub key: Key,
    /// The term.
    pub term: TermId,
    /// How many accounts there were to see when it began.
    pub accounts: u64,
    /// How far it is.
    pub stage: Stage,
}

/// The runs of this process, the last ones last.
#[derive(Clone, Default)]
pub struct Jobs {
    list: Arc<Mutex<VecDeque<Job>>>,
}

impl Jobs {
    /// Starts keeping a run; `false` when the form had started it already.
    #[must_use]
    pub fn begin(&self, key: &Key, term: TermId, accounts: u64) -> bool {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.iter().any(|job| job.key == *key) {
            return false;
        }
        if list.len() >= KEPT_MAX {
            list.pop_front();
        }
        let stage = Stage::Running { accounts: 0, charges: 0 };
        list.push_back(Job { key: key.clone(), term, accounts, stage });
        true
    }

    /// Says how far a run is.
    pub fn set(&self, key: &Key, stage: Stage) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = list.iter_mut().find(|job| job.key == *key) {
            job.stage = stage;
        }
    }

    /// A run.
    #[must_use]
    pub fn find(&self, key: &Key) -> Option<Job> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|job| job.key == *key).cloned()
    }
}
