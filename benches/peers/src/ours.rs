//! The routes with bursar's sessions.

use std::path::Path;

use axum::Router;
use axum::routing::{get, post};
use bursar_session::{Error, Session, SessionLayer, SessionStore, hours, minutes};
use bursar_store_sqlx::SqliteStore;

use crate::{Failure, values};

/// The routes in a layer of ours: half an hour idle, prolonged by use, twelve hours in all.
pub fn routes(store: impl SessionStore) -> Router {
    // The defaults, said. The cookie is `__Host-session`, Secure, HttpOnly, SameSite=Lax, without Max-Age.
    let layer = SessionLayer::new(store).idle_timeout(minutes(30)).lifetime(hours(12));
    bare().layer(layer)
}

/// The routes without any layer.
pub fn bare() -> Router {
    Router::new()
        .route("/begin", post(begin))
        .route("/name", get(name))
        .route("/visit", post(visit))
        .route("/about", get(about))
}

async fn begin(session: Session) -> Result<(), Error> {
    for (name, value) in values::TEXTS {
        session.insert(name, value)?;
    }
    session.insert(values::VISITS, &0_u64)
}

async fn name(session: Session) -> Result<String, Error> {
    Ok(session.get(values::NAME).await?.unwrap_or_default())
}

async fn visit(session: Session) -> Result<String, Error> {
    let visits: u64 = session.get(values::VISITS).await?.unwrap_or_default();
    let visits = visits.saturating_add(1);
    session.insert(values::VISITS, &visits)?;
    Ok(visits.to_string())
}

async fn about() -> &'static str {
    values::ABOUT
}

/// The routes with their sessions in memory.
pub fn in_memory() -> Router {
    routes(bursar_store_memory::MemoryStore::new())
}

/// The routes with their sessions in an SQLite file, as the store opens it.
///
/// # Errors
/// When the file cannot be opened.
pub async fn in_sqlite(path: &Path) -> Result<Router, Failure> {
    Ok(routes(SqliteStore::open(path).await?))
}
