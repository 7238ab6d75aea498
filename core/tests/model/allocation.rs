//! Which debits the credits of an account have settled: oldest due first, one at a time (B5).

use chrono::NaiveDate;

use super::book::{Entry, Kind, Model};

/// A debit and how much of it is settled, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub key: String,
    pub position: usize,
    pub due_on: NaiveDate,
    pub amount: i128,
    pub settled: i128,
}

impl Settled {
    pub fn unsettled(&self) -> i128 {
        self.amount - self.settled
    }
}

/// How the credits of one account stand against its debits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// By due date, then position.
    pub debits: Vec<Settled>,
    /// Σ credits.
    pub credits: i128,
    /// Credit that is left when every debit is settled.
    pub unallocated: i128,
}

impl Model {
    /// Whether the entry is a reversal or is reversed, and so takes no part in an allocation.
    pub fn is_cancelled(&self, entry: &Entry) -> bool {
        matches!(entry.kind, Kind::Reversal { .. }) || self.reversal_of(&entry.key).is_some()
    }

    pub fn allocation(&self, account: &str) -> Allocation {
        let live: Vec<&Entry> =
            self.entries_of(account).into_iter().filter(|entry| !self.is_cancelled(entry)).collect();

        let mut debits: Vec<Settled> = live
            .iter()
            .filter(|entry| entry.signed > 0)
            .map(|entry| Settled {
                key: entry.key.clone(),
                position: entry.position,
                due_on: due_on(entry),
                amount: i128::from(entry.signed),
                settled: 0,
            })
            .collect();
        debits.sort_by_key(|debit| (debit.due_on, debit.position));

        let credits: i128 =
            live.iter().filter(|entry| entry.signed < 0).map(|entry| -i128::from(entry.signed)).sum();
        let mut unallocated = credits;
        for debit in &mut debits {
            while unallocated > 0 && debit.settled < debit.amount {
                let step = unallocated.min(debit.amount - debit.settled);
                debit.settled += step;
                unallocated -= step;
            }
        }
        Allocation { debits, credits, unallocated }
    }
}

/// A charge says when it is due; any other debit is due on its effective date.
pub fn due_on(entry: &Entry) -> NaiveDate {
    match &entry.kind {
        Kind::Charge { due_on, .. } => *due_on,
        _ => entry.on,
    }
}
