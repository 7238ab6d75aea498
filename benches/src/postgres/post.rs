//! The bare insert of a payment.

use sqlx::postgres::PgPool;

use crate::Failure;
use crate::measure::AsyncTask;
use crate::payments::{Row, Rows};
use crate::school::{BOOK, CLERK, REFERENCE};

/// A task that inserts, one payment after another.
///
/// No balance is kept, and neither the term, the lock nor the key is looked up: it is the bare insert.
#[derive(Debug)]
pub struct Inserting {
    pool: PgPool,
    rows: Rows,
}

impl Inserting {
    /// One that inserts these.
    #[must_use]
    pub fn new(pool: &PgPool, rows: Rows) -> Self {
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
