//! The ways in which a database is opened.

use bursar::StoreError;
use bursar_store_sqlx::SqliteStore;
use bursar_store_sqlx::sqlx::SqlitePool;
use tempfile::TempDir;

#[derive(Clone, Copy)]
pub(crate) enum Way {
    File,
    Memory,
    Pool,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::File, Self::Memory, Self::Pool];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::File => "a file, two stores",
            Self::Memory => "memory",
            Self::Pool => "the caller's pool",
        }
    }

    /// A fresh store, and a second way into the same database.
    pub(crate) async fn open(self, folder: &TempDir) -> Result<(SqliteStore, SqliteStore), StoreError> {
        let path = folder.path().join("fees.db").display().to_string();
        match self {
            Self::File => Ok((SqliteStore::open(&path).await?, SqliteStore::open(&path).await?)),
            Self::Memory => {
                let store = SqliteStore::in_memory().await?;
                Ok((store.clone(), store))
            }
            Self::Pool => {
                let pool = SqlitePool::connect_lazy(&format!("sqlite:{path}?mode=rwc"));
                let pool = pool.map_err(|error| StoreError::corrupt("connect", error.to_string()))?;
                Ok((SqliteStore::with_pool(pool.clone()).await?, SqliteStore::with_pool(pool).await?))
            }
        }
    }
}
