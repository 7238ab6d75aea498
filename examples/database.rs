//! Which store an address means, so that a program serves every database.

use std::sync::Arc;

use bursar::LedgerStore;
use bursar_session::SessionStore;
use bursar_store_memory::MemoryStore;
use bursar_store_redis::RedisStore;
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
    let url = url.unwrap_or(MEMORY);
    Database::open(url).await?.ledger().ok_or_else(|| unknown("--db", LEDGERS))
}

/// Opens where the sessions are kept: what [`open`] takes, `redis://…`, or `memory`.
///
/// # Errors
/// As [`open`].
pub async fn open_sessions(url: &str) -> Result<Arc<dyn SessionStore>, Failure> {
    Ok(Database::open(url).await?.sessions())
}

/// The address of memory: what is kept there ends with the program.
pub const MEMORY: &str = "memory";

const LEDGERS: &str = "sqlite:FILE, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE";

fn unknown(option: &str, known: &str) -> Failure {
    format!("the address given with {option} is of no database that this program knows; give {known}").into()
}

/// An open database. It keeps books, sessions, or both.
#[derive(Clone)]
pub enum Database {
    /// Memory.
    Memory(MemoryStore),
    /// SQLite.
    Sqlite(SqliteStore),
    /// PostgreSQL.
    Postgres(PostgresStore),
    /// MariaDB or MySQL.
    MySql(MySqlStore),
    /// Redis or Valkey, for sessions alone.
    Redis(RedisStore),
}

impl Database {
    /// Opens the database of an address: `memory`, `sqlite:FILE`, `postgres://…`, `mysql://…`, `redis://…`.
    ///
    /// # Errors
    /// As [`open`].
    pub async fn open(url: &str) -> Result<Self, Failure> {
        Ok(match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
            MEMORY => Self::Memory(MemoryStore::new()),
            "sqlite" => {
                Self::Sqlite(SqliteStore::open(url).await.map_err(|error| format!("{url}: {error}"))?)
            }
            "postgres" | "postgresql" => Self::Postgres(PostgresStore::open(url).await?),
            "mysql" | "mariadb" => Self::MySql(MySqlStore::open(url).await?),
            "redis" | "valkey" | "rediss" => Self::Redis(RedisStore::open(url).await?),
            _ => return Err(unknown("--db", LEDGERS)),
        })
    }

    /// What keeps books in it; `None` of one that keeps sessions alone.
    #[must_use]
    pub fn ledger(&self) -> Option<Arc<dyn LedgerStore>> {
        Some(match self {
            Self::Memory(store) => Arc::new(store.clone()),
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
            Self::MySql(store) => Arc::new(store.clone()),
            Self::Redis(_) => return None,
        })
    }

    /// What keeps sessions in it.
    #[must_use]
    pub fn sessions(&self) -> Arc<dyn SessionStore> {
        match self {
            Self::Memory(store) => Arc::new(store.clone()),
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
            Self::MySql(store) => Arc::new(store.clone()),
            Self::Redis(store) => Arc::new(store.clone()),
        }
    }
}
