-- The ledger. A term is year * 1000 + number; a day is counted from 1970-01-01; an instant is in microseconds since then;
-- money is in minor units, and an entry's amount is its signed effect on the balance. bursar_entry_shown shows them as people write them.

CREATE TABLE bursar_book (
  book           TEXT    NOT NULL PRIMARY KEY,
  currency       TEXT    NOT NULL CHECK (length(currency) = 3),
  version        INTEGER NOT NULL DEFAULT 0 CHECK (version >= 0),
  current_term   INTEGER,
  locked_through INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE bursar_term (
  book      TEXT    NOT NULL,
  term      INTEGER NOT NULL CHECK (term BETWEEN 1001 AND 9999999),
  name      TEXT,
  starts_on INTEGER NOT NULL,
  ends_on   INTEGER NOT NULL,
  closed    INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
  PRIMARY KEY (book, term)
) STRICT, WITHOUT ROWID;

-- version is the last position, balance the sum of the amounts: both raised by bursar_entry_posted, in the statement that inserts.
CREATE TABLE bursar_account (
  book        TEXT    NOT NULL,
  account     TEXT    NOT NULL,
  enrolled_on INTEGER NOT NULL,
  standing    TEXT    NOT NULL
              CHECK (standing IN ('active', 'on_leave', 'graduated', 'withdrawn', 'expelled', 'alumni')),
  version     INTEGER NOT NULL DEFAULT 0 CHECK (version BETWEEN 0 AND 4294967295),
  revision    INTEGER NOT NULL DEFAULT 0 CHECK (revision BETWEEN 0 AND 4294967295),
  balance     INTEGER NOT NULL DEFAULT 0 CHECK (balance BETWEEN -1000000000000000000 AND 1000000000000000000),
  PRIMARY KEY (book, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE bursar_member (
  book      TEXT NOT NULL,
  account   TEXT NOT NULL,
  fee_group TEXT NOT NULL,
  PRIMARY KEY (book, account, fee_group)
) STRICT, WITHOUT ROWID;
CREATE INDEX bursar_member_group ON bursar_member (book, fee_group, account);

-- One row an instalment. own: 0 is a fee group's fee, 1 an account's own; payer names the group or the account.
CREATE TABLE bursar_fee (
  book       TEXT    NOT NULL,
  term       INTEGER NOT NULL,
  own        INTEGER NOT NULL CHECK (own IN (0, 1)),
  payer      TEXT    NOT NULL,
  code       TEXT    NOT NULL,
  instalment INTEGER NOT NULL CHECK (instalment BETWEEN 0 AND 999),
  amount     INTEGER NOT NULL CHECK (amount > 0),
  due_on     INTEGER NOT NULL,
  revision   INTEGER NOT NULL CHECK (revision BETWEEN 0 AND 4294967295),
  PRIMARY KEY (book, term, own, payer, code, instalment)
) STRICT, WITHOUT ROWID;

-- figure: 0 opening, 1 fee, 2 adjustment, 3 paid. slot: revision * 1000 + instalment of a billed charge, NULL by hand.
CREATE TABLE bursar_entry (
  book         TEXT    NOT NULL,
  account      TEXT    NOT NULL,
  position     INTEGER NOT NULL CHECK (position > 0),
  id           BLOB    NOT NULL CHECK (length(id) = 16),
  term         INTEGER NOT NULL,
  kind         TEXT    NOT NULL,
  figure       INTEGER NOT NULL CHECK (figure BETWEEN 0 AND 3),
  amount       INTEGER NOT NULL,
  effective_on INTEGER NOT NULL,
  recorded_at  INTEGER NOT NULL,
  recorded_by  TEXT,
  key          TEXT    NOT NULL,
  method       TEXT,
  reference    TEXT,
  reason       TEXT,
  code         TEXT,
  due_on       INTEGER,
  slot         INTEGER CHECK (slot >= 0),
  fee_group    TEXT,
  reverses     INTEGER CHECK (reverses > 0),
  concession   TEXT,
  note         TEXT,
  PRIMARY KEY (book, account, position),
  CHECK (CASE kind WHEN 'payment'    THEN figure = 3 AND method IS NOT NULL
                   WHEN 'charge'     THEN figure = 1 AND code IS NOT NULL AND due_on IS NOT NULL
                   WHEN 'opening'    THEN figure = 0 AND reason IS NOT NULL
                   WHEN 'adjustment' THEN figure = 2 AND reason IS NOT NULL
                   WHEN 'refund'     THEN figure = 3 AND method IS NOT NULL
                   WHEN 'concession' THEN figure = 1 AND concession IS NOT NULL AND reason IS NOT NULL
                   WHEN 'write_off'  THEN figure = 2 AND reason IS NOT NULL
                   WHEN 'reversal'   THEN reverses IS NOT NULL AND reason IS NOT NULL
                   ELSE 0 END)
) STRICT, WITHOUT ROWID;
-- B7: a key is used once in a book, for ever.
CREATE UNIQUE INDEX bursar_entry_key      ON bursar_entry (book, key);
-- B6: an entry is reversed at most once.
CREATE UNIQUE INDEX bursar_entry_reversed ON bursar_entry (book, account, reverses) WHERE reverses IS NOT NULL;
-- S5: a slot of a code is billed once a term; by hand (slot is NULL) as often as one likes.
CREATE UNIQUE INDEX bursar_entry_charge   ON bursar_entry (book, term, account, code, slot) WHERE code IS NOT NULL;
-- Covers every sum by term.
CREATE INDEX        bursar_entry_figures  ON bursar_entry (book, term, account, figure, amount);

-- S2, B1: whoever inserts an entry, the account's version and balance move with it, and a gap is refused.
CREATE TRIGGER bursar_entry_posted AFTER INSERT ON bursar_entry
BEGIN
  UPDATE bursar_account
     SET version = NEW.position, balance = balance + NEW.amount
   WHERE book = NEW.book AND account = NEW.account AND version = NEW.position - 1;
  SELECT RAISE(ABORT, 'bursar: an entry follows the last position of an account that exists') WHERE changes() = 0;
END;

-- B6: entries are append-only. INSERT OR REPLACE deletes what is in its way without a word to the trigger on DELETE: what is there under the
-- same key, slot or reversed entry is found before it.
CREATE TRIGGER bursar_entry_no_replace BEFORE INSERT ON bursar_entry
WHEN (-- billing's own key says the same as its slot, which is looked for below
      NEW.slot IS NULL
      OR NEW.key <> 'bursar:bill:' || (NEW.term / 1000) || '-' || (NEW.term % 1000) || ':' || NEW.slot || ':' || length(CAST(NEW.code AS BLOB)) || ':' || NEW.code || ':' || NEW.account)
 AND EXISTS (SELECT 1 FROM bursar_entry AS e WHERE e.book = NEW.book AND e.key = NEW.key)
  OR (NEW.slot IS NOT NULL
      AND EXISTS (SELECT 1 FROM bursar_entry AS e
                   WHERE e.book = NEW.book AND e.term = NEW.term AND e.account = NEW.account
                     AND e.code = NEW.code AND e.slot = NEW.slot))
  OR (NEW.reverses IS NOT NULL
      AND EXISTS (SELECT 1 FROM bursar_entry AS e
                   WHERE e.book = NEW.book AND e.account = NEW.account AND e.reverses = NEW.reverses))
BEGIN SELECT RAISE(ABORT, 'bursar: entries are never replaced; reverse it'); END;
CREATE TRIGGER bursar_entry_no_update BEFORE UPDATE ON bursar_entry
BEGIN SELECT RAISE(ABORT, 'bursar: entries are never changed; reverse it'); END;
CREATE TRIGGER bursar_entry_no_delete BEFORE DELETE ON bursar_entry
BEGIN SELECT RAISE(ABORT, 'bursar: entries are never deleted; reverse it'); END;

CREATE TABLE bursar_file_mark (
  book     TEXT    NOT NULL,
  lines    INTEGER NOT NULL CHECK (lines >= 0),
  digest   BLOB    NOT NULL CHECK (length(digest) = 32),
  replaces BLOB    CHECK (length(replaces) = 32),
  PRIMARY KEY (book, lines, digest)
) STRICT, WITHOUT ROWID;

-- For people: the entries as they are written and said. The library does not read it.
CREATE VIEW bursar_entry_shown AS
SELECT book, account, position, (term / 1000) || '-' || (term % 1000) AS term, kind, amount AS effect_in_minor_units,
       date(effective_on * 86400, 'unixepoch') AS effective_on, code, date(due_on * 86400, 'unixepoch') AS due_on,
       fee_group, method, reference, concession, reason, reverses, key, note, recorded_by,
       datetime(recorded_at / 1000000, 'unixepoch') AS recorded_at_utc, lower(hex(id)) AS id
  FROM bursar_entry;
