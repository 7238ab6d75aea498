//! How the store in SQLite is had.

use std::path::Path;
use std::time::Duration;

use bursar::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Sqlite, SqlitePool};

use super::options::{SqliteOptions, common, lasting};
use crate::error::failed;
use crate::migrate::migrate;
use crate::store::SqlStore;
use crate::tx::SqlTx;
use crate::writer::Writer;
use crate::writes::Writes;

/// Ledgers, and with the feature `session` sessions, in an SQLite database.
///
/// Clones share everything. All writes go through one task, which takes whatever is asked for at one moment to the disk together; reads
/// have connections of their own and wait for nobody. Several stores and processes may share a file.
///
/// ```
/// use bursar::{Currency, Ledger, Payment, Term, TermId, date};
/// use bursar_store_sqlx::SqliteStore;
/// use rust_decimal_macros::dec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bursar::Error> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("fees.db");
/// # let path = path.to_str().unwrap();
/// let ledger = Ledger::open(SqliteStore::open(path).await?, "hillside", Currency::USD).await?;
/// let term = TermId::new(2026, 1)?;
/// ledger.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
/// ledger.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
/// ledger.enrol("s-17", ["PRIMARY"], date("2026-01-12")?).await?;
/// ledger.activate(term).await?;
///
/// ledger.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
/// assert_eq!(ledger.term_balance("s-17", term).await?.balance.to_string(), "40.00");
/// # ledger.store().close().await;
/// # Ok(())
/// # }
/// ```
#[cfg_attr(feature = "session", doc = include_str!("session_example.md"))]
pub type SqliteStore = SqlStore<Sqlite>;

/// The store inside a transaction of the caller's own: what a ledger does [`through`](bursar::Ledger::through) it becomes lasting with the
/// caller's own rows, or not at all. It commits nothing; a call that is refused or fails leaves no trace and the transaction usable.
///
/// The tables must be there: [`SqliteStore::with_pool`](crate::SqliteStore::with_pool) makes them. Begin the transaction with
/// `BEGIN IMMEDIATE`: one that reads first and writes later fails as busy when somebody wrote in between.
///
/// ```
/// use bursar::{Currency, Ledger, Payment, Term, TermId, date};
/// use bursar_store_sqlx::{SqliteStore, SqliteTx, sqlx};
/// use rust_decimal_macros::dec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}?mode=rwc", folder.path().join("school.db").display());
/// let pool = sqlx::SqlitePool::connect(&url).await?;
/// let ledger = Ledger::open(SqliteStore::with_pool(pool.clone()).await?, "hillside", Currency::USD).await?;
/// # let term = TermId::new(2026, 1)?;
/// # ledger.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
/// # ledger.enrol("s-17", ["PRIMARY"], date("2026-01-12")?).await?;
/// # sqlx::query("CREATE TABLE receipt_printed (number TEXT)").execute(&pool).await?;
/// let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
/// let payment = Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001");
/// let receipt = ledger.through(SqliteTx::new(&mut transaction)).pay(payment).await?;
/// sqlx::query("INSERT INTO receipt_printed VALUES ($1)")
///     .bind(receipt.number.to_string())
///     .execute(&mut *transaction)
///     .await?;
/// transaction.commit().await?;
/// # ledger.store().close().await;
/// # Ok(())
/// # }
/// ```
pub type SqliteTx<'c> = SqlTx<'c, Sqlite>;

impl SqlStore<Sqlite> {
    /// Opens a database file with the default [`SqliteOptions`], and creates it where it does not exist.
    ///
    /// # Errors
    /// Those of [`SqliteOptions::open`].
    pub async fn open(path_or_url: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteOptions::new().open(path_or_url).await
    }

    /// A database in memory, gone with the last clone of the store.
    ///
    /// # Errors
    /// [`Unavailable`](bursar::StoreErrorKind::Unavailable) when there is no memory.
    pub async fn in_memory() -> Result<Self, StoreError> {
        // Every connection to memory is a database of its own: there must be one, which is never given up.
        let options = common(SqliteConnectOptions::new(), Duration::from_secs(5));
        let pool = lasting().min_connections(1).max_connections(1).connect_lazy_with(options);
        Ok(Self { owns: true, ..Self::with_pool(pool).await? })
    }

    /// The tables in the caller's database, over the caller's pool; all of them begin with `bursar_`. Reads and the one writing task take
    /// connections from the pool as they need them and give them back at once.
    ///
    /// How durable a write is, how long it waits for a lock, and whether readers wait for writers is as the pool's options say:
    /// `journal_mode` WAL, `synchronous` FULL and a `busy_timeout` are advised. Who holds the last connection of the pool and calls the
    /// store waits for himself: within a transaction of one's own it is [`SqliteTx`](crate::SqliteTx) that one wants.
    ///
    /// ```
    /// use bursar::{Currency, Ledger};
    /// use bursar_store_sqlx::{SqliteStore, sqlx::SqlitePool};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = format!("sqlite:{}?mode=rwc", folder.path().join("school.db").display());
    /// let pool = SqlitePool::connect(&url).await?;
    /// let ledger = Ledger::open(SqliteStore::with_pool(pool.clone()).await?, "hillside", Currency::USD).await?;
    /// # ledger.store().close().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`SqliteOptions::open`].
    pub async fn with_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        let mut conn = pool.acquire().await.map_err(failed::<Sqlite>("connect"))?;
        migrate::<Sqlite>(&mut conn).await?;
        drop(conn);
        let writer = Writer::new(pool.clone(), false, Duration::from_secs(5));
        Ok(Self::over(pool, Writes::in_one_lane(writer), false))
    }
}
