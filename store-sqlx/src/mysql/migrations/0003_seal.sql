-- Seals: what was hashed of the entries, so that one that is changed later is found. Both tables are append-only.

-- One row a step of sealing. A step that closes a seal has its number and its root; the others go with the segments that they kept. Whoever
-- keeps a step gives its number, which is one more than the last: of two at once one is refused by the primary key.
CREATE TABLE IF NOT EXISTS bursar_seal (
  book      VARBINARY(256) NOT NULL,
  step      BIGINT         NOT NULL,
  seal      BIGINT,
  sealed_at BIGINT,
  accounts  BIGINT,
  entries   BIGINT,
  root      VARBINARY(32),
  PRIMARY KEY (book, step),
  UNIQUE KEY bursar_seal_root (book, seal),
  CONSTRAINT bursar_seal_step     CHECK (step > 0),
  CONSTRAINT bursar_seal_seal     CHECK (seal > 0),
  CONSTRAINT bursar_seal_accounts CHECK (accounts >= 0),
  CONSTRAINT bursar_seal_entries  CHECK (entries >= 0),
  CONSTRAINT bursar_seal_digest   CHECK (LENGTH(root) = 32),
  CONSTRAINT bursar_seal_whole    CHECK (
       seal IS NULL AND sealed_at IS NULL AND accounts IS NULL AND entries IS NULL AND root IS NULL
    OR seal IS NOT NULL AND sealed_at IS NOT NULL AND accounts IS NOT NULL AND entries IS NOT NULL AND root IS NOT NULL)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A run of sealed entries of one account: from first_position on, a digest of 32 bytes each, and the account's chain after the last. It counts
-- once its seal has its root.
CREATE TABLE IF NOT EXISTS bursar_segment (
  book           VARBINARY(256) NOT NULL,
  account        VARBINARY(256) NOT NULL,
  first_position BIGINT         NOT NULL,
  seal           BIGINT         NOT NULL,
  digests        BLOB           NOT NULL,
  chain          VARBINARY(32)  NOT NULL,
  PRIMARY KEY (book, account, first_position),
  CONSTRAINT bursar_segment_first   CHECK (first_position > 0),
  CONSTRAINT bursar_segment_seal    CHECK (seal > 0),
  CONSTRAINT bursar_segment_digests CHECK (LENGTH(digests) > 0 AND LENGTH(digests) MOD 32 = 0),
  CONSTRAINT bursar_segment_chain   CHECK (LENGTH(chain) = 32)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- REPLACE and ON DUPLICATE KEY UPDATE are met by these as well.
DROP TRIGGER IF EXISTS bursar_seal_no_update;
CREATE TRIGGER bursar_seal_no_update BEFORE UPDATE ON bursar_seal FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bursar: seals are never changed', MYSQL_ERRNO = 31002;
DROP TRIGGER IF EXISTS bursar_seal_no_delete;
CREATE TRIGGER bursar_seal_no_delete BEFORE DELETE ON bursar_seal FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bursar: seals are never deleted', MYSQL_ERRNO = 31002;
DROP TRIGGER IF EXISTS bursar_segment_no_update;
CREATE TRIGGER bursar_segment_no_update BEFORE UPDATE ON bursar_segment FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bursar: seals are never changed', MYSQL_ERRNO = 31002;
DROP TRIGGER IF EXISTS bursar_segment_no_delete;
CREATE TRIGGER bursar_segment_no_delete BEFORE DELETE ON bursar_segment FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bursar: seals are never deleted', MYSQL_ERRNO = 31002;
