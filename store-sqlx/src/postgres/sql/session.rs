//! Every statement on sessions, each with the index that serves it.
//!
//! A session lives while `gone = 0 AND expires_at > now`. Arrays go in as one JSON text, an array of arrays; what is `NULL` at the end of one is
//! left off. No two rows of an array are of one session. Data goes in as an array of its own.
//!
//! A statement over an array locks its sessions in the order of their hashes, so that no two wait for each other, and then judges each as
//! it is after the wait: one that has another key by then is not there any more.

pub(super) use crate::session::sql::standard::{LIST_USER, LOAD, ROTATE};

/// Those of the hashes in `$1`, each with its place there; the primary key.
pub(super) const LOAD_MANY: &str = "
SELECT s.version, s.gone, s.gone_at, s.created_at, s.expires_at, s.ends_at, s.idle_timeout, s.user_id, s.data, j.i - 1
  FROM json_array_elements_text($1::json) WITH ORDINALITY AS j (hash, i)
  JOIN bursar_session AS s ON s.key_hash = decode(j.hash, 'hex')";

/// Whether those of the hashes in `$1` live, each with its place there; the primary key.
pub(super) const LIVES: &str = "
SELECT j.i - 1, s.gone, s.gone_at, s.expires_at
  FROM json_array_elements_text($1::json) WITH ORDINALITY AS j (hash, i)
  JOIN bursar_session AS s ON s.key_hash = decode(j.hash, 'hex')";

/// New sessions from `$1`: `[key_hash, created_at, expires_at, ends_at, idle_timeout, user_id]`, and their data from `$2`.
pub(super) const CREATE: &str = "
INSERT INTO bursar_session (key_hash, version, created_at, expires_at, clean_at, ends_at, idle_timeout, user_id, data)
SELECT decode(j.value ->> 0, 'hex') AS key_hash, 1, (j.value ->> 1)::bigint, (j.value ->> 2)::bigint, (j.value ->> 2)::bigint,
       (j.value ->> 3)::bigint, (j.value ->> 4)::bigint, j.value ->> 5, j.data
  FROM ROWS FROM (json_array_elements($1::json), unnest($2::bytea[])) AS j (value, data)
 ORDER BY key_hash
    ON CONFLICT (key_hash) DO NOTHING
RETURNING key_hash";

macro_rules! held {
    () => {
        "),
held AS MATERIALIZED (
  SELECT s.key_hash FROM j JOIN bursar_session AS s ON s.key_hash = j.key_hash ORDER BY s.key_hash FOR NO KEY UPDATE OF s)
"
    };
}

/// The content of sessions from `$1`: `[key_hash, version, now, expires_at, ends_at, idle_timeout, user_id]`, and their data from `$2`. Where the
/// user stays and the clean-up need not look sooner, it moves no index. The primary key.
pub(super) const UPDATE: &str = concat!(
    "WITH j AS MATERIALIZED (
  SELECT decode(value ->> 0, 'hex') AS key_hash, (value ->> 1)::bigint AS version, (value ->> 2)::bigint AS now,
         (value ->> 3)::bigint AS expires_at, (value ->> 4)::bigint AS ends_at, (value ->> 5)::bigint AS idle_timeout,
         value ->> 6 AS user_id, data
    FROM ROWS FROM (json_array_elements($1::json), unnest($2::bytea[])) AS r (value, data)",
    held!(),
    "UPDATE bursar_session AS s
   SET version = s.version + 1, expires_at = j.expires_at, ends_at = j.ends_at, idle_timeout = j.idle_timeout, user_id = j.user_id,
       clean_at = least(s.clean_at, j.expires_at), data = j.data
  FROM j JOIN held AS h ON h.key_hash = j.key_hash
 WHERE s.key_hash = j.key_hash AND s.version = j.version AND s.gone = 0 AND s.expires_at > j.now
RETURNING s.key_hash"
);

/// [`UPDATE`] of one session, without an array. Any user and any deadline: what moves no index costs none.
pub(super) const UPDATE_ONE: &str = "
UPDATE bursar_session
   SET version = version + 1, expires_at = $4, ends_at = $5, idle_timeout = $6, user_id = $7, clean_at = least(clean_at, $4), data = $8
 WHERE key_hash = $1 AND version = $2 AND gone = 0 AND expires_at > $3";

/// Later ends of idle times from `$1`: `[key_hash, now, expires_at]`; forwards only, and no further than the end of the lifetime. The
/// primary key.
pub(super) const TOUCH: &str = concat!(
    "WITH j AS MATERIALIZED (
  SELECT decode(value ->> 0, 'hex') AS key_hash, (value ->> 1)::bigint AS now, (value ->> 2)::bigint AS expires_at
    FROM json_array_elements($1::json)",
    held!(),
    "UPDATE bursar_session AS s
   SET expires_at = greatest(s.expires_at, least(j.expires_at, s.ends_at))
  FROM j JOIN held AS h ON h.key_hash = j.key_hash
 WHERE s.key_hash = j.key_hash AND s.gone = 0 AND s.expires_at > j.now
RETURNING s.key_hash"
);

/// Tombstones for the sessions of `$1`: `[key_hash, now, kept_until, reason, version]`, of any version without one. The primary key.
pub(super) const DELETE: &str = concat!(
    "WITH j AS MATERIALIZED (
  SELECT decode(value ->> 0, 'hex') AS key_hash, (value ->> 1)::bigint AS now, (value ->> 2)::bigint AS kept_until,
         (value ->> 3)::bigint AS reason, (value ->> 4)::bigint AS version
    FROM json_array_elements($1::json)",
    held!(),
    "UPDATE bursar_session AS s
   SET gone = j.reason, gone_at = j.now, expires_at = j.kept_until, clean_at = j.kept_until,
       version = 1, created_at = j.now, ends_at = j.now, idle_timeout = NULL, user_id = NULL, data = ''
  FROM j JOIN held AS h ON h.key_hash = j.key_hash
 WHERE s.key_hash = j.key_hash AND s.gone = 0 AND s.expires_at > j.now AND (j.version IS NULL OR s.version = j.version)
RETURNING s.key_hash"
);

/// A user's sessions that live at `$2`, locked in the order of their keys; `bursar_session_user`. The statement after it sees them as they are
/// then, under whichever key.
pub(super) const LOCK_USER: Option<&str> = Some(
    "
SELECT 1 FROM bursar_session WHERE user_id = $1 AND gone = 0 AND expires_at > $2 ORDER BY key_hash FOR UPDATE",
);

/// Tombstones for a user's sessions; `bursar_session_user`. It takes the rows as it finds them and does not look them up by their keys once
/// more: one that got another key while it was waited for would be missed.
pub(super) const DELETE_USER: &str = "
UPDATE bursar_session
   SET gone = $2, gone_at = $3, expires_at = $4, clean_at = $4,
       version = 1, created_at = $3, ends_at = $3, idle_timeout = NULL, user_id = NULL, data = ''
 WHERE user_id = $1 AND gone = 0 AND expires_at > $3 AND key_hash IS DISTINCT FROM $5";

/// What the clean-up has to look at, and has been prolonged, is looked at again when it expires; `bursar_session_clean`. What others have
/// locked is theirs.
pub(super) const CLEAN_LATER: &str = "
WITH due AS MATERIALIZED (
  SELECT key_hash FROM bursar_session
   WHERE clean_at <= $1 AND expires_at > $1 ORDER BY clean_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE bursar_session AS s SET clean_at = s.expires_at FROM due AS d WHERE s.key_hash = d.key_hash";

/// `bursar_session_clean`. The expiry is judged by the statement that deletes, after it has locked.
pub(super) const CLEAN: &str = "
WITH due AS MATERIALIZED (
  SELECT key_hash FROM bursar_session
   WHERE clean_at <= $1 AND expires_at <= $1 ORDER BY clean_at LIMIT $2 FOR UPDATE SKIP LOCKED)
DELETE FROM bursar_session AS s USING due AS d WHERE s.key_hash = d.key_hash";

/// [`UPDATE`] passes over nothing.
pub(super) const UPDATE_INDEXED: Option<&str> = None;
