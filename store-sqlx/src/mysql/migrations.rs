//! The tables in MariaDB and MySQL.

use crate::migrate::{Schema, migrations};

pub(super) const SCHEMA: Schema = Schema {
    migrations: migrations!(),
    exists: "
SELECT EXISTS (SELECT 1 FROM information_schema.tables
                WHERE table_schema = DATABASE() AND table_name = 'bursar_migration') FROM (SELECT 1) AS one WHERE $1",
    // DDL commits by itself, so that no transaction keeps others out: a lock of the connection's does. Who gets it late finds the work done;
    // who does not get it at all, in ten minutes, does it as well: every step may be repeated.
    lock: Some("SELECT GET_LOCK(CONCAT('bursar:', SHA1(DATABASE())), 600)"),
    unlock: Some("SELECT RELEASE_LOCK(CONCAT('bursar:', SHA1(DATABASE())))"),
    table: "
CREATE TABLE IF NOT EXISTS bursar_migration (
  version    BIGINT        NOT NULL,
  name       VARCHAR(64)   NOT NULL,
  checksum   VARBINARY(32) NOT NULL,
  applied_at BIGINT        NOT NULL,
  PRIMARY KEY (version),
  CONSTRAINT bursar_migration_checksum CHECK (LENGTH(checksum) = 32)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    keep: "
INSERT INTO bursar_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)
    ON DUPLICATE KEY UPDATE applied_at = applied_at",
};
