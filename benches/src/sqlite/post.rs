//! Taking payments: gathered by the store, against one insert a transaction.

use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::SqlitePool;

use super::{File, copy, one_writer, store, without_triggers};
use crate::measure::{AsyncTask, Pair, at_once, in_turn};
use crate::payments::{Paying, Row, Rows};
use crate::ratios::Plan;
use crate::school::{self, BOOK, CLERK, REFERENCE};
use crate::{Failure, seed};

/// One term, activated: every account has its charge.
const TERMS: u32 = 1;

/// The database in which both sides begin each round.
///
/// # Errors
/// When it cannot be written.
pub async fn template(path: &Path, accounts: u32) -> Result<(), Failure> {
    seed::book(&File(path), accounts, TERMS, seed::Entries::None).await?;
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
                let paying = Paying::tasks(&ledger, plan.accounts, tasks, round)?;
                let rate = at_once(paying, plan.time).await?;
                ledger.store().close().await;
                Ok(rate)
            },
            async |round| {
                let folder = tempfile::tempdir_in(&plan.folder)?;
                let path = folder.path().join("by-hand.db");
                copy(&by_hand, &path).await?;
                let pool = one_writer(&path).await?;
                let rows = Rows::tasks(plan.accounts, tasks, round)?;
                let inserting = rows.into_iter().map(|rows| Inserting::new(&pool, rows)).collect();
                let rate = at_once(inserting, plan.time).await?;
                pool.close().await;
                Ok(rate)
            },
        );
        pairs.push(pair.await?);
    }
    Ok(pairs)
}

/// A task that inserts, one payment after another.
///
/// No balance is kept, and neither the term, the lock nor the key is looked up: it is the bare insert.
#[derive(Debug)]
pub struct Inserting {
    pool: SqlitePool,
    rows: Rows,
}

impl Inserting {
    /// One that inserts these.
    #[must_use]
    pub fn new(pool: &SqlitePool, rows: Rows) -> Self {
        Self { pool: pool.clone(), rows }
    }
}

/// The same columns as ours fills for a payment; sqlx keeps it prepared. Autocommit: it is durable when it returns.
const INSERT: &str = "
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          method, reference)
VALUES ($1, $2, $3, $4, $5, 'payment', 3, $6, $7, $8, $9, $10, 'cash', $11)";

impl AsyncTask for Inserting {
    async fn once(&mut self) -> Result<(), Failure> {
        let Row { account, position, id, term, amount, on, recorded_at, key } = self.rows.row()?;
        let query = sqlx::query(INSERT)
            .bind(BOOK)
            .bind(account)
            .bind(position)
            .bind(id)
            .bind(term)
            .bind(amount)
            .bind(on)
            .bind(recorded_at)
            .bind(CLERK)
            .bind(key)
            .bind(REFERENCE);
        query.execute(&self.pool).await?;
        Ok(())
    }
}
