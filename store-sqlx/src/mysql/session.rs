//! Writing sessions: all of an array in one statement, or, where that does not hold for all, those for which it does.

use sqlx::mysql::MySqlRow;
use sqlx::{Connection as _, MySql, MySqlConnection};

use super::engine::BEGIN;
use super::sql;
use crate::engine::Driver as _;
use crate::error::Errors as _;
use crate::query::{Query, begin, undone};
use crate::session::write::DoneFor;

pub(super) async fn write(
    conn: &mut MySqlConnection,
    query: Query<'_>,
    sessions: usize,
) -> Result<DoneFor<MySqlRow>, sqlx::Error> {
    let with = |sql| Query { sql, values: query.values.clone() };
    match MySql::execute(conn, with(query.sql)).await {
        Ok(0) => {}
        Ok(_) => return Ok(DoneFor::All),
        Err(error) if MySql::is_constraint(&error) => {}
        Err(error) => return Err(error),
    }
    let Some((held, rest)) = sql::held_and_rest(query.sql).filter(|_| sessions > 1) else {
        return Ok(DoneFor::These(Vec::new()));
    };
    let mut transaction = match conn.is_in_transaction() {
        true => conn.begin().await?,
        false => begin::<MySql>(conn, BEGIN).await?,
    };
    let rows = MySql::fetch(&mut transaction, with(held)).await;
    let done = match rows {
        Ok(rows) if rows.is_empty() => Ok(rows),
        Ok(rows) => MySql::execute(&mut transaction, with(rest)).await.map(|_| rows),
        Err(error) => Err(error),
    };
    match done {
        Ok(rows) => {
            transaction.commit().await?;
            Ok(DoneFor::These(rows))
        }
        Err(error) => Err(undone(transaction, error).await),
    }
}
