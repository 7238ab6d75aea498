//! Statements on seals.

/// How far the book is sealed: the last step, and the last root with its own step. Primary key, and `bursar_seal_root`.
pub(in crate::mysql) const SEAL_STATE: &str = "
SELECT s.step, r.step, r.seal, r.accounts, r.entries, r.root, r.sealed_at
  FROM (SELECT coalesce(max(step), 0) AS step FROM bursar_seal WHERE book = $1) AS s
  LEFT JOIN bursar_seal AS r
    ON r.book = $1 AND r.seal = (SELECT max(seal) FROM bursar_seal WHERE book = $1 AND seal IS NOT NULL)";

/// `bursar_seal_root`.
pub(in crate::mysql) const SEALS: &str = "
SELECT seal, accounts, entries, root, sealed_at FROM bursar_seal WHERE book = $1 AND seal > $2 ORDER BY seal LIMIT $3";

/// The ends of the last segments of the accounts in `$2`, an array. Primary key.
pub(in crate::mysql) const SEALED: &str = concat!(
    "SELECT ",
    name!("s.account"),
    ", CAST(s.first_position + LENGTH(s.digests) DIV 32 - 1 AS SIGNED), s.seal, s.chain
  FROM ",
    texts!("$2", "account", "64"),
    "
  STRAIGHT_JOIN bursar_segment AS s FORCE INDEX (PRIMARY)
     ON s.book = $1 AND s.account = j.account
    AND s.first_position = (SELECT MAX(l.first_position) FROM bursar_segment AS l WHERE l.book = $1 AND l.account = j.account)"
);

/// Primary key: two ranges of it.
pub(in crate::mysql) const SEGMENTS: &str = concat!(
    "SELECT ",
    name!("s.account"),
    ", s.first_position, s.seal, s.digests, s.chain
  FROM bursar_segment AS s FORCE INDEX (PRIMARY)
 WHERE s.book = $1 AND (s.account = $2 AND s.first_position > $3 OR s.account > $2)
 ORDER BY s.account, s.first_position LIMIT $4"
);

/// The next step, where there is the book and `$2` is one more than the last. Primary key.
pub(in crate::mysql) const SEAL_STEP: &str = "
INSERT INTO bursar_seal (book, step, seal, sealed_at, accounts, entries, root)
SELECT b.book, $2, $3, $4, $5, $6, $7
  FROM bursar_book AS b
 WHERE b.book = $1 AND $2 = 1 + (SELECT coalesce(max(s.step), 0) FROM bursar_seal AS s WHERE s.book = $1)";

/// Segments from `$2`, an array of `[account, first_position, seal, digests, chain]`, the last two in hexadecimal digits.
pub(in crate::mysql) const SEGMENTS_KEEP: &str = "
INSERT INTO bursar_segment (book, account, first_position, seal, digests, chain)
SELECT $1, t.account, t.first_position, t.seal, UNHEX(t.digests), UNHEX(t.chain)
  FROM JSON_TABLE($2, '$[*]' COLUMNS (account        VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[0]',
                                      first_position BIGINT                            PATH '$[1]',
                                      seal           BIGINT                            PATH '$[2]',
                                      digests        LONGTEXT    CHARACTER SET utf8mb4 PATH '$[3]',
                                      chain          VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[4]')) AS t";
