//! Statements on seals.

/// The ends of the last segments of the accounts in `$2`, an array. Primary key.
pub(in crate::sqlite) const SEALED: &str = "
SELECT s.account, s.first_position + length(s.digests) / 32 - 1, s.seal, s.chain
  FROM (SELECT DISTINCT value AS account FROM json_each($2)) AS j
 CROSS JOIN bursar_segment AS s
    ON s.book = $1 AND s.account = j.account
   AND s.first_position = (SELECT max(l.first_position) FROM bursar_segment AS l WHERE l.book = $1 AND l.account = j.account)";

/// Segments from `$2`, an array of `[account, first_position, seal, digests, chain]`, the last two in hexadecimal digits.
pub(in crate::sqlite) const SEGMENTS_KEEP: &str = "
INSERT INTO bursar_segment (book, account, first_position, seal, digests, chain)
SELECT $1, value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), unhex(value ->> 4) FROM json_each($2)";
