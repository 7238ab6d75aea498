//! A database of a test's own on a MariaDB or MySQL server.

use std::sync::atomic::{AtomicU32, Ordering};

use bursar_store_sqlx::sqlx::{self, AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection};

/// A database; its name is of this process and of no other test.
pub(crate) struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    /// Makes a database on the server of this URL. Its character set holds little: no statement may lean on it.
    pub(crate) async fn new(server: &str) -> Result<Self, sqlx::Error> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("bursar_test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut url = sqlx::mysql::MySqlConnectOptions::to_url_lossy(&server.parse()?);
        url.set_path(&name);
        let database = Self { server: server.to_owned(), url: url.to_string(), name };
        database.tell(format!("CREATE DATABASE {} CHARACTER SET latin1", database.name)).await?;
        Ok(database)
    }

    /// The URL by which tables are made and found in it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Drops it with all that is in it.
    pub(crate) async fn drop(self) -> Result<(), sqlx::Error> {
        let mut attempts = 0..5;
        loop {
            // The server may still be about to remove the file of a table when it removes the folder.
            match self.tell(format!("DROP DATABASE IF EXISTS {}", self.name)).await {
                Err(_) if attempts.next().is_some() => {
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
                dropped => return dropped,
            }
        }
    }

    async fn tell(&self, sql: String) -> Result<(), sqlx::Error> {
        let options: sqlx::mysql::MySqlConnectOptions = self.server.parse()?;
        let mut conn: MySqlConnection = options.disable_statement_logging().connect().await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
        conn.close().await
    }
}
