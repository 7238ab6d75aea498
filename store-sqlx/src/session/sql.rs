//! Statements on sessions that every database takes alike, and those that SQLite and PostgreSQL do. What a database says in its own way is among
//! its own, and in [`SessionSql`](super::statements::SessionSql).

/// Whether a session lives; the unique key.
pub(crate) const LIFE: &str = "SELECT gone, gone_at, expires_at FROM bursar_session WHERE key_hash = $1";

/// The tombstone under the old one.
pub(crate) const ROTATED: &str = "
INSERT INTO bursar_session (key_hash, version, gone, gone_at, created_at, expires_at, ends_at, clean_at, data)
VALUES ($1, 1, $2, $3, $3, $4, $3, $4, '')";

/// What SQLite and PostgreSQL take alike. MySQL reads names as bytes, and seeks by indexes that it is told.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod standard {
    /// The unique key.
    pub(crate) const LOAD: &str = "
SELECT version, gone, gone_at, created_at, expires_at, ends_at, idle_timeout, user_id, data
  FROM bursar_session
 WHERE key_hash = $1";

    /// Another key for a session, in its row: who waits for the row finds the session in it afterwards, whatever its key. The unique key, twice.
    pub(crate) const ROTATE: &str = "
UPDATE bursar_session
   SET key_hash = $2
 WHERE key_hash = $1 AND gone = 0 AND expires_at > $3
   AND NOT EXISTS (SELECT 1 FROM bursar_session AS taken WHERE taken.key_hash = $2)";

    /// `bursar_session_user`.
    pub(crate) const LIST_USER: &str = "
SELECT key_hash, created_at, expires_at, ends_at
  FROM bursar_session
 WHERE user_id = $1 AND gone = 0 AND expires_at > $2 AND key_hash > $3
 ORDER BY key_hash
 LIMIT $4";
}
