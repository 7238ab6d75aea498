//! The tables in PostgreSQL.

use crate::migrate::{Schema, migrations};

pub(super) const SCHEMA: Schema = Schema {
    migrations: migrations!(),
    // Where this connection would make and find it: the first schema of its search path.
    exists: "SELECT to_regclass(quote_ident(current_schema()) || '.bursar_migration') IS NOT NULL WHERE $1",
    // Two that make a table of one name at once do not find each other's: the second fails. So they take turns; the number is this library's
    // own. Nothing else waits for it.
    lock: Some("SELECT pg_advisory_xact_lock(7094724611372474977)"),
    unlock: None,
    table: r#"
CREATE TABLE IF NOT EXISTS bursar_migration (
  version    BIGINT NOT NULL PRIMARY KEY,
  name       TEXT   COLLATE "C" NOT NULL,
  checksum   BYTEA  NOT NULL CHECK (length(checksum) = 32),
  applied_at BIGINT NOT NULL
)"#,
    keep: "INSERT INTO bursar_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
};
