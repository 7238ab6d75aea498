//! How the store in PostgreSQL is had.

use std::time::Duration;

use bursar::StoreError;
use sqlx::{PgPool, Postgres};

use super::options::PostgresOptions;
use crate::error::failed;
use crate::migrate::migrate;
use crate::store::SqlStore;
use crate::tx::SqlTx;
use crate::writer::Writer;
use crate::writes::Writes;

/// How many lanes write through the caller's pool.
const LANES: u32 = 2;

/// How long a busy database is tried again, over the caller's pool.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ledgers, and with the feature `session` sessions, in a PostgreSQL database, version 12 or later; it is tested on 15.
///
/// Clones share everything. Postings go through a few lanes, each of which takes whatever it is asked for at one moment to the server in one
/// statement; reads have connections of their own and wait for nobody. Several stores and processes may share a database.
///
/// ```no_run
/// use bursar::{Currency, Ledger, Payment, TermId};
/// use bursar_store_sqlx::PostgresStore;
/// use rust_decimal_macros::dec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bursar::Error> {
/// let store = PostgresStore::open("postgres://bursar@localhost/school").await?;
/// let ledger = Ledger::open(store, "hillside", Currency::USD).await?;
/// let term = TermId::new(2026, 1)?;
/// ledger.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
/// # ledger.store().close().await;
/// # Ok(())
/// # }
/// ```
pub type PostgresStore = SqlStore<Postgres>;

/// The store inside a transaction of the caller's own: what a ledger does [`through`](bursar::Ledger::through) it becomes lasting with the
/// caller's own rows, or not at all. It commits nothing; a call that is refused or fails leaves no trace and the transaction usable, unless
/// the connection is lost.
///
/// The tables must be there: [`PostgresStore::with_pool`](crate::PostgresStore::with_pool) makes them. The transaction must be at the level
/// READ COMMITTED, which is the server's default. Until it ends, whoever changes the book itself (its terms, fees, lock) waits for it, and so
/// does whoever records something in the same account: keep it short. A deadlock with others ends it as [`Busy`](bursar::StoreErrorKind::Busy): roll
/// back, and do all of it again.
///
/// ```no_run
/// use bursar::{Currency, Ledger, Payment, TermId};
/// use bursar_store_sqlx::{PostgresStore, PostgresTx, sqlx};
/// use rust_decimal_macros::dec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = sqlx::PgPool::connect("postgres://bursar@localhost/school").await?;
/// let ledger = Ledger::open(PostgresStore::with_pool(pool.clone()).await?, "hillside", Currency::USD).await?;
/// let mut transaction = pool.begin().await?;
/// let payment = Payment::cash(dec!(80)).from("s-17").for_term(TermId::new(2026, 1)?).key("till-1-0001");
/// let receipt = ledger.through(PostgresTx::new(&mut transaction)).pay(payment).await?;
/// sqlx::query("INSERT INTO receipt_printed VALUES ($1)")
///     .bind(receipt.number.to_string())
///     .execute(&mut *transaction)
///     .await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
pub type PostgresTx<'c> = SqlTx<'c, Postgres>;

impl SqlStore<Postgres> {
    /// Connects to a database with the default [`PostgresOptions`], and makes the tables where there are none.
    ///
    /// # Errors
    /// Those of [`PostgresOptions::open`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        PostgresOptions::new().open(url).await
    }

    /// The tables in the caller's database, over the caller's pool; all of them begin with `bursar_`. Reads and the writing tasks take
    /// connections from the pool as they need them and give them back at once.
    ///
    /// How long a write waits for a lock is as the connections are set: a `lock_timeout` is advised, and `jit = off`. Who holds the last
    /// connection of the pool and calls the store waits for himself: within a transaction of one's own it is
    /// [`PostgresTx`](crate::PostgresTx) that one wants.
    ///
    /// # Errors
    /// Those of [`PostgresOptions::open`].
    pub async fn with_pool(pool: PgPool) -> Result<Self, StoreError> {
        let mut conn = pool.acquire().await.map_err(failed::<Postgres>("connect"))?;
        migrate::<Postgres>(&mut conn).await?;
        drop(conn);
        let writers = (0..LANES).map(|_| Writer::new(pool.clone(), false, PATIENCE));
        let writes = Writes::in_lanes(writers, pool.clone(), PATIENCE);
        Ok(Self::over(pool, writes, false))
    }

    /// The store through a proxy, or not.
    pub(super) fn through_proxy(self, proxied: bool) -> Self {
        Self { writes: self.writes.through_proxy(proxied), proxied, ..self }
    }
}
