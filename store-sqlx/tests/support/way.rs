//! The ways in which a database is opened: each test has a database, or a schema on a server, of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bursar::LedgerStore;
#[cfg(feature = "session")]
use bursar_session::SessionStore;
use bursar_store_sqlx::{Engine, SqlStore};
use libtest_mimic::{Failed, Trial};
use tokio::runtime::Runtime;

#[derive(Clone, Copy)]
pub(crate) enum Way {
    #[cfg(feature = "sqlite")]
    File,
    #[cfg(feature = "sqlite")]
    Memory,
    #[cfg(feature = "sqlite")]
    Pool,
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "postgres")]
    PostgresPool,
    #[cfg(feature = "mysql")]
    Mariadb,
    #[cfg(feature = "mysql")]
    MariadbPool,
}

/// A store, a second way into the same database, and how to be rid of both.
#[allow(dead_code, reason = "each test binary uses some of it")]
pub(crate) struct Opened {
    pub(crate) ledgers: [Arc<dyn LedgerStore>; 2],
    #[cfg(feature = "session")]
    pub(crate) sessions: [Arc<dyn SessionStore>; 2],
    end: Pin<Box<dyn Future<Output = Result<(), Failed>>>>,
}

impl Opened {
    #[cfg(feature = "session")]
    fn new<E: Engine>(
        stores: [SqlStore<E>; 2],
        end: impl Future<Output = Result<(), Failed>> + 'static,
    ) -> Self
    where
        SqlStore<E>: LedgerStore + SessionStore,
    {
        let [store, other] = stores.clone();
        let sessions: [Arc<dyn SessionStore>; 2] = [Arc::new(store), Arc::new(other)];
        Self { ledgers: ledgers(&stores), sessions, end: Box::pin(ended(stores, end)) }
    }

    #[cfg(not(feature = "session"))]
    fn new<E: Engine>(
        stores: [SqlStore<E>; 2],
        end: impl Future<Output = Result<(), Failed>> + 'static,
    ) -> Self
    where
        SqlStore<E>: LedgerStore,
    {
        Self { ledgers: ledgers(&stores), end: Box::pin(ended(stores, end)) }
    }
}

fn ledgers<E: Engine>(stores: &[SqlStore<E>; 2]) -> [Arc<dyn LedgerStore>; 2]
where
    SqlStore<E>: LedgerStore,
{
    let [store, other] = stores.clone();
    [Arc::new(store), Arc::new(other)]
}

async fn ended<E: Engine>(
    stores: [SqlStore<E>; 2],
    end: impl Future<Output = Result<(), Failed>>,
) -> Result<(), Failed> {
    for store in stores {
        store.close().await;
    }
    end.await
}

impl Way {
    pub(crate) const ALL: &[Self] = &[
        #[cfg(feature = "sqlite")]
        Self::File,
        #[cfg(feature = "sqlite")]
        Self::Memory,
        #[cfg(feature = "sqlite")]
        Self::Pool,
        #[cfg(feature = "postgres")]
        Self::Postgres,
        #[cfg(feature = "postgres")]
        Self::PostgresPool,
        #[cfg(feature = "mysql")]
        Self::Mariadb,
        #[cfg(feature = "mysql")]
        Self::MariadbPool,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::File => "a file, two stores",
            #[cfg(feature = "sqlite")]
            Self::Memory => "memory",
            #[cfg(feature = "sqlite")]
            Self::Pool => "the caller's pool",
            #[cfg(feature = "postgres")]
            Self::Postgres => "PostgreSQL, two stores",
            #[cfg(feature = "postgres")]
            Self::PostgresPool => "PostgreSQL, the caller's pool",
            #[cfg(feature = "mysql")]
            Self::Mariadb => "MariaDB, two stores",
            #[cfg(feature = "mysql")]
            Self::MariadbPool => "MariaDB, the caller's pool",
        }
    }

    /// Whether it is two stores of their own that share a database.
    #[allow(dead_code, reason = "each test binary uses some of it")]
    pub(crate) const fn shares_a_database(self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::File => true,
            #[cfg(feature = "postgres")]
            Self::Postgres => true,
            #[cfg(feature = "mysql")]
            Self::Mariadb => true,
            #[allow(unreachable_patterns, reason = "there is no other without these features")]
            _ => false,
        }
    }

    /// A trial on a fresh database; on a server, ignored where there is none.
    pub(crate) fn trial<F>(
        self,
        name: &str,
        runtime: &Arc<Runtime>,
        test: impl FnOnce(&Opened) -> F + Send + 'static,
    ) -> Trial
    where
        F: Future<Output = Result<(), Failed>> + 'static,
    {
        let name = format!("{name} ({})", self.name());
        let runtime = Arc::clone(runtime);
        let run = move |url: Option<String>| {
            runtime.block_on(async {
                let opened = self.open(url.as_deref()).await?;
                let tested = test(&opened).await;
                let Opened { end, .. } = opened;
                end.await?;
                tested
            })
        };
        match self {
            #[cfg(feature = "sqlite")]
            Self::File | Self::Memory | Self::Pool => Trial::test(name, move || run(None)),
            #[cfg(feature = "postgres")]
            Self::Postgres | Self::PostgresPool => {
                bursar_servers::trials::shared(name, bursar_servers::Engine::Postgres, move |url| {
                    run(Some(url))
                })
            }
            #[cfg(feature = "mysql")]
            Self::Mariadb | Self::MariadbPool => {
                bursar_servers::trials::shared(name, bursar_servers::Engine::Mariadb, move |url| {
                    run(Some(url))
                })
            }
        }
    }

    async fn open(self, url: Option<&str>) -> Result<Opened, Failed> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::File | Self::Memory | Self::Pool => sqlite::open(self).await,
            #[cfg(feature = "postgres")]
            Self::Postgres | Self::PostgresPool => {
                postgres::open(matches!(self, Self::PostgresPool), url.unwrap_or_default()).await
            }
            #[cfg(feature = "mysql")]
            Self::Mariadb | Self::MariadbPool => {
                mariadb::open(matches!(self, Self::MariadbPool), url.unwrap_or_default()).await
            }
        }
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use bursar_store_sqlx::SqliteStore;
    use bursar_store_sqlx::sqlx::SqlitePool;
    use libtest_mimic::Failed;
    use tempfile::TempDir;

    use super::{Opened, Way};

    pub(super) async fn open(way: Way) -> Result<Opened, Failed> {
        let folder = TempDir::new()?;
        let path = folder.path().join("fees.db").display().to_string();
        let stores = match way {
            Way::Memory => {
                let store = SqliteStore::in_memory().await?;
                [store.clone(), store]
            }
            Way::Pool => {
                let pool = SqlitePool::connect_lazy(&format!("sqlite:{path}?mode=rwc"))?;
                [SqliteStore::with_pool(pool.clone()).await?, SqliteStore::with_pool(pool).await?]
            }
            _ => [SqliteStore::open(&path).await?, SqliteStore::open(&path).await?],
        };
        Ok(Opened::new(stores, async move {
            folder.close()?;
            Ok(())
        }))
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use bursar_store_sqlx::PostgresStore;
    use bursar_store_sqlx::sqlx::PgPool;
    use libtest_mimic::Failed;

    use super::Opened;
    use crate::schema::Schema;

    pub(super) async fn open(pool: bool, url: &str) -> Result<Opened, Failed> {
        let schema = Schema::new(url).await?;
        let stores = if pool {
            let pool = PgPool::connect_lazy(schema.url())?;
            [PostgresStore::with_pool(pool.clone()).await?, PostgresStore::with_pool(pool).await?]
        } else {
            [PostgresStore::open(schema.url()).await?, PostgresStore::open(schema.url()).await?]
        };
        Ok(Opened::new(stores, async move {
            schema.drop().await?;
            Ok(())
        }))
    }
}

#[cfg(feature = "mysql")]
mod mariadb {
    use bursar_store_sqlx::MySqlStore;
    use bursar_store_sqlx::sqlx::MySqlPool;
    use libtest_mimic::Failed;

    use super::Opened;
    use crate::database::Database;

    pub(super) async fn open(pool: bool, url: &str) -> Result<Opened, Failed> {
        let database = Database::new(url).await?;
        let stores = if pool {
            let pool = MySqlPool::connect_lazy(database.url())?;
            [MySqlStore::with_pool(pool.clone()).await?, MySqlStore::with_pool(pool).await?]
        } else {
            [MySqlStore::open(database.url()).await?, MySqlStore::open(database.url()).await?]
        };
        Ok(Opened::new(stores, async move {
            database.drop().await?;
            Ok(())
        }))
    }
}
