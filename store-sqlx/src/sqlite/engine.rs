//! SQLite as the store knows it: what is its own beside its statements.

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Row as _, Sqlite, SqliteConnection};

use super::{migrations, sql};
use crate::engine::Driver;
#[cfg(feature = "session")]
use crate::json::JsonArray;
use crate::ledger::statements::LedgerSql;
use crate::migrate::Schema;
use crate::query::{Query, Value};
#[cfg(feature = "session")]
use crate::session::statements::SessionSql;

fn arguments(values: &[Value<'_>]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Int(int) => arguments.add(*int),
            Value::Text(text) => arguments.add(text.as_deref()),
            Value::Bytes(bytes) => arguments.add(bytes.as_deref()),
            Value::Flag(flag) => arguments.add(*flag),
            #[cfg(feature = "session")]
            Value::Data(text) => arguments.add(*text),
            #[cfg(feature = "session")]
            Value::DataArray(texts) => {
                let array = JsonArray::of_texts(texts.iter().copied());
                arguments.add(array.map_err(|error| sqlx::Error::Encode(error.into()))?)
            }
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

impl Driver for Sqlite {
    const LEDGER: &'static LedgerSql = &sql::LEDGER;
    #[cfg(feature = "session")]
    const SESSION: &'static SessionSql = &sql::SESSION;
    const SCHEMA: &'static Schema = &migrations::SCHEMA;
    /// With the write lock: nothing that is read can change before it is written.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    /// Without: the lock is taken by the first write, which fails as busy when somebody wrote since the transaction began to read.
    const BEGIN_BILLING: &'static str = "BEGIN";
    const MANY_WRITERS: bool = false;
    #[cfg(feature = "session")]
    const SESSION_TURNS: usize = 2;
    const SURVIVES_CONSTRAINT: bool = true;

    async fn fetch<'c>(
        conn: &'c mut SqliteConnection,
        query: Query<'c>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        sqlx::query_with(query.sql, arguments(&query.values)?).fetch_all(conn).await
    }

    async fn execute<'c>(conn: &'c mut SqliteConnection, query: Query<'c>) -> Result<u64, sqlx::Error> {
        let done = sqlx::query_with(query.sql, arguments(&query.values)?).execute(conn).await?;
        Ok(done.rows_affected())
    }

    async fn execute_script(conn: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(sql).execute(conn).await.map(drop)
    }

    fn int(row: &SqliteRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
        row.try_get(column)
    }

    fn text(row: &SqliteRow, column: usize) -> Result<Option<&str>, sqlx::Error> {
        row.try_get(column)
    }

    fn bytes(row: &SqliteRow, column: usize) -> Result<Option<&[u8]>, sqlx::Error> {
        row.try_get(column)
    }

    fn flag(row: &SqliteRow, column: usize) -> Result<Option<bool>, sqlx::Error> {
        row.try_get(column)
    }
}
