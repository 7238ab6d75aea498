//! Statements on seals.

/// How far the book is sealed: the last step, and the last root with its own step. Primary key, and `bursar_seal_root`.
pub(in crate::sqlite) const SEAL_STATE: &str = "
SELECT s.step, r.step, r.seal, r.accounts, r.entries, r.root, r.sealed_at
  FROM (SELECT coalesce(max(step), 0) AS step FROM bursar_seal WHERE book = $1) AS s
  LEFT JOIN bursar_seal AS r
    ON r.book = $1 AND r.seal = (SELECT max(seal) FROM bursar_seal WHERE book = $1 AND seal IS NOT NULL)";

/// `bursar_seal_root`.
pub(in crate::sqlite) const SEALS: &str = "
SELECT seal, accounts, entries, root, sealed_at FROM bursar_seal WHERE book = $1 AND seal > $2 ORDER BY seal LIMIT $3";

/// The ends of the last segments of the accounts in `$2`, an array. Primary key.
pub(in crate::sqlite) const SEALED: &str = "
SELECT s.account, s.first_position + length(s.digests) / 32 - 1, s.seal, s.chain
  FROM (SELECT DISTINCT value AS account FROM json_each($2)) AS j
 CROSS JOIN bursar_segment AS s
    ON s.book = $1 AND s.account = j.account
   AND s.first_position = (SELECT max(l.first_position) FROM bursar_segment AS l WHERE l.book = $1 AND l.account = j.account)";

/// Primary key.
pub(in crate::sqlite) const SEGMENTS: &str = "
SELECT account, first_position, seal, digests, chain
  FROM bursar_segment
 WHERE book = $1 AND (account, first_position) > ($2, $3)
 ORDER BY account, first_position LIMIT $4";

/// The next step, where there is the book and `$2` is one more than the last. Primary key.
pub(in crate::sqlite) const SEAL_STEP: &str = "
INSERT INTO bursar_seal (book, step, seal, sealed_at, accounts, entries, root)
SELECT b.book, $2, $3, $4, $5, $6, $7
  FROM bursar_book AS b
 WHERE b.book = $1 AND $2 = 1 + (SELECT coalesce(max(s.step), 0) FROM bursar_seal AS s WHERE s.book = $1)";

/// Segments from `$2`, an array of `[account, first_position, seal, digests, chain]`, the last two in hexadecimal digits.
pub(in crate::sqlite) const SEGMENTS_KEEP: &str = "
INSERT INTO bursar_segment (book, account, first_position, seal, digests, chain)
SELECT $1, value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), unhex(value ->> 4) FROM json_each($2)";
