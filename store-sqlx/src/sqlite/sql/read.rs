//! Statements that read.

use crate::ledger::sql::account_statements;
use crate::ledger::sql::standard::{entry_columns, fee_columns};

/// A page of fees, a row an instalment. Primary key.
pub(in crate::sqlite) const FEES: &str = concat!(
    fee_columns!(),
    "
  FROM (SELECT own, payer, code FROM bursar_fee
         WHERE book = $1 AND term = $2 AND instalment = 0 AND (own, payer, code) > ($3, $4, $5)
         ORDER BY own, payer, code LIMIT $6) AS k
 CROSS JOIN bursar_fee AS f
    ON f.book = $1 AND f.term = $2 AND f.own = k.own AND f.payer = k.payer AND f.code = k.code
 ORDER BY f.own, f.payer, f.code, f.instalment"
);

/// The fees that any of the payers in `$3`, an array of `[own, payer]`, pays. Primary key.
pub(in crate::sqlite) const FEES_OF: &str = concat!(
    fee_columns!(),
    "
  FROM (SELECT DISTINCT value ->> 0 AS own, value ->> 1 AS payer FROM json_each($3)) AS j
 CROSS JOIN bursar_fee AS f ON f.book = $1 AND f.term = $2 AND f.own = j.own AND f.payer = j.payer
 ORDER BY f.own, f.payer, f.code, f.instalment"
);

macro_rules! account_columns {
    () => {
        "SELECT a.account, a.enrolled_on, a.standing, a.version, a.revision, a.balance,
       (SELECT group_concat(fee_group, char(10)) FROM bursar_member AS m WHERE m.book = a.book AND m.account = a.account),
       (SELECT currency FROM bursar_book WHERE book = $1)
  FROM "
    };
}

account_statements!(account_columns);

/// The accounts in `$2`, an array. Primary key.
pub(in crate::sqlite) const ACCOUNTS: &str = concat!(
    account_columns!(),
    "(SELECT DISTINCT value AS account FROM json_each($2)) AS j
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = j.account"
);

/// The entries under the keys in `$2`, an array. `bursar_entry_key`.
pub(in crate::sqlite) const ENTRIES_BY_KEY: &str = concat!(
    entry_columns!(),
    "(SELECT DISTINCT value AS key FROM json_each($2)) AS j
 CROSS JOIN bursar_entry AS e ON e.book = $1 AND e.key = j.key"
);

/// The charges in a term of the accounts in `$3`, an array. `bursar_entry_charge`, then `bursar_entry_reversed`.
pub(in crate::sqlite) const CHARGES: &str = "
SELECT e.account, e.code, e.slot,
       NOT EXISTS (SELECT 1 FROM bursar_entry AS r
                    WHERE r.book = $1 AND r.account = e.account AND r.reverses = e.position)
  FROM (SELECT DISTINCT value AS account FROM json_each($3)) AS j
 CROSS JOIN bursar_entry AS e INDEXED BY bursar_entry_charge
    ON e.book = $1 AND e.term = $2 AND e.account = j.account AND e.code IS NOT NULL";

macro_rules! figures {
    ($of:literal) => {
        concat!(
            "coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 0), 0) AS opening,
       coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 1), 0) AS fee,
       coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 2), 0) AS adjustment,
       coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 3), 0) AS paid"
        )
    };
}

/// What an account's entries change: `term figure amount` and again, packed. Summing a few dozen of them here costs less than bringing a row
/// a term over. Primary key.
pub(in crate::sqlite) const AMOUNTS_OF_ONE: &str = "
SELECT group_concat(term || ' ' || figure || ' ' || amount, ' ') FROM bursar_entry WHERE book = $1 AND account = $2";

/// The totals of the accounts in `$2`, an array: a row an account and term. Primary key.
pub(in crate::sqlite) const TOTALS: &str = concat!(
    "SELECT e.account, e.term, ",
    figures!(""),
    "
  FROM (SELECT DISTINCT value AS account FROM json_each($2)) AS j
 CROSS JOIN bursar_entry AS e ON e.book = $1 AND e.account = j.account
 GROUP BY +e.account, +e.term"
);

/// The rows of the last term, in two parts: the balances, and the sums of the term's entries, which are what the balance has beyond what was
/// there earlier; and whether it is the last. Primary keys, and a range of `bursar_entry_figures`.
pub(in crate::sqlite) const TERM_ROWS_LAST: &str = concat!(
    "WITH page AS MATERIALIZED (
  SELECT account, balance FROM bursar_account WHERE book = $1 AND account > $3 ORDER BY account LIMIT $4)
SELECT (SELECT max(term) FROM bursar_term WHERE book = $1) <= $2,
       (SELECT group_concat(account || char(31) || balance, char(10)) FROM page),
       (SELECT group_concat(account || char(31) || opening || char(31) || fee || char(31) || adjustment || char(31) || paid, char(10))
          FROM (SELECT e.account, ",
    figures!(""),
    "
                  FROM bursar_entry AS e INDEXED BY bursar_entry_figures
                 WHERE e.book = $1 AND e.term = $2 AND e.account > $3 AND e.account <= (SELECT max(account) FROM page)
                 GROUP BY e.account))"
);

macro_rules! packed_figures {
    ($of:literal) => {
        concat!(
            "coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 0), 0) || char(31)
            || coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 1), 0) || char(31)
            || coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 2), 0) || char(31)
            || coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 3), 0)"
        )
    };
}

/// The accounts of `page`, a line each: what was there earlier, the figures, and more. Each account's entries are summed apart: to group those of a
/// page, the planner would sort them.
macro_rules! term_lines {
    ($page:expr, $earlier:literal, $more:literal, $entries:literal) => {
        concat!(
            "SELECT group_concat(a.account || char(31) || (
          SELECT ",
            $earlier,
            " || char(31)
            || ",
            packed_figures!("e.term = $2 AND "),
            $more,
            "
            FROM bursar_entry AS e ",
            $entries,
            "), char(10))
  FROM ",
            $page,
            " AS a"
        )
    };
}

macro_rules! term_rows {
    ($lines:ident) => {
        $lines!("(SELECT account, balance FROM bursar_account WHERE book = $1 AND account > $3 ORDER BY account LIMIT $4)", "")
    };
}

/// What was there earlier is the balance less what came since.
macro_rules! late_lines {
    ($page:expr, $more:literal) => {
        term_lines!(
            $page,
            "(a.balance - coalesce(sum(e.amount), 0))",
            $more,
            "INDEXED BY bursar_entry_figures
           WHERE e.book = $1 AND e.account = a.account
             AND e.term IN (SELECT term FROM bursar_term WHERE book = $1 AND term >= $2)"
        )
    };
}

macro_rules! early_lines {
    ($page:expr, $more:literal) => {
        term_lines!(
            $page,
            "coalesce(sum(e.amount) FILTER (WHERE e.term < $2), 0)",
            $more,
            "INDEXED BY bursar_entry_figures
           WHERE e.book = $1 AND e.account = a.account
             AND e.term IN (SELECT term FROM bursar_term WHERE book = $1 AND term <= $2)"
        )
    };
}

macro_rules! any_lines {
    ($page:expr, $more:literal) => {
        term_lines!(
            $page,
            "coalesce(sum(e.amount) FILTER (WHERE e.term < $2), 0)",
            $more,
            "NOT INDEXED WHERE e.book = $1 AND e.account = a.account"
        )
    };
}

/// The rows of a late term. `bursar_entry_figures`, a seek an account and term.
pub(in crate::sqlite) const TERM_ROWS_LATE: &str = term_rows!(late_lines);

/// The rows of an early term. `bursar_entry_figures`, a seek an account and term.
pub(in crate::sqlite) const TERM_ROWS_EARLY: &str = term_rows!(early_lines);

/// The rows of a term with many before and after it. Primary key: all entries of the accounts, in order.
pub(in crate::sqlite) const TERM_ROWS: &str = term_rows!(any_lines);

/// Sums in two halves, so that no sum of a whole book overflows 64 bits: `amount = 2^32 * high + low`.
pub(in crate::sqlite) const BOOK_TOTALS: &str = "
SELECT (SELECT count(*)                          FROM bursar_account WHERE book = $1),
       (SELECT coalesce(sum(balance >> 32), 0)        FROM bursar_account WHERE book = $1),
       (SELECT coalesce(sum(balance & 4294967295), 0) FROM bursar_account WHERE book = $1),
       count(*), coalesce(sum(amount >> 32), 0), coalesce(sum(amount & 4294967295), 0)
  FROM bursar_entry INDEXED BY bursar_entry_figures
 WHERE book = $1";
