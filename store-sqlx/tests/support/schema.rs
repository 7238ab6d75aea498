//! A schema of a test's own on a PostgreSQL server.

use std::sync::atomic::{AtomicU32, Ordering};

use bursar_store_sqlx::sqlx::{self, AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

/// A schema; its name is of this process and of no other test.
pub(crate) struct Schema {
    server: String,
    name: String,
    url: String,
}

impl Schema {
    /// Makes a schema on the server of this URL.
    pub(crate) async fn new(server: &str) -> Result<Self, sqlx::Error> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options[search_path]={name}");
        let schema = Self { server: server.to_owned(), name, url };
        schema.tell(format!("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}", schema.name)).await?;
        Ok(schema)
    }

    /// The URL by which tables are made and found in it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Drops it with all that is in it.
    pub(crate) async fn drop(self) -> Result<(), sqlx::Error> {
        self.tell(format!("DROP SCHEMA {} CASCADE", self.name)).await
    }

    async fn tell(&self, sql: String) -> Result<(), sqlx::Error> {
        let options: sqlx::postgres::PgConnectOptions = self.server.parse()?;
        let mut conn: PgConnection = options.disable_statement_logging().connect().await?;
        sqlx::raw_sql(AssertSqlSafe(format!("SET client_min_messages = warning; {sql}")))
            .execute(&mut conn)
            .await?;
        conn.close().await
    }
}
