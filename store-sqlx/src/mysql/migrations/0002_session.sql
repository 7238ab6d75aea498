-- The sessions. An instant is in microseconds since 1970-01-01 UTC, idle_timeout in microseconds. key_hash is the SHA-256 of a key, and opens
-- nothing. bursar_session_shown shows them as people write them.

-- gone: 0 while the session lives, else the number of the reason for which it is gone: a tombstone, which keeps nothing of the session but
-- that, and expires when it has been kept long enough.
-- clean_at: when the clean-up looks at the row next. It is mostly sooner than expires_at, and moved after it by the clean-up alone, so that
-- an update or a touch moves no index.
CREATE TABLE IF NOT EXISTS bursar_session (
  key_hash     VARBINARY(32)  NOT NULL,
  version      BIGINT         NOT NULL,
  gone         BIGINT         NOT NULL DEFAULT 0,
  gone_at      BIGINT,
  created_at   BIGINT         NOT NULL,
  expires_at   BIGINT         NOT NULL,
  ends_at      BIGINT         NOT NULL,
  clean_at     BIGINT         NOT NULL,
  idle_timeout BIGINT,
  user_id      VARBINARY(512),
  data         LONGTEXT       NOT NULL,
  PRIMARY KEY (key_hash),
  KEY bursar_session_user  (user_id, key_hash),
  KEY bursar_session_clean (clean_at),
  CONSTRAINT bursar_session_key_hash     CHECK (LENGTH(key_hash) = 32),
  CONSTRAINT bursar_session_version      CHECK (version >= 1),
  CONSTRAINT bursar_session_gone_number  CHECK (gone BETWEEN 0 AND 255),
  CONSTRAINT bursar_session_idle_timeout CHECK (idle_timeout >= 0),
  CONSTRAINT bursar_session_user_id      CHECK (LENGTH(user_id) > 0),
  CONSTRAINT bursar_session_cleaned      CHECK (clean_at <= expires_at),
  CONSTRAINT bursar_session_tombstone    CHECK (
       gone = 0 AND gone_at IS NULL
    OR gone > 0 AND gone_at IS NOT NULL AND idle_timeout IS NULL AND user_id IS NULL AND LENGTH(data) = 0)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- R2: what is gone stays gone.
DROP TRIGGER IF EXISTS bursar_session_gone;
CREATE TRIGGER bursar_session_gone BEFORE UPDATE ON bursar_session FOR EACH ROW
IF OLD.gone <> 0 AND NEW.gone = 0 THEN
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bursar: a session that is gone does not come back', MYSQL_ERRNO = 31003;
END IF;

-- For people: the sessions without what they hold. The library does not read it.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW bursar_session_shown AS
SELECT CONVERT(user_id USING utf8mb4) AS user_id, version,
       CASE gone WHEN 0 THEN '' WHEN 1 THEN 'logged out' WHEN 2 THEN 'rotated' WHEN 3 THEN 'expired' WHEN 4 THEN 'emptied'
                 ELSE 'gone' END AS gone,
       DATE_ADD(TIMESTAMP '1970-01-01 00:00:00', INTERVAL gone_at MICROSECOND) AS gone_at_utc,
       DATE_ADD(TIMESTAMP '1970-01-01 00:00:00', INTERVAL created_at MICROSECOND) AS created_at_utc,
       DATE_ADD(TIMESTAMP '1970-01-01 00:00:00', INTERVAL expires_at MICROSECOND) AS expires_at_utc,
       DATE_ADD(TIMESTAMP '1970-01-01 00:00:00', INTERVAL ends_at MICROSECOND) AS ends_at_utc,
       CHAR_LENGTH(data) AS characters
  FROM bursar_session;
