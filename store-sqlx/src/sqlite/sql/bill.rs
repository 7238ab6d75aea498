//! Statements that bill and reprice.

/// Where billing puts what is due before it charges it; of the connection alone.
pub(in crate::sqlite) const DUE_TABLE: &str = "
CREATE TEMP TABLE IF NOT EXISTS bursar_due (
  account TEXT NOT NULL, code TEXT NOT NULL, instalment INTEGER NOT NULL, amount INTEGER NOT NULL, due_on INTEGER NOT NULL,
  revision INTEGER NOT NULL, fee_group TEXT, version INTEGER NOT NULL, PRIMARY KEY (account, code, instalment)
) WITHOUT ROWID";

/// Whether the term `$2` takes charges dated `$3`: its last day, or no row. Primary keys.
pub(in crate::sqlite) const BILL_GATE: &str = "
SELECT t.ends_on
  FROM bursar_book AS b CROSS JOIN bursar_term AS t ON t.book = b.book AND t.term = $2
 WHERE b.book = $1 AND t.closed = 0 AND (b.locked_through IS NULL OR $3 > b.locked_through)";

/// The accounts of a page: how many, and the last. Primary key.
pub(in crate::sqlite) const BILL_PAGE: &str = "
SELECT count(*), max(account)
  FROM (SELECT account FROM bursar_account WHERE book = $1 AND account > $2 ORDER BY account LIMIT $3)";

/// What is due and not charged yet, of the accounts after `$3` up to `$4`, of the standings in `$5`, enrolled by `$6`; then how many
/// accounts and charges that is, and their sum. It writes to the connection's own table alone, and so takes no lock.
pub(in crate::sqlite) const BILL_FIND: &str = "
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
   AND (NOT EXISTS (SELECT 1 FROM bursar_fee WHERE book = $1 AND term = $2 AND own = 1)   -- asked once: there mostly is none
        OR NOT EXISTS (SELECT 1 FROM bursar_fee AS o                                      -- its own fee takes its place
                        WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer = m.account AND o.code = f.code))
   AND (f.code NOT IN (SELECT code FROM bursar_fee WHERE book = $1 AND term = $2 AND own = 0 AND instalment = 0
                        GROUP BY code HAVING count(*) > 1)                                -- asked once: one group alone has it
        OR NOT EXISTS (SELECT 1 FROM bursar_member AS x CROSS JOIN bursar_fee AS g        -- another group's: ambiguous
                           ON g.book = $1 AND g.term = $2 AND g.own = 0 AND g.payer = x.fee_group AND g.code = f.code
                        WHERE x.book = $1 AND x.account = m.account AND x.fee_group <> m.fee_group))
UNION ALL
SELECT a.account, f.code, f.instalment, f.amount, max(f.due_on, a.enrolled_on), f.revision, NULL, a.version
  FROM bursar_fee AS f                                                                    -- primary key
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = f.payer                    -- primary key
 WHERE f.book = $1 AND f.term = $2 AND f.own = 1 AND f.payer > $3 AND f.payer <= $4
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e                                        -- bursar_entry_charge
                    WHERE e.book = $1 AND e.term = $2 AND e.account = a.account AND e.code = f.code)
   AND a.standing IN (SELECT value FROM json_each($5)) AND a.enrolled_on <= $6;
SELECT (SELECT count(*) FROM (SELECT 1 FROM temp.bursar_due GROUP BY account)), count(*), coalesce(sum(amount), 0)
  FROM temp.bursar_due";

/// Charges what was found: `$2` term, `$3` and `$4` the first id (its first 80 bits in hexadecimal, its counter), `$5` effective on, `$6`
/// recorded at, `$7` by, `$8` the term as keys have it.
pub(in crate::sqlite) const BILL_CHARGE: &str = "
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          code, due_on, slot, fee_group)
SELECT $1, d.account, d.version + row_number() OVER (PARTITION BY d.account ORDER BY d.code, d.instalment),
       unhex($3 || printf('%012x', ($4 - 1 + row_number() OVER (ORDER BY d.account, d.code, d.instalment)) & 281474976710655)),
       $2, 'charge', 1, d.amount, $5, $6, $7,
       'bursar:bill:' || $8 || ':' || (d.revision * 1000 + d.instalment) || ':' || length(CAST(d.code AS BLOB)) || ':' || d.code || ':' || d.account,
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
pub(in crate::sqlite) const BILL_SKIPS_COUNT: &str = skips!("SELECT reason, count(*)", "GROUP BY reason");

/// The first `$7` of them.
pub(in crate::sqlite) const BILL_SKIPS_LIST: &str =
    skips!("SELECT account, reason, standing, code", "ORDER BY account, code LIMIT $7");

/// Whether a repricing decided on version `$2` of the book is admitted: for term `$3`, dated `$4`. Primary keys.
pub(in crate::sqlite) const REPRICE_GATE: &str = "
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
pub(in crate::sqlite) const REPRICE_COUNT: &str = concat!(
    "SELECT count(*), count(p.value)
  FROM (SELECT e.slot, e.amount FROM ",
    live_charges!(),
    ") AS e
  LEFT JOIN json_each($5) AS p ON p.value ->> 0 = e.slot % 1000 AND p.value ->> 1 = e.amount"
);

/// Reverses each of these and makes it again, account by account: `$6` and `$7` the first id (as in [`BILL_CHARGE`]), `$8` effective on,
/// `$9` recorded at, `$10` by, `$11` why.
pub(in crate::sqlite) const REPRICE: &str = concat!(
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
