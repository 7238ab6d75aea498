//! Statements that bill and reprice.

/// Where billing puts what is due before it charges it; of the connection alone. A temporary table commits nothing.
pub(in crate::mysql) const DUE_TABLE: &str = "
CREATE TEMPORARY TABLE IF NOT EXISTS bursar_due (
  account     VARBINARY(256) NOT NULL,
  code        VARBINARY(256) NOT NULL,
  instalment  BIGINT         NOT NULL,
  amount      BIGINT         NOT NULL,
  due_on      BIGINT         NOT NULL,
  revision    BIGINT         NOT NULL,
  fee_group   VARBINARY(256),
  at_version  BIGINT         NOT NULL,
  at_revision BIGINT         NOT NULL,
  PRIMARY KEY (account, code, instalment)
) ENGINE=InnoDB";

/// Whether the term `$2` takes charges dated `$3`: its last day, or no row; held until the transaction ends. Primary keys.
pub(in crate::mysql) const BILL_GATE: &str = "
SELECT t.ends_on
  FROM bursar_book AS b FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN bursar_term AS t FORCE INDEX (PRIMARY) ON t.book = b.book AND t.term = $2
 WHERE b.book = $1 AND t.closed = 0 AND (b.locked_through IS NULL OR $3 > b.locked_through)
  LOCK IN SHARE MODE";

/// The accounts of a page: how many, and the last. Primary key.
pub(in crate::mysql) const BILL_PAGE: &str = concat!(
    "SELECT COUNT(*), ",
    name!("MAX(p.account)"),
    "
  FROM (SELECT account FROM bursar_account WHERE book = $1 AND account > $2 ORDER BY account LIMIT $3) AS p"
);

/// Whether an account is of the standings in `$5`, an array.
macro_rules! standing {
    () => {
        "JSON_CONTAINS($5, JSON_QUOTE(a.standing))"
    };
}

/// Whether an account is eligible: of the standings in `$5`, an array, enrolled by `$6`.
macro_rules! eligible {
    () => {
        concat!(standing!(), " AND a.enrolled_on <= $6")
    };
}

pub(in crate::mysql) const DUE_NONE: &str = "DELETE FROM bursar_due";

/// What is due and not charged yet, of the accounts after `$3` up to `$4`, of the standings in `$5`, enrolled by `$6`. It writes to the
/// connection's own table alone, and locks nothing: what the accounts were at that moment is kept with it.
pub(in crate::mysql) const DUE_FIND: &str = concat!(
    "INSERT INTO bursar_due (account, code, instalment, amount, due_on, revision, fee_group, at_version, at_revision)
SELECT a.account, f.code, f.instalment, f.amount, GREATEST(f.due_on, a.enrolled_on), f.revision, m.fee_group, a.version, a.revision
  FROM bursar_account AS a FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN bursar_member AS m FORCE INDEX (PRIMARY) ON m.book = $1 AND m.account = a.account
  STRAIGHT_JOIN bursar_fee    AS f FORCE INDEX (PRIMARY) ON f.book = $1 AND f.term = $2 AND f.own = 0 AND f.payer = m.fee_group
 WHERE a.book = $1 AND a.account > $3 AND a.account <= $4 AND ",
    eligible!(),
    "
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e FORCE INDEX (bursar_entry_charge)
                    WHERE e.book = $1 AND e.term = $2 AND e.account <=> a.account AND e.code <=> f.code)
   AND NOT EXISTS (SELECT 1 FROM bursar_fee AS o                                          -- its own fee takes its place: primary key
                    WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer <=> a.account AND o.code <=> f.code)
   AND (f.code NOT IN (SELECT c.code FROM bursar_fee AS c                                 -- asked once: one group alone has it
                        WHERE c.book = $1 AND c.term = $2 AND c.own = 0 AND c.instalment = 0
                        GROUP BY c.code HAVING COUNT(*) > 1)
        OR NOT EXISTS (SELECT 1 FROM bursar_member AS x                                   -- another group's: ambiguous
                         STRAIGHT_JOIN bursar_fee AS g FORCE INDEX (PRIMARY)
                            ON g.book = $1 AND g.term = $2 AND g.own = 0 AND g.payer = x.fee_group AND g.code <=> f.code
                        WHERE x.book = $1 AND x.account <=> a.account AND x.fee_group <> m.fee_group))
UNION ALL
SELECT a.account, f.code, f.instalment, f.amount, GREATEST(f.due_on, a.enrolled_on), f.revision, NULL, a.version, a.revision
  FROM bursar_fee AS f FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN bursar_account AS a FORCE INDEX (PRIMARY) ON a.book = $1 AND a.account = f.payer
 WHERE f.book = $1 AND f.term = $2 AND f.own = 1 AND f.payer > $3 AND f.payer <= $4
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e FORCE INDEX (bursar_entry_charge)
                    WHERE e.book = $1 AND e.term = $2 AND e.account <=> a.account AND e.code <=> f.code)
   AND ",
    eligible!()
);

/// How many accounts and charges that is, and their sum.
pub(in crate::mysql) const DUE_COUNT: &str = "
SELECT COUNT(DISTINCT account), COUNT(*), CAST(COALESCE(SUM(amount), 0) AS SIGNED) FROM bursar_due";

/// Locks the accounts of which something is due, in their order; how many of them have moved since it was found: posted to, regrouped, or of
/// another standing. Primary keys.
pub(in crate::mysql) const DUE_LOCK: &str = "
SELECT COUNT(CASE WHEN a.version <> d.at_version OR a.revision <> d.at_revision THEN 1 END)
  FROM (SELECT account, MIN(at_version) AS at_version, MIN(at_revision) AS at_revision
          FROM bursar_due GROUP BY account ORDER BY account) AS d
  STRAIGHT_JOIN bursar_account AS a FORCE INDEX (PRIMARY) ON a.book = $1 AND a.account = d.account
   FOR UPDATE";

/// Charges what was found: `$2` term, `$3` and `$4` the first id (its first 80 bits in hexadecimal, its counter), `$5` effective on, `$6`
/// recorded at, `$7` by, `$8` the term as keys have it. `bursar_entry_posted` numbers them.
pub(in crate::mysql) const BILL_CHARGE: &str = "
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, `key`,
                          code, due_on, slot, fee_group)
SELECT $1, d.account, 0, UNHEX(CONCAT($3, LPAD(HEX(($4 - 1 + d.n) & 281474976710655), 12, '0'))),
       $2, 'charge', 1, d.amount, $5, $6, $7,
       CONCAT('bursar:bill:', $8, ':', d.revision * 1000 + d.instalment, ':', LENGTH(d.code), ':', d.code, ':', d.account),
       d.code, d.due_on, d.revision * 1000 + d.instalment, d.fee_group
  FROM (SELECT bursar_due.*, ROW_NUMBER() OVER (ORDER BY account, code, instalment) AS n FROM bursar_due) AS d
 ORDER BY d.n";

/// The skips of a page, `$1` to `$6` as in [`DUE_FIND`]. It costs a walk over the accounts, and more only where there are groups without a fee, or
/// codes that two groups have. It is asked before anything is charged.
macro_rules! skips {
    ($head:literal, $tail:literal) => {
        concat!(
            "
WITH
  unpriced AS (
    SELECT g.fee_group
      FROM (SELECT DISTINCT fee_group FROM bursar_member FORCE INDEX (bursar_member_group) WHERE book = $1) AS g
      LEFT JOIN (SELECT DISTINCT payer FROM bursar_fee WHERE book = $1 AND term = $2 AND own = 0) AS f
        ON f.payer = g.fee_group
     WHERE f.payer IS NULL),
  contested AS (
    SELECT code FROM bursar_fee WHERE book = $1 AND term = $2 AND own = 0 AND instalment = 0
     GROUP BY code HAVING COUNT(*) > 1),
  skipped AS (
SELECT a.account, CASE WHEN ",
            standing!(),
            " THEN 'enrolled-later' ELSE 'standing' END AS reason, a.standing, NULL AS code
  FROM bursar_account AS a
 WHERE a.book = $1 AND a.account > $3 AND a.account <= $4
   AND NOT (",
            eligible!(),
            ")
UNION ALL
SELECT a.account, 'no-fee', a.standing, NULL
  FROM bursar_account AS a FORCE INDEX (PRIMARY)
 WHERE EXISTS (SELECT 1 FROM unpriced)                                                 -- asked once: there mostly is none
   AND a.book = $1 AND a.account > $3 AND a.account <= $4 AND ",
            eligible!(),
            "
   AND EXISTS (SELECT 1 FROM bursar_member AS m WHERE m.book = $1 AND m.account <=> a.account)
   AND NOT EXISTS (SELECT 1 FROM bursar_fee AS o WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer <=> a.account)
   AND NOT EXISTS (SELECT 1 FROM bursar_member AS x
                     STRAIGHT_JOIN bursar_fee AS f FORCE INDEX (PRIMARY)
                        ON f.book = $1 AND f.term = $2 AND f.own = 0 AND f.payer = x.fee_group
                    WHERE x.book = $1 AND x.account <=> a.account)
UNION ALL
SELECT a.account, 'ambiguous', a.standing, f.code
  FROM bursar_account AS a FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN bursar_member AS m FORCE INDEX (PRIMARY) ON m.book = $1 AND m.account = a.account
  STRAIGHT_JOIN bursar_fee    AS f FORCE INDEX (PRIMARY)
     ON f.book = $1 AND f.term = $2 AND f.own = 0 AND f.payer = m.fee_group AND f.instalment = 0
 WHERE EXISTS (SELECT 1 FROM contested)                                                -- asked once: there mostly is none
   AND a.book = $1 AND a.account > $3 AND a.account <= $4 AND ",
            eligible!(),
            "
   AND f.code IN (SELECT code FROM contested)
   AND NOT EXISTS (SELECT 1 FROM bursar_fee AS o
                    WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer <=> a.account AND o.code <=> f.code)
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e FORCE INDEX (bursar_entry_charge)
                    WHERE e.book = $1 AND e.term = $2 AND e.account <=> a.account AND e.code <=> f.code)
 GROUP BY a.account, a.standing, f.code HAVING COUNT(*) > 1)
",
            $head,
            " FROM skipped ",
            $tail
        )
    };
}

/// How many skips there are, by reason.
pub(in crate::mysql) const BILL_SKIPS_COUNT: &str = skips!("SELECT reason, COUNT(*)", "GROUP BY reason");

/// The first `$7` of them.
pub(in crate::mysql) const BILL_SKIPS_LIST: &str = skips!(
    "SELECT CONVERT(account USING utf8mb4), reason, standing, CONVERT(code USING utf8mb4)",
    "ORDER BY skipped.account, skipped.code LIMIT $7"
);

/// Whether a repricing decided on version `$2` of the book is admitted: for term `$3`, dated `$4`. The book is held for a change: nobody
/// posts meanwhile. Primary keys.
pub(in crate::mysql) const REPRICE_GATE: &str = "
SELECT COUNT(*)
  FROM bursar_book AS b FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN bursar_term AS t FORCE INDEX (PRIMARY) ON t.book = b.book AND t.term = $3
 WHERE b.book = $1 AND b.version = $2 AND t.closed = 0 AND (b.locked_through IS NULL OR $4 > b.locked_through)
   FOR UPDATE";

macro_rules! live_charges {
    () => {
        "bursar_entry AS e FORCE INDEX (bursar_entry_charge)                                 -- the charges of the term
         WHERE e.book = $1 AND e.term = $2 AND e.code = $3 AND e.slot IS NOT NULL AND e.fee_group = $4
           AND NOT EXISTS (SELECT 1 FROM bursar_entry AS r                                   -- bursar_entry_reversed
                            WHERE r.book = $1 AND r.account <=> e.account AND r.reverses <=> e.position)"
    };
}

/// The price of each instalment in `$5`, an array of `[instalment, old, new]`.
macro_rules! prices {
    () => {
        "JSON_TABLE($5, '$[*]' COLUMNS (instalment BIGINT PATH '$[0]', old_price BIGINT PATH '$[1]', new_price BIGINT PATH '$[2]')) AS p
     ON p.instalment = l.slot MOD 1000 AND p.old_price = l.amount"
    };
}

/// How many live charges of code `$3` in term `$2` came from the fee of group `$4`; and how many of them are at the old price of
/// their instalment.
pub(in crate::mysql) const REPRICE_COUNT: &str = concat!(
    "SELECT COUNT(*), COUNT(p.instalment)
  FROM (SELECT e.slot, e.amount FROM ",
    live_charges!(),
    ") AS l
  LEFT JOIN ",
    prices!()
);

/// Reverses each of these and makes it again, account by account: `$6` and `$7` the first id (as in [`BILL_CHARGE`]), `$8` effective on,
/// `$9` recorded at, `$10` by, `$11` why. `bursar_entry_posted` numbers them.
pub(in crate::mysql) const REPRICE: &str = concat!(
    "INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, `key`,
                          reason, code, due_on, slot, fee_group, reverses)
SELECT $1, o.account, 0, UNHEX(CONCAT($6, LPAD(HEX(($7 - 1 + o.n) & 281474976710655), 12, '0'))),
       $2, CASE o.step WHEN 0 THEN 'reversal' ELSE 'charge' END, 1,
       CASE o.step WHEN 0 THEN -o.amount ELSE o.new_price END, $8, $9, $10,
       CONCAT(CASE o.step WHEN 0 THEN 'bursar:undo:' ELSE 'bursar:redo:' END, LOWER(HEX(o.id))),
       CASE o.step WHEN 0 THEN $11 END,
       CASE o.step WHEN 1 THEN $3 END,
       CASE o.step WHEN 1 THEN o.due_on END,
       CASE o.step WHEN 1 THEN o.slot + 1000 END,
       CASE o.step WHEN 1 THEN $4 END,
       CASE o.step WHEN 0 THEN o.position END
  FROM (SELECT l.account, l.position, l.id, l.slot, l.due_on, l.amount, p.new_price, s.step,
               ROW_NUMBER() OVER (ORDER BY l.account, l.position, s.step) AS n
          FROM (SELECT e.account, e.position, e.id, e.slot, e.due_on, e.amount FROM ",
    live_charges!(),
    ") AS l
          JOIN ",
    prices!(),
    "
         CROSS JOIN (SELECT 0 AS step UNION ALL SELECT 1) AS s) AS o
 ORDER BY o.n"
);
