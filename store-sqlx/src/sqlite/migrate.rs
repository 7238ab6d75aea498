//! The schema: embedded, versioned, applied at every start by whoever comes first (S7).

use bursar::{StoreError, StoreErrorKind};
use sha2::{Digest, Sha256};
use sqlx::{Connection, SqliteConnection};

use super::error::{Phase, failed, store_error};
use super::row::get;
use crate::surroundings::now;

/// A step of the schema. Once released it is never edited: another step follows it.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
    /// Whether this build of the library needs it. One that it does not need is known all the same, so that builds with other features
    /// share a file.
    needed: bool,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "ledger", sql: include_str!("migrations/0001_ledger.sql"), needed: true },
    Migration {
        version: 2,
        name: "session",
        sql: include_str!("migrations/0002_session.sql"),
        needed: cfg!(feature = "session"),
    },
];

const OPERATION: &str = "migrate the schema";

const TABLE_EXISTS: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'bursar_migration') WHERE $1";

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS bursar_migration (
  version    INTEGER NOT NULL PRIMARY KEY,
  name       TEXT    NOT NULL,
  checksum   BLOB    NOT NULL CHECK (length(checksum) = 32),
  applied_at INTEGER NOT NULL
) STRICT";

const APPLIED: &str = "SELECT version, checksum FROM bursar_migration WHERE $1 ORDER BY version";

const KEEP: &str =
    "INSERT INTO bursar_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// Brings the schema up to date. Where it is, nothing is written and no lock taken; else one of those who come at once does it, and the
/// others find it done.
pub(super) async fn migrate(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    if missing(conn).await?.is_empty() {
        return Ok(());
    }
    let begun = conn.begin_with("BEGIN IMMEDIATE").await;
    let mut transaction = begun.map_err(failed(OPERATION))?;
    sqlx::raw_sql(TABLE).execute(&mut *transaction).await.map_err(failed(OPERATION))?;
    for migration in missing(&mut transaction).await? {
        sqlx::raw_sql(migration.sql).execute(&mut *transaction).await.map_err(failed(OPERATION))?;
        let kept = sqlx::query(KEEP).bind(migration.version).bind(migration.name);
        let kept = kept.bind(checksum(migration)).bind(now().timestamp_micros());
        kept.execute(&mut *transaction).await.map_err(failed(OPERATION))?;
        tracing::info!(version = migration.version, name = migration.name, "migrated bursar's tables");
    }
    transaction.commit().await.map_err(|error| store_error(OPERATION, Phase::Before, error))
}

/// The steps that are needed and not applied yet.
async fn missing(conn: &mut SqliteConnection) -> Result<Vec<&'static Migration>, StoreError> {
    let exists =
        sqlx::query(TABLE_EXISTS).bind(true).fetch_all(&mut *conn).await.map_err(failed(OPERATION))?;
    let exists = exists.first().map(|row| get::<bool>(row, 0)).transpose()?;
    let mut applied = Vec::new();
    if exists == Some(true) {
        applied = sqlx::query(APPLIED).bind(true).fetch_all(conn).await.map_err(failed(OPERATION))?;
    }
    let mut missing: Vec<&Migration> = MIGRATIONS.iter().collect();
    for row in &applied {
        let version: i64 = get(row, 0)?;
        let Some(at) = missing.iter().position(|migration| migration.version == version) else {
            let detail =
                format!("the tables are of schema {version}, newer than this library knows; upgrade it");
            return Err(StoreError::new(StoreErrorKind::NewerSchema, OPERATION, detail));
        };
        if checksum(missing.remove(at)) != get::<&[u8]>(row, 1)? {
            let detail = format!(
                "schema {version} was not made by this library; restore a backup, or use the library that made it"
            );
            return Err(StoreError::corrupt(OPERATION, detail));
        }
    }
    missing.retain(|migration| migration.needed);
    Ok(missing)
}

fn checksum(migration: &Migration) -> Vec<u8> {
    Sha256::digest(migration.sql).to_vec()
}
