//! Statements on seals.

/// The ends of the last segments of the accounts in `$2`, an array. Primary key.
pub(in crate::postgres) const SEALED: &str = "
SELECT s.account, s.first_position + octet_length(s.digests) / 32 - 1, s.seal, s.chain
  FROM (SELECT DISTINCT value AS account FROM json_array_elements_text($2::json)) AS j
 CROSS JOIN LATERAL (SELECT l.account, l.first_position, l.digests, l.seal, l.chain
                       FROM bursar_segment AS l
                      WHERE l.book = $1 AND l.account = j.account
                      ORDER BY l.first_position DESC LIMIT 1) AS s";

/// Segments from `$2`, an array of `[account, first_position, seal, digests, chain]`, the last two in hexadecimal digits.
pub(in crate::postgres) const SEGMENTS_KEEP: &str = "
INSERT INTO bursar_segment (book, account, first_position, seal, digests, chain)
SELECT $1, j.value ->> 0, (j.value ->> 1)::bigint, (j.value ->> 2)::bigint,
       decode(j.value ->> 3, 'hex'), decode(j.value ->> 4, 'hex')
  FROM json_array_elements($2::json) AS j";
