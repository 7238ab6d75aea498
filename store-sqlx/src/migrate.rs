//! The schema: embedded, versioned, applied at every start by whoever comes first (S7).

use bursar::{StoreError, StoreErrorKind};
use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::error::{Phase, failed, store_error};
use crate::query::{Connection, Query, begin, execute, get, row, rows};
use crate::surroundings::now;

/// A step of the schema. Once released it is never edited: another step follows it.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
    /// Whether this build of the library needs it. One that it does not need is known all the same, so that builds with other features
    /// share a database.
    pub(crate) needed: bool,
}

/// A step, whose text is in the folder `migrations` beside where this is said.
macro_rules! migration {
    ($version:literal, $name:literal, $needed:expr) => {
        $crate::migrate::Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("migrations/000", $version, "_", $name, ".sql")),
            needed: $needed,
        }
    };
}

/// Every step, in order. Each database has a text of its own for each.
macro_rules! migrations {
    () => {
        &[
            $crate::migrate::migration!(1, "ledger", true),
            $crate::migrate::migration!(2, "session", cfg!(feature = "session")),
            $crate::migrate::migration!(3, "seal", true),
            $crate::migrate::migration!(4, "debtors", true),
        ]
    };
}
pub(crate) use {migration, migrations};

/// The steps of a database's schema, and the statements by which is kept which of them were taken.
#[derive(Debug)]
pub struct Schema {
    pub(crate) migrations: &'static [Migration],
    /// Whether the table of what was applied is there; its parameter is true.
    pub(crate) exists: &'static str,
    /// Keeps others from migrating until the transaction ends, where its beginning does not.
    pub(crate) lock: Option<&'static str>,
    /// Lets others migrate again, where the end of the transaction does not.
    pub(crate) unlock: Option<&'static str>,
    pub(crate) table: &'static str,
    pub(crate) keep: &'static str,
}

/// The versions and checksums of what was applied; its parameter is true.
const APPLIED: &str = "SELECT version, checksum FROM bursar_migration WHERE $1 ORDER BY version";

const OPERATION: &str = "migrate the schema";

/// Brings the schema up to date. Where it is, nothing is written and no lock taken; else one of those who come at once does it, and the
/// others find it done.
pub(crate) async fn migrate<E: Engine>(conn: &mut Connection<E>) -> Result<(), StoreError> {
    if missing::<E>(conn).await?.is_empty() {
        return Ok(());
    }
    let begun = begin::<E>(conn, E::BEGIN).await;
    let mut transaction = begun.map_err(failed::<E>(OPERATION))?;
    if let Some(lock) = E::SCHEMA.lock {
        E::execute_script(&mut transaction, lock).await.map_err(failed::<E>(OPERATION))?;
    }
    let done = apply::<E>(&mut transaction).await;
    if let Some(unlock) = E::SCHEMA.unlock
        && let Err(error) = E::execute_script(&mut transaction, unlock).await
    {
        // The lock goes with the connection, which is broken.
        tracing::debug!(%error, "the lock of the schema could not be given back");
    }
    done?;
    transaction.commit().await.map_err(|error| store_error::<E>(OPERATION, Phase::Before, error))
}

/// Takes the steps that nobody has taken yet.
async fn apply<E: Engine>(conn: &mut Connection<E>) -> Result<(), StoreError> {
    E::execute_script(conn, E::SCHEMA.table).await.map_err(failed::<E>(OPERATION))?;
    for migration in missing::<E>(conn).await? {
        E::execute_script(conn, migration.sql).await.map_err(failed::<E>(OPERATION))?;
        let checksum = checksum(migration);
        let kept = Query::new(E::SCHEMA.keep).bind(migration.version).bind(migration.name);
        let kept = kept.bind(checksum.as_slice()).bind(now().timestamp_micros());
        execute::<E>(conn, OPERATION, kept).await?;
        tracing::info!(version = migration.version, name = migration.name, "migrated bursar's tables");
    }
    Ok(())
}

/// The steps that are needed and not applied yet.
async fn missing<E: Engine>(conn: &mut Connection<E>) -> Result<Vec<&'static Migration>, StoreError> {
    let exists = row::<E>(conn, OPERATION, Query::new(E::SCHEMA.exists).bind(true)).await?;
    let exists = exists.map(|row| get::<E, bool>(&row, 0)).transpose()?;
    let mut applied = Vec::new();
    if exists == Some(true) {
        applied = rows::<E>(conn, OPERATION, Query::new(APPLIED).bind(true)).await?;
    }
    let mut missing: Vec<&Migration> = E::SCHEMA.migrations.iter().collect();
    for row in &applied {
        let version: i64 = get(row, 0)?;
        let Some(at) = missing.iter().position(|migration| migration.version == version) else {
            let detail =
                format!("the tables are of schema {version}, newer than this library knows; upgrade it");
            return Err(StoreError::new(StoreErrorKind::NewerSchema, OPERATION, detail));
        };
        if checksum(missing.remove(at)) != get::<E, &[u8]>(row, 1)? {
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
