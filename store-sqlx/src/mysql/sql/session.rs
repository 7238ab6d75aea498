//! Every statement on sessions, each with the index that serves it.
//!
//! A session lives while `gone = 0 AND expires_at > now`. Arrays go in as one JSON text, an array of arrays in the order of the hashes, which
//! is the order in which rows are locked; no two rows of an array are of one session. Neither database says which rows an update was done
//! for. So an update of many is done for all of them or for none; when it was none, the rows it would be done for are asked for and locked
//! first (`…_HELD`), and then it is done for these.

/// Primary key.
pub(super) const LOAD: &str = concat!(
    "SELECT version, gone, gone_at, created_at, expires_at, ends_at, idle_timeout, ",
    name!("user_id"),
    ", data
  FROM bursar_session
 WHERE key_hash = $1"
);

/// The hashes in `$1`, an array, each with its place there from 0.
macro_rules! hashes {
    () => {
        "JSON_TABLE($1, '$[*]' COLUMNS (i FOR ORDINALITY, k VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j
  STRAIGHT_JOIN bursar_session AS s FORCE INDEX (PRIMARY) ON s.key_hash = UNHEX(j.k)"
    };
}

/// Those of the hashes in `$1`, each with its place there; primary key.
pub(super) const LOAD_MANY: &str = concat!(
    "SELECT s.version, s.gone, s.gone_at, s.created_at, s.expires_at, s.ends_at, s.idle_timeout, ",
    name!("s.user_id"),
    ", s.data,
       CAST(j.i AS SIGNED) - 1
  FROM ",
    hashes!()
);

/// Whether those of the hashes in `$1` live, each with its place there; primary key.
pub(super) const LIVES: &str =
    concat!("SELECT CAST(j.i AS SIGNED) - 1, s.gone, s.gone_at, s.expires_at FROM ", hashes!());

/// New sessions from `$1`: `[key_hash, created_at, expires_at, ends_at, idle_timeout, user_id, data]`.
macro_rules! created {
    () => {
        "JSON_TABLE($1, '$[*]' COLUMNS (
    k            VARCHAR(64)  CHARACTER SET utf8mb4 PATH '$[0]',
    created_at   BIGINT                             PATH '$[1]',
    expires_at   BIGINT                             PATH '$[2]',
    ends_at      BIGINT                             PATH '$[3]',
    idle_timeout BIGINT                             PATH '$[4]',
    user_id      VARCHAR(128) CHARACTER SET utf8mb4 PATH '$[5]',
    data         LONGTEXT     CHARACTER SET utf8mb4 PATH '$[6]')) AS j"
    };
}

macro_rules! create {
    () => {
        concat!(
            "
INSERT INTO bursar_session (key_hash, version, created_at, expires_at, clean_at, ends_at, idle_timeout, user_id, data)
SELECT UNHEX(j.k), 1, j.created_at, j.expires_at, j.expires_at, j.ends_at, j.idle_timeout, j.user_id, j.data
  FROM ",
            created!()
        )
    };
}

/// All of them, or none where one is there.
pub(super) const CREATE: &str = create!();

/// The hashes of those that are not there.
pub(super) const CREATE_HELD: &str = concat!(
    "SELECT UNHEX(j.k) FROM ",
    created!(),
    " WHERE NOT EXISTS (SELECT 1 FROM bursar_session AS s WHERE s.key_hash = UNHEX(j.k))"
);

/// Those.
pub(super) const CREATE_REST: &str =
    concat!(create!(), " WHERE NOT EXISTS (SELECT 1 FROM bursar_session AS s WHERE s.key_hash = UNHEX(j.k))");

/// The three statements of an update: over an array with these columns, for rows of which this holds, which sets that.
macro_rules! updates {
    ($all:ident, $held:ident, $rest:ident, $columns:literal, $holds:literal, $sets:literal) => {
        pub(super) const $all: &str = concat!(
            "
UPDATE (SELECT j.*, COUNT(*) OVER () AS held
          FROM JSON_TABLE($1, '$[*]' COLUMNS (k VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[0]', ",
            $columns,
            ")) AS j
          STRAIGHT_JOIN bursar_session AS s FORCE INDEX (PRIMARY) ON s.key_hash = UNHEX(j.k)
         WHERE s.gone = 0 AND s.expires_at > j.now AND ",
            $holds,
            "
           FOR UPDATE) AS j
  STRAIGHT_JOIN bursar_session AS s FORCE INDEX (PRIMARY) ON s.key_hash = UNHEX(j.k)
   SET ",
            $sets,
            "
 WHERE j.held = JSON_LENGTH($1)"
        );

        pub(super) const $held: &str = concat!(
            "
SELECT s.key_hash
  FROM JSON_TABLE($1, '$[*]' COLUMNS (k VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[0]', ",
            $columns,
            ")) AS j
  STRAIGHT_JOIN bursar_session AS s FORCE INDEX (PRIMARY) ON s.key_hash = UNHEX(j.k)
 WHERE s.gone = 0 AND s.expires_at > j.now AND ",
            $holds,
            "
   FOR UPDATE"
        );

        pub(super) const $rest: &str = concat!(
            "
UPDATE JSON_TABLE($1, '$[*]' COLUMNS (k VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[0]', ",
            $columns,
            ")) AS j
  STRAIGHT_JOIN bursar_session AS s FORCE INDEX (PRIMARY) ON s.key_hash = UNHEX(j.k)
   SET ",
            $sets,
            "
 WHERE s.gone = 0 AND s.expires_at > j.now AND ",
            $holds
        );
    };
}

// The content of sessions from `$1`: `[key_hash, version, now, expires_at, ends_at, idle_timeout, user_id, data]`. Primary key.
updates!(
    UPDATE,
    UPDATE_HELD,
    UPDATE_REST,
    "version      BIGINT                             PATH '$[1]',
    now          BIGINT                             PATH '$[2]',
    expires_at   BIGINT                             PATH '$[3]',
    ends_at      BIGINT                             PATH '$[4]',
    idle_timeout BIGINT                             PATH '$[5]',
    user_id      VARCHAR(128) CHARACTER SET utf8mb4 PATH '$[6]',
    data         LONGTEXT     CHARACTER SET utf8mb4 PATH '$[7]'",
    "s.version = j.version",
    "s.version = s.version + 1, s.expires_at = j.expires_at, s.ends_at = j.ends_at, s.data = j.data,
       s.idle_timeout = j.idle_timeout, s.user_id = j.user_id, s.clean_at = LEAST(s.clean_at, j.expires_at)"
);

/// [`UPDATE`] of one session, without an array.
pub(super) const UPDATE_ONE: &str = "
UPDATE bursar_session
   SET version = version + 1, clean_at = LEAST(clean_at, $4), expires_at = $4, ends_at = $5, idle_timeout = $6, user_id = $7, data = $8
 WHERE key_hash = $1 AND version = $2 AND gone = 0 AND expires_at > $3";

// Later ends of idle times from `$1`: `[key_hash, now, expires_at]`; forwards only, and no further than the end of the lifetime. Primary key.
updates!(
    TOUCH,
    TOUCH_HELD,
    TOUCH_REST,
    "now BIGINT PATH '$[1]', expires_at BIGINT PATH '$[2]'",
    "TRUE",
    "s.expires_at = GREATEST(s.expires_at, LEAST(j.expires_at, s.ends_at))"
);

// Tombstones for the sessions of `$1`: `[key_hash, now, kept_until, reason, version]`, of any version without one. Primary key.
updates!(
    DELETE,
    DELETE_HELD,
    DELETE_REST,
    "now BIGINT PATH '$[1]', kept_until BIGINT PATH '$[2]', reason BIGINT PATH '$[3]', version BIGINT PATH '$[4]'",
    "(j.version IS NULL OR s.version = j.version)",
    "s.gone = j.reason, s.gone_at = j.now, s.expires_at = j.kept_until, s.clean_at = j.kept_until, s.version = 1,
       s.created_at = j.now, s.ends_at = j.now, s.idle_timeout = NULL, s.user_id = NULL, s.data = ''"
);

/// Another key for a session; the primary key stops it where that one is taken.
pub(super) const ROTATE: &str = "
UPDATE bursar_session SET key_hash = $2 WHERE key_hash = $1 AND $1 <> $2 AND gone = 0 AND expires_at > $3";

/// `bursar_session_user`.
pub(super) const LIST_USER: &str = "
SELECT key_hash, created_at, expires_at, ends_at
  FROM bursar_session FORCE INDEX (bursar_session_user)
 WHERE user_id = $1 AND gone = 0 AND expires_at > $2 AND key_hash > $3
 ORDER BY key_hash
 LIMIT $4";

/// Tombstones for a user's sessions; `bursar_session_user`. It runs at REPEATABLE READ, which locks what lies between the sessions as well: one
/// that is just getting another key would be missed if that key came before those that were looked at already.
pub(in crate::mysql) const DELETE_USER: &str = "
UPDATE bursar_session FORCE INDEX (bursar_session_user)
   SET gone = $2, gone_at = $3, expires_at = $4, clean_at = $4,
       version = 1, created_at = $3, ends_at = $3, idle_timeout = NULL, user_id = NULL, data = ''
 WHERE user_id = $1 AND gone = 0 AND expires_at > $3 AND NOT (key_hash <=> $5)";

/// What the clean-up has to look at, and has been prolonged, is looked at again when it expires; what somebody is writing, the next time.
/// `bursar_session_clean`.
pub(super) const CLEAN_LATER: &str = "
UPDATE (SELECT key_hash FROM bursar_session FORCE INDEX (bursar_session_clean)
         WHERE clean_at <= $1 AND expires_at > $1 ORDER BY clean_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS j
  STRAIGHT_JOIN bursar_session AS s FORCE INDEX (PRIMARY) ON s.key_hash = j.key_hash
   SET s.clean_at = s.expires_at";

/// `bursar_session_clean`. The expiry is judged by the statement that deletes, on rows that it holds.
pub(super) const CLEAN: &str = "
DELETE s
  FROM (SELECT key_hash FROM bursar_session FORCE INDEX (bursar_session_clean)
         WHERE clean_at <= $1 AND expires_at <= $1 ORDER BY clean_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS j
  STRAIGHT_JOIN bursar_session AS s FORCE INDEX (PRIMARY) ON s.key_hash = j.key_hash";

/// [`DELETE_USER`] sees to it by its isolation.
pub(super) const LOCK_USER: Option<&str> = None;

/// [`UPDATE`] passes over nothing.
pub(super) const UPDATE_INDEXED: Option<&str> = None;
