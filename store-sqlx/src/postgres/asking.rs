//! How a statement reaches the server: as a rule prepared and kept, through a proxy anew and in a transaction.

use sqlx::postgres::{PgArguments, PgQueryResult, PgRow};
use sqlx::query::Query;
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

use super::sql;
use crate::engine::Driver as _;
use crate::proxy;
use crate::query::{begin, undone};

type Asked = Query<'static, Postgres, PgArguments>;

/// What is planned anew has no name, and must reach the server together with what it is asked with: through a proxy it runs within
/// transactions alone, where that keeps to one server.
fn asked(sql: &'static str, arguments: PgArguments) -> Asked {
    let kept = !sql::is_planned_anew(sql) && !proxy::is_between();
    sqlx::query_with(sql, arguments).persistent(kept)
}

/// A transaction for one statement. If its caller goes away in the middle, it stays open on this connection, with nothing written that anybody
/// was told of, until the next one that uses it begins (which is a warning) and ends.
async fn alone(conn: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    begin::<Postgres>(conn, Postgres::BEGIN).await
}

/// Ends it as the statement has ended.
async fn ended<T>(
    transaction: Transaction<'_, Postgres>,
    done: Result<T, sqlx::Error>,
) -> Result<T, sqlx::Error> {
    match done {
        Ok(done) => transaction.commit().await.map(|()| done),
        Err(error) => Err(undone(transaction, error).await),
    }
}

pub(super) async fn fetch_all(
    conn: &mut PgConnection,
    sql: &'static str,
    arguments: PgArguments,
) -> Result<Vec<PgRow>, sqlx::Error> {
    let asked = asked(sql, arguments);
    if !proxy::is_between() || conn.is_in_transaction() {
        return asked.fetch_all(conn).await;
    }
    let mut transaction = alone(conn).await?;
    let done = asked.fetch_all(&mut *transaction).await;
    ended(transaction, done).await
}

pub(super) async fn execute(
    conn: &mut PgConnection,
    sql: &'static str,
    arguments: PgArguments,
) -> Result<PgQueryResult, sqlx::Error> {
    let asked = asked(sql, arguments);
    if !proxy::is_between() || conn.is_in_transaction() {
        return asked.execute(conn).await;
    }
    let mut transaction = alone(conn).await?;
    let done = asked.execute(&mut *transaction).await;
    ended(transaction, done).await
}
