//! The tables in SQLite.

use crate::migrate::{Migration, Schema};

pub(super) const SCHEMA: Schema = Schema {
    migrations: &[
        Migration {
            version: 1,
            name: "ledger",
            sql: include_str!("migrations/0001_ledger.sql"),
            needed: true,
        },
        Migration {
            version: 2,
            name: "session",
            sql: include_str!("migrations/0002_session.sql"),
            needed: cfg!(feature = "session"),
        },
        Migration { version: 3, name: "seal", sql: include_str!("migrations/0003_seal.sql"), needed: true },
        Migration {
            version: 4,
            name: "debtors",
            sql: include_str!("migrations/0004_debtors.sql"),
            needed: true,
        },
    ],
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
    applied: "SELECT version, checksum FROM bursar_migration WHERE $1 ORDER BY version",
    keep: "INSERT INTO bursar_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
};
