//! How the store in MariaDB or MySQL is had.

use std::time::Duration;

use bursar::{StoreError, StoreErrorKind};
use sqlx::{MySql, MySqlPool};

use super::options::MySqlOptions;
use crate::error::failed;
use crate::migrate::migrate;
use crate::query::{Query, Row, get, the_row};
use crate::store::SqlStore;
use crate::tx::SqlTx;
use crate::writer::Writer;
use crate::writes::Writes;

/// How many lanes write through the caller's pool.
const LANES: u32 = 2;

/// How long a busy database is tried again, over the caller's pool.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ledgers, and with the feature `session` sessions, in MariaDB (10.6 or later) or MySQL (8.0.19 or later), with `InnoDB`.
///
/// Clones share everything. Writes go through a few tasks, each of which takes whatever is asked for at one moment to the server in one statement;
/// reads have connections of their own and wait for nobody. Several stores and processes may share a database.
///
/// ```no_run
/// use bursar::{Currency, Ledger, Payment, Term, TermId, date};
/// use bursar_store_sqlx::MySqlStore;
/// use rust_decimal_macros::dec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bursar::Error> {
/// let store = MySqlStore::open("mysql://school:secret@localhost/school").await?;
/// let ledger = Ledger::open(store, "hillside", Currency::USD).await?;
/// let term = TermId::new(2026, 1)?;
/// ledger.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
/// ledger.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
/// ledger.enrol("s-17", ["PRIMARY"], date("2026-01-12")?).await?;
/// ledger.activate(term).await?;
/// ledger.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
/// # ledger.store().close().await;
/// # Ok(())
/// # }
/// ```
pub type MySqlStore = SqlStore<MySql>;

/// The store inside a transaction of the caller's own: what a ledger does [`through`](bursar::Ledger::through) it becomes lasting with the
/// caller's own rows, or not at all. It commits nothing; a call that is refused or fails leaves no trace and the transaction usable.
///
/// There is one exception, which is the server's: after a deadlock, or too long a wait for a lock, it has undone the whole transaction and takes
/// what follows for single statements. The store then answers every further call with an error; roll the transaction back and begin anew.
///
/// The tables must be there: [`MySqlStore::with_pool`](crate::MySqlStore::with_pool) makes them. Begin the transaction at READ COMMITTED, as below:
/// at MySQL's own REPEATABLE READ it reads what was there when it began, and decides on that.
///
/// ```no_run
/// use bursar::{Currency, Ledger, Payment, TermId};
/// use bursar_store_sqlx::{MySqlStore, MySqlTx, sqlx};
/// use rust_decimal_macros::dec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = sqlx::MySqlPool::connect("mysql://school:secret@localhost/school").await?;
/// let ledger = Ledger::open(MySqlStore::with_pool(pool.clone()).await?, "hillside", Currency::USD).await?;
/// let begin = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION";
/// let mut transaction = pool.begin_with(begin).await?;
/// let payment = Payment::cash(dec!(80)).from("s-17").for_term(TermId::new(2026, 1)?).key("till-1-0001");
/// let receipt = ledger.through(MySqlTx::new(&mut transaction)).pay(payment).await?;
/// sqlx::query("INSERT INTO receipt_printed VALUES (?)")
///     .bind(receipt.number.to_string())
///     .execute(&mut *transaction)
///     .await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
pub type MySqlTx<'c> = SqlTx<'c, MySql>;

impl SqlStore<MySql> {
    /// Opens the store with the default [`MySqlOptions`] in a database that is there: `mysql://USER:PASSWORD@HOST/DATABASE`.
    ///
    /// # Errors
    /// Those of [`MySqlOptions::open`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        MySqlOptions::new().open(url).await
    }

    /// The tables in the caller's database, over the caller's pool; all of them begin with `bursar_`. Reads and writes take connections from the
    /// pool as they need them and give them back at once, and leave no setting behind.
    ///
    /// Who holds the last connection of the pool and calls the store waits for himself: within a transaction of one's own it is
    /// [`MySqlTx`](crate::MySqlTx) that one wants.
    ///
    /// # Errors
    /// Those of [`MySqlOptions::open`]; [`Misuse`](StoreErrorKind::Misuse) when the pool's connections do not commit by themselves.
    pub async fn with_pool(pool: MySqlPool) -> Result<Self, StoreError> {
        let mut conn = pool.acquire().await.map_err(failed::<MySql>("connect"))?;
        let asked = Query::new("SELECT @@autocommit FROM (SELECT 1) AS one WHERE $1").bind(true);
        let commits: Row<MySql> = the_row(&mut *conn, "connect", asked).await?;
        if get::<_, i64>(&commits, 0)? == 0 {
            let detail =
                "the pool's connections have autocommit turned off, so that nothing would last; turn it on";
            return Err(StoreError::new(StoreErrorKind::Misuse, "connect", detail));
        }
        migrate::<MySql>(&mut conn).await?;
        drop(conn);
        let writers = (0..LANES).map(|_| Writer::new(pool.clone(), false, PATIENCE));
        let writes = Writes::in_lanes(writers, pool.clone(), PATIENCE);
        Ok(Self::over(pool, writes, false))
    }
}
