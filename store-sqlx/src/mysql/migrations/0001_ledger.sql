-- The ledger. A term is year * 1000 + number; a day is counted from 1970-01-01; an instant is in microseconds since then;
-- money is in minor units, and an entry's amount is its signed effect on the balance. bursar_entry_shown shows them as people write them.
--
-- Names (books, accounts, groups, codes, keys) are VARBINARY: they compare and order by their bytes, trailing blanks included, whatever
-- the connection's collation is, in MariaDB and MySQL alike. Their length is that of so many characters of four bytes.
-- Every statement may be repeated: DDL commits by itself, so that a crash leaves the first of them done.

CREATE TABLE IF NOT EXISTS bursar_book (
  book           VARBINARY(256) NOT NULL,
  currency       VARCHAR(3)     NOT NULL,
  version        BIGINT         NOT NULL DEFAULT 0,
  current_term   BIGINT,
  locked_through BIGINT,
  PRIMARY KEY (book),
  CONSTRAINT bursar_book_currency CHECK (CHAR_LENGTH(currency) = 3),
  CONSTRAINT bursar_book_version  CHECK (version >= 0)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS bursar_term (
  book      VARBINARY(256) NOT NULL,
  term      BIGINT         NOT NULL,
  name      TEXT,
  starts_on BIGINT         NOT NULL,
  ends_on   BIGINT         NOT NULL,
  closed    BIGINT         NOT NULL DEFAULT 0,
  PRIMARY KEY (book, term),
  CONSTRAINT bursar_term_term   CHECK (term BETWEEN 1001 AND 9999999),
  CONSTRAINT bursar_term_closed CHECK (closed IN (0, 1))
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- version is the last position, balance the sum of the amounts: both raised by bursar_entry_posted, in the statement that inserts.
CREATE TABLE IF NOT EXISTS bursar_account (
  book        VARBINARY(256) NOT NULL,
  account     VARBINARY(256) NOT NULL,
  enrolled_on BIGINT         NOT NULL,
  standing    VARCHAR(16)    NOT NULL,
  version     BIGINT         NOT NULL DEFAULT 0,
  revision    BIGINT         NOT NULL DEFAULT 0,
  balance     BIGINT         NOT NULL DEFAULT 0,
  PRIMARY KEY (book, account),
  CONSTRAINT bursar_account_standing
    CHECK (standing IN ('active', 'on_leave', 'graduated', 'withdrawn', 'expelled', 'alumni')),
  CONSTRAINT bursar_account_version  CHECK (version BETWEEN 0 AND 4294967295),
  CONSTRAINT bursar_account_revision CHECK (revision BETWEEN 0 AND 4294967295),
  CONSTRAINT bursar_account_balance  CHECK (balance BETWEEN -1000000000000000000 AND 1000000000000000000)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS bursar_member (
  book      VARBINARY(256) NOT NULL,
  account   VARBINARY(256) NOT NULL,
  fee_group VARBINARY(256) NOT NULL,
  PRIMARY KEY (book, account, fee_group),
  KEY bursar_member_group (book, fee_group, account)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row an instalment. own: 0 is a fee group's fee, 1 an account's own; payer names the group or the account.
CREATE TABLE IF NOT EXISTS bursar_fee (
  book       VARBINARY(256) NOT NULL,
  term       BIGINT         NOT NULL,
  own        BIGINT         NOT NULL,
  payer      VARBINARY(256) NOT NULL,
  code       VARBINARY(256) NOT NULL,
  instalment BIGINT         NOT NULL,
  amount     BIGINT         NOT NULL,
  due_on     BIGINT         NOT NULL,
  revision   BIGINT         NOT NULL,
  PRIMARY KEY (book, term, own, payer, code, instalment),
  CONSTRAINT bursar_fee_own        CHECK (own IN (0, 1)),
  CONSTRAINT bursar_fee_instalment CHECK (instalment BETWEEN 0 AND 999),
  CONSTRAINT bursar_fee_amount     CHECK (amount > 0),
  CONSTRAINT bursar_fee_revision   CHECK (revision BETWEEN 0 AND 4294967295)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- figure: 0 opening, 1 fee, 2 adjustment, 3 paid. slot: revision * 1000 + instalment of a billed charge, NULL by hand.
-- A unique key takes no notice of a row in which one of its columns is NULL.
-- bursar_entry_key: B7, a key is used once in a book, for ever. bursar_entry_reversed: B6, an entry is reversed at most once.
-- bursar_entry_charge: S5, a slot of a code is billed once a term; by hand (slot is NULL) as often as one likes.
-- bursar_entry_figures: covers every sum by term.
CREATE TABLE IF NOT EXISTS bursar_entry (
  book         VARBINARY(256) NOT NULL,
  account      VARBINARY(256) NOT NULL,
  position     BIGINT         NOT NULL,
  id           VARBINARY(16)  NOT NULL,
  term         BIGINT         NOT NULL,
  kind         VARCHAR(16)    NOT NULL,
  figure       BIGINT         NOT NULL,
  amount       BIGINT         NOT NULL,
  effective_on BIGINT         NOT NULL,
  recorded_at  BIGINT         NOT NULL,
  recorded_by  TEXT,
  `key`        VARBINARY(800) NOT NULL,
  method       VARCHAR(16),
  reference    TEXT,
  reason       TEXT,
  code         VARBINARY(256),
  due_on       BIGINT,
  slot         BIGINT,
  fee_group    VARBINARY(256),
  reverses     BIGINT,
  concession   VARCHAR(32),
  note         TEXT,
  PRIMARY KEY (book, account, position),
  UNIQUE KEY bursar_entry_key      (book, `key`),
  UNIQUE KEY bursar_entry_reversed (book, account, reverses),
  UNIQUE KEY bursar_entry_charge   (book, term, account, code, slot),
  KEY        bursar_entry_figures  (book, term, account, figure, amount),
  CONSTRAINT bursar_entry_position CHECK (position > 0),
  CONSTRAINT bursar_entry_id       CHECK (LENGTH(id) = 16),
  CONSTRAINT bursar_entry_figure   CHECK (figure BETWEEN 0 AND 3),
  CONSTRAINT bursar_entry_slot     CHECK (slot >= 0),
  CONSTRAINT bursar_entry_reverses CHECK (reverses > 0),
  CONSTRAINT bursar_entry_kind     CHECK (
       kind = 'payment'    AND figure = 3 AND method IS NOT NULL
    OR kind = 'charge'     AND figure = 1 AND code IS NOT NULL AND due_on IS NOT NULL
    OR kind = 'opening'    AND figure = 0 AND reason IS NOT NULL
    OR kind = 'adjustment' AND figure = 2 AND reason IS NOT NULL
    OR kind = 'refund'     AND figure = 3 AND method IS NOT NULL
    OR kind = 'concession' AND figure = 1 AND concession IS NOT NULL AND reason IS NOT NULL
    OR kind = 'write_off'  AND figure = 2 AND reason IS NOT NULL
    OR kind = 'reversal'   AND reverses IS NOT NULL AND reason IS NOT NULL)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- S2, B1: whoever inserts an entry, the account's version and balance move with it. Position 0 asks for the next one, which only this
-- trigger knows for certain, since it holds the account's row; any other has to be the next one. What LAST_INSERT_ID is told here is
-- forgotten when the trigger ends.
DROP TRIGGER IF EXISTS bursar_entry_posted;
CREATE TRIGGER bursar_entry_posted BEFORE INSERT ON bursar_entry FOR EACH ROW
BEGIN
  UPDATE bursar_account
     SET version = LAST_INSERT_ID(version + 1), balance = balance + NEW.amount
   WHERE book = NEW.book AND account = NEW.account;
  IF ROW_COUNT() <> 1 OR NEW.position <> 0 AND NEW.position <> LAST_INSERT_ID() THEN
    SIGNAL SQLSTATE '45000'
       SET MESSAGE_TEXT = 'bursar: an entry follows the last position of an account that exists', MYSQL_ERRNO = 31001;
  END IF;
  SET NEW.position = LAST_INSERT_ID();
END;

-- B6: entries are append-only. REPLACE and ON DUPLICATE KEY UPDATE are met by these as well.
DROP TRIGGER IF EXISTS bursar_entry_no_update;
CREATE TRIGGER bursar_entry_no_update BEFORE UPDATE ON bursar_entry FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bursar: entries are never changed; reverse it', MYSQL_ERRNO = 31002;
DROP TRIGGER IF EXISTS bursar_entry_no_delete;
CREATE TRIGGER bursar_entry_no_delete BEFORE DELETE ON bursar_entry FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bursar: entries are never deleted; reverse it', MYSQL_ERRNO = 31002;

CREATE TABLE IF NOT EXISTS bursar_file_mark (
  book     VARBINARY(256) NOT NULL,
  `lines`  BIGINT         NOT NULL,
  digest   VARBINARY(32)  NOT NULL,
  replaces VARBINARY(32),
  PRIMARY KEY (book, `lines`, digest),
  CONSTRAINT bursar_file_mark_lines    CHECK (`lines` >= 0),
  CONSTRAINT bursar_file_mark_digest   CHECK (LENGTH(digest) = 32),
  CONSTRAINT bursar_file_mark_replaces CHECK (LENGTH(replaces) = 32)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- For people: the entries as they are written and said. The library does not read it.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW bursar_entry_shown AS
SELECT CONVERT(book USING utf8mb4) AS book, CONVERT(account USING utf8mb4) AS account, position,
       CONCAT(term DIV 1000, '-', term MOD 1000) AS term, kind, amount AS effect_in_minor_units,
       DATE_ADD(DATE '1970-01-01', INTERVAL effective_on DAY) AS effective_on, CONVERT(code USING utf8mb4) AS code,
       DATE_ADD(DATE '1970-01-01', INTERVAL due_on DAY) AS due_on, CONVERT(fee_group USING utf8mb4) AS fee_group, method,
       reference, concession, reason, reverses, CONVERT(`key` USING utf8mb4) AS `key`, note, recorded_by,
       DATE_ADD(TIMESTAMP '1970-01-01 00:00:00', INTERVAL recorded_at MICROSECOND) AS recorded_at_utc, LOWER(HEX(id)) AS id
  FROM bursar_entry;
