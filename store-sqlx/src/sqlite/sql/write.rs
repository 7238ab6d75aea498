//! Statements that change the book and its accounts, and the one that records entries.

pub(in crate::sqlite) const BOOK_VERSION: &str = "SELECT version FROM bursar_book WHERE book = $1";

pub(in crate::sqlite) const TERM_CLOSE: &str =
    "UPDATE bursar_term SET closed = 1 WHERE book = $1 AND term = $2";

/// A fee's instalments from `$7`, an array of `[instalment, amount, due_on]`, where the term is defined.
pub(in crate::sqlite) const FEE_INSERT: &str = "
INSERT INTO bursar_fee (book, term, own, payer, code, revision, instalment, amount, due_on)
SELECT t.book, t.term, $3, $4, $5, $6, j.value ->> 0, j.value ->> 1, j.value ->> 2
  FROM bursar_term AS t CROSS JOIN json_each($7) AS j
 WHERE t.book = $1 AND t.term = $2";

/// New accounts from `$2`, an array of `[account, enrolled_on, standing]`; those that exist are left as they are.
pub(in crate::sqlite) const ACCOUNTS_OPEN: &str = "
INSERT INTO bursar_account (book, account, enrolled_on, standing)
SELECT b.book, j.value ->> 0, j.value ->> 1, j.value ->> 2
  FROM bursar_book AS b CROSS JOIN json_each($2) AS j
 WHERE b.book = $1
    ON CONFLICT DO NOTHING";

/// Groups from `$2`, an array of `[account, group]`; a repeated one counts once.
pub(in crate::sqlite) const MEMBERS_ADD: &str = "
INSERT INTO bursar_member (book, account, fee_group)
SELECT $1, j.value ->> 0, j.value ->> 1 FROM json_each($2) AS j WHERE true
    ON CONFLICT DO NOTHING";

pub(in crate::sqlite) const FILE_MARK_KEEP: &str = "
INSERT INTO bursar_file_mark (book, lines, digest, replaces) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO UPDATE SET replaces = excluded.replaces";

/// Records the admitted ones of the entries in `$2`, an array of arrays; what an entry does not have at its end is left off.
///
/// The joins and conditions say what [`bursar::rule::admits`] says. One statement by itself: it costs one crossing, and no statement
/// journal; `bursar_entry_posted` raises the versions and balances. Two of a key, a slot, a reversed entry, or an account of which
/// one names its version must not come in one array: the second would be judged by the state before the first.
pub(in crate::sqlite) const POST: &str = "
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

/// The one writer reads under the lock that it writes under.
pub(in crate::sqlite) const BOOK_VERSION_FOR_CHANGE: &str = BOOK_VERSION;
