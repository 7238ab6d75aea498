//! An administrator of the database: takes off whatever keeps entries as they are, and changes them.

use bursar_store_sqlx::sqlx::{
    self, AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, Row as _, SqliteConnection,
};

pub(crate) enum Admin {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    Mariadb(MySqlConnection),
}

/// A column, and what it holds as far as it matters here.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    integer: bool,
}

macro_rules! on {
    ($admin:expr, $conn:ident => $done:expr) => {
        match $admin {
            Admin::Sqlite($conn) => $done,
            Admin::Postgres($conn) => $done,
            Admin::Mariadb($conn) => $done,
        }
    };
}

impl Admin {
    /// Runs statements one by one; the backticks that MariaDB puts around names are left off elsewhere.
    pub(crate) async fn run(&mut self, statements: &[&str]) {
        for statement in statements {
            let sql = match self {
                Self::Mariadb(_) => (*statement).to_owned(),
                _ => statement.replace('`', ""),
            };
            let done =
                on!(self, conn => sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(conn).await.map(drop));
            done.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }

    /// What the database says to a statement that it has to refuse.
    pub(crate) async fn refused(&mut self, sql: &'static str) -> String {
        let done = on!(self, conn => sqlx::raw_sql(sql).execute(conn).await.map(drop));
        done.err().map(|error| error.to_string()).unwrap_or_default()
    }

    pub(crate) async fn close(self) {
        on!(self, conn => conn.close().await.unwrap());
    }

    async fn names(&mut self, sql: &str) -> Vec<(String, String)> {
        let sql = AssertSqlSafe(sql.to_owned());
        macro_rules! pairs {
            ($conn:expr) => {
                sqlx::query(sql)
                    .fetch_all($conn)
                    .await
                    .unwrap()
                    .iter()
                    .map(|row| (row.get(0), row.get(1)))
                    .collect()
            };
        }
        on!(self, conn => pairs!(conn))
    }

    /// Takes off triggers and checks. What remains are the unique keys, which no change here meets.
    pub(crate) async fn unbind(&mut self) {
        let mut off: Vec<String> = Vec::new();
        match self {
            Self::Sqlite(_) => {
                off.push("PRAGMA ignore_check_constraints = ON".into());
                let sql = "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'bursar_%'";
                off.extend(self.names(sql).await.iter().map(|(name, _)| format!("DROP TRIGGER {name}")));
            }
            Self::Postgres(_) => {
                for table in ["bursar_entry", "bursar_seal", "bursar_segment"] {
                    off.push(format!("ALTER TABLE {table} DISABLE TRIGGER USER"));
                }
                let sql = "SELECT conname::text, conrelid::regclass::text FROM pg_constraint
                            WHERE contype = 'c' AND conrelid = 'bursar_entry'::regclass";
                let checks = self.names(sql).await;
                off.extend(
                    checks.iter().map(|(name, table)| format!("ALTER TABLE {table} DROP CONSTRAINT {name}")),
                );
            }
            Self::Mariadb(_) => {
                off.push("SET check_constraint_checks = OFF".into());
                let sql = "SELECT trigger_name, event_object_table FROM information_schema.triggers
                            WHERE trigger_schema = DATABASE()";
                off.extend(self.names(sql).await.iter().map(|(name, _)| format!("DROP TRIGGER {name}")));
            }
        }
        let off: Vec<&str> = off.iter().map(String::as_str).collect();
        self.run(&off).await;
    }

    /// Every column of an entry, as the database itself lists them.
    pub(crate) async fn columns(&mut self) -> Vec<Column> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT name, lower(type) FROM pragma_table_info('bursar_entry')",
            Self::Postgres(_) => {
                "SELECT column_name::text, data_type::text FROM information_schema.columns
                  WHERE table_name = 'bursar_entry' AND table_schema = current_schema()"
            }
            Self::Mariadb(_) => {
                "SELECT column_name, CAST(data_type AS CHAR) FROM information_schema.columns
                  WHERE table_name = 'bursar_entry' AND table_schema = DATABASE()"
            }
        };
        let columns = self.names(sql).await;
        let column = |(name, data_type): (String, String)| Column {
            name,
            integer: ["integer", "bigint"].contains(&data_type.as_str()),
        };
        columns.into_iter().map(column).collect()
    }

    /// What a column holds with one byte of it changed, or something where it holds nothing.
    pub(crate) fn flipped(&self, column: &Column) -> String {
        let name = &column.name;
        match (name.as_str(), self) {
            ("id", Self::Sqlite(_)) => "zeroblob(16)".into(),
            ("id", Self::Postgres(_)) => "set_byte(id, 3, get_byte(id, 3) # 1)".into(),
            ("id", Self::Mariadb(_)) => "CONCAT(LEFT(id, 15), IF(RIGHT(id, 1) = '~', '!', '~'))".into(),
            // By so much that no other entry is there.
            _ if column.integer => format!("coalesce(`{name}`, 0) + 1000"),
            (_, Self::Sqlite(_)) => format!("coalesce('~' || substr({name}, 2), 'x')"),
            _ => format!("coalesce(concat('~', substr(`{name}`, 2)), 'x')"),
        }
    }
}
