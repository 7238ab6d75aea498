//! Every statement on sessions, each with the index that serves it.
//!
//! Data goes in beside the array that says whose it is: every column that is taken of an inner array writes and reads that one anew.
//!
//! A session lives while `gone = 0 AND expires_at > now`. Arrays go in as one JSON text, an array of arrays; what is `NULL` at the end of one is
//! left off. No two rows of an array are of one session. The columns of `bursar_session` are written with the table's name where an array
//! has one of the same name.

pub(super) use crate::session::sql::standard::{LIST_USER, LOAD, ROTATE};

/// Those of the hashes in `$1`, each with its place there; the unique key.
pub(super) const LOAD_MANY: &str = "
SELECT s.version, s.gone, s.gone_at, s.created_at, s.expires_at, s.ends_at, s.idle_timeout, s.user_id, s.data, j.key
  FROM json_each($1) AS j
 CROSS JOIN bursar_session AS s ON s.key_hash = unhex(j.value)";

/// Whether those of the hashes in `$1` live, each with its place there; the unique key.
pub(super) const LIVES: &str = "
SELECT j.key, s.gone, s.gone_at, s.expires_at
  FROM json_each($1) AS j
 CROSS JOIN bursar_session AS s ON s.key_hash = unhex(j.value)";

/// New sessions from `$1`: `[key_hash, created_at, expires_at, ends_at, idle_timeout, user_id]`, and their data from `$2`.
pub(super) const CREATE: &str = "
INSERT INTO bursar_session (key_hash, version, created_at, expires_at, clean_at, ends_at, data, idle_timeout, user_id)
SELECT unhex(value ->> 0), 1, value ->> 1, value ->> 2, value ->> 2, value ->> 3, $2 ->> key, value ->> 4, value ->> 5
  FROM json_each($1)
 WHERE true
    ON CONFLICT (key_hash) DO NOTHING
RETURNING key_hash";

/// The content of sessions from `$1`: `[key_hash, version, now, expires_at, ends_at, idle_timeout, user_id]`, and their data from `$2`, where it
/// moves no index: the user stays, and the clean-up need not look sooner. The unique key.
pub(super) const UPDATE: &str = "
UPDATE bursar_session
   SET version = bursar_session.version + 1, expires_at = j.expires_at, ends_at = j.ends_at, data = j.data,
       idle_timeout = j.idle_timeout
  FROM (SELECT unhex(value ->> 0) AS key_hash, value ->> 1 AS version, value ->> 2 AS now, value ->> 3 AS expires_at,
               value ->> 4 AS ends_at, $2 ->> key AS data, value ->> 5 AS idle_timeout, value ->> 6 AS user_id
          FROM json_each($1)) AS j
 WHERE bursar_session.key_hash = j.key_hash AND bursar_session.version = j.version
   AND bursar_session.gone = 0 AND bursar_session.expires_at > j.now
   AND bursar_session.user_id IS j.user_id AND bursar_session.clean_at <= j.expires_at
RETURNING key_hash";

/// [`UPDATE`] of one session, without an array.
pub(super) const UPDATE_ONE: &str = "
UPDATE bursar_session
   SET version = version + 1, expires_at = $4, ends_at = $5, idle_timeout = $6, data = $8
 WHERE key_hash = $1 AND version = $2 AND gone = 0 AND expires_at > $3 AND user_id IS $7 AND clean_at <= $4";

/// [`UPDATE`] wherever else the session lives and has the version.
pub(super) const UPDATE_INDEXED: Option<&str> = Some(
    "
UPDATE bursar_session
   SET version = bursar_session.version + 1, expires_at = j.expires_at, ends_at = j.ends_at, data = j.data,
       idle_timeout = j.idle_timeout, user_id = j.user_id, clean_at = min(bursar_session.clean_at, j.expires_at)
  FROM (SELECT unhex(value ->> 0) AS key_hash, value ->> 1 AS version, value ->> 2 AS now, value ->> 3 AS expires_at,
               value ->> 4 AS ends_at, $2 ->> key AS data, value ->> 5 AS idle_timeout, value ->> 6 AS user_id
          FROM json_each($1)) AS j
 WHERE bursar_session.key_hash = j.key_hash AND bursar_session.version = j.version
   AND bursar_session.gone = 0 AND bursar_session.expires_at > j.now
RETURNING key_hash",
);

/// Later ends of idle times from `$1`: `[key_hash, now, expires_at]`; forwards only, and no further than the end of the lifetime. The unique
/// key.
pub(super) const TOUCH: &str = "
UPDATE bursar_session
   SET expires_at = max(bursar_session.expires_at, min(j.expires_at, ends_at))
  FROM (SELECT unhex(value ->> 0) AS key_hash, value ->> 1 AS now, value ->> 2 AS expires_at FROM json_each($1)) AS j
 WHERE bursar_session.key_hash = j.key_hash AND bursar_session.gone = 0 AND bursar_session.expires_at > j.now
RETURNING key_hash";

/// Tombstones for the sessions of `$1`: `[key_hash, now, kept_until, reason, version]`, of any version without one. The unique key.
pub(super) const DELETE: &str = "
UPDATE bursar_session
   SET gone = j.reason, gone_at = j.now, expires_at = j.kept_until, clean_at = j.kept_until,
       version = 1, created_at = j.now, ends_at = j.now, idle_timeout = NULL, user_id = NULL, data = ''
  FROM (SELECT unhex(value ->> 0) AS key_hash, value ->> 1 AS now, value ->> 2 AS kept_until, value ->> 3 AS reason,
               value ->> 4 AS version
          FROM json_each($1)) AS j
 WHERE bursar_session.key_hash = j.key_hash AND bursar_session.gone = 0 AND bursar_session.expires_at > j.now
   AND (j.version IS NULL OR bursar_session.version = j.version)
RETURNING key_hash";

/// Tombstones for a user's sessions; `bursar_session_user`.
pub(super) const DELETE_USER: &str = "
UPDATE bursar_session
   SET gone = $2, gone_at = $3, expires_at = $4, clean_at = $4,
       version = 1, created_at = $3, ends_at = $3, idle_timeout = NULL, user_id = NULL, data = ''
 WHERE user_id = $1 AND gone = 0 AND expires_at > $3 AND key_hash IS NOT $5";

/// What the clean-up has to look at, and has been prolonged, is looked at again when it expires; `bursar_session_clean`.
pub(super) const CLEAN_LATER: &str = "
UPDATE bursar_session
   SET clean_at = expires_at
 WHERE rowid IN (SELECT rowid FROM bursar_session WHERE clean_at <= $1 AND expires_at > $1 ORDER BY clean_at LIMIT $2)";

/// `bursar_session_clean`. The expiry is judged by the statement that deletes.
pub(super) const CLEAN: &str = "
DELETE FROM bursar_session
 WHERE rowid IN (SELECT rowid FROM bursar_session WHERE clean_at <= $1 AND expires_at <= $1 ORDER BY clean_at LIMIT $2)";

/// The one writer locks the whole database.
pub(super) const LOCK_USER: Option<&str> = None;
