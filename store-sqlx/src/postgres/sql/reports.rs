//! Statements that reports are drawn up from. What goes through a page is planned anew: how much a page holds, no plan for all of them knows.

use crate::ledger::sql::standard::entry_columns;

/// The entries of the accounts in `$2`, an array, from after account `$3`, which is none or the first of them, and position `$4`. Primary key.
pub(in crate::postgres) const ENTRIES_OF: &str = concat!(
    anew!(),
    entry_columns!(),
    "(SELECT DISTINCT value AS account FROM json_array_elements_text($2::json)) AS j
  JOIN bursar_entry AS e
    ON e.book = $1 AND e.account = j.account AND e.position > CASE WHEN j.account = $3 THEN $4 ELSE 0 END
 ORDER BY e.account, e.position LIMIT $5"
);

/// The sum of the term's charges, reversed ones among them, and of reversed concessions.
macro_rules! charges {
    () => {
        ",
       coalesce(sum(e.amount) FILTER (WHERE e.term = $2 AND e.figure = 1 AND e.amount > 0), 0)::bigint, NULL"
    };
}

/// The groups of the page's accounts, a row a group; and what was reversed of the term's charges and concessions, which is rare, below zero.
/// Primary key, and `bursar_entry_reversed`.
macro_rules! beside {
    () => {
        "
 UNION ALL
SELECT account, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, fee_group
  FROM bursar_member
 WHERE book = $1 AND account > $3 AND account <= (SELECT max(account) FROM page)
 UNION ALL
SELECT account, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -sum(abs(amount))::bigint, NULL
  FROM bursar_entry
 WHERE book = $1 AND account > $3 AND account <= (SELECT max(account) FROM page)
   AND reverses IS NOT NULL AND term = $2 AND figure = 1
 GROUP BY account"
    };
}

macro_rules! summary_rows {
    ($of:literal, $entries:expr) => {
        term_parts!($of, $entries, ", NULL::bigint, NULL::text", charges!(), beside!())
    };
}

/// The parts in the summary of the last term: [`TERM_ROWS_LAST`](super::TERM_ROWS_LAST) with the lists beside it.
pub(in crate::postgres) const SUMMARY_ROWS_LAST: &str = summary_rows!("", entries_of_term!());

/// [`TERM_ROWS_LATE`](super::TERM_ROWS_LATE) with the lists beside it.
pub(in crate::postgres) const SUMMARY_ROWS_LATE: &str =
    summary_rows!("e.term = $2 AND ", entries_of_terms!(">="));

/// [`TERM_ROWS_EARLY`](super::TERM_ROWS_EARLY) with the lists beside it.
pub(in crate::postgres) const SUMMARY_ROWS_EARLY: &str =
    summary_rows!("e.term = $2 AND ", entries_of_terms!("<="));

/// The sums of an aging by the day `$5` and the instant `$6`, in byte order of accounts: every account of the page once without a sum; the
/// credits, below zero, without a day; and the debits by the day on which they fell due, or the one before `$2` if that is later, since from there
/// on all are in one bucket. So one text serves any buckets. A range of the primary key; what is reversed is sought for by it.
pub(in crate::postgres) const AGED_ROWS: &str = concat!(
    anew!(),
    "WITH page AS MATERIALIZED (
  SELECT account FROM bursar_account WHERE book = $1 AND account > $3 ORDER BY account LIMIT $4)
SELECT account, NULL::bigint AS due_on, NULL::bigint AS amount
  FROM page
 UNION ALL
SELECT e.account, e.due_on, sum(e.amount)::bigint
  FROM (SELECT o.account, o.amount,
               CASE WHEN (o.amount > 0) = (o.reverses IS NULL) THEN greatest(o.due_on, $2 - 1) END AS due_on
          FROM (SELECT e.account, e.amount, e.reverses,
                       CASE WHEN e.reverses IS NULL THEN coalesce(e.due_on, e.effective_on)
                            ELSE (SELECT coalesce(t.due_on, t.effective_on) FROM bursar_entry AS t
                                   WHERE t.book = $1 AND t.account = e.account AND t.position = e.reverses
                                     AND t.effective_on <= $5 AND t.recorded_at <= $6) END AS due_on
                  FROM bursar_entry AS e
                 WHERE e.book = $1 AND e.account > $3 AND e.account <= (SELECT max(account) FROM page)
                   AND e.effective_on <= $5 AND e.recorded_at <= $6
                OFFSET 0) AS o
         WHERE o.due_on IS NOT NULL) AS e
 GROUP BY e.account, e.due_on
 ORDER BY account"
);

macro_rules! owing {
    ($range:literal, $order:literal) => {
        concat!(
            "(SELECT a.balance, a.account FROM bursar_account AS a
           WHERE a.book = $1 AND a.balance > 0 AND a.balance >= $2 AND ", $range, "
             AND ($3::text IS NULL OR a.standing = $3)
             AND ($4::text IS NULL OR EXISTS (SELECT 1 FROM bursar_member AS m
                                               WHERE m.book = $1 AND m.account = a.account AND m.fee_group = $4))
           ORDER BY ", $order, " LIMIT $7)"
        )
    };
}

/// Who owes, from after the balance `$5` and account `$6`, those that owe most first: the others that owe just as much, then those that owe
/// less. Two ranges of `bursar_account_owing`, which has all that is asked of it; then the accounts of the page.
pub(in crate::postgres) const OWING: &str = concat!(
    anew!(),
    account_columns!(),
    "(SELECT u.account FROM (",
    owing!("a.balance = $5 AND a.account > $6", "a.account"),
    "
           UNION ALL
         ",
    owing!("a.balance < $5", "a.balance DESC, a.account"),
    ") AS u
         ORDER BY u.balance DESC, u.account LIMIT $7) AS o
  JOIN bursar_account AS a ON a.book = $1 AND a.account = o.account
 ORDER BY a.balance DESC, a.account"
);

/// [`OWING`] in a small group. `bursar_member_group`, and a seek a member.
pub(in crate::postgres) const OWING_IN_GROUP: &str = concat!(
    anew!(),
    account_columns!(),
    "bursar_member AS g
  JOIN bursar_account AS a ON a.book = $1 AND a.account = g.account
 WHERE g.book = $1 AND g.fee_group = $4 AND a.balance > 0 AND a.balance >= $2
   AND ($3::text IS NULL OR a.standing = $3) AND (a.balance < $5 OR a.balance = $5 AND a.account > $6)
 ORDER BY a.balance DESC, a.account LIMIT $7"
);

/// A row where more than `$2` owe. `bursar_account_owing`.
pub(in crate::postgres) const OWING_BEYOND: &str =
    "SELECT 1 FROM bursar_account WHERE book = $1 AND balance > 0 LIMIT 1 OFFSET $2";

/// Who owes, in byte order, where they are few. `bursar_account_owing`: all of them are sorted.
pub(in crate::postgres) const ACCOUNTS_OWING_FEW: &str = concat!(
    anew!(),
    account_columns!(),
    "(SELECT * FROM bursar_account WHERE book = $1 AND balance > 0 ORDER BY balance DESC, account OFFSET 0) AS a
 WHERE a.account > $2 ORDER BY a.account LIMIT $3"
);
