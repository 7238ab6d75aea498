//! The works on PostgreSQL, and what they share.

pub mod account;
pub mod activate;
pub mod balances;
pub mod post;

use std::str::FromStr as _;

use bursar_store_sqlx::PostgresStore;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Postgres};

use self::post::Inserting;
use crate::Failure;
use crate::base::{Base, beside, name};
use crate::payments::Rows;
use crate::seed::{Dialect, Place};

/// A database on a PostgreSQL server.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        beside(&self.server, &self.name)
    }

    fn options(&self) -> Result<PgConnectOptions, Failure> {
        Ok(PgConnectOptions::from_str(&self.url())?.disable_statement_logging())
    }

    /// A connection to it.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn connect(&self) -> Result<PgConnection, Failure> {
        Ok(self.options()?.connect().await?)
    }

    /// A pool of so many connections, all of them open; none is asked whether it is still there before it is given out.
    ///
    /// # Errors
    /// When they are not to be had.
    pub async fn pool(&self, connections: u32) -> Result<PgPool, Failure> {
        let lasting = PgPoolOptions::new().test_before_acquire(false).idle_timeout(None).max_lifetime(None);
        let pool = lasting.min_connections(connections).max_connections(connections);
        Ok(pool.connect_with(self.options()?).await?)
    }

    /// A copy. Nobody may be connected to this one.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn copy(&self) -> Result<Self, Failure> {
        let copy = Self { server: self.server.clone(), name: name() };
        copy.of_server(format!("CREATE DATABASE {} TEMPLATE {}", copy.name, self.name)).await?;
        Ok(copy)
    }

    /// Executes a statement in the server's own database.
    async fn of_server(&self, sql: String) -> Result<(), Failure> {
        let mut conn =
            PgConnectOptions::from_str(&self.server)?.disable_statement_logging().connect().await?;
        run(&mut conn, sql).await?;
        conn.close().await?;
        Ok(())
    }
}

async fn run(conn: &mut PgConnection, sql: String) -> Result<(), Failure> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}

impl Place for Database {
    type Engine = Postgres;
    const DIALECT: Dialect = Dialect { key: "key", id: "uuid_send(gen_random_uuid())" };

    async fn store(&self) -> Result<PostgresStore, Failure> {
        Ok(PostgresStore::open(&self.url()).await?)
    }

    async fn fill(&self, statements: &[String]) -> Result<(), Failure> {
        let mut conn = self.connect().await?;
        run(&mut conn, "SET work_mem = '256MB'; SET maintenance_work_mem = '256MB'".to_owned()).await?;
        run(&mut conn, "ALTER TABLE bursar_entry DISABLE TRIGGER USER".to_owned()).await?;
        // Sorting once is quicker than finding a place for each.
        let asked = "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index AS i
                      WHERE i.indrelid = 'bursar_entry'::regclass AND NOT i.indisprimary";
        let indexes: Vec<(String, String)> = sqlx::query_as(asked).fetch_all(&mut conn).await?;
        for (name, _) in &indexes {
            run(&mut conn, format!("DROP INDEX {name}")).await?;
        }
        for sql in statements.iter().chain(indexes.iter().map(|(_, sql)| sql)) {
            run(&mut conn, sql.clone()).await?;
        }
        run(&mut conn, "ALTER TABLE bursar_entry ENABLE TRIGGER USER".to_owned()).await?;
        conn.close().await?;
        self.settle().await
    }
}

impl Base for Database {
    const NAME: &'static str = "postgres";
    type Inserting = Inserting;

    async fn create(server: &str) -> Result<Self, Failure> {
        let base = Self { server: server.to_owned(), name: name() };
        base.of_server(format!("CREATE DATABASE {}", base.name)).await?;
        Ok(base)
    }

    async fn without_triggers(&self) -> Result<(), Failure> {
        let mut conn = self.connect().await?;
        let asked = "SELECT quote_ident(tgname) FROM pg_trigger WHERE tgrelid = 'bursar_entry'::regclass AND NOT tgisinternal";
        let triggers: Vec<String> = sqlx::query_scalar(asked).fetch_all(&mut conn).await?;
        for trigger in triggers {
            run(&mut conn, format!("DROP TRIGGER {trigger} ON bursar_entry")).await?;
        }
        conn.close().await?;
        Ok(())
    }

    async fn settle(&self) -> Result<(), Failure> {
        let mut conn = self.connect().await?;
        run(&mut conn, "VACUUM ANALYZE".to_owned()).await?;
        // Not everybody may; whoever may not measures on.
        if let Err(refused) = run(&mut conn, "CHECKPOINT".to_owned()).await {
            eprintln!("  no checkpoint before the round: {refused}");
        }
        conn.close().await?;
        Ok(())
    }

    async fn inserting(&self, rows: Vec<Rows>) -> Result<Vec<Inserting>, Failure> {
        let pool = self.pool(u32::try_from(rows.len())?).await?;
        Ok(rows.into_iter().map(|rows| Inserting::new(&pool, rows)).collect())
    }

    async fn remove(self) -> Result<(), Failure> {
        self.of_server(format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }
}
