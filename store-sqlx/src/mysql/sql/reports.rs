//! Statements that reports are drawn up from.

/// The entries of the accounts in `$2`, an array, from after account `$3`, which is none or the first of them, and position `$4`. Primary key.
pub(in crate::mysql) const ENTRIES_OF: &str = concat!(
    entry_columns!(),
    texts!("$2", "account", "64"),
    "
  STRAIGHT_JOIN bursar_entry AS e FORCE INDEX (PRIMARY)
     ON e.book = $1 AND e.account = j.account AND (e.account <> $3 OR e.position > $4)
 ORDER BY e.account, e.position LIMIT $5"
);

macro_rules! summary_rows {
    ($rows:expr) => {
        concat!(
            "SELECT /*+ SET_VAR(group_concat_max_len = 16777216) */
       ",
            name!("s.account"),
            ", s.earlier, s.opening, s.fee, s.adjustment, s.paid,
       s.charges - (SELECT CAST(COALESCE(SUM(ABS(r.amount)), 0) AS SIGNED)
                      FROM bursar_entry AS r FORCE INDEX (bursar_entry_reversed)
                     WHERE r.book = $1 AND r.account = s.account AND r.reverses > 0 AND r.term = $2 AND r.figure = 1),
       (SELECT CONVERT(GROUP_CONCAT(m.fee_group ORDER BY m.fee_group SEPARATOR '\\n') USING utf8mb4)
          FROM bursar_member AS m WHERE m.book = $1 AND m.account = s.account)
  FROM (",
            $rows,
            ") AS s
 ORDER BY s.account"
        )
    };
}

macro_rules! charges {
    () => {
        ",
       CAST(COALESCE(SUM(CASE WHEN e.term = $2 AND e.figure = 1 AND e.amount > 0 THEN e.amount END), 0) AS SIGNED) AS charges"
    };
}

/// The parts in the summary of a late term: [`TERM_ROWS_LATE`](super::TERM_ROWS_LATE); the sum of the term's charges, without what was reversed of
/// them, and of concessions, by `bursar_entry_reversed`; and the groups, by their primary key.
pub(in crate::mysql) const SUMMARY_ROWS_LATE: &str = summary_rows!(late_rows!("a.account", charges!()));

/// [`SUMMARY_ROWS_LATE`] of an early term.
pub(in crate::mysql) const SUMMARY_ROWS_EARLY: &str = summary_rows!(early_rows!("a.account", charges!()));

/// [`SUMMARY_ROWS_LATE`] of a term with many before and after it.
pub(in crate::mysql) const SUMMARY_ROWS: &str = summary_rows!(any_rows!("a.account", charges!()));

/// The sums of an aging by the day `$5` and the instant `$6`, in byte order of accounts: the credits, below zero, or nothing, without a day; and
/// the debits by the day on which they fell due, or the one before `$2` if that is later, since from there on all are in one bucket. So one text
/// serves any buckets. Primary key; what is reversed is sought for by it.
pub(in crate::mysql) const AGED_ROWS: &str = concat!(
    "SELECT ",
    name!("s.account"),
    ", s.due_on, CAST(SUM(s.amount) AS SIGNED)
  FROM (SELECT o.account, CASE WHEN o.due_on IS NOT NULL THEN o.amount END AS amount,
               CASE WHEN (o.amount > 0) = (o.reverses IS NULL) THEN GREATEST(o.due_on, $2 - 1) END AS due_on
          FROM (SELECT a.account, e.amount, e.reverses,
                       CASE WHEN e.reverses IS NULL THEN COALESCE(e.due_on, e.effective_on)
                            ELSE (SELECT COALESCE(t.due_on, t.effective_on) FROM bursar_entry AS t FORCE INDEX (PRIMARY)
                                   WHERE t.book = $1 AND t.account = e.account AND t.position = e.reverses
                                     AND t.effective_on <= $5 AND t.recorded_at <= $6) END AS due_on
                  FROM (SELECT account FROM bursar_account
                         WHERE book = $1 AND account > $3 ORDER BY account LIMIT $4) AS a
                  LEFT JOIN bursar_entry AS e FORCE INDEX (PRIMARY)
                    ON e.book = $1 AND e.account = a.account AND e.effective_on <= $5 AND e.recorded_at <= $6) AS o) AS s
 GROUP BY s.account, s.due_on
 ORDER BY s.account"
);

macro_rules! owing {
    ($range:literal, $order:literal) => {
        concat!(
            "(SELECT a.balance, a.account FROM bursar_account AS a FORCE INDEX (bursar_account_owing)
           WHERE a.book = $1 AND a.balance >= $2 AND ", $range, "
             AND ($3 IS NULL OR a.standing = $3)
             AND ($4 IS NULL OR EXISTS (SELECT 1 FROM bursar_member AS m
                                         WHERE m.book <=> a.book AND m.account <=> a.account AND m.fee_group <=> $4))
           ORDER BY ", $order, " LIMIT $7)"
        )
    };
}

/// Who owes, from after the balance `$5` and account `$6`, those that owe most first: the others that owe just as much, then those that owe
/// less. Two ranges of `bursar_account_owing`, which has all that is asked of it; then the accounts of the page.
pub(in crate::mysql) const OWING: &str = concat!(
    account_columns!(),
    "(SELECT u.account FROM (",
    owing!("a.balance = $5 AND a.account > $6", "a.account"),
    "
           UNION ALL
         ",
    owing!("a.balance < $5", "a.balance DESC, a.account"),
    ") AS u
         ORDER BY u.balance DESC, u.account LIMIT $7) AS o
  STRAIGHT_JOIN bursar_account AS a FORCE INDEX (PRIMARY) ON a.book = $1 AND a.account = o.account
 ORDER BY a.balance DESC, a.account"
);

/// [`OWING`] in a small group. `bursar_member_group`, and a seek a member.
pub(in crate::mysql) const OWING_IN_GROUP: &str = concat!(
    account_columns!(),
    "bursar_member AS g FORCE INDEX (bursar_member_group)
  STRAIGHT_JOIN bursar_account AS a FORCE INDEX (PRIMARY) ON a.book = $1 AND a.account = g.account
 WHERE g.book = $1 AND g.fee_group = $4 AND a.balance >= $2
   AND ($3 IS NULL OR a.standing = $3) AND (a.balance < $5 OR a.balance = $5 AND a.account > $6)
 ORDER BY a.balance DESC, a.account LIMIT $7"
);

/// A row where more than `$2` owe. `bursar_account_owing`.
pub(in crate::mysql) const OWING_BEYOND: &str = "SELECT 1 FROM bursar_account FORCE INDEX (bursar_account_owing) WHERE book = $1 AND balance > 0 LIMIT 1 OFFSET $2";

/// Who owes, in byte order, where they are few. `bursar_account_owing`: all of them are sorted.
pub(in crate::mysql) const ACCOUNTS_OWING_FEW: &str = concat!(
    account_columns!(),
    "bursar_account AS a FORCE INDEX (bursar_account_owing) WHERE a.book = $1 AND a.account > $2 AND a.balance > 0 ORDER BY a.account LIMIT $3"
);
