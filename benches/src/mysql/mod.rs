//! The works on MariaDB and MySQL, and what they share.

pub mod hot;
pub mod post;

use std::str::FromStr as _;

use bursar_store_sqlx::MySqlStore;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, MySql, MySqlConnection};

use self::post::Inserting;
use crate::Failure;
use crate::base::{Base, beside, name};
use crate::payments::Rows;
use crate::seed::{Dialect, Place};

/// A database on a MariaDB or MySQL server.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    fn options(&self) -> Result<MySqlConnectOptions, Failure> {
        Ok(MySqlConnectOptions::from_str(&beside(&self.server, &self.name))?.disable_statement_logging())
    }

    /// A connection to it.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn connect(&self) -> Result<MySqlConnection, Failure> {
        Ok(self.options()?.connect().await?)
    }

    /// A pool of so many connections, all of them open; none is asked whether it is still there before it is given out.
    ///
    /// # Errors
    /// When they are not to be had.
    pub async fn pool(&self, connections: u32) -> Result<MySqlPool, Failure> {
        let lasting =
            MySqlPoolOptions::new().test_before_acquire(false).idle_timeout(None).max_lifetime(None);
        let pool = lasting.min_connections(connections).max_connections(connections);
        Ok(pool.connect_with(self.options()?).await?)
    }

    /// Executes a statement in the server's own database.
    async fn of_server(server: &str, sql: String) -> Result<(), Failure> {
        let mut conn = MySqlConnectOptions::from_str(server)?.disable_statement_logging().connect().await?;
        run(&mut conn, sql).await?;
        conn.close().await?;
        Ok(())
    }
}

async fn run(conn: &mut MySqlConnection, sql: String) -> Result<(), Failure> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}

impl Place for Database {
    type Engine = MySql;
    const DIALECT: Dialect = Dialect { key: "`key`", id: "random_bytes(16)" };

    async fn store(&self) -> Result<MySqlStore, Failure> {
        Ok(MySqlStore::open(&beside(&self.server, &self.name)).await?)
    }

    async fn fill(&self, statements: &[String]) -> Result<(), Failure> {
        let mut conn = self.connect().await?;
        for sql in statements {
            run(&mut conn, sql.clone()).await?;
        }
        conn.close().await?;
        Ok(())
    }
}

impl Base for Database {
    const NAME: &'static str = "mysql";
    type Inserting = Inserting;

    async fn create(server: &str) -> Result<Self, Failure> {
        let base = Self { server: server.to_owned(), name: name() };
        Self::of_server(server, format!("CREATE DATABASE {}", base.name)).await?;
        Ok(base)
    }

    async fn without_triggers(&self) -> Result<(), Failure> {
        let mut conn = self.connect().await?;
        let asked = "SELECT CAST(trigger_name AS CHAR) FROM information_schema.triggers
                      WHERE event_object_schema = database() AND event_object_table = 'bursar_entry'";
        let triggers: Vec<String> = sqlx::query_scalar(asked).fetch_all(&mut conn).await?;
        for trigger in triggers {
            run(&mut conn, format!("DROP TRIGGER {trigger}")).await?;
        }
        conn.close().await?;
        Ok(())
    }

    async fn settle(&self) -> Result<(), Failure> {
        let mut conn = self.connect().await?;
        run(&mut conn, "ANALYZE TABLE bursar_account, bursar_member, bursar_entry".to_owned()).await?;
        conn.close().await?;
        Ok(())
    }

    async fn inserting(&self, rows: Vec<Rows>) -> Result<Vec<Inserting>, Failure> {
        let pool = self.pool(u32::try_from(rows.len())?).await?;
        Ok(rows.into_iter().map(|rows| Inserting::new(&pool, rows)).collect())
    }

    async fn remove(self) -> Result<(), Failure> {
        Self::of_server(&self.server, format!("DROP DATABASE {}", self.name)).await
    }
}
