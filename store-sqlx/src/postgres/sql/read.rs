//! Statements that read.

use crate::ledger::sql::account_statements;
use crate::ledger::sql::standard::{entry_columns, fee_columns};

/// A page of fees, a row an instalment. Primary key.
pub(in crate::postgres) const FEES: &str = concat!(
    fee_columns!(),
    "
  FROM (SELECT own, payer, code FROM bursar_fee
         WHERE book = $1 AND term = $2 AND instalment = 0 AND (own, payer, code) > ($3, $4, $5)
         ORDER BY own, payer, code LIMIT $6) AS k
  JOIN bursar_fee AS f
    ON f.book = $1 AND f.term = $2 AND f.own = k.own AND f.payer = k.payer AND f.code = k.code
 ORDER BY f.own, f.payer, f.code, f.instalment"
);

/// The fees that any of the payers in `$3`, an array of `[own, payer]`, pays. Primary key.
pub(in crate::postgres) const FEES_OF: &str = concat!(
    fee_columns!(),
    "
  FROM (SELECT DISTINCT (value ->> 0)::bigint AS own, value ->> 1 AS payer FROM json_array_elements($3::json)) AS j
  JOIN bursar_fee AS f ON f.book = $1 AND f.term = $2 AND f.own = j.own AND f.payer = j.payer
 ORDER BY f.own, f.payer, f.code, f.instalment"
);

macro_rules! account_columns {
    () => {
        "SELECT a.account, a.enrolled_on, a.standing, a.version, a.revision, a.balance,
       (SELECT string_agg(fee_group, chr(10)) FROM bursar_member AS m WHERE m.book = a.book AND m.account = a.account),
       (SELECT currency FROM bursar_book WHERE book = $1)
  FROM "
    };
}

account_statements!(account_columns);

/// The accounts in `$2`, an array. Primary key.
pub(in crate::postgres) const ACCOUNTS: &str = concat!(
    account_columns!(),
    "(SELECT DISTINCT value AS account FROM json_array_elements_text($2::json)) AS j
  JOIN bursar_account AS a ON a.book = $1 AND a.account = j.account"
);

/// The entries under the keys in `$2`, an array. `bursar_entry_key`.
pub(in crate::postgres) const ENTRIES_BY_KEY: &str = concat!(
    entry_columns!(),
    "(SELECT DISTINCT value AS key FROM json_array_elements_text($2::json)) AS j
  JOIN bursar_entry AS e ON e.book = $1 AND e.key = j.key"
);

/// The charges in a term of the accounts in `$3`, an array. `bursar_entry_charge`, then `bursar_entry_reversed`.
pub(in crate::postgres) const CHARGES: &str = "
SELECT e.account, e.code, e.slot,
       NOT EXISTS (SELECT 1 FROM bursar_entry AS r
                    WHERE r.book = $1 AND r.account = e.account AND r.reverses = e.position)
  FROM (SELECT DISTINCT value AS account FROM json_array_elements_text($3::json)) AS j
  JOIN bursar_entry AS e
    ON e.book = $1 AND e.term = $2 AND e.account = j.account AND e.code IS NOT NULL";

macro_rules! figures {
    ($of:literal) => {
        concat!(
            "coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 0), 0)::bigint AS opening,
       coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 1), 0)::bigint AS fee,
       coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 2), 0)::bigint AS adjustment,
       coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 3), 0)::bigint AS paid"
        )
    };
}

/// The totals of the accounts in `$2`, an array: a row an account and term, account by account. Primary key.
pub(in crate::postgres) const TOTALS: &str = concat!(
    "SELECT e.account, e.term, ",
    figures!(""),
    "
  FROM (SELECT DISTINCT value AS account FROM json_array_elements_text($2::json)) AS j
  JOIN bursar_entry AS e ON e.book = $1 AND e.account = j.account
 GROUP BY e.account, e.term
 ORDER BY e.account"
);

/// [`TOTALS`] of one account.
pub(in crate::postgres) const TOTALS_OF_ONE: &str = concat!(
    "SELECT e.account, e.term, ",
    figures!(""),
    "
  FROM bursar_entry AS e
 WHERE e.book = $1 AND e.account = $2
 GROUP BY e.account, e.term"
);

/// The page of accounts, the sums of entries of theirs, and more parts, each with more columns.
macro_rules! term_parts {
    ($of:literal, $entries:expr, $beside:literal, $more:expr, $parts:expr) => {
        concat!(
            "WITH page AS MATERIALIZED (
  SELECT account, balance FROM bursar_account WHERE book = $1 AND account > $3 ORDER BY account LIMIT $4)
SELECT account, balance, (SELECT max(term) FROM bursar_term WHERE book = $1) <= $2, NULL, NULL, NULL, NULL, NULL",
            $beside,
            "
  FROM page
 UNION ALL
SELECT e.account, NULL, NULL, ",
            figures!($of),
            ",
       sum(e.amount) FILTER (WHERE e.term <> $2)::bigint",
            $more,
            "
  FROM ",
            $entries,
            "
 GROUP BY e.account",
            $parts
        )
    };
}

macro_rules! term_rows {
    ($of:literal, $entries:expr) => {
        term_parts!($of, $entries, "", "", "")
    };
}

macro_rules! entries_of_term {
    () => {
        "bursar_entry AS e
 WHERE e.book = $1 AND e.term = $2 AND e.account > $3 AND e.account <= (SELECT max(account) FROM page)"
    };
}

macro_rules! entries_of_terms {
    ($side:literal) => {
        concat!(
            "bursar_term AS t
 CROSS JOIN LATERAL (SELECT e.account, e.term, e.figure, e.amount
                       FROM bursar_entry AS e
                      WHERE e.book = $1 AND e.term = t.term AND e.account > $3 AND e.account <= (SELECT max(account) FROM page)
                     OFFSET 0) AS e
 WHERE t.book = $1 AND t.term ",
            $side,
            " $2"
        )
    };
}

/// The rows of the last term: the accounts, each with its balance and whether the term is the last; and apart from these, in any order, the
/// sums of the term's entries, and of those of other terms. Not joined: no plan of a join suits every page. Primary keys, and a range of
/// `bursar_entry_figures` in the order of accounts.
pub(in crate::postgres) const TERM_ROWS_LAST: &str = term_rows!("", entries_of_term!());

/// [`TERM_ROWS_LAST`] with the entries of later terms. A range of `bursar_entry_figures` a term.
pub(in crate::postgres) const TERM_ROWS_LATE: &str = term_rows!("e.term = $2 AND ", entries_of_terms!(">="));

/// [`TERM_ROWS_LAST`] with the entries of earlier terms. A range of `bursar_entry_figures` a term.
pub(in crate::postgres) const TERM_ROWS_EARLY: &str = term_rows!("e.term = $2 AND ", entries_of_terms!("<="));

/// Sums in two halves, so that no sum of a whole book overflows 64 bits: `amount = 2^32 * high + low`. `bursar_entry_figures`.
pub(in crate::postgres) const BOOK_TOTALS: &str = "
SELECT a.accounts, a.high, a.low, e.entries, e.high, e.low
  FROM (SELECT count(*) AS accounts, coalesce(sum(balance >> 32), 0)::bigint AS high,
               coalesce(sum(balance & 4294967295), 0)::bigint AS low
          FROM bursar_account WHERE book = $1) AS a,
       (SELECT count(*) AS entries, coalesce(sum(amount >> 32), 0)::bigint AS high,
               coalesce(sum(amount & 4294967295), 0)::bigint AS low
          FROM bursar_entry WHERE book = $1) AS e";
