//! Statements on seals.

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

/// Segments from `$2`, an array of `[account, first_position, seal, digests, chain]`, the last two in hexadecimal digits.
pub(in crate::mysql) const SEGMENTS_KEEP: &str = "
INSERT INTO bursar_segment (book, account, first_position, seal, digests, chain)
SELECT $1, t.account, t.first_position, t.seal, UNHEX(t.digests), UNHEX(t.chain)
  FROM JSON_TABLE($2, '$[*]' COLUMNS (account        VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[0]',
                                      first_position BIGINT                            PATH '$[1]',
                                      seal           BIGINT                            PATH '$[2]',
                                      digests        LONGTEXT    CHARACTER SET utf8mb4 PATH '$[3]',
                                      chain          VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[4]')) AS t";
