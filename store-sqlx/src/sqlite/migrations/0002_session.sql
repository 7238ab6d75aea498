-- The sessions. An instant is in microseconds since 1970-01-01 UTC, idle_timeout in microseconds. key_hash is the SHA-256 of a key, and opens
-- nothing. bursar_session_shown shows them as people write them.

-- gone: 0 while the session lives, else the number of the reason for which it is gone: a tombstone, which keeps nothing of the session but
-- that, and expires when it has been kept long enough.
-- clean_at: when the clean-up looks at the row next. It is mostly sooner than expires_at, and moved after it by the clean-up alone, so that
-- an update or a touch moves no index.
-- data comes last: what stands before it is read without reading it.
CREATE TABLE bursar_session (
  key_hash     BLOB    NOT NULL UNIQUE CHECK (length(key_hash) = 32),
  version      INTEGER NOT NULL CHECK (version >= 1),
  gone         INTEGER NOT NULL DEFAULT 0 CHECK (gone BETWEEN 0 AND 255),
  gone_at      INTEGER,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  ends_at      INTEGER NOT NULL,
  clean_at     INTEGER NOT NULL,
  idle_timeout INTEGER CHECK (idle_timeout >= 0),
  user_id      TEXT    CHECK (user_id <> ''),
  data         TEXT    NOT NULL,
  CHECK (clean_at <= expires_at),
  CHECK (gone = 0 AND gone_at IS NULL
         OR gone > 0 AND gone_at IS NOT NULL AND idle_timeout IS NULL AND user_id IS NULL AND data = '')
) STRICT;
CREATE INDEX bursar_session_user ON bursar_session (user_id, key_hash) WHERE user_id IS NOT NULL;
CREATE INDEX bursar_session_clean ON bursar_session (clean_at);

-- R2: what is gone stays gone.
CREATE TRIGGER bursar_session_gone BEFORE UPDATE OF gone ON bursar_session WHEN OLD.gone <> 0 AND NEW.gone = 0
BEGIN SELECT RAISE(ABORT, 'bursar: a session that is gone does not come back'); END;

-- For people: the sessions without what they hold. The library does not read it.
CREATE VIEW bursar_session_shown AS
SELECT user_id, version,
       CASE gone WHEN 0 THEN '' WHEN 1 THEN 'logged out' WHEN 2 THEN 'rotated' WHEN 3 THEN 'expired' WHEN 4 THEN 'emptied'
                 ELSE 'gone' END AS gone,
       datetime(gone_at / 1000000, 'unixepoch') AS gone_at_utc, datetime(created_at / 1000000, 'unixepoch') AS created_at_utc,
       datetime(expires_at / 1000000, 'unixepoch') AS expires_at_utc, datetime(ends_at / 1000000, 'unixepoch') AS ends_at_utc,
       length(data) AS characters
  FROM bursar_session;
