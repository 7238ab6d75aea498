//! The works on SQLite, and what they share: how ours and the limit open a file alike.

pub mod account;
pub mod activate;
pub mod balances;
pub mod post;
pub mod reports;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bursar_store_sqlx::SqliteStore;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Sqlite, SqliteConnection};

use crate::Failure;
use crate::balances::{ACCOUNTS, TERMS};
use crate::ratios::Plan;
use crate::seed::{self, Dialect, Place};

/// How many readers the store has.
const READERS: u32 = 4;

/// Our store over a file.
///
/// # Errors
/// When it cannot be opened.
pub async fn store(path: &Path) -> Result<SqliteStore, Failure> {
    Ok(SqliteStore::open(path.to_str().ok_or("the path is not UTF-8")?).await?)
}

/// A file, to set a book up in.
#[derive(Clone, Copy, Debug)]
pub struct File<'a>(pub &'a Path);

impl Place for File<'_> {
    type Engine = Sqlite;
    const DIALECT: Dialect = Dialect { key: "key", id: "randomblob(16)" };

    async fn store(&self) -> Result<SqliteStore, Failure> {
        store(self.0).await
    }

    async fn fill(&self, statements: &[String]) -> Result<(), Failure> {
        // Nothing is lost that could not be made again, so it need not be durable; the store puts the log back when it opens the file.
        let options = common(self.0)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("cache_size", "-524288");
        let mut conn = options.connect().await?;
        // Sorting once is quicker than finding a place for each.
        let made = made_by(&mut conn, r#"["index", "trigger"]"#).await?;
        for (kind, name, _) in &made {
            sqlx::raw_sql(AssertSqlSafe(format!("DROP {kind} {name}"))).execute(&mut conn).await?;
        }
        for sql in statements.iter().chain(made.iter().map(|(_, _, sql)| sql)) {
            sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut conn).await?;
        }
        conn.close().await?;
        Ok(())
    }
}

/// The file of the book with many terms and entries: set up by the first that asks for it, and changed by nobody.
///
/// # Errors
/// When it cannot be written.
pub async fn terms_and_entries(plan: &Plan) -> Result<PathBuf, Failure> {
    let path = plan.folder.join("terms-and-entries.db");
    if !path.exists() {
        seed::book(&File(&path), ACCOUNTS, TERMS, seed::Entries::Three).await?;
    }
    Ok(path)
}

/// What every connection of the store has, so that the limit has it too.
fn common(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(false)
        .busy_timeout(Duration::from_secs(5))
        .row_buffer_size(1_024)
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-65536")
        .disable_statement_logging()
}

/// A connection that writes as the store's does: as durable, with as large a cache, and as seldom a checkpoint.
#[must_use]
pub fn writing(path: &Path) -> SqliteConnectOptions {
    common(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "16000")
}

fn lasting() -> SqlitePoolOptions {
    SqlitePoolOptions::new().test_before_acquire(false).idle_timeout(None).max_lifetime(None)
}

/// The one connection by which a careful engineer writes to SQLite, in a pool that callers wait for.
///
/// # Errors
/// When it cannot be opened.
pub async fn one_writer(path: &Path) -> Result<SqlitePool, Failure> {
    Ok(lasting().max_connections(1).connect_with(writing(path)).await?)
}

/// A pool of readers as the store has it.
///
/// # Errors
/// When it cannot be opened.
pub async fn readers(path: &Path) -> Result<SqlitePool, Failure> {
    let options = common(path).pragma("query_only", "ON");
    Ok(lasting().min_connections(READERS).max_connections(READERS).connect_with(options).await?)
}

/// A copy of a database that nobody writes to.
///
/// # Errors
/// When it cannot be written.
pub async fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let mut conn = writing(from).connect().await?;
    // What is still in the log goes into the file, which alone is copied.
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut conn).await?;
    conn.close().await?;
    std::fs::copy(from, to)?;
    Ok(())
}

/// The statements that made what hangs on the entries and accounts: their indexes, their triggers, or both.
async fn made_by(conn: &mut SqliteConnection, kinds: &str) -> Result<Vec<(String, String, String)>, Failure> {
    let asked = "SELECT type, name, sql FROM sqlite_master
                  WHERE tbl_name IN ('bursar_account', 'bursar_entry') AND sql IS NOT NULL AND type IN (SELECT value FROM json_each($1))";
    Ok(sqlx::query_as(asked).bind(kinds).fetch_all(conn).await?)
}

/// Takes the triggers off the entries: whoever writes by hand raises versions and balances himself, where he does, and trusts himself
/// neither to leave gaps nor to change entries. Columns, checks and indexes stay: they are the table.
///
/// # Errors
/// When it cannot be written.
pub async fn without_triggers(path: &Path) -> Result<(), Failure> {
    let mut conn = writing(path).connect().await?;
    for (_, name, _) in made_by(&mut conn, r#"["trigger"]"#).await? {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER {name}"))).execute(&mut conn).await?;
    }
    conn.close().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use bursar::Ledger;
    use bursar::audit::audit;

    use super::*;
    use crate::school::BOOK;
    use crate::seed::Entries;

    /// All that is set up this way is a book as the ledger itself would have made it.
    #[tokio::test]
    async fn a_book_set_up_by_hand_passes_the_audit() -> Result<(), Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("seeded.db");
        seed::book(&File(&path), 50, 4, Entries::Three).await?;
        let ledger = Ledger::open_existing(store(&path).await?, BOOK).await?;
        let report = audit(&ledger).await?;
        assert!(report.is_clean(), "{:?}", report.findings);
        assert_eq!((report.accounts, report.entries), (50, 600));
        ledger.store().close().await;
        Ok(())
    }
}
