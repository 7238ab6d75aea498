//! Statements that change the book and its accounts, and the one that records entries.

/// The book's version; nobody changes the book before this transaction has ended.
pub(in crate::postgres) const BOOK_VERSION: &str =
    "SELECT version FROM bursar_book WHERE book = $1 FOR SHARE";

/// [`BOOK_VERSION`] for a transaction that changes the book: nobody else decides on it, or records anything in it, before it has ended.
pub(in crate::postgres) const BOOK_VERSION_FOR_CHANGE: &str = "
SELECT b.version
  FROM (SELECT bursar_book_alone() OFFSET 0) AS alone CROSS JOIN bursar_book AS b
 WHERE b.book = $1
   FOR NO KEY UPDATE OF b";

pub(in crate::postgres) const TERM_CLOSE: &str =
    "UPDATE bursar_term SET closed = true WHERE book = $1 AND term = $2";

/// A fee's instalments from `$7`, an array of `[instalment, amount, due_on]`, where the term is defined.
pub(in crate::postgres) const FEE_INSERT: &str = "
INSERT INTO bursar_fee (book, term, own, payer, code, revision, instalment, amount, due_on)
SELECT t.book, t.term, $3, $4, $5, $6, (j.value ->> 0)::bigint, (j.value ->> 1)::bigint, (j.value ->> 2)::bigint
  FROM bursar_term AS t CROSS JOIN json_array_elements($7::json) AS j
 WHERE t.book = $1 AND t.term = $2";

/// New accounts from `$2`, an array of `[account, enrolled_on, standing]`; those that exist are left as they are. In
/// one order, so that two of the same accounts do not wait for each other.
pub(in crate::postgres) const ACCOUNTS_OPEN: &str = r#"
INSERT INTO bursar_account (book, account, enrolled_on, standing)
SELECT b.book, j.value ->> 0, (j.value ->> 1)::bigint, j.value ->> 2
  FROM bursar_book AS b CROSS JOIN json_array_elements($2::json) AS j
 WHERE b.book = $1
 ORDER BY (j.value ->> 0) COLLATE "C"
    ON CONFLICT DO NOTHING"#;

/// Groups from `$2`, an array of `[account, group]`; a repeated one counts once.
pub(in crate::postgres) const MEMBERS_ADD: &str = "
INSERT INTO bursar_member (book, account, fee_group)
SELECT $1, j.value ->> 0, j.value ->> 1 FROM json_array_elements($2::json) AS j
    ON CONFLICT DO NOTHING";

pub(in crate::postgres) const FILE_MARK_KEEP: &str = "
INSERT INTO bursar_file_mark (book, lines, digest, replaces) VALUES ($1, $2, $3, $4)
    ON CONFLICT (book, lines, digest) DO UPDATE SET replaces = excluded.replaces";

/// Records the admitted ones of entries that come as 22 arrays, a column each.
///
/// The joins and conditions say what [`bursar::rule::admits`] says. One statement, and by itself one transaction. Every statement of a
/// transaction sees what was committed when it began, and a row that it has locked as it is after the wait; so what it judges by is locked:
/// - the book and the terms, shared: who locks the book, closes a term or makes one current waits until this has ended, and this for them;
/// - the accounts, one after the other in their order, so that no two such statements wait for each other.
///
/// Keys, slots and reversals are looked for among what was committed when it began. What was committed since is caught by their unique
/// indexes; then nothing is recorded, and it is to be repeated. The single looks are subqueries with a limit, so that they are not made
/// into joins, and ask for a range and its order: in a table that was empty when the statement was planned all indexes cost the same, and
/// only one of them has the order.
///
/// Two of a key, a slot, a reversed entry, or an account of which one names its version must not come in one array: the second would be
/// judged by the state before the first.
pub(in crate::postgres) const POST: &str = r#"
WITH gate AS MATERIALIZED (                                                               -- primary keys
  SELECT b.current_term, b.locked_through, t.term, t.closed
    FROM bursar_book AS b
    JOIN bursar_term AS t ON t.book = b.book
   WHERE b.book = $1 AND t.term = ANY ($4)
     FOR SHARE OF b, t),
held AS MATERIALIZED (                                                                    -- primary key
  SELECT j.*, a.version AS last, a.balance, g.current_term, g.locked_through, g.closed
    FROM unnest($2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
                $10::text[], $11::text[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[], $17::bigint[],
                $18::bigint[], $19::text[], $20::bigint[], $21::bigint[], $22::text[], $23::text[]) WITH ORDINALITY
      AS j (account, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key, gate, method, reference, reason,
            code, due_on, slot, fee_group, version, reverses, concession, note, i)
    JOIN gate AS g ON g.term = j.term
    JOIN bursar_account AS a ON a.book = $1 AND a.account = j.account
   ORDER BY a.account, j.i
     FOR NO KEY UPDATE OF a),
admitted AS MATERIALIZED (
  SELECT h.*, h.last + row_number() OVER (PARTITION BY h.account ORDER BY h.i) AS position
    FROM held AS h
   WHERE (h.locked_through IS NULL OR h.effective_on > h.locked_through)
     AND CASE h.gate WHEN 1 THEN h.current_term IS NULL OR h.term <= h.current_term       -- not after the current term
                     WHEN 2 THEN NOT h.closed                                             -- open
                     ELSE true END                                                        -- defined
     AND (h.version IS NULL OR h.last = h.version)
     AND h.balance + h.amount BETWEEN -1000000000000000000 AND 1000000000000000000
     AND (SELECT true FROM bursar_entry AS e                                              -- bursar_entry_key
           WHERE e.book = $1 AND e.key BETWEEN h.key AND h.key ORDER BY e.key LIMIT 1) IS NULL
     AND (h.slot IS NULL
          OR (SELECT true FROM bursar_entry AS e                                          -- bursar_entry_charge
               WHERE e.book = $1 AND e.term = h.term AND e.account BETWEEN h.account AND h.account
                 AND e.code = h.code AND e.slot = h.slot ORDER BY e.account LIMIT 1) IS NULL)
     AND (h.reverses IS NULL
          OR (SELECT true FROM bursar_entry AS e                                          -- bursar_entry_reversed
               WHERE e.book = $1 AND e.account BETWEEN h.account AND h.account AND e.reverses = h.reverses
               ORDER BY e.account LIMIT 1) IS NULL)),
raised AS (                                                                               -- primary key
  UPDATE bursar_account AS a
     SET version = a.version + s.entries, balance = a.balance + s.amount
    FROM (SELECT account, count(*) AS entries, sum(amount)::bigint AS amount FROM admitted GROUP BY account) AS s
   WHERE a.book = $1 AND a.account = s.account)
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          method, reference, reason, code, due_on, slot, fee_group, reverses, concession, note, raised)
SELECT $1, h.account, h.position, h.id, h.term, h.kind, h.figure, h.amount, h.effective_on, h.recorded_at, h.recorded_by, h.key,
       h.method, h.reference, h.reason, h.code, h.due_on, h.slot, h.fee_group, h.reverses, h.concession, h.note, true
  FROM admitted AS h
RETURNING key, position"#;

/// [`POST`] of one entry, which comes as it is and not in arrays: the account is raised where it is locked.
pub(in crate::postgres) const POST_ONE: &str = r#"
WITH gate AS MATERIALIZED (                                                               -- primary keys
  SELECT b.current_term, b.locked_through, t.closed
    FROM bursar_book AS b
    JOIN bursar_term AS t ON t.book = b.book
   WHERE b.book = $1 AND t.term = $4
     FOR SHARE OF b, t),
raised AS (                                                                               -- primary key
  UPDATE bursar_account AS a
     SET version = a.version + 1, balance = a.balance + $7
    FROM gate AS g
   WHERE a.book = $1 AND a.account = $2
     AND (g.locked_through IS NULL OR $8 > g.locked_through)
     AND CASE $12::bigint WHEN 1 THEN g.current_term IS NULL OR $4 <= g.current_term      -- not after the current term
                          WHEN 2 THEN NOT g.closed                                        -- open
                          ELSE true END                                                   -- defined
     AND ($20::bigint IS NULL OR a.version = $20)
     AND a.balance + $7 BETWEEN -1000000000000000000 AND 1000000000000000000
     AND (SELECT true FROM bursar_entry AS e                                              -- bursar_entry_key
           WHERE e.book = $1 AND e.key BETWEEN $11 AND $11 ORDER BY e.key LIMIT 1) IS NULL
     AND ($18::bigint IS NULL
          OR (SELECT true FROM bursar_entry AS e                                          -- bursar_entry_charge
               WHERE e.book = $1 AND e.term = $4 AND e.account BETWEEN $2 AND $2
                 AND e.code = $16 AND e.slot = $18 ORDER BY e.account LIMIT 1) IS NULL)
     AND ($21::bigint IS NULL
          OR (SELECT true FROM bursar_entry AS e                                          -- bursar_entry_reversed
               WHERE e.book = $1 AND e.account BETWEEN $2 AND $2 AND e.reverses = $21
               ORDER BY e.account LIMIT 1) IS NULL)
  RETURNING a.version)
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          method, reference, reason, code, due_on, slot, fee_group, reverses, concession, note, raised)
SELECT $1, $2, r.version, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13, $14, $15, $16, $17, $18, $19, $21, $22, $23, true
  FROM raised AS r
RETURNING key, position"#;
