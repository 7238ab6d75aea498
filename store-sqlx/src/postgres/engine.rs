//! PostgreSQL as the store knows it: what is its own beside its statements.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, PgConnection, Postgres, Row as _};

use super::{asking, migrations, sql};
use crate::engine::Driver;
use crate::ledger::statements::LedgerSql;
use crate::migrate::Schema;
use crate::query::{Query, Value};
#[cfg(feature = "session")]
use crate::session::statements::SessionSql;

fn arguments(values: &[Value<'_>]) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Int(int) => arguments.add(*int),
            Value::Text(text) => arguments.add(text.as_deref()),
            Value::Bytes(bytes) => arguments.add(bytes.as_deref()),
            Value::Flag(flag) => arguments.add(*flag),
            // As bytes, since a text holds no zero.
            #[cfg(feature = "session")]
            Value::Data(text) => arguments.add(text.as_bytes()),
            #[cfg(feature = "session")]
            Value::DataArray(texts) => {
                arguments.add(texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>())
            }
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

impl Driver for Postgres {
    const LEDGER: &'static LedgerSql = &sql::LEDGER;
    #[cfg(feature = "session")]
    const SESSION: &'static SessionSql = &sql::SESSION;
    const SCHEMA: &'static Schema = &migrations::SCHEMA;
    /// Whatever the database's own default is: a statement is to see what was committed when it began.
    const BEGIN: &'static str = "BEGIN ISOLATION LEVEL READ COMMITTED";
    /// Compiling a statement takes longer than running it for a page of accounts.
    const BEGIN_BILLING: &'static str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL jit = off";
    const MANY_WRITERS: bool = true;
    #[cfg(feature = "session")]
    const SESSION_TURNS: usize = 2;
    const SURVIVES_CONSTRAINT: bool = false;

    async fn fetch<'c>(conn: &'c mut PgConnection, query: Query<'c>) -> Result<Vec<PgRow>, sqlx::Error> {
        asking::fetch_all(conn, query.sql, arguments(&query.values)?).await
    }

    async fn execute<'c>(conn: &'c mut PgConnection, query: Query<'c>) -> Result<u64, sqlx::Error> {
        let done = asking::execute(conn, query.sql, arguments(&query.values)?).await?;
        Ok(done.rows_affected())
    }

    async fn execute_script(conn: &mut PgConnection, sql: &'static str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(sql).execute(conn).await.map(drop)
    }

    fn int(row: &PgRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
        row.try_get(column)
    }

    fn text(row: &PgRow, column: usize) -> Result<Option<&str>, sqlx::Error> {
        // A session's data is text that is kept as bytes.
        row.try_get_unchecked(column)
    }

    fn bytes(row: &PgRow, column: usize) -> Result<Option<&[u8]>, sqlx::Error> {
        row.try_get(column)
    }

    fn flag(row: &PgRow, column: usize) -> Result<Option<bool>, sqlx::Error> {
        row.try_get(column)
    }
}
