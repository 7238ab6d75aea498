//! Statements that change the book and its accounts, and those that record entries.

/// The book that is there is left as it is.
pub(in crate::mysql) const BOOK_OPEN: &str = "
INSERT INTO bursar_book (book, currency) VALUES ($1, $2) ON DUPLICATE KEY UPDATE version = version";

/// Held until the transaction ends: nobody changes the book, or its terms and fees, meanwhile. Primary key.
pub(in crate::mysql) const BOOK_VERSION: &str = "
SELECT version FROM bursar_book WHERE book = $1 LOCK IN SHARE MODE";

/// [`BOOK_VERSION`] for who changes them: nobody posts meanwhile either.
pub(in crate::mysql) const BOOK_VERSION_FOR_CHANGE: &str = "
SELECT version FROM bursar_book WHERE book = $1 FOR UPDATE";

/// The book is locked by then.
pub(in crate::mysql) const TERM_DEFINE: &str = "
INSERT INTO bursar_term (book, term, name, starts_on, ends_on, closed)
SELECT b.book, $2, $3, $4, $5, $6
  FROM bursar_book AS b
 WHERE b.book = $1 AND NOT EXISTS (SELECT 1 FROM bursar_term AS t WHERE t.book = $1 AND t.term = $2)";

pub(in crate::mysql) const TERM_CLOSE: &str =
    "UPDATE bursar_term SET closed = 1 WHERE book = $1 AND term = $2";

/// A fee's instalments from `$7`, an array of `[instalment, amount, due_on]`, where the term is defined.
pub(in crate::mysql) const FEE_INSERT: &str = "
INSERT INTO bursar_fee (book, term, own, payer, code, revision, instalment, amount, due_on)
SELECT t.book, t.term, $3, $4, $5, $6, j.instalment, j.amount, j.due_on
  FROM bursar_term AS t
  STRAIGHT_JOIN JSON_TABLE($7, '$[*]' COLUMNS (instalment BIGINT PATH '$[0]', amount BIGINT PATH '$[1]', due_on BIGINT PATH '$[2]')) AS j
 WHERE t.book = $1 AND t.term = $2";

/// New accounts from `$2`, an array of `[account, enrolled_on, standing]`; those that exist are left as they are, and one that is named
/// twice is opened once.
pub(in crate::mysql) const ACCOUNTS_OPEN: &str = "
INSERT INTO bursar_account (book, account, enrolled_on, standing)
SELECT $1, j.account, j.enrolled_on, j.standing
  FROM (SELECT CAST(t.account AS BINARY) AS account, MIN(t.enrolled_on) AS enrolled_on, MIN(t.standing) AS standing
          FROM JSON_TABLE($2, '$[*]' COLUMNS (account     VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[0]',
                                              enrolled_on BIGINT                            PATH '$[1]',
                                              standing    VARCHAR(16) CHARACTER SET utf8mb4 PATH '$[2]')) AS t
         GROUP BY CAST(t.account AS BINARY)) AS j
 WHERE EXISTS (SELECT 1 FROM bursar_book WHERE book = $1)
   AND NOT EXISTS (SELECT 1 FROM bursar_account AS a WHERE a.book = $1 AND a.account <=> j.account)
 ORDER BY j.account";

/// Groups from `$2`, an array of `[account, group]`; a repeated one counts once.
pub(in crate::mysql) const MEMBERS_ADD: &str = "
INSERT INTO bursar_member (book, account, fee_group)
SELECT $1, t.account, t.fee_group
  FROM JSON_TABLE($2, '$[*]' COLUMNS (account   VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[0]',
                                      fee_group VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[1]')) AS t
    ON DUPLICATE KEY UPDATE bursar_member.fee_group = bursar_member.fee_group";

pub(in crate::mysql) const FILE_MARK_KEEP: &str = "
INSERT INTO bursar_file_mark (book, `lines`, digest, replaces) VALUES ($1, $2, $3, $4)
    ON DUPLICATE KEY UPDATE replaces = $4";

/// An entry's columns.
macro_rules! into_entry {
    () => {
        "
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, `key`,
                          method, reference, reason, code, due_on, slot, fee_group, reverses, concession, note)"
    };
}

/// What the book and the term ask of an entry.
macro_rules! gates {
    ($effective_on:literal, $gate:literal) => {
        concat!(
            "(b.locked_through IS NULL OR ", $effective_on, " > b.locked_through)
   AND CASE ", $gate, " WHEN 1 THEN b.current_term IS NULL OR t.term <= b.current_term        -- not after the current term
                WHEN 2 THEN t.closed = 0                                              -- open
                ELSE TRUE END                                                         -- defined"
        )
    };
}

/// Postings from an array, of which what an entry does not have at its end is left off: `[account, term, gate, effective_on, key, id, kind,
/// figure, amount, recorded_at, recorded_by, method, reference, …]`, and the rest, which a payment has not, in an array within it.
macro_rules! postings {
    ($parameter:literal) => {
        concat!(
            "JSON_TABLE(",
            $parameter,
            ", '$[*]' COLUMNS (
    i            FOR ORDINALITY,
    account      VARCHAR(64)  CHARACTER SET utf8mb4 PATH '$[0]',
    term         BIGINT                             PATH '$[1]',
    gate         BIGINT                             PATH '$[2]',
    effective_on BIGINT                             PATH '$[3]',
    k            VARCHAR(200) CHARACTER SET utf8mb4 PATH '$[4]',
    id           VARCHAR(32)  CHARACTER SET utf8mb4 PATH '$[5]',
    kind         VARCHAR(16)  CHARACTER SET utf8mb4 PATH '$[6]',
    figure       BIGINT                             PATH '$[7]',
    amount       BIGINT                             PATH '$[8]',
    recorded_at  BIGINT                             PATH '$[9]',
    recorded_by  LONGTEXT     CHARACTER SET utf8mb4 PATH '$[10]',
    method       VARCHAR(16)  CHARACTER SET utf8mb4 PATH '$[11]',
    reference    LONGTEXT     CHARACTER SET utf8mb4 PATH '$[12]',
    NESTED PATH '$[13]' COLUMNS (
      reason     LONGTEXT     CHARACTER SET utf8mb4 PATH '$[0]',
      code       VARCHAR(64)  CHARACTER SET utf8mb4 PATH '$[1]',
      due_on     BIGINT                             PATH '$[2]',
      slot       BIGINT                             PATH '$[3]',
      fee_group  VARCHAR(64)  CHARACTER SET utf8mb4 PATH '$[4]',
      version    BIGINT                             PATH '$[5]',
      reverses   BIGINT                             PATH '$[6]',
      concession VARCHAR(32)  CHARACTER SET utf8mb4 PATH '$[7]',
      note       LONGTEXT     CHARACTER SET utf8mb4 PATH '$[8]'))) AS j"
        )
    };
}

/// Records the entries in `$2`, ordered by account: those that the book and their terms admit. Whatever else [`bursar::rule::admits`] says
/// is held by the tables, which stop all of them for the one that is not admitted: a key, a slot or a reversed entry that is taken, an account
/// that does not exist or has another version, a balance past its bound. Mostly there is none; else [`REFUSED`] tells which.
///
/// So it is a plain flow from the array into the table: it reads no entry, for which the server would gather the rows in a table of its own
/// first, and no account, which it may not, since `bursar_entry_posted` raises the versions and balances and numbers the entries. The book and
/// the terms stay as they are until it is committed, and the accounts' rows are locked in their order.
///
/// Two of a key, a slot, a reversed entry, or an account of which one names its version must not come in one array.
macro_rules! post {
    ($returning:literal) => {
        concat!(
            into_entry!(),
            "
SELECT b.book, j.account, COALESCE(j.version + 1, 0), UNHEX(j.id), j.term, j.kind, j.figure, j.amount, j.effective_on, j.recorded_at,
       j.recorded_by, j.k, j.method, j.reference, j.reason, j.code, j.due_on, j.slot, j.fee_group, j.reverses, j.concession, j.note
  FROM bursar_book AS b FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN ",
            postings!("$2"),
            "
  STRAIGHT_JOIN bursar_term AS t FORCE INDEX (PRIMARY) ON t.book = b.book AND t.term = j.term
 WHERE b.book = $1
   AND ",
            gates!("j.effective_on", "j.gate"),
            "
  LOCK IN SHARE MODE",
            $returning
        )
    };
}

pub(in crate::mysql) const POST: &str = post!("");

/// [`POST`] in MariaDB: the keys and positions of what was recorded.
pub(in crate::mysql) const POST_RETURNING: &str = post!("\nRETURNING CONVERT(`key` USING utf8mb4), position");

/// [`POST`] of one entry, without an array: its account, position (or 0), id, kind and so on from `$2`; `$20` term, `$21` gate.
macro_rules! post_one {
    ($returning:literal) => {
        concat!(
            into_entry!(),
            "
SELECT b.book, $2, $3, $4, t.term, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21
  FROM bursar_book AS b FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN bursar_term AS t FORCE INDEX (PRIMARY) ON t.book = b.book AND t.term = $22
 WHERE b.book = $1
   AND ",
            gates!("$8", "$23"),
            "
  LOCK IN SHARE MODE",
            $returning
        )
    };
}

pub(in crate::mysql) const POST_ONE: &str = post_one!("");

/// [`POST_ONE`] in MariaDB.
pub(in crate::mysql) const POST_ONE_RETURNING: &str =
    post_one!("\nRETURNING CONVERT(`key` USING utf8mb4), position");

/// The keys and positions of what was just recorded of the postings in `$2`, an array of `[key, id]`: what has the key but another id was
/// recorded before. `bursar_entry_key`.
pub(in crate::mysql) const POSTED: &str = concat!(
    "SELECT ",
    name!("e.`key`"),
    ", e.position
  FROM JSON_TABLE($2, '$[*]' COLUMNS (k  VARCHAR(200) CHARACTER SET utf8mb4 PATH '$[0]',
                                      id VARCHAR(32)  CHARACTER SET utf8mb4 PATH '$[1]')) AS j
  STRAIGHT_JOIN bursar_entry AS e FORCE INDEX (bursar_entry_key) ON e.book = $1 AND e.`key` = j.k
 WHERE e.id = UNHEX(j.id)"
);

/// Which of the postings in `$2` the tables would stop, by their number from 0.
pub(in crate::mysql) const REFUSED: &str = concat!(
    "SELECT CAST(j.i AS SIGNED) - 1
  FROM ",
    postings!("$2"),
    "
  LEFT JOIN bursar_account AS a FORCE INDEX (PRIMARY) ON a.book = $1 AND a.account = j.account       -- primary key
 WHERE a.account IS NULL
    OR j.version IS NOT NULL AND a.version <> j.version
    OR a.balance + j.amount NOT BETWEEN -1000000000000000000 AND 1000000000000000000
    OR EXISTS (SELECT 1 FROM bursar_entry AS e WHERE e.book = $1 AND e.`key` <=> j.k)                -- bursar_entry_key
    OR j.slot IS NOT NULL
       AND EXISTS (SELECT 1 FROM bursar_entry AS e                                                   -- bursar_entry_charge
                    WHERE e.book = $1 AND e.term <=> j.term AND e.account <=> j.account
                      AND e.code <=> j.code AND e.slot <=> j.slot)
    OR j.reverses IS NOT NULL
       AND EXISTS (SELECT 1 FROM bursar_entry AS e                                                   -- bursar_entry_reversed
                    WHERE e.book = $1 AND e.account <=> j.account AND e.reverses <=> j.reverses)"
);
