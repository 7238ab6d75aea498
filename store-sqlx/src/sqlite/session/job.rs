//! Writes of several rows of sessions.

use bursar::StoreError;
use bursar_session::store::Rotated;
use bursar_session::{Gone, GoneReason, KeyHash};
use sqlx::{Connection, SqliteConnection};

use super::sql;
use crate::session_columns::{Life, kept_until};
use crate::session_lane::{SessionDone, SessionJob};
use crate::sqlite::error::{Phase, failed, store_error};
use crate::sqlite::row::get;

pub(super) async fn run(conn: &mut SqliteConnection, job: &SessionJob) -> Result<SessionDone, StoreError> {
    match job {
        SessionJob::Rotate { key, to, now } => rotate(conn, key, to, *now).await.map(SessionDone::Rotated),
        SessionJob::DeleteUser { user, except, now } => {
            let query = sqlx::query(sql::DELETE_USER).bind(user.as_str());
            let query =
                query.bind(i64::from(GoneReason::LoggedOut.number())).bind(*now).bind(kept_until(*now));
            let query = query.bind(except.map(|key| key.as_bytes().to_vec()));
            execute(conn, "delete a user's sessions", query).await.map(SessionDone::Rows)
        }
        SessionJob::DeleteExpired { limit, now } => {
            let later = sqlx::query(sql::CLEAN_LATER).bind(*now).bind(i64::from(*limit));
            execute(conn, "delete expired sessions", later).await?;
            let clean = sqlx::query(sql::CLEAN).bind(*now).bind(i64::from(*limit));
            execute(conn, "delete expired sessions", clean).await.map(SessionDone::Rows)
        }
    }
}

/// Executes a statement that is a transaction by itself; how many rows it changed.
async fn execute(
    conn: &mut SqliteConnection,
    operation: &'static str,
    query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
) -> Result<u64, StoreError> {
    let done = query.execute(conn).await;
    let done = done.map_err(|error| store_error(operation, Phase::Commit, error))?;
    Ok(done.rows_affected())
}

const ROTATE: &str = "rotate a session";

async fn rotate(
    conn: &mut SqliteConnection,
    key: &KeyHash,
    to: &KeyHash,
    now: i64,
) -> Result<Rotated, StoreError> {
    let begun = conn.begin_with("BEGIN IMMEDIATE").await;
    let mut transaction = begun.map_err(failed("begin a transaction"))?;
    match rotate_within(&mut transaction, key, to, now).await {
        Ok(Rotated::Rotated) => {
            transaction.commit().await.map_err(|error| store_error(ROTATE, Phase::Commit, error))?;
            Ok(Rotated::Rotated)
        }
        Ok(other) => {
            transaction.rollback().await.map_err(failed("roll back"))?;
            Ok(other)
        }
        Err(error) => {
            if let Err(second) = transaction.rollback().await {
                tracing::debug!(error = %second, "nothing was left to roll back");
            }
            Err(error)
        }
    }
}

async fn rotate_within(
    conn: &mut SqliteConnection,
    key: &KeyHash,
    to: &KeyHash,
    now: i64,
) -> Result<Rotated, StoreError> {
    let (key, to) = (key.as_bytes().as_slice(), to.as_bytes().as_slice());
    let moved = sqlx::query(sql::ROTATE).bind(key).bind(to).bind(now).execute(&mut *conn).await;
    if moved.map_err(failed(ROTATE))?.rows_affected() == 0 {
        let rows = sqlx::query(sql::LIFE).bind(key).fetch_all(conn).await.map_err(failed(ROTATE))?;
        let Some(row) = rows.first() else { return Ok(Rotated::Gone(Gone::UNKNOWN)) };
        let life = Life { gone: get(row, 0)?, gone_at: get(row, 1)?, expires_at: get(row, 2)? };
        return Ok(life.gone(now).map_or(Rotated::Exists, Rotated::Gone));
    }
    let reason = i64::from(GoneReason::Rotated.number());
    let kept = sqlx::query(sql::ROTATED).bind(key).bind(reason).bind(now).bind(kept_until(now));
    kept.execute(conn).await.map_err(failed(ROTATE))?;
    Ok(Rotated::Rotated)
}
