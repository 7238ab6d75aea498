//! The tables in SQLite.

use crate::migrate::{Schema, migrations};

pub(super) const SCHEMA: Schema = Schema {
    migrations: migrations!(),
    exists: "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'bursar_migration') WHERE $1",
    lock: None,
    unlock: None,
    table: "
CREATE TABLE IF NOT EXISTS bursar_migration (
  version    INTEGER NOT NULL PRIMARY KEY,
  name       TEXT    NOT NULL,
  checksum   BLOB    NOT NULL CHECK (length(checksum) = 32),
  applied_at INTEGER NOT NULL
) STRICT",
    keep: "INSERT INTO bursar_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
};
