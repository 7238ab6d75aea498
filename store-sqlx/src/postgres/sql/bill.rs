//! Statements that bill and reprice.

/// Whether the term `$2` takes charges dated `$3`: its last day, or no row. The book and the term stay as they are until the transaction
/// has ended. Primary keys.
pub(in crate::postgres) const BILL_GATE: &str = "
SELECT t.ends_on
  FROM bursar_book AS b JOIN bursar_term AS t ON t.book = b.book AND t.term = $2
 WHERE b.book = $1 AND NOT t.closed AND (b.locked_through IS NULL OR $3 > b.locked_through)
   FOR SHARE OF b, t";

/// The accounts of a page: how many, and the last. Primary key.
pub(in crate::postgres) const BILL_PAGE: &str = "
SELECT count(*), max(account)
  FROM (SELECT account FROM bursar_account WHERE book = $1 AND account > $2 ORDER BY account LIMIT $3) AS page";

/// How the next statement is planned: without loops over loops, which are what the planner believes in as long as the server has not counted
/// the rows of tables that were just filled, and take time with the square of a page. What it was is given back.
pub(in crate::postgres) const BILL_PLAN: &str = "
SELECT was, set_config('enable_nestloop', 'off', true) FROM (SELECT current_setting('enable_nestloop') AS was OFFSET 0) AS s";

/// As it was, in the same transaction: it may be the caller's.
pub(in crate::postgres) const BILL_PLAN_BACK: &str = "SELECT set_config('enable_nestloop', $1, true)";

/// Charges what is due and not charged yet, of the accounts after `$3` up to `$4`, of the standings in `$5`, enrolled by `$6`: `$7` and `$8`
/// the first id (its first 80 bits, its counter), `$9` effective on, `$10` recorded at, `$11` by, `$12` the term as keys have it. Then how
/// many accounts and charges that was, their sum, how many accounts have changed since the statement began, and how many ids were used up.
///
/// What is due is found among what was committed when the statement began, and takes no lock. An account is then raised only if it
/// is, after the wait for whoever had it locked, of the version and revision that was found: so nothing was recorded in it and it was not
/// moved. Those that have changed are left for a repetition, which sees them as they are now; they stay locked until then.
/// It runs between [`BILL_PLAN`] and [`BILL_PLAN_BACK`].
pub(in crate::postgres) const BILL_CHARGE: &str = concat!(
    anew!(),
    r#"WITH found AS (
  SELECT m.account, f.code, f.instalment, f.amount, greatest(f.due_on, a.enrolled_on) AS due_on, f.revision, m.fee_group,
         a.version, a.revision AS account_revision
    FROM bursar_fee AS f                                                                  -- primary key
    JOIN bursar_member AS m ON m.book = $1 AND m.fee_group = f.payer AND m.account > $3 AND m.account <= $4
    JOIN bursar_account AS a ON a.book = $1 AND a.account = m.account AND a.account > $3 AND a.account <= $4
   WHERE f.book = $1 AND f.term = $2 AND f.own = 0
     AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e                                      -- bursar_entry_charge
                      WHERE e.book = $1 AND e.term = $2 AND e.account = m.account AND e.code = f.code
                        AND e.account > $3 AND e.account <= $4 AND e.code IS NOT NULL)
     AND a.standing = ANY (ARRAY(SELECT json_array_elements_text($5::json))) AND a.enrolled_on <= $6
     AND (NOT EXISTS (SELECT 1 FROM bursar_fee WHERE book = $1 AND term = $2 AND own = 1) -- asked once: there mostly is none
          OR NOT EXISTS (SELECT 1 FROM bursar_fee AS o                                    -- its own fee takes its place
                          WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer = m.account AND o.code = f.code))
     AND (f.code NOT IN (SELECT code FROM bursar_fee WHERE book = $1 AND term = $2 AND own = 0 AND instalment = 0
                          GROUP BY code HAVING count(*) > 1)                              -- asked once: one group alone has it
          OR NOT EXISTS (SELECT 1 FROM bursar_member AS x JOIN bursar_fee AS g            -- another group's: ambiguous
                             ON g.book = $1 AND g.term = $2 AND g.own = 0 AND g.payer = x.fee_group AND g.code = f.code
                          WHERE x.book = $1 AND x.account = m.account AND x.fee_group <> m.fee_group))
  UNION ALL
  SELECT a.account, f.code, f.instalment, f.amount, greatest(f.due_on, a.enrolled_on), f.revision, NULL,
         a.version, a.revision
    FROM bursar_fee AS f                                                                  -- primary key
    JOIN bursar_account AS a ON a.book = $1 AND a.account = f.payer                       -- primary key
   WHERE f.book = $1 AND f.term = $2 AND f.own = 1 AND f.payer > $3 AND f.payer <= $4
     AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e                                      -- bursar_entry_charge
                      WHERE e.book = $1 AND e.term = $2 AND e.account = a.account AND e.code = f.code)
     AND a.standing = ANY (ARRAY(SELECT json_array_elements_text($5::json))) AND a.enrolled_on <= $6),
due AS MATERIALIZED (
  SELECT f.*, row_number() OVER (PARTITION BY f.account ORDER BY f.code, f.instalment) AS nth,
         count(*) OVER (PARTITION BY f.account) AS charges, (sum(f.amount) OVER (PARTITION BY f.account))::bigint AS owed,
         row_number() OVER (ORDER BY f.account, f.code, f.instalment) AS number
    FROM found AS f
   ORDER BY f.account, f.code, f.instalment),
raised AS MATERIALIZED (                                                                  -- primary key
  UPDATE bursar_account AS a
     SET version = a.version + d.charges, balance = a.balance + d.owed
    FROM due AS d
   WHERE d.nth = 1 AND a.book = $1 AND a.account = d.account AND a.account > $3 AND a.account <= $4
     AND a.version = d.version AND a.revision = d.account_revision
  RETURNING a.account, d.charges, d.owed),
charged AS (
  INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                            code, due_on, slot, fee_group, raised)
  SELECT $1, d.account, d.version + d.nth, $7::bytea || substr(int8send(($8 - 1 + d.number) & 281474976710655), 3),
         $2, 'charge', 1, d.amount, $9, $10, $11,
         'bursar:bill:' || $12 || ':' || (d.revision * 1000 + d.instalment) || ':' || octet_length(d.code) || ':' || d.code || ':' || d.account,
         d.code, d.due_on, d.revision * 1000 + d.instalment, d.fee_group, true
    FROM due AS d
   WHERE d.account IN (SELECT account FROM raised))
SELECT count(*), coalesce(sum(charges), 0)::bigint, coalesce(sum(owed), 0)::bigint,
       (SELECT count(*) FROM due WHERE nth = 1) - count(*), (SELECT count(*) FROM due)
  FROM raised"#
);

/// The skips of a page, `$1` to `$6` as in [`BILL_CHARGE`]. It costs a walk over the accounts; beyond that only what is out of the ordinary:
/// members of groups without a fee, and codes that two groups have. It is asked before anything is charged.
macro_rules! skips {
    ($head:literal, $tail:literal) => {
        concat!(
            anew!(),
            "WITH RECURSIVE
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
SELECT account, CASE WHEN standing = ANY (ARRAY(SELECT json_array_elements_text($5::json))) THEN 'enrolled-later' ELSE 'standing' END AS reason,
       standing, NULL::text AS code
  FROM bursar_account
 WHERE book = $1 AND account > $3 AND account <= $4
   AND NOT (standing = ANY (ARRAY(SELECT json_array_elements_text($5::json))) AND enrolled_on <= $6)
UNION ALL
SELECT DISTINCT a.account, 'no-fee', a.standing, NULL
  FROM unpriced AS u
  JOIN bursar_member  AS m ON m.book = $1 AND m.fee_group = u.fee_group AND m.account > $3 AND m.account <= $4
  JOIN bursar_account AS a ON a.book = $1 AND a.account = m.account
 WHERE a.standing = ANY (ARRAY(SELECT json_array_elements_text($5::json))) AND a.enrolled_on <= $6
   AND NOT EXISTS (SELECT 1 FROM bursar_fee AS o WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer = m.account)
   AND NOT EXISTS (SELECT 1 FROM bursar_member AS x JOIN bursar_fee AS f
                       ON f.book = $1 AND f.term = $2 AND f.own = 0 AND f.payer = x.fee_group
                    WHERE x.book = $1 AND x.account = m.account AND x.account > $3 AND x.account <= $4)   -- of the page alone
UNION ALL
SELECT a.account, 'ambiguous', a.standing, c.code
  FROM contested AS c
  JOIN bursar_fee     AS f ON f.book = $1 AND f.term = $2 AND f.own = 0 AND f.code = c.code AND f.instalment = 0
  JOIN bursar_member  AS m ON m.book = $1 AND m.fee_group = f.payer AND m.account > $3 AND m.account <= $4
  JOIN bursar_account AS a ON a.book = $1 AND a.account = m.account
 WHERE a.standing = ANY (ARRAY(SELECT json_array_elements_text($5::json))) AND a.enrolled_on <= $6
   AND NOT EXISTS (SELECT 1 FROM bursar_fee AS o
                    WHERE o.book = $1 AND o.term = $2 AND o.own = 1 AND o.payer = m.account AND o.code = c.code)
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS e
                    WHERE e.book = $1 AND e.term = $2 AND e.account = m.account AND e.code = c.code)
 GROUP BY a.account, a.standing, c.code HAVING count(*) > 1)
",
            $head, " FROM skip ", $tail
        )
    };
}

/// How many skips there are, by reason.
pub(in crate::postgres) const BILL_SKIPS_COUNT: &str = skips!("SELECT reason, count(*)", "GROUP BY reason");

/// The first `$7` of them.
pub(in crate::postgres) const BILL_SKIPS_LIST: &str =
    skips!("SELECT account, reason, standing, code", "ORDER BY account, code LIMIT $7");

/// Whether a repricing decided on version `$2` of the book is admitted: for term `$3`, dated `$4`. Nobody records anything in the book before
/// the transaction has ended. Primary keys.
pub(in crate::postgres) const REPRICE_GATE: &str = "
WITH gate AS MATERIALIZED (
  SELECT 1
    FROM (SELECT bursar_book_alone() OFFSET 0) AS alone
   CROSS JOIN bursar_book AS b JOIN bursar_term AS t ON t.book = b.book AND t.term = $3
   WHERE b.book = $1 AND b.version = $2 AND NOT t.closed AND (b.locked_through IS NULL OR $4 > b.locked_through)
     FOR NO KEY UPDATE OF b, t)
SELECT EXISTS (SELECT 1 FROM gate)";

macro_rules! live_charges {
    () => {
        "bursar_entry AS e                                                                -- bursar_entry_charge: those of the term
 WHERE e.book = $1 AND e.term = $2 AND e.code = $3 AND e.slot IS NOT NULL AND e.fee_group = $4
   AND NOT EXISTS (SELECT 1 FROM bursar_entry AS r                                        -- bursar_entry_reversed
                    WHERE r.book = $1 AND r.account = e.account AND r.reverses = e.position)"
    };
}

macro_rules! prices {
    () => {
        "(SELECT (value ->> 0)::bigint AS instalment, (value ->> 1)::bigint AS old, (value ->> 2)::bigint AS new
           FROM json_array_elements($5::json)) AS p"
    };
}

/// How many live charges of code `$3` in term `$2` came from the fee of group `$4`; and how many of them are at the old price of
/// their instalment, in `$5`, an array of `[instalment, old, new]`.
pub(in crate::postgres) const REPRICE_COUNT: &str = concat!(
    anew!(),
    "SELECT count(*), count(p.instalment)
  FROM (SELECT e.slot, e.amount FROM ",
    live_charges!(),
    ") AS e
  LEFT JOIN ",
    prices!(),
    " ON p.instalment = e.slot % 1000 AND p.old = e.amount"
);

/// Reverses each of these and makes it again, account by account: `$6` and `$7` the first id (its first 80 bits in hexadecimal, its
/// counter), `$8` effective on, `$9` recorded at, `$10` by, `$11` why. The gate keeps everybody else from recording meanwhile.
pub(in crate::postgres) const REPRICE: &str = concat!(
    anew!(),
    "WITH live AS MATERIALIZED (
  SELECT e.account, e.position, encode(e.id, 'hex') AS id, e.slot, e.due_on, e.amount FROM ",
    live_charges!(),
    "),
again AS MATERIALIZED (
  SELECT l.*, p.new, a.version, s.step,
         row_number() OVER (PARTITION BY l.account ORDER BY l.position, s.step) AS nth,
         row_number() OVER (ORDER BY l.account, l.position, s.step) AS number
    FROM live AS l
    JOIN ",
    prices!(),
    " ON p.instalment = l.slot % 1000 AND p.old = l.amount
    JOIN bursar_account AS a ON a.book = $1 AND a.account = l.account                     -- primary key
   CROSS JOIN (VALUES (0), (1)) AS s (step)),
raised AS (
  UPDATE bursar_account AS a
     SET version = a.version + s.entries, balance = a.balance + s.amount
    FROM (SELECT account, count(*) AS entries, sum(CASE step WHEN 0 THEN -amount ELSE new END)::bigint AS amount
            FROM again GROUP BY account) AS s
   WHERE a.book = $1 AND a.account = s.account)
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          reason, code, due_on, slot, fee_group, reverses, raised)
SELECT $1, g.account, g.version + g.nth,
       decode($6 || lpad(to_hex(($7 - 1 + g.number) & 281474976710655), 12, '0'), 'hex'),
       $2, CASE g.step WHEN 0 THEN 'reversal' ELSE 'charge' END, 1,
       CASE g.step WHEN 0 THEN -g.amount ELSE g.new END, $8, $9, $10,
       CASE g.step WHEN 0 THEN 'bursar:undo:' ELSE 'bursar:redo:' END || g.id,
       CASE g.step WHEN 0 THEN $11 END,
       CASE g.step WHEN 1 THEN $3 END,
       CASE g.step WHEN 1 THEN g.due_on END,
       CASE g.step WHEN 1 THEN g.slot + 1000 END,
       CASE g.step WHEN 1 THEN $4 END,
       CASE g.step WHEN 0 THEN g.position END, true
  FROM again AS g
 ORDER BY g.account, g.position, g.step"
);
