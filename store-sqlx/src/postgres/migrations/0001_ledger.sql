-- The ledger. A term is year * 1000 + number; a day is counted from 1970-01-01; an instant is in microseconds since then;
-- money is in minor units, and an entry's amount is its signed effect on the balance. bursar_entry_shown shows them as people write them.
-- Text is compared and ordered by its bytes.

CREATE TABLE bursar_book (
  book           TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
  currency       TEXT   COLLATE "C" NOT NULL CHECK (length(currency) = 3),
  version        BIGINT NOT NULL DEFAULT 0 CHECK (version >= 0),
  current_term   BIGINT,
  locked_through BIGINT
);

-- Row locks are not granted in turn: as long as others share the book's row one after the other, whoever wants it alone would wait. A lock on
-- the table is: those who come later stand behind. It keeps nobody from reading, and is held until the book's change is committed.
CREATE FUNCTION bursar_book_alone() RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  LOCK TABLE bursar_book IN EXCLUSIVE MODE;
END $$;

CREATE TABLE bursar_term (
  book      TEXT    COLLATE "C" NOT NULL,
  term      BIGINT  NOT NULL CHECK (term BETWEEN 1001 AND 9999999),
  name      TEXT    COLLATE "C",
  starts_on BIGINT  NOT NULL,
  ends_on   BIGINT  NOT NULL,
  closed    BOOLEAN NOT NULL DEFAULT false,
  PRIMARY KEY (book, term)
);

-- version is the last position, balance the sum of the amounts: both raised by the statement that inserts entries. No index holds what
-- changes, and a page has room for the next version of a row beside the last.
CREATE TABLE bursar_account (
  book        TEXT   COLLATE "C" NOT NULL,
  account     TEXT   COLLATE "C" NOT NULL,
  enrolled_on BIGINT NOT NULL,
  standing    TEXT   COLLATE "C" NOT NULL
              CHECK (standing IN ('active', 'on_leave', 'graduated', 'withdrawn', 'expelled', 'alumni')),
  version     BIGINT NOT NULL DEFAULT 0 CHECK (version BETWEEN 0 AND 4294967295),
  revision    BIGINT NOT NULL DEFAULT 0 CHECK (revision BETWEEN 0 AND 4294967295),
  balance     BIGINT NOT NULL DEFAULT 0 CHECK (balance BETWEEN -1000000000000000000 AND 1000000000000000000),
  PRIMARY KEY (book, account)
) WITH (fillfactor = 50);

CREATE TABLE bursar_member (
  book      TEXT COLLATE "C" NOT NULL,
  account   TEXT COLLATE "C" NOT NULL,
  fee_group TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (book, account, fee_group)
);
CREATE INDEX bursar_member_group ON bursar_member (book, fee_group, account);

-- One row an instalment. own: 0 is a fee group's fee, 1 an account's own; payer names the group or the account.
CREATE TABLE bursar_fee (
  book       TEXT   COLLATE "C" NOT NULL,
  term       BIGINT NOT NULL,
  own        BIGINT NOT NULL CHECK (own IN (0, 1)),
  payer      TEXT   COLLATE "C" NOT NULL,
  code       TEXT   COLLATE "C" NOT NULL,
  instalment BIGINT NOT NULL CHECK (instalment BETWEEN 0 AND 999),
  amount     BIGINT NOT NULL CHECK (amount > 0),
  due_on     BIGINT NOT NULL,
  revision   BIGINT NOT NULL CHECK (revision BETWEEN 0 AND 4294967295),
  PRIMARY KEY (book, term, own, payer, code, instalment)
);

-- figure: 0 opening, 1 fee, 2 adjustment, 3 paid. slot: revision * 1000 + instalment of a billed charge, NULL by hand.
-- raised: whether the statement that inserted it has raised the account's version and balance as well; else bursar_entry_posted does.
CREATE TABLE bursar_entry (
  book         TEXT   COLLATE "C" NOT NULL,
  account      TEXT   COLLATE "C" NOT NULL,
  position     BIGINT NOT NULL CHECK (position > 0),
  id           BYTEA  NOT NULL CHECK (length(id) = 16),
  term         BIGINT NOT NULL,
  kind         TEXT   COLLATE "C" NOT NULL,
  figure       BIGINT NOT NULL CHECK (figure BETWEEN 0 AND 3),
  amount       BIGINT NOT NULL,
  effective_on BIGINT NOT NULL,
  recorded_at  BIGINT NOT NULL,
  recorded_by  TEXT   COLLATE "C",
  key          TEXT   COLLATE "C" NOT NULL,
  method       TEXT   COLLATE "C",
  reference    TEXT   COLLATE "C",
  reason       TEXT   COLLATE "C",
  code         TEXT   COLLATE "C",
  due_on       BIGINT,
  slot         BIGINT CHECK (slot >= 0),
  fee_group    TEXT   COLLATE "C",
  reverses     BIGINT CHECK (reverses > 0),
  concession   TEXT   COLLATE "C",
  note         TEXT   COLLATE "C",
  raised       BOOLEAN NOT NULL DEFAULT false,
  PRIMARY KEY (book, account, position),
  CHECK (CASE kind WHEN 'payment'    THEN figure = 3 AND method IS NOT NULL
                   WHEN 'charge'     THEN figure = 1 AND code IS NOT NULL AND due_on IS NOT NULL
                   WHEN 'opening'    THEN figure = 0 AND reason IS NOT NULL
                   WHEN 'adjustment' THEN figure = 2 AND reason IS NOT NULL
                   WHEN 'refund'     THEN figure = 3 AND method IS NOT NULL
                   WHEN 'concession' THEN figure = 1 AND concession IS NOT NULL AND reason IS NOT NULL
                   WHEN 'write_off'  THEN figure = 2 AND reason IS NOT NULL
                   WHEN 'reversal'   THEN reverses IS NOT NULL AND reason IS NOT NULL
                   ELSE false END)
);
-- B7: a key is used once in a book, for ever.
CREATE UNIQUE INDEX bursar_entry_key      ON bursar_entry (book, key);
-- B6: an entry is reversed at most once.
CREATE UNIQUE INDEX bursar_entry_reversed ON bursar_entry (book, account, reverses) WHERE reverses IS NOT NULL;
-- S5: a slot of a code is billed once a term; by hand (slot is NULL) as often as one likes.
CREATE UNIQUE INDEX bursar_entry_charge   ON bursar_entry (book, term, account, code, slot) WHERE code IS NOT NULL;
-- Covers every sum by term.
CREATE INDEX        bursar_entry_figures  ON bursar_entry (book, term, account, figure, amount);

-- S2, B1: whoever else inserts an entry, the account's version and balance move with it, and a gap is refused. The library's own statements
-- raise them for all that they insert: a trigger that is called for every row would cost more than all else.
CREATE FUNCTION bursar_entry_posted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE bursar_account
     SET version = NEW.position, balance = balance + NEW.amount
   WHERE book = NEW.book AND account = NEW.account AND version = NEW.position - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'bursar: an entry follows the last position of an account that exists'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER bursar_entry_posted AFTER INSERT ON bursar_entry
  FOR EACH ROW WHEN (NOT NEW.raised) EXECUTE FUNCTION bursar_entry_posted();

-- B6: entries are append-only.
CREATE FUNCTION bursar_entry_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'bursar: entries are never %; reverse it', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER bursar_entry_no_update BEFORE UPDATE ON bursar_entry
  FOR EACH STATEMENT EXECUTE FUNCTION bursar_entry_refused('changed');
CREATE TRIGGER bursar_entry_no_delete BEFORE DELETE ON bursar_entry
  FOR EACH STATEMENT EXECUTE FUNCTION bursar_entry_refused('deleted');
CREATE TRIGGER bursar_entry_no_truncate BEFORE TRUNCATE ON bursar_entry
  FOR EACH STATEMENT EXECUTE FUNCTION bursar_entry_refused('deleted');

CREATE TABLE bursar_file_mark (
  book     TEXT   COLLATE "C" NOT NULL,
  lines    BIGINT NOT NULL CHECK (lines >= 0),
  digest   BYTEA  NOT NULL CHECK (length(digest) = 32),
  replaces BYTEA  CHECK (length(replaces) = 32),
  PRIMARY KEY (book, lines, digest)
);

-- For people: the entries as they are written and said. The library does not read it. A day that no calendar shows is left empty.
CREATE VIEW bursar_entry_shown AS
SELECT book, account, position, (term / 1000) || '-' || (term % 1000) AS term, kind, amount AS effect_in_minor_units,
       CASE WHEN effective_on BETWEEN -719162 AND 2932896 THEN to_char(DATE '1970-01-01' + effective_on::integer, 'YYYY-MM-DD') END
         AS effective_on,
       code, CASE WHEN due_on BETWEEN -719162 AND 2932896 THEN to_char(DATE '1970-01-01' + due_on::integer, 'YYYY-MM-DD') END AS due_on,
       fee_group, method, reference, concession, reason, reverses, key, note, recorded_by,
       to_char(to_timestamp(recorded_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS recorded_at_utc,
       encode(id, 'hex') AS id
  FROM bursar_entry;
