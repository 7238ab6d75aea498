//! Every statement of the SQLite store, each with the index that serves it.
//!
//! Traps that are avoided here:
//! - Parameters are `$1`, `$2` …: sqlx hands these to every statement of a text alike, while bare `?` are used up in turn, and `?2` without
//!   a `?1` is bound to `NULL` from the third statement of a text on, without a word.
//! - Arrays go in as one JSON text: many parameters cost time with the square of their number.
//! - `GROUP BY +term`: without the plus the planner walks the figures of the whole book to spare itself a small sort.
//! - Text is compared by its bytes (`BINARY`), which is the order that the contract asks for.
//! - Lists come back packed into one row where they are long: every row costs a crossing from SQLite's thread. Names hold no control
//!   characters, so that `char(31)` and `char(10)` part them.

pub(super) const BOOK_OPEN: &str = "
INSERT INTO bursar_book (book, currency) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// The book with its terms: a row a term, or one with none. Primary keys.
pub(super) const BOOK: &str = "
SELECT b.currency, b.version, b.current_term, b.locked_through, t.term, t.name, t.starts_on, t.ends_on, t.closed
  FROM bursar_book AS b
  LEFT JOIN bursar_term AS t ON t.book = b.book
 WHERE b.book = $1
 ORDER BY t.term";

pub(super) const BOOK_VERSION: &str = "SELECT version FROM bursar_book WHERE book = $1";

pub(super) const BOOK_RAISE: &str = "UPDATE bursar_book SET version = version + 1 WHERE book = $1";

pub(super) const TERM_DEFINE: &str = "
INSERT INTO bursar_term (book, term, name, starts_on, ends_on, closed)
SELECT book, $2, $3, $4, $5, $6 FROM bursar_book WHERE book = $1
    ON CONFLICT DO NOTHING";

pub(super) const TERM_CLOSE: &str = "UPDATE bursar_term SET closed = 1 WHERE book = $1 AND term = $2";

pub(super) const TERM_MAKE_CURRENT: &str = "
UPDATE bursar_book SET current_term = $2
 WHERE book = $1 AND EXISTS (SELECT 1 FROM bursar_term WHERE book = $1 AND term = $2)";

pub(super) const BOOK_LOCK: &str = "UPDATE bursar_book SET locked_through = $2 WHERE book = $1";

/// A fee's instalments from `$7`, an array of `[instalment, amount, due_on]`, where the term is defined.
pub(super) const FEE_INSERT: &str = "
INSERT INTO bursar_fee (book, term, own, payer, code, revision, instalment, amount, due_on)
SELECT t.book, t.term, $3, $4, $5, $6, j.value ->> 0, j.value ->> 1, j.value ->> 2
  FROM bursar_term AS t CROSS JOIN json_each($7) AS j
 WHERE t.book = $1 AND t.term = $2";

/// Primary key.
pub(super) const FEE_EXISTS: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_fee WHERE book = $1 AND term = $2 AND own = $3 AND payer = $4 AND code = $5)";

pub(super) const FEE_DELETE: &str = "
DELETE FROM bursar_fee WHERE book = $1 AND term = $2 AND own = $3 AND payer = $4 AND code = $5";

macro_rules! fee_columns {
    () => {
        "SELECT f.own, f.payer, f.code, f.revision, f.instalment, f.amount, f.due_on,
       (SELECT currency FROM bursar_book WHERE book = $1)"
    };
}

/// A page of fees, a row an instalment. Primary key.
pub(super) const FEES: &str = concat!(
    fee_columns!(),
    "
  FROM (SELECT own, payer, code FROM bursar_fee
         WHERE book = $1 AND term = $2 AND instalment = 0 AND (own, payer, code) > ($3, $4, $5)
         ORDER BY own, payer, code LIMIT $6) AS k
 CROSS JOIN bursar_fee AS f
    ON f.book = $1 AND f.term = $2 AND f.own = k.own AND f.payer = k.payer AND f.code = k.code
 ORDER BY f.own, f.payer, f.code, f.instalment"
);

/// The fees that any of the payers in `$3`, an array of `[own, payer]`, pays. Primary key.
pub(super) const FEES_OF: &str = concat!(
    fee_columns!(),
    "
  FROM (SELECT DISTINCT value ->> 0 AS own, value ->> 1 AS payer FROM json_each($3)) AS j
 CROSS JOIN bursar_fee AS f ON f.book = $1 AND f.term = $2 AND f.own = j.own AND f.payer = j.payer
 ORDER BY f.own, f.payer, f.code, f.instalment"
);

/// A charge from a group's fee. `bursar_entry_charge`: it walks the charges of the term until it finds one.
pub(super) const FEE_CHARGED_GROUP: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_entry
                WHERE book = $1 AND term = $2 AND fee_group = $3 AND code = $4 AND code IS NOT NULL)";

/// A charge from an account's own fee. `bursar_entry_charge`.
pub(super) const FEE_CHARGED_OWN: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_entry
                WHERE book = $1 AND term = $2 AND account = $3 AND code = $4 AND slot IS NOT NULL AND fee_group IS NULL)";

macro_rules! account_columns {
    () => {
        "SELECT a.account, a.enrolled_on, a.standing, a.version, a.revision, a.balance,
       (SELECT group_concat(fee_group, char(10)) FROM bursar_member AS m WHERE m.book = a.book AND m.account = a.account),
       (SELECT currency FROM bursar_book WHERE book = $1)
  FROM "
    };
}

/// Primary key.
pub(super) const ACCOUNT: &str =
    concat!(account_columns!(), "bursar_account AS a WHERE a.book = $1 AND a.account = $2");

/// The accounts in `$2`, an array. Primary key.
pub(super) const ACCOUNTS: &str = concat!(
    account_columns!(),
    "(SELECT DISTINCT value AS account FROM json_each($2)) AS j
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = j.account"
);

/// Primary key.
pub(super) const ACCOUNTS_LIST: &str =
    concat!(account_columns!(), "bursar_account AS a WHERE a.book = $1 AND a.account > $2 ORDER BY a.account LIMIT $3");

/// Primary key: it walks the accounts until the page is full. An index of debtors would cost every payment a page more to write.
pub(super) const ACCOUNTS_OWING: &str = concat!(
    account_columns!(),
    "bursar_account AS a WHERE a.book = $1 AND a.account > $2 AND a.balance > 0 ORDER BY a.account LIMIT $3"
);

/// As [`ACCOUNTS_OWING`].
pub(super) const ACCOUNTS_IN_CREDIT: &str = concat!(
    account_columns!(),
    "bursar_account AS a WHERE a.book = $1 AND a.account > $2 AND a.balance < 0 ORDER BY a.account LIMIT $3"
);

/// New accounts from `$2`, an array of `[account, enrolled_on, standing]`; those that exist are left as they are.
pub(super) const ACCOUNTS_OPEN: &str = "
INSERT INTO bursar_account (book, account, enrolled_on, standing)
SELECT b.book, j.value ->> 0, j.value ->> 1, j.value ->> 2
  FROM bursar_book AS b CROSS JOIN json_each($2) AS j
 WHERE b.book = $1
    ON CONFLICT DO NOTHING";

/// Groups from `$2`, an array of `[account, group]`; a repeated one counts once.
pub(super) const MEMBERS_ADD: &str = "
INSERT INTO bursar_member (book, account, fee_group)
SELECT $1, j.value ->> 0, j.value ->> 1 FROM json_each($2) AS j WHERE true
    ON CONFLICT DO NOTHING";

pub(super) const MEMBERS_REMOVE: &str = "DELETE FROM bursar_member WHERE book = $1 AND account = $2";

pub(super) const ACCOUNT_REVISE: &str = "
UPDATE bursar_account SET revision = revision + 1 WHERE book = $1 AND account = $2 AND revision = $3";

pub(super) const ACCOUNT_MOVE: &str = "
UPDATE bursar_account SET revision = revision + 1, standing = $4
 WHERE book = $1 AND account = $2 AND revision = $3 AND ($5 IS NULL OR version = $5)";

macro_rules! entry_columns {
    () => {
        "SELECT e.account, e.position, e.id, e.term, e.kind, e.figure, e.amount, e.effective_on, e.recorded_at, e.recorded_by, e.key,
       e.method, e.reference, e.reason, e.code, e.due_on, e.slot, e.fee_group, e.reverses, e.concession, e.note,
       (SELECT currency FROM bursar_book WHERE book = $1)
  FROM "
    };
}

/// Primary key.
pub(super) const ENTRIES: &str = concat!(
    entry_columns!(),
    "bursar_entry AS e WHERE e.book = $1 AND e.account = $2 AND e.position > $3 ORDER BY e.position LIMIT $4"
);

/// Primary key.
pub(super) const SCAN: &str = concat!(
    entry_columns!(),
    "bursar_entry AS e WHERE e.book = $1 AND (e.account, e.position) > ($2, $3) ORDER BY e.account, e.position LIMIT $4"
);

/// The entries under the keys in `$2`, an array. `bursar_entry_key`.
pub(super) const ENTRIES_BY_KEY: &str = concat!(
    entry_columns!(),
    "(SELECT DISTINCT value AS key FROM json_each($2)) AS j
 CROSS JOIN bursar_entry AS e ON e.book = $1 AND e.key = j.key"
);

/// `bursar_entry_reversed`.
pub(super) const REVERSAL_OF: &str = "SELECT position FROM bursar_entry WHERE book = $1 AND account = $2 AND reverses = $3";

/// The charges in a term of the accounts in `$3`, an array. `bursar_entry_charge`, then `bursar_entry_reversed`.
pub(super) const CHARGES: &str = "
SELECT e.account, e.code, e.slot,
       NOT EXISTS (SELECT 1 FROM bursar_entry AS r
                    WHERE r.book = $1 AND r.account = e.account AND r.reverses = e.position)
  FROM (SELECT DISTINCT value AS account FROM json_each($3)) AS j
 CROSS JOIN bursar_entry AS e INDEXED BY bursar_entry_charge
    ON e.book = $1 AND e.term = $2 AND e.account = j.account AND e.code IS NOT NULL";

macro_rules! figures {
    ($of:literal) => {
        concat!(
            "coalesce(sum(e.amount) FILTER (WHERE ", $of, "e.figure = 0), 0) AS opening,
       coalesce(sum(e.amount) FILTER (WHERE ", $of, "e.figure = 1), 0) AS fee,
       coalesce(sum(e.amount) FILTER (WHERE ", $of, "e.figure = 2), 0) AS adjustment,
       coalesce(sum(e.amount) FILTER (WHERE ", $of, "e.figure = 3), 0) AS paid"
        )
    };
}

/// The totals of one account, a row a term. Primary key.
pub(super) const TOTALS_OF_ONE: &str = concat!(
    "SELECT e.term, ",
    figures!(""),
    " FROM bursar_entry AS e WHERE e.book = $1 AND e.account = $2 GROUP BY +e.term"
);

/// The totals of the accounts in `$2`, an array: a row an account and term. Primary key.
pub(super) const TOTALS: &str = concat!(
    "SELECT e.account, e.term, ",
    figures!(""),
    "
  FROM (SELECT DISTINCT value AS account FROM json_each($2)) AS j
 CROSS JOIN bursar_entry AS e ON e.book = $1 AND e.account = j.account
 GROUP BY +e.account, +e.term"
);

/// How many terms there are from `$2` on, and up to it. Primary key.
pub(super) const TERMS_AROUND: &str = "
SELECT count(*) FILTER (WHERE term >= $2), count(*) FILTER (WHERE term <= $2) FROM bursar_term WHERE book = $1";

macro_rules! term_rows {
    ($earlier:literal, $entries:literal) => {
        concat!(
            "SELECT group_concat(account || char(31) || earlier || char(31) || opening || char(31) || fee || char(31)
                    || adjustment || char(31) || paid, char(10))
  FROM (SELECT a.account, ", $earlier, " AS earlier,
       ", figures!("e.term = $2 AND "), "
          FROM (SELECT account, balance FROM bursar_account
                 WHERE book = $1 AND account > $3 ORDER BY account LIMIT $4) AS a
          LEFT JOIN bursar_entry AS e ", $entries, "
         GROUP BY a.account)"
        )
    };
}

/// The rows of a late term: what was there earlier is the balance less what came since. `bursar_entry_figures`, a seek an account and term.
pub(super) const TERM_ROWS_LATE: &str = term_rows!(
    "a.balance - coalesce(sum(e.amount), 0)",
    "INDEXED BY bursar_entry_figures
            ON e.book = $1 AND e.account = a.account
           AND e.term IN (SELECT term FROM bursar_term WHERE book = $1 AND term >= $2)"
);

/// The rows of an early term. `bursar_entry_figures`, a seek an account and term.
pub(super) const TERM_ROWS_EARLY: &str = term_rows!(
    "coalesce(sum(e.amount) FILTER (WHERE e.term < $2), 0)",
    "INDEXED BY bursar_entry_figures
            ON e.book = $1 AND e.account = a.account
           AND e.term IN (SELECT term FROM bursar_term WHERE book = $1 AND term <= $2)"
);

/// The rows of a term with many before and after it. Primary key: all entries of the accounts, in order.
pub(super) const TERM_ROWS: &str = term_rows!(
    "coalesce(sum(e.amount) FILTER (WHERE e.term < $2), 0)",
    "NOT INDEXED ON e.book = $1 AND e.account = a.account"
);

/// Sums in two halves, so that no sum of a whole book overflows 64 bits: `amount = 2^32 * high + low`.
pub(super) const BOOK_TOTALS: &str = "
SELECT (SELECT count(*)                          FROM bursar_account WHERE book = $1),
       (SELECT coalesce(sum(balance >> 32), 0)        FROM bursar_account WHERE book = $1),
       (SELECT coalesce(sum(balance & 4294967295), 0) FROM bursar_account WHERE book = $1),
       count(*), coalesce(sum(amount >> 32), 0), coalesce(sum(amount & 4294967295), 0)
  FROM bursar_entry INDEXED BY bursar_entry_figures
 WHERE book = $1";

/// Primary key.
pub(super) const FILE_MARKS: &str = "
SELECT lines, digest, replaces FROM bursar_file_mark WHERE book = $1 AND lines > $2 ORDER BY lines, digest LIMIT $3";

pub(super) const FILE_MARK_REMOVE: &str = "DELETE FROM bursar_file_mark WHERE book = $1 AND digest = $2";

pub(super) const FILE_MARK_KEEP: &str = "
INSERT INTO bursar_file_mark (book, lines, digest, replaces) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO UPDATE SET replaces = excluded.replaces";

/// Records the admitted ones of the entries in `$2`, an array of arrays; what an entry does not have at its end is left off.
///
/// The joins and conditions say what [`bursar::rule::admits`] says. One statement by itself: it costs one crossing, and no statement
/// journal; `bursar_entry_posted` raises the versions and balances. Two of a key, a slot, a reversed entry, or an account of which
/// one names its version must not come in one array: the second would be judged by the state before the first.
pub(super) const POST: &str = "
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          method, reference, reason, code, due_on, slot, fee_group, reverses, concession, note)
WITH j AS (
  SELECT key AS i,
         value ->> 0  AS account,      value ->> 1  AS id,          value ->> 2  AS term,        value ->> 3  AS kind,
         value ->> 4  AS figure,       value ->> 5  AS amount,      value ->> 6  AS effective_on,
         value ->> 7  AS recorded_at,  value ->> 8  AS recorded_by, value ->> 9  AS key,         value ->> 10 AS gate,
         value ->> 11 AS method,       value ->> 12 AS reference,   value ->> 13 AS reason,      value ->> 14 AS code,
         value ->> 15 AS due_on,       value ->> 16 AS slot,        value ->> 17 AS fee_group,   value ->> 18 AS version,
         value ->> 19 AS reverses,     value ->> 20 AS concession,  value ->> 21 AS note
    FROM json_each($2))
SELECT $1, j.account, a.version + row_number() OVER (PARTITION BY j.account ORDER BY j.i),
       unhex(j.id), j.term, j.kind, j.figure, j.amount, j.effective_on, j.recorded_at, j.recorded_by, j.key,
       j.method, j.reference, j.reason, j.code, j.due_on, j.slot, j.fee_group, j.reverses, j.concession, j.note
  FROM j
 CROSS JOIN bursar_book    AS b ON b.book = $1                                            -- primary key
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = j.account                  -- primary key
 CROSS JOIN bursar_term    AS t ON t.book = $1 AND t.term = j.term                        -- primary key
 WHERE (b.locked_through IS NULL OR j.effective_on > b.locked_through)
   AND CASE j.gate WHEN 1 THEN b.current_term IS NULL OR j.term <= b.current_term         -- not after the current term
                   WHEN 2 THEN t.closed = 0                                               -- open
                   ELSE 1 END                                                             -- defined
   AND (j.version IS NULL OR a.version = j.version)
   AND a.balance + j.amount BETWEEN -1000000000000000000 AND 1000000000000000000
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e WHERE e.book = $1 AND e.key = j.key)   -- bursar_entry_key
   AND (j.slot IS NULL
        OR NOT EXISTS (SELECT 1 FROM bursar_entry AS e                                    -- bursar_entry_charge
                        WHERE e.book = $1 AND e.term = j.term AND e.account = j.account
                          AND e.code = j.code AND e.slot = j.slot))
   AND (j.reverses IS NULL
        OR NOT EXISTS (SELECT 1 FROM bursar_entry AS e                                    -- bursar_entry_reversed
                        WHERE e.book = $1 AND e.account = j.account AND e.reverses = j.reverses))
RETURNING key, position";

/// Where billing puts what is due before it charges it; of the connection alone.
pub(super) const DUE_TABLE: &str = "
CREATE TEMP TABLE IF NOT EXISTS bursar_due (
  account TEXT NOT NULL, code TEXT NOT NULL, instalment INTEGER NOT NULL, amount INTEGER NOT NULL, due_on INTEGER NOT NULL,
  revision INTEGER NOT NULL, fee_group TEXT, version INTEGER NOT NULL, PRIMARY KEY (account, code, instalment)
) WITHOUT ROWID";

/// Whether the term `$2` takes charges dated `$3`: its last day, or no row. Primary keys.
pub(super) const BILL_GATE: &str = "
SELECT t.ends_on
  FROM bursar_book AS b CROSS JOIN bursar_term AS t ON t.book = b.book AND t.term = $2
 WHERE b.book = $1 AND t.closed = 0 AND (b.locked_through IS NULL OR $3 > b.locked_through)";

/// The accounts of a page: how many, and the last. Primary key.
pub(super) const BILL_PAGE: &str = "
SELECT count(*), max(account)
  FROM (SELECT account FROM bursar_account WHERE book = $1 AND account > $2 ORDER BY account LIMIT $3)";

/// What is due and not charged yet, of the accounts after `$3` up to `$4`, of the standings in `$5`, enrolled by `$6`; then how many
/// accounts and charges that is, and their sum. It writes to the connection's own table alone, and so takes no lock.
pub(super) const BILL_FIND: &str = "
DELETE FROM temp.bursar_due;
INSERT INTO temp.bursar_due
SELECT m.account, f.code, f.instalment, f.amount, max(f.due_on, a.enrolled_on), f.revision, m.fee_group, a.version
  FROM bursar_fee AS f                                                                    -- primary key
 CROSS JOIN bursar_member AS m INDEXED BY bursar_member_group
    ON m.book = $1 AND m.fee_group = f.payer AND m.account > $3 AND m.account <= $4
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = m.account                  -- primary key
 WHERE f.book = $1 AND f.term = $2 AND f.own = 0
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e                                        -- bursar_entry_charge
                    WHERE e.book = $1 AND e.term = $2 AND e.account = m.account AND e.code = f.code)
   AND a.standing IN (SELECT value FROM json_each($5)) AND a.enrolled_on <= $6
   AND NOT EXISTS (SELECT 1 FROM bursar_fee AS o                                          -- its own fee takes its place
                    WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer = m.account AND o.code = f.code)
   AND NOT EXISTS (SELECT 1 FROM bursar_member AS x CROSS JOIN bursar_fee AS g            -- another group's: ambiguous
                       ON g.book = $1 AND g.term = $2 AND g.own = 0 AND g.payer = x.fee_group AND g.code = f.code
                    WHERE x.book = $1 AND x.account = m.account AND x.fee_group <> m.fee_group)
UNION ALL
SELECT a.account, f.code, f.instalment, f.amount, max(f.due_on, a.enrolled_on), f.revision, NULL, a.version
  FROM bursar_fee AS f                                                                    -- primary key
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = f.payer                    -- primary key
 WHERE f.book = $1 AND f.term = $2 AND f.own = 1 AND f.payer > $3 AND f.payer <= $4
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e                                        -- bursar_entry_charge
                    WHERE e.book = $1 AND e.term = $2 AND e.account = a.account AND e.code = f.code)
   AND a.standing IN (SELECT value FROM json_each($5)) AND a.enrolled_on <= $6;
SELECT count(DISTINCT account), count(*), coalesce(sum(amount), 0) FROM temp.bursar_due";

/// Charges what was found: `$2` term, `$3` and `$4` the first id (its first 80 bits in hexadecimal, its counter), `$5` effective on, `$6`
/// recorded at, `$7` by, `$8` the term as keys have it.
pub(super) const BILL_CHARGE: &str = "
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          code, due_on, slot, fee_group)
SELECT $1, d.account, d.version + row_number() OVER (PARTITION BY d.account ORDER BY d.code, d.instalment),
       unhex($3 || printf('%012x', ($4 - 1 + row_number() OVER (ORDER BY d.account, d.code, d.instalment)) & 281474976710655)),
       $2, 'charge', 1, d.amount, $5, $6, $7,
       'bursar:bill:' || $8 || ':' || d.code || ':' || (d.revision * 1000 + d.instalment) || ':' || d.account,
       d.code, d.due_on, d.revision * 1000 + d.instalment, d.fee_group
  FROM temp.bursar_due AS d
 ORDER BY d.account, d.code, d.instalment";

/// The skips of a page, `$1` to `$6` as in [`BILL_FIND`]. It costs a walk over the accounts; beyond that only what is out of the ordinary:
/// members of groups without a fee, and codes that two groups have. It is asked before anything is charged.
macro_rules! skips {
    ($head:literal, $tail:literal) => {
        concat!(
            "
WITH RECURSIVE
  grp (fee_group) AS (                                                    -- the groups there are, a seek each: bursar_member_group
    SELECT min(fee_group) FROM bursar_member WHERE book = $1
     UNION ALL
    SELECT (SELECT min(fee_group) FROM bursar_member WHERE book = $1 AND fee_group > grp.fee_group)
      FROM grp WHERE grp.fee_group IS NOT NULL),
  unpriced AS (
    SELECT fee_group FROM grp
     WHERE fee_group IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM bursar_fee AS f
                        WHERE f.book = $1 AND f.term = $2 AND f.own = 0 AND f.payer = grp.fee_group)),
  contested AS (
    SELECT code FROM bursar_fee WHERE book = $1 AND term = $2 AND own = 0 AND instalment = 0
     GROUP BY code HAVING count(*) > 1),
  skip AS (
SELECT account, CASE WHEN standing IN (SELECT value FROM json_each($5)) THEN 'enrolled-later' ELSE 'standing' END AS reason,
       standing, NULL AS code
  FROM bursar_account
 WHERE book = $1 AND account > $3 AND account <= $4
   AND NOT (standing IN (SELECT value FROM json_each($5)) AND enrolled_on <= $6)
UNION ALL
SELECT DISTINCT a.account, 'no-fee', a.standing, NULL
  FROM unpriced AS u
 CROSS JOIN bursar_member  AS m ON m.book = $1 AND m.fee_group = u.fee_group AND m.account > $3 AND m.account <= $4
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = m.account
 WHERE a.standing IN (SELECT value FROM json_each($5)) AND a.enrolled_on <= $6
   AND NOT EXISTS (SELECT 1 FROM bursar_fee AS o WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer = m.account)
   AND NOT EXISTS (SELECT 1 FROM bursar_member AS x CROSS JOIN bursar_fee AS f
                       ON f.book = $1 AND f.term = $2 AND f.own = 0 AND f.payer = x.fee_group
                    WHERE x.book = $1 AND x.account = m.account)
UNION ALL
SELECT a.account, 'ambiguous', a.standing, c.code
  FROM contested AS c
 CROSS JOIN bursar_fee     AS f ON f.book = $1 AND f.term = $2 AND f.own = 0 AND f.code = c.code AND f.instalment = 0
 CROSS JOIN bursar_member  AS m ON m.book = $1 AND m.fee_group = f.payer AND m.account > $3 AND m.account <= $4
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = m.account
 WHERE a.standing IN (SELECT value FROM json_each($5)) AND a.enrolled_on <= $6
   AND NOT EXISTS (SELECT 1 FROM bursar_fee AS o
                    WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer = m.account AND o.code = c.code)
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e
                    WHERE e.book = $1 AND e.term = $2 AND e.account = m.account AND e.code = c.code)
 GROUP BY a.account, c.code HAVING count(*) > 1)
",
            $head, " FROM skip ", $tail
        )
    };
}

/// How many skips there are, by reason.
pub(super) const BILL_SKIPS_COUNT: &str = skips!("SELECT reason, count(*)", "GROUP BY reason");

/// The first `$7` of them.
pub(super) const BILL_SKIPS_LIST: &str = skips!("SELECT account, reason, standing, code", "ORDER BY account, code LIMIT $7");

/// Whether a repricing decided on version `$2` of the book is admitted: for term `$3`, dated `$4`. Primary keys.
pub(super) const REPRICE_GATE: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_book AS b CROSS JOIN bursar_term AS t ON t.book = b.book AND t.term = $3
                WHERE b.book = $1 AND b.version = $2 AND t.closed = 0
                  AND (b.locked_through IS NULL OR $4 > b.locked_through))";

macro_rules! live_charges {
    () => {
        "bursar_entry AS e INDEXED BY bursar_entry_charge                                 -- the charges of the term
 WHERE e.book = $1 AND e.term = $2 AND e.code = $3 AND e.slot IS NOT NULL AND e.fee_group = $4
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS r                                        -- bursar_entry_reversed
                    WHERE r.book = $1 AND r.account = e.account AND r.reverses = e.position)"
    };
}

/// How many live charges of code `$3` in term `$2` came from the fee of group `$4`; and how many of them are at the old price of
/// their instalment, in `$5`, an array of `[instalment, old, new]`.
pub(super) const REPRICE_COUNT: &str = concat!(
    "SELECT count(*), count(p.value)
  FROM (SELECT e.slot, e.amount FROM ",
    live_charges!(),
    ") AS e
  LEFT JOIN json_each($5) AS p ON p.value ->> 0 = e.slot % 1000 AND p.value ->> 1 = e.amount"
);

/// Reverses each of these and makes it again, account by account: `$6` and `$7` the first id (as in [`BILL_CHARGE`]), `$8` effective on,
/// `$9` recorded at, `$10` by, `$11` why.
pub(super) const REPRICE: &str = concat!(
    "INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          reason, code, due_on, slot, fee_group, reverses)
WITH live AS MATERIALIZED (
  SELECT e.account, e.position, lower(hex(e.id)) AS id, e.slot, e.due_on, e.amount FROM ",
    live_charges!(),
    ")
SELECT $1, l.account,
       a.version + row_number() OVER (PARTITION BY l.account ORDER BY l.position, s.value),
       unhex($6 || printf('%012x', ($7 - 1 + row_number() OVER (ORDER BY l.account, l.position, s.value)) & 281474976710655)),
       $2, CASE s.value WHEN 0 THEN 'reversal' ELSE 'charge' END, 1,
       CASE s.value WHEN 0 THEN -l.amount ELSE p.value ->> 2 END, $8, $9, $10,
       CASE s.value WHEN 0 THEN 'bursar:undo:' ELSE 'bursar:redo:' END || l.id,
       CASE s.value WHEN 0 THEN $11 END,
       CASE s.value WHEN 1 THEN $3 END,
       CASE s.value WHEN 1 THEN l.due_on END,
       CASE s.value WHEN 1 THEN l.slot + 1000 END,
       CASE s.value WHEN 1 THEN $4 END,
       CASE s.value WHEN 0 THEN l.position END
  FROM live AS l
 CROSS JOIN json_each($5) AS p ON p.value ->> 0 = l.slot % 1000 AND p.value ->> 1 = l.amount
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = l.account                  -- primary key
 CROSS JOIN json_each('[0,1]') AS s
 ORDER BY l.account, l.position, s.value"
);
