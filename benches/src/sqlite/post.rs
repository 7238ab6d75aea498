//! Taking payments: gathered by the store, against one insert a transaction.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::Utc;
use sqlx::sqlite::SqlitePool;
use uuid::Uuid;

use super::{copy, one_writer, seed, store, without_triggers};
use crate::Failure;
use crate::flat::Paying;
use crate::measure::{AsyncTask, Pair, at_once, in_turn};
use crate::ratios::Plan;
use crate::school::{self, BOOK, CLERK, Chance, REFERENCE};

/// One term, activated: every account has its charge.
const TERMS: u32 = 1;

/// Chance of its own for every task of every round.
#[must_use]
pub fn seed_of(round: u32, task: u32) -> u64 {
    (u64::from(round) << 32) | u64::from(task) | (1 << 63)
}

/// The database in which both sides begin each round.
///
/// # Errors
/// When it cannot be written.
pub async fn template(path: &Path, accounts: u32) -> Result<(), Failure> {
    seed::book(path, accounts, TERMS, seed::Entries::None).await?;
    let ledger = school::open(store(path).await?, TERMS).await?;
    ledger.activate_on(school::term(0)?, school::starts_on(0)?).await?;
    ledger.store().close().await;
    Ok(())
}

/// `post/sqlite/1` and `post/sqlite/64`.
///
/// # Errors
/// Whatever stops a side.
pub async fn run(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let first = plan.folder.join("post.db");
    template(&first, plan.accounts).await?;
    let by_hand = plan.folder.join("post-by-hand.db");
    copy(&first, &by_hand).await?;
    without_triggers(&by_hand).await?;
    let mut pairs = Vec::new();
    for tasks in [1, 64] {
        let bench = format!("post/sqlite/{tasks}");
        if !plan.wants(&bench) {
            continue;
        }
        let pair = in_turn(
            &bench,
            plan.rounds,
            async |round| {
                let folder = tempfile::tempdir_in(&plan.folder)?;
                let path = folder.path().join("ours.db");
                copy(&first, &path).await?;
                let ledger = Arc::new(school::open(store(&path).await?, TERMS).await?);
                let paying = (0..tasks)
                    .map(|task| Paying::new(Arc::clone(&ledger), plan.accounts, seed_of(round, task)))
                    .collect::<Result<Vec<_>, Failure>>()?;
                let rate = at_once(paying, plan.time).await?;
                ledger.store().close().await;
                Ok(rate)
            },
            async |round| {
                let folder = tempfile::tempdir_in(&plan.folder)?;
                let path = folder.path().join("by-hand.db");
                copy(&by_hand, &path).await?;
                let table = Arc::new(Table::open(&path, plan.accounts).await?);
                let inserting = (0..tasks)
                    .map(|task| Inserting::new(Arc::clone(&table), seed_of(round, task)))
                    .collect::<Result<Vec<_>, Failure>>()?;
                let rate = at_once(inserting, plan.time).await?;
                table.pool.close().await;
                Ok(rate)
            },
        );
        pairs.push(pair.await?);
    }
    Ok(pairs)
}

/// The table of entries, and the next position of every account.
///
/// A position must come from somewhere. Here it comes from memory, for nothing: whoever writes by hand would read it before, or raise it
/// in the account's row. Nor is that row's balance kept, or the term, the lock and the key looked up: it is the bare insert.
#[derive(Debug)]
pub struct Table {
    pool: SqlitePool,
    positions: Vec<AtomicI64>,
}

impl Table {
    /// The table in a file, whose accounts have one entry.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(path: &Path, accounts: u32) -> Result<Self, Failure> {
        let positions = (0..accounts).map(|_| AtomicI64::new(1)).collect();
        Ok(Self { pool: one_writer(path).await?, positions })
    }
}

/// A task that inserts, one payment after another.
#[derive(Debug)]
pub struct Inserting {
    table: Arc<Table>,
    chance: Chance,
    accounts: u32,
    term: i32,
    on: i32,
}

impl Inserting {
    /// One with chance of its own.
    ///
    /// # Errors
    /// None in practice.
    pub fn new(table: Arc<Table>, seed: u64) -> Result<Self, Failure> {
        let accounts = u32::try_from(table.positions.len())?;
        let (term, on) = (school::term(0)?.ordinal(), school::starts_on(0)?.to_epoch_days());
        Ok(Self { table, chance: Chance::new(seed), accounts, term, on })
    }
}

/// The same columns as ours fills for a payment; sqlx keeps it prepared. Autocommit: it is durable when it returns.
const INSERT: &str = "
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          method, reference)
VALUES ($1, $2, $3, $4, $5, 'payment', 3, $6, $7, $8, $9, $10, 'cash', $11)";

impl AsyncTask for Inserting {
    async fn once(&mut self) -> Result<(), Failure> {
        let amount = i64::from(self.chance.below(5_000)).saturating_add(1);
        let number = self.chance.below(self.accounts);
        let position = self.table.positions.get(usize::try_from(number)?).ok_or("no such account")?;
        let position = position.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let query = sqlx::query(INSERT)
            .bind(BOOK)
            .bind(school::account(number))
            .bind(position)
            .bind(Uuid::now_v7().into_bytes().to_vec())
            .bind(self.term)
            .bind(amount.saturating_neg())
            .bind(self.on)
            .bind(Utc::now().timestamp_micros())
            .bind(CLERK)
            .bind(self.chance.key())
            .bind(REFERENCE);
        query.execute(&self.table.pool).await?;
        Ok(())
    }
}
