//! Which store an address means, so that a program serves every database.

use std::sync::Arc;

use bursar::LedgerStore;
use bursar_store_memory::MemoryStore;
use bursar_store_sqlx::{MySqlStore, PostgresStore, SqliteStore};

/// What a program ends with.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a program says of the addresses that it knows.
pub const HELP: &str = "The database that keeps the book: sqlite:school.db, postgres://user@host/database or mysql://user@host/database";

/// Opens the store of an address: `sqlite:FILE`, `postgres://…`, `mysql://…`; without one, memory.
///
/// # Errors
/// An address that means no database, in words that do not repeat it, since it may hold a password; those of the store.
pub async fn open(url: Option<&str>) -> Result<Arc<dyn LedgerStore>, Failure> {
    let Some(url) = url else { return Ok(Arc::new(MemoryStore::new())) };
    Ok(match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
        "sqlite" => Arc::new(SqliteStore::open(url).await.map_err(|error| format!("{url}: {error}"))?),
        "postgres" | "postgresql" => Arc::new(PostgresStore::open(url).await?),
        "mysql" | "mariadb" => Arc::new(MySqlStore::open(url).await?),
        _ => {
            let known = "give sqlite:FILE, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE";
            return Err(format!(
                "the address given with --db is of no database that this program knows; {known}"
            )
            .into());
        }
    })
}
