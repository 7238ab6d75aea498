//! SQLite as the store knows it: what is its own beside its statements.

use bursar::rule::Posting;
use bursar::store::{AgedRow, AgingOrder, BilledPage, BillingOrder, SummaryRow, TermRow};
use bursar::{AccountId, BookId, StoreError, StoreErrorKind, TermId, TermTotals};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Row as _, Sqlite, SqliteConnection};

use super::{bill, error, migrations, post, reports, sql, sums};
use crate::engine::Engine;
use crate::error::Phase;
#[cfg(feature = "session")]
use crate::json::JsonArray;
use crate::ledger::bill::{Charged, Scope};
use crate::ledger::post::Recorded;
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

impl Engine for Sqlite {
    const LEDGER: &'static LedgerSql = &sql::LEDGER;
    #[cfg(feature = "session")]
    const SESSION: &'static SessionSql = &sql::SESSION;
    const SCHEMA: &'static Schema = &migrations::SCHEMA;
    /// With the write lock: nothing that is read can change before it is written.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    /// Without: the lock is taken by the first write, which fails as busy when somebody wrote since the transaction began to read.
    const BEGIN_BILLING: &'static str = "BEGIN";
    const MANY_WRITERS: bool = false;
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

    fn is_constraint(error: &sqlx::Error) -> bool {
        error::is_constraint(error)
    }

    fn explain(phase: Phase, error: &sqlx::Error) -> (StoreErrorKind, &'static str) {
        error::explain(phase, error)
    }

    async fn post<'c>(
        conn: &'c mut SqliteConnection,
        book: &'c BookId,
        postings: &'c [Posting],
        phase: Phase,
    ) -> Result<Recorded, StoreError> {
        post::post(conn, book, postings, phase).await
    }

    async fn charge_due<'c>(
        conn: &'c mut SqliteConnection,
        scope: &'c Scope<'c>,
        order: &'c BillingOrder,
        page: &'c mut BilledPage,
    ) -> Result<Charged, StoreError> {
        bill::charge_due(conn, scope, order, page).await
    }

    async fn totals<'c>(
        conn: &'c mut SqliteConnection,
        book: &'c BookId,
        accounts: &'c [AccountId],
    ) -> Result<Vec<(AccountId, TermTotals)>, StoreError> {
        sums::totals(conn, book, accounts).await
    }

    async fn term_rows<'c>(
        conn: &'c mut SqliteConnection,
        book: &'c BookId,
        term: TermId,
        after: Option<&'c AccountId>,
        limit: u32,
    ) -> Result<Vec<TermRow>, StoreError> {
        sums::term_rows(conn, book, term, after, limit).await
    }

    async fn summary_rows<'c>(
        conn: &'c mut SqliteConnection,
        book: &'c BookId,
        term: TermId,
        after: Option<&'c AccountId>,
        limit: u32,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        reports::summary_rows(conn, book, term, after, limit).await
    }

    async fn aged_rows<'c>(
        conn: &'c mut SqliteConnection,
        book: &'c BookId,
        order: &'c AgingOrder,
        after: Option<&'c AccountId>,
        limit: u32,
    ) -> Result<Vec<AgedRow>, StoreError> {
        reports::aged_rows(conn, book, order, after, limit).await
    }
}
