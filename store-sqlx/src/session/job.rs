//! Writes of several rows of sessions.

use bursar::StoreError;
use bursar_session::store::Rotated;
use bursar_session::{Gone, GoneReason, KeyHash};

use super::columns::{Life, kept_until};
use super::lane::{SessionDone, SessionJob};
use super::sql;
use crate::engine::Engine;
use crate::error::{Phase, failed, store_error};
use crate::query::{Connection, Query, begin, execute, execute_in, execute_unless_refused, get, row, undone};

pub(super) async fn run<E: Engine>(
    conn: &mut Connection<E>,
    job: &SessionJob,
) -> Result<SessionDone, StoreError> {
    match job {
        SessionJob::Rotate { key, to, now } => {
            rotate::<E>(conn, key, to, *now).await.map(SessionDone::Rotated)
        }
        SessionJob::DeleteUser { user, except, now } => {
            let query = Query::new(E::SESSION.delete_user).bind(user.as_str());
            let query =
                query.bind(i64::from(GoneReason::LoggedOut.number())).bind(*now).bind(kept_until(*now));
            let query = query.bind(except.as_ref().map(|key| key.as_bytes().as_slice()));
            let Some(lock) = E::SESSION.lock_user else {
                return execute_in::<E>(conn, DELETE_USER, query, Phase::Commit).await.map(SessionDone::Rows);
            };
            let lock = Query::new(lock).bind(user.as_str()).bind(*now);
            delete_locked::<E>(conn, lock, query).await.map(SessionDone::Rows)
        }
        SessionJob::DeleteExpired { limit, now } => {
            let later = Query::new(E::SESSION.clean_later).bind(*now).bind(*limit);
            execute_in::<E>(conn, "delete expired sessions", later, Phase::Commit).await?;
            let clean = Query::new(E::SESSION.clean).bind(*now).bind(*limit);
            execute_in::<E>(conn, "delete expired sessions", clean, Phase::Commit)
                .await
                .map(SessionDone::Rows)
        }
    }
}

const DELETE_USER: &str = "delete a user's sessions";

/// Locks all first, in one order, so that of two who end them at once the one ends all and the other none.
async fn delete_locked<E: Engine>(
    conn: &mut Connection<E>,
    lock: Query<'_>,
    delete: Query<'_>,
) -> Result<u64, StoreError> {
    let begun = begin::<E>(conn, E::BEGIN).await;
    let mut transaction = begun.map_err(failed::<E>("begin a transaction"))?;
    let deleted = match execute::<E>(&mut transaction, DELETE_USER, lock).await {
        Ok(_) => execute::<E>(&mut transaction, DELETE_USER, delete).await,
        Err(error) => Err(error),
    };
    match deleted {
        Ok(deleted) => {
            let committed = transaction.commit().await;
            committed.map_err(|error| store_error::<E>(DELETE_USER, Phase::Commit, error))?;
            Ok(deleted)
        }
        Err(error) => Err(undone(transaction, error).await),
    }
}

const ROTATE: &str = "rotate a session";

async fn rotate<E: Engine>(
    conn: &mut Connection<E>,
    key: &KeyHash,
    to: &KeyHash,
    now: i64,
) -> Result<Rotated, StoreError> {
    let begun = begin::<E>(conn, E::BEGIN).await;
    let mut transaction = begun.map_err(failed::<E>("begin a transaction"))?;
    match rotate_within::<E>(&mut transaction, key, to, now).await {
        Ok(Rotated::Rotated) => {
            transaction.commit().await.map_err(|error| store_error::<E>(ROTATE, Phase::Commit, error))?;
            Ok(Rotated::Rotated)
        }
        Ok(other) => {
            transaction.rollback().await.map_err(failed::<E>("roll back"))?;
            Ok(other)
        }
        Err(error) => Err(undone(transaction, error).await),
    }
}

async fn rotate_within<E: Engine>(
    conn: &mut Connection<E>,
    key: &KeyHash,
    to: &KeyHash,
    now: i64,
) -> Result<Rotated, StoreError> {
    let (key, to) = (key.as_bytes(), to.as_bytes());
    let moved = Query::new(E::SESSION.rotate).bind(key).bind(to).bind(now);
    // Somebody may take the new key in the same moment.
    let Some(moved) = execute_unless_refused::<E>(conn, ROTATE, moved).await? else {
        return Ok(Rotated::Exists);
    };
    if moved == 0 {
        let found = row::<E>(conn, ROTATE, Query::new(sql::LIFE).bind(key)).await?;
        let Some(row) = found else { return Ok(Rotated::Gone(Gone::UNKNOWN)) };
        let life = Life { gone: get(&row, 0)?, gone_at: get(&row, 1)?, expires_at: get(&row, 2)? };
        return Ok(life.gone(now).map_or(Rotated::Exists, Rotated::Gone));
    }
    let reason = i64::from(GoneReason::Rotated.number());
    let kept = Query::new(sql::ROTATED).bind(key).bind(reason).bind(now).bind(kept_until(now));
    execute::<E>(conn, ROTATE, kept).await?;
    Ok(Rotated::Rotated)
}
