//! MariaDB and MySQL as the store knows them: what is their own beside their statements.

#[cfg(feature = "session")]
use sqlx::Executor as _;
use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::{Arguments as _, MySql, MySqlConnection, Row as _};

#[cfg(feature = "session")]
use super::session;
use super::{migrations, placeholders, sql};
use crate::engine::Driver;
#[cfg(feature = "session")]
use crate::json::JsonArray;
use crate::ledger::statements::LedgerSql;
use crate::migrate::Schema;
use crate::query::{Query, Value};
#[cfg(feature = "session")]
use crate::session::statements::SessionSql;
#[cfg(feature = "session")]
use crate::session::write::DoneFor;

/// Two statements that go in one packet: the isolation is that of the next transaction alone, so that nothing has to be known of a
/// connection that others use as well.
pub(super) const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION";

/// The values of a statement, in the order in which it uses them.
fn arguments(values: &[Value<'_>], uses: &[usize]) -> Result<MySqlArguments, sqlx::Error> {
    let mut arguments = MySqlArguments::default();
    for at in uses {
        let value = values.get(*at).ok_or_else(|| {
            sqlx::Error::Protocol(format!("a statement asks for value {at}, and has {}", values.len()))
        })?;
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

impl Driver for MySql {
    const LEDGER: &'static LedgerSql = &sql::LEDGER;
    #[cfg(feature = "session")]
    const SESSION: &'static SessionSql = &sql::SESSION;
    const SCHEMA: &'static Schema = &migrations::SCHEMA;
    const BEGIN: &'static str = BEGIN;
    const BEGIN_BILLING: &'static str = BEGIN;
    const MANY_WRITERS: bool = true;
    #[cfg(feature = "session")]
    const SESSION_TURNS: usize = 4;
    #[cfg(feature = "session")]
    const DATA_IN_ROWS: bool = true;
    const SURVIVES_CONSTRAINT: bool = true;

    async fn fetch<'c>(
        conn: &'c mut MySqlConnection,
        query: Query<'c>,
    ) -> Result<Vec<MySqlRow>, sqlx::Error> {
        let text = placeholders::translated(query.sql);
        sqlx::query_with(text.sql, arguments(&query.values, text.uses)?).fetch_all(conn).await
    }

    async fn execute<'c>(conn: &'c mut MySqlConnection, query: Query<'c>) -> Result<u64, sqlx::Error> {
        let text = placeholders::translated(query.sql);
        let arguments = arguments(&query.values, text.uses)?;
        #[cfg(feature = "session")]
        if query.sql == sql::DELETE_USER {
            // Of the next transaction alone, which is the statement.
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
        }
        Ok(sqlx::query_with(text.sql, arguments).execute(conn).await?.rows_affected())
    }

    async fn execute_script(conn: &mut MySqlConnection, sql: &'static str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(sql).execute(conn).await.map(drop)
    }

    fn int(row: &MySqlRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
        row.try_get(column)
    }

    fn text(row: &MySqlRow, column: usize) -> Result<Option<&str>, sqlx::Error> {
        row.try_get(column)
    }

    fn bytes(row: &MySqlRow, column: usize) -> Result<Option<&[u8]>, sqlx::Error> {
        row.try_get(column)
    }

    fn flag(row: &MySqlRow, column: usize) -> Result<Option<bool>, sqlx::Error> {
        row.try_get(column)
    }

    #[cfg(feature = "session")]
    async fn write_sessions<'c>(
        conn: &'c mut MySqlConnection,
        query: Query<'c>,
        sessions: usize,
    ) -> Result<DoneFor<MySqlRow>, sqlx::Error> {
        session::write(conn, query, sessions).await
    }
}
