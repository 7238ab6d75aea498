-- The sessions. An instant is in microseconds since 1970-01-01 UTC, idle_timeout in microseconds. key_hash is the SHA-256 of a key, and opens
-- nothing. bursar_session_shown shows them as people write them.

-- gone: 0 while the session lives, else the number of the reason for which it is gone: a tombstone, which keeps nothing of the session but
-- that, and expires when it has been kept long enough.
-- clean_at: when the clean-up looks at the row next. It is mostly sooner than expires_at, and moved after it by the clean-up alone, so that
-- an update or a touch moves no index, and finds room beside the row.
-- data is text in UTF-8; as bytes, since a text of PostgreSQL's holds no zero.
CREATE TABLE bursar_session (
  key_hash     BYTEA  NOT NULL PRIMARY KEY CHECK (length(key_hash) = 32),
  version      BIGINT NOT NULL CHECK (version >= 1),
  gone         BIGINT NOT NULL DEFAULT 0 CHECK (gone BETWEEN 0 AND 255),
  gone_at      BIGINT,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  ends_at      BIGINT NOT NULL,
  clean_at     BIGINT NOT NULL,
  idle_timeout BIGINT CHECK (idle_timeout >= 0),
  user_id      TEXT   COLLATE "C" CHECK (user_id <> ''),
  data         BYTEA  NOT NULL,
  CHECK (clean_at <= expires_at),
  CHECK (gone = 0 AND gone_at IS NULL
         OR gone > 0 AND gone_at IS NOT NULL AND idle_timeout IS NULL AND user_id IS NULL AND data = '')
) WITH (fillfactor = 70);
CREATE INDEX bursar_session_user  ON bursar_session (user_id, key_hash) WHERE user_id IS NOT NULL;
CREATE INDEX bursar_session_clean ON bursar_session (clean_at);

-- R2: what is gone stays gone.
CREATE FUNCTION bursar_session_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'bursar: a session that is gone does not come back' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER bursar_session_gone BEFORE UPDATE OF gone ON bursar_session
  FOR EACH ROW WHEN (OLD.gone <> 0 AND NEW.gone = 0) EXECUTE FUNCTION bursar_session_gone();

-- For people: the sessions without what they hold. The library does not read it.
CREATE VIEW bursar_session_shown AS
SELECT user_id, version,
       CASE gone WHEN 0 THEN '' WHEN 1 THEN 'logged out' WHEN 2 THEN 'rotated' WHEN 3 THEN 'expired' WHEN 4 THEN 'emptied'
                 ELSE 'gone' END AS gone,
       to_timestamp(gone_at / 1000000) AT TIME ZONE 'UTC' AS gone_at_utc,
       to_timestamp(created_at / 1000000) AT TIME ZONE 'UTC' AS created_at_utc,
       to_timestamp(expires_at / 1000000) AT TIME ZONE 'UTC' AS expires_at_utc,
       to_timestamp(ends_at / 1000000) AT TIME ZONE 'UTC' AS ends_at_utc,
       octet_length(data)::bigint AS bytes
  FROM bursar_session;
