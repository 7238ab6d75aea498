//! Taking payments: through the ledger, and the rows that somebody who inserts by hand writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bursar::{Ledger, LedgerStore, TermId};
use chrono::{NaiveDate, Utc};
use uuid::Uuid;

use crate::Failure;
use crate::measure::AsyncTask;
use crate::school::{self, Chance};

/// Chance of its own for every task of every round.
#[must_use]
pub fn seed_of(round: u32, task: u32) -> u64 {
    (u64::from(round) << 32) | u64::from(task) | (1 << 63)
}

/// A task that pays: any account, one payment after another.
pub struct Paying<S> {
    ledger: Arc<Ledger<S>>,
    chance: Chance,
    accounts: u32,
    term: TermId,
    on: NaiveDate,
}

impl<S: LedgerStore> Paying<S> {
    /// One that pays in the first term, with chance of its own.
    ///
    /// # Errors
    /// None in practice.
    pub fn new(ledger: Arc<Ledger<S>>, accounts: u32, seed: u64) -> Result<Self, Failure> {
        let (term, on) = (school::term(0)?, school::starts_on(0)?);
        Ok(Self { ledger, chance: Chance::new(seed), accounts, term, on })
    }

    /// So many of them.
    ///
    /// # Errors
    /// None in practice.
    pub fn tasks(
        ledger: &Arc<Ledger<S>>,
        accounts: u32,
        tasks: u32,
        round: u32,
    ) -> Result<Vec<Self>, Failure> {
        (0..tasks).map(|task| Self::new(Arc::clone(ledger), accounts, seed_of(round, task))).collect()
    }
}

impl<S: LedgerStore + 'static> AsyncTask for Paying<S> {
    async fn once(&mut self) -> Result<(), Failure> {
        let payment = school::payment(&mut self.chance, self.accounts, self.term, self.on);
        self.ledger.pay(payment).await?;
        Ok(())
    }
}

/// What differs from one payment's row to the next.
#[derive(Clone, Debug)]
pub struct Row {
    /// The account.
    pub account: String,
    /// Its next position.
    pub position: i64,
    /// The row's id.
    pub id: Vec<u8>,
    /// The term.
    pub term: i64,
    /// The effect on the balance, in cents.
    pub amount: i64,
    /// The day, from 1970-01-01.
    pub on: i64,
    /// The instant, in microseconds.
    pub recorded_at: i64,
    /// The idempotency key.
    pub key: String,
}

/// Payments as rows, one after another.
///
/// A position must come from somewhere. Here it comes from memory, for nothing: whoever writes by hand would read it before, or raise it
/// in the account's row.
#[derive(Clone, Debug)]
pub struct Rows {
    positions: Arc<[AtomicI64]>,
    chance: Chance,
    accounts: u32,
    term: i64,
    on: i64,
}

impl Rows {
    /// Those of so many tasks, over accounts that have one entry each.
    ///
    /// # Errors
    /// None in practice.
    pub fn tasks(accounts: u32, tasks: u32, round: u32) -> Result<Vec<Self>, Failure> {
        let positions: Arc<[_]> = (0..accounts).map(|_| AtomicI64::new(1)).collect();
        let (term, on) = (school::term(0)?.ordinal(), school::starts_on(0)?.to_epoch_days());
        let rows = |task| Self {
            positions: Arc::clone(&positions),
            chance: Chance::new(seed_of(round, task)),
            accounts,
            term: term.into(),
            on: on.into(),
        };
        Ok((0..tasks).map(rows).collect())
    }

    /// The next one, of any account.
    ///
    /// # Errors
    /// None in practice.
    pub fn row(&mut self) -> Result<Row, Failure> {
        let amount = i64::from(self.chance.below(5_000)).saturating_add(1);
        let number = self.chance.below(self.accounts);
        let position = self.positions.get(usize::try_from(number)?).ok_or("no such account")?;
        Ok(Row {
            account: school::account(number),
            position: position.fetch_add(1, Ordering::Relaxed).saturating_add(1),
            id: Uuid::now_v7().into_bytes().to_vec(),
            term: self.term,
            amount: amount.saturating_neg(),
            on: self.on,
            recorded_at: Utc::now().timestamp_micros(),
            key: self.chance.key(),
        })
    }
}
