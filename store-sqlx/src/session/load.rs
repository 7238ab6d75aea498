//! Reading sessions.

use std::sync::Arc;

use bursar::StoreError;
use bursar_session::store::Loaded;
use bursar_session::{Gone, KeyHash, UserId, UserSession};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions as _, Connection as _, Pool};

use super::columns::{Life, SessionColumns, nearest_instant};
use super::relay::{Asked, SessionReader};
use crate::engine::Engine;
use crate::error::failed;
use crate::json::JsonArray;
use crate::ledger::columns::corrupt;
use crate::query::{Connection, Query, Row, get, rows};

const OPERATION: &str = "load sessions";

/// Where sessions are read from.
pub(crate) enum Reader<E: Engine> {
    /// Connections of its own, which are kept.
    #[allow(dead_code, reason = "of databases that need not be told anything first")]
    Own(Arc<<Connection<E> as sqlx::Connection>::Options>),
    /// A pool of its own, whose connections are kept as well.
    #[allow(dead_code, reason = "of databases that have to be told things first")]
    OwnPool(Pool<E>),
    /// A pool that others use as well; a connection is given back at once.
    Pool(Pool<E>),
}

/// What sessions are read through.
pub(crate) enum Held<E: Engine> {
    Own(Connection<E>),
    Pooled(PoolConnection<E>),
}

impl<E: Engine> Held<E> {
    fn connection(&mut self) -> &mut Connection<E> {
        match self {
            Self::Own(connection) => connection,
            Self::Pooled(connection) => connection,
        }
    }

    /// Closes it, or gives it back.
    pub(crate) async fn close(self) {
        if let Self::Own(connection) = self
            && let Err(error) = connection.close().await
        {
            tracing::debug!(%error, "a connection could not be closed in order");
        }
    }
}

impl<E: Engine> SessionReader for Reader<E> {
    type Connection = Held<E>;

    fn keeps(&self) -> bool {
        matches!(self, Self::Own(_) | Self::OwnPool(_))
    }

    async fn connect(&self) -> Result<Held<E>, StoreError> {
        let connected = match self {
            Self::Own(options) => options.connect().await.map(Held::Own),
            Self::OwnPool(pool) | Self::Pool(pool) => pool.acquire().await.map(Held::Pooled),
        };
        connected.map_err(failed::<E>("connect"))
    }

    async fn read(&self, held: &mut Held<E>, asked: &[Asked]) -> Result<Vec<Loaded>, StoreError> {
        match asked {
            [one] => Ok(vec![load::<E>(held.connection(), *one).await?]),
            several => load_many::<E>(held.connection(), several).await,
        }
    }
}

async fn load<E: Engine>(conn: &mut Connection<E>, asked: Asked) -> Result<Loaded, StoreError> {
    let query = Query::new(E::SESSION.load).bind(asked.key.as_bytes());
    let rows = rows::<E>(conn, OPERATION, query).await?;
    Ok(rows.first().map_or(Loaded::Gone(Gone::UNKNOWN), |row| loaded(row, asked.now)))
}

async fn load_many<E: Engine>(conn: &mut Connection<E>, asked: &[Asked]) -> Result<Vec<Loaded>, StoreError> {
    let mut hashes = JsonArray::new();
    for one in asked {
        hashes.hex(one.key.as_bytes());
    }
    let rows = rows::<E>(conn, OPERATION, Query::new(E::SESSION.load_many).bind(hashes.finish()?)).await?;
    let mut answers = vec![Loaded::Gone(Gone::UNKNOWN); asked.len()];
    for row in &rows {
        let at = usize::try_from(get::<E, i64>(row, 9)?).unwrap_or(usize::MAX);
        if let (Some(answer), Some(one)) = (answers.get_mut(at), asked.get(at)) {
            *answer = loaded(row, one.now);
        }
    }
    Ok(answers)
}

fn loaded<E: Engine>(row: &Row<E>, now: i64) -> Loaded {
    // What a column cannot hold is this one session's trouble.
    columns(row).map_or(Loaded::Undecodable, |columns| columns.loaded(now))
}

fn columns<E: Engine>(row: &Row<E>) -> Result<SessionColumns<'_>, StoreError> {
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
pub(crate) async fn list_user<E: Engine>(
    conn: &mut Connection<E>,
    user: &UserId,
    after: Option<&KeyHash>,
    limit: u32,
    now: i64,
) -> Result<Vec<UserSession>, StoreError> {
    let after = after.map_or(&[][..], |key| key.as_bytes());
    let query = Query::new(E::SESSION.list_user).bind(user.as_str()).bind(now).bind(after).bind(limit);
    let rows = rows::<E>(conn, "list a user's sessions", query).await?;
    rows.iter().map(user_session).collect()
}

/// A session is listed even if its instants are none, so that it can be ended.
fn user_session<E: Engine>(row: &Row<E>) -> Result<UserSession, StoreError> {
    let hash = <[u8; 32]>::try_from(get::<E, &[u8]>(row, 0)?);
    Ok(UserSession {
        key: KeyHash::from_bytes(hash.map_err(|_| corrupt("a key hash has not 32 bytes"))?),
        created_at: nearest_instant(get(row, 1)?),
        expires_at: nearest_instant(get(row, 2)?),
        ends_at: nearest_instant(get(row, 3)?),
    })
}
