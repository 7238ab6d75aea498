//! Reading sessions.

use std::sync::Arc;

use bursar::StoreError;
use bursar_session::store::Loaded;
use bursar_session::{Gone, KeyHash, UserId, UserSession};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, SqlitePool};

use super::sql;
use crate::columns::corrupt;
use crate::json::JsonArray;
use crate::relay::{Asked, SessionReader};
use crate::session_columns::{Life, SessionColumns, nearest_instant};
use crate::sqlite::error::failed;
use crate::sqlite::row::get;

const OPERATION: &str = "load sessions";

/// Where sessions are read from.
pub(in crate::sqlite) enum SqliteReader {
    /// Connections of its own, which are kept.
    Own(Arc<SqliteConnectOptions>),
    /// A pool that others use as well; a connection is given back at once.
    Pool(SqlitePool),
}

/// What sessions are read through.
pub(in crate::sqlite) enum Held {
    Own(SqliteConnection),
    Pooled(PoolConnection<Sqlite>),
}

impl Held {
    fn connection(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Own(connection) => connection,
            Self::Pooled(connection) => connection,
        }
    }

    /// Closes it, or gives it back.
    pub(in crate::sqlite) async fn close(self) {
        if let Self::Own(connection) = self
            && let Err(error) = connection.close().await
        {
            tracing::debug!(%error, "a connection could not be closed in order");
        }
    }
}

impl SessionReader for SqliteReader {
    type Connection = Held;

    fn keeps(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    async fn connect(&self) -> Result<Held, StoreError> {
        let connected = match self {
            Self::Own(options) => options.connect().await.map(Held::Own),
            Self::Pool(pool) => pool.acquire().await.map(Held::Pooled),
        };
        connected.map_err(failed("connect"))
    }

    async fn read(&self, held: &mut Held, asked: &[Asked]) -> Result<Vec<Loaded>, StoreError> {
        match asked {
            [one] => Ok(vec![load(held.connection(), *one).await?]),
            several => load_many(held.connection(), several).await,
        }
    }
}

async fn load(conn: &mut SqliteConnection, asked: Asked) -> Result<Loaded, StoreError> {
    let query = sqlx::query(sql::LOAD).bind(asked.key.as_bytes().as_slice());
    let rows = query.fetch_all(conn).await.map_err(failed(OPERATION))?;
    Ok(rows.first().map_or(Loaded::Gone(Gone::UNKNOWN), |row| loaded(row, asked.now)))
}

async fn load_many(conn: &mut SqliteConnection, asked: &[Asked]) -> Result<Vec<Loaded>, StoreError> {
    let mut hashes = JsonArray::new();
    for one in asked {
        hashes.hex(one.key.as_bytes());
    }
    let query = sqlx::query(sql::LOAD_MANY).bind(hashes.finish()?);
    let rows = query.fetch_all(conn).await.map_err(failed(OPERATION))?;
    let mut answers = vec![Loaded::Gone(Gone::UNKNOWN); asked.len()];
    for row in &rows {
        let at = usize::try_from(get::<i64>(row, 9)?).unwrap_or(usize::MAX);
        if let (Some(answer), Some(one)) = (answers.get_mut(at), asked.get(at)) {
            *answer = loaded(row, one.now);
        }
    }
    Ok(answers)
}

fn loaded(row: &SqliteRow, now: i64) -> Loaded {
    // What a column cannot hold is this one session's trouble.
    columns(row).map_or(Loaded::Undecodable, |columns| columns.loaded(now))
}

fn columns(row: &SqliteRow) -> Result<SessionColumns<'_>, StoreError> {
    Ok(SessionColumns {
        version: get(row, 0)?,
        life: Life { gone: get(row, 1)?, gone_at: get(row, 2)?, expires_at: get(row, 4)? },
        created_at: get(row, 3)?,
        ends_at: get(row, 5)?,
        idle_timeout: get(row, 6)?,
        user_id: get(row, 7)?,
        data: get(row, 8)?,
    })
}

/// A page of a user's sessions.
pub(super) async fn list_user(
    conn: &mut SqliteConnection,
    user: &UserId,
    after: Option<&KeyHash>,
    limit: u32,
    now: i64,
) -> Result<Vec<UserSession>, StoreError> {
    let after = after.map_or(&[][..], |key| key.as_bytes());
    let query = sqlx::query(sql::LIST_USER).bind(user.as_str()).bind(now).bind(after).bind(i64::from(limit));
    let rows = query.fetch_all(conn).await.map_err(failed("list a user's sessions"))?;
    rows.iter().map(user_session).collect()
}

/// A session is listed even if its instants are none, so that it can be ended.
fn user_session(row: &SqliteRow) -> Result<UserSession, StoreError> {
    let hash = <[u8; 32]>::try_from(get::<&[u8]>(row, 0)?);
    Ok(UserSession {
        key: KeyHash::from_bytes(hash.map_err(|_| corrupt("a key hash has not 32 bytes"))?),
        created_at: nearest_instant(get(row, 1)?),
        expires_at: nearest_instant(get(row, 2)?),
        ends_at: nearest_instant(get(row, 3)?),
    })
}
