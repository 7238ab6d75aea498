//! The routes with the sessions of tower-sessions.

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tower_sessions::cookie::{SameSite, time};
use tower_sessions::session::Error;
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore};
use tower_sessions_sqlx_store::SqliteStore;

use crate::{Failure, values};

/// The routes in a layer of theirs: half an hour idle, prolonged by every request that saves.
fn routes(store: impl SessionStore + Clone, sliding: bool) -> Router {
    let layer = SessionManagerLayer::new(store)
        .with_name(values::COOKIE)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(time::Duration::minutes(30)))
        .with_always_save(sliding);
    Router::new()
        .route("/begin", post(begin))
        .route("/name", get(name))
        .route("/visit", post(visit))
        .layer(layer)
}

/// What a handler answers when its session fails.
struct Failed;

impl From<Error> for Failed {
    fn from(_: Error) -> Self {
        Self
    }
}

impl axum::response::IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

async fn begin(session: Session) -> Result<(), Failed> {
    for (name, value) in values::TEXTS {
        session.insert(name, value).await?;
    }
    Ok(session.insert(values::VISITS, 0_u64).await?)
}

async fn name(session: Session) -> Result<String, Failed> {
    Ok(session.get(values::NAME).await?.unwrap_or_default())
}

async fn visit(session: Session) -> Result<String, Failed> {
    let visits: u64 = session.get(values::VISITS).await?.unwrap_or_default();
    let visits = visits.saturating_add(1);
    session.insert(values::VISITS, visits).await?;
    Ok(visits.to_string())
}

/// The routes with their sessions in memory.
pub fn in_memory(sliding: bool) -> Router {
    routes(MemoryStore::default(), sliding)
}

/// The routes with their sessions in an SQLite file, through so many connections, each as ours opens it.
///
/// # Errors
/// When the file cannot be opened.
pub async fn in_sqlite(path: &Path, connections: u32, sliding: bool) -> Result<Router, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .busy_timeout(Duration::from_secs(5))
        .row_buffer_size(1_024)
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", "16000")
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None);
    let store = SqliteStore::new(pool.connect_with(options).await?);
    store.migrate().await?;
    Ok(routes(store, sliding))
}
