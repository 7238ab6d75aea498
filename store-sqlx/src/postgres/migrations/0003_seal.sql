-- Seals: what was hashed of the entries, so that one that is changed later is found. Both tables are append-only.

-- One row a step of sealing. A step that closes a seal has its number and its root; the others go with the segments that they kept. Whoever
-- keeps a step gives its number, which is one more than the last: of two at once one is refused by the primary key.
CREATE TABLE bursar_seal (
  book      TEXT   COLLATE "C" NOT NULL,
  step      BIGINT NOT NULL CHECK (step > 0),
  seal      BIGINT CHECK (seal > 0),
  sealed_at BIGINT,
  accounts  BIGINT CHECK (accounts >= 0),
  entries   BIGINT CHECK (entries >= 0),
  root      BYTEA  CHECK (length(root) = 32),
  PRIMARY KEY (book, step),
  CHECK (num_nonnulls(seal, sealed_at, accounts, entries, root) IN (0, 5))
);
CREATE UNIQUE INDEX bursar_seal_root ON bursar_seal (book, seal) WHERE seal IS NOT NULL;

-- A run of sealed entries of one account: from first_position on, a digest of 32 bytes each, and the account's chain after the last. It counts
-- once its seal has its root.
CREATE TABLE bursar_segment (
  book           TEXT   COLLATE "C" NOT NULL,
  account        TEXT   COLLATE "C" NOT NULL,
  first_position BIGINT NOT NULL CHECK (first_position > 0),
  seal           BIGINT NOT NULL CHECK (seal > 0),
  digests        BYTEA  NOT NULL CHECK (length(digests) > 0 AND length(digests) % 32 = 0),
  chain          BYTEA  NOT NULL CHECK (length(chain) = 32),
  PRIMARY KEY (book, account, first_position)
);
-- Digests do not compress.
ALTER TABLE bursar_segment ALTER COLUMN digests SET STORAGE EXTERNAL;

CREATE FUNCTION bursar_seal_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'bursar: seals are never %', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER bursar_seal_no_update BEFORE UPDATE ON bursar_seal
  FOR EACH STATEMENT EXECUTE FUNCTION bursar_seal_refused('changed');
CREATE TRIGGER bursar_seal_no_delete BEFORE DELETE ON bursar_seal
  FOR EACH STATEMENT EXECUTE FUNCTION bursar_seal_refused('deleted');
CREATE TRIGGER bursar_seal_no_truncate BEFORE TRUNCATE ON bursar_seal
  FOR EACH STATEMENT EXECUTE FUNCTION bursar_seal_refused('deleted');
CREATE TRIGGER bursar_segment_no_update BEFORE UPDATE ON bursar_segment
  FOR EACH STATEMENT EXECUTE FUNCTION bursar_seal_refused('changed');
CREATE TRIGGER bursar_segment_no_delete BEFORE DELETE ON bursar_segment
  FOR EACH STATEMENT EXECUTE FUNCTION bursar_seal_refused('deleted');
CREATE TRIGGER bursar_segment_no_truncate BEFORE TRUNCATE ON bursar_segment
  FOR EACH STATEMENT EXECUTE FUNCTION bursar_seal_refused('deleted');
