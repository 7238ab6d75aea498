-- Seals: what was hashed of the entries, so that one that is changed later is found. Both tables are append-only.

-- One row a step of sealing. A step that closes a seal has its number and its root; the others go with the segments that they kept. Whoever
-- keeps a step gives its number, which is one more than the last: of two at once one is refused by the primary key.
CREATE TABLE bursar_seal (
  book      TEXT    NOT NULL,
  step      INTEGER NOT NULL CHECK (step > 0),
  seal      INTEGER CHECK (seal > 0),
  sealed_at INTEGER,
  accounts  INTEGER CHECK (accounts >= 0),
  entries   INTEGER CHECK (entries >= 0),
  root      BLOB    CHECK (length(root) = 32),
  PRIMARY KEY (book, step),
  CHECK (CASE WHEN seal IS NULL THEN coalesce(sealed_at, accounts, entries, root) IS NULL
              ELSE sealed_at IS NOT NULL AND accounts IS NOT NULL AND entries IS NOT NULL AND root IS NOT NULL END)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX bursar_seal_root ON bursar_seal (book, seal) WHERE seal IS NOT NULL;

-- A run of sealed entries of one account: from first_position on, a digest of 32 bytes each, and the account's chain after the last. It counts
-- once its seal has its root.
CREATE TABLE bursar_segment (
  book           TEXT    NOT NULL,
  account        TEXT    NOT NULL,
  first_position INTEGER NOT NULL CHECK (first_position > 0),
  seal           INTEGER NOT NULL CHECK (seal > 0),
  digests        BLOB    NOT NULL CHECK (length(digests) > 0 AND length(digests) % 32 = 0),
  chain          BLOB    NOT NULL CHECK (length(chain) = 32),
  PRIMARY KEY (book, account, first_position)
) STRICT;

-- INSERT OR REPLACE deletes what is in its way without a word to the trigger on DELETE.
CREATE TRIGGER bursar_seal_no_replace BEFORE INSERT ON bursar_seal
WHEN EXISTS (SELECT 1 FROM bursar_seal AS s WHERE s.book = NEW.book AND s.step = NEW.step)
  OR (NEW.seal IS NOT NULL AND EXISTS (SELECT 1 FROM bursar_seal AS s WHERE s.book = NEW.book AND s.seal = NEW.seal))
BEGIN SELECT RAISE(ABORT, 'bursar: seals are never replaced'); END;
CREATE TRIGGER bursar_seal_no_update BEFORE UPDATE ON bursar_seal
BEGIN SELECT RAISE(ABORT, 'bursar: seals are never changed'); END;
CREATE TRIGGER bursar_seal_no_delete BEFORE DELETE ON bursar_seal
BEGIN SELECT RAISE(ABORT, 'bursar: seals are never deleted'); END;
CREATE TRIGGER bursar_segment_no_replace BEFORE INSERT ON bursar_segment
WHEN EXISTS (SELECT 1 FROM bursar_segment AS s
              WHERE s.book = NEW.book AND s.account = NEW.account AND s.first_position = NEW.first_position)
BEGIN SELECT RAISE(ABORT, 'bursar: seals are never replaced'); END;
CREATE TRIGGER bursar_segment_no_update BEFORE UPDATE ON bursar_segment
BEGIN SELECT RAISE(ABORT, 'bursar: seals are never changed'); END;
CREATE TRIGGER bursar_segment_no_delete BEFORE DELETE ON bursar_segment
BEGIN SELECT RAISE(ABORT, 'bursar: seals are never deleted'); END;
