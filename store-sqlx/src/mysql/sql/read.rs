//! Statements that read.

use crate::ledger::sql::account_statements;

/// Primary key.
pub(in crate::mysql) const BOOKS: &str =
    concat!("SELECT ", name!("book"), " FROM bursar_book WHERE book > $1 ORDER BY book LIMIT $2");

macro_rules! fee_columns {
    () => {
        concat!(
            "SELECT f.own, ",
            name!("f.payer"),
            ", ",
            name!("f.code"),
            ", f.revision, f.instalment, f.amount, f.due_on,
       (SELECT currency FROM bursar_book WHERE book = $1)"
        )
    };
}

/// A page of fees, a row an instalment. Primary key.
pub(in crate::mysql) const FEES: &str = concat!(
    fee_columns!(),
    "
  FROM (SELECT own, payer, code FROM bursar_fee
         WHERE book = $1 AND term = $2 AND instalment = 0
           AND (own > $3 OR own = $3 AND payer > $4 OR own = $3 AND payer = $4 AND code > $5)
         ORDER BY own, payer, code LIMIT $6) AS k
  STRAIGHT_JOIN bursar_fee AS f FORCE INDEX (PRIMARY)
     ON f.book = $1 AND f.term = $2 AND f.own = k.own AND f.payer = k.payer AND f.code = k.code
 ORDER BY f.own, f.payer, f.code, f.instalment"
);

/// The fees that any of the payers in `$3`, an array of `[own, payer]`, pays. Primary key.
pub(in crate::mysql) const FEES_OF: &str = concat!(
    fee_columns!(),
    "
  FROM (SELECT DISTINCT t.own, CAST(t.x AS BINARY) AS payer
          FROM JSON_TABLE($3, '$[*]' COLUMNS (own BIGINT PATH '$[0]', x VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[1]')) AS t) AS j
  STRAIGHT_JOIN bursar_fee AS f FORCE INDEX (PRIMARY)
     ON f.book = $1 AND f.term = $2 AND f.own = j.own AND f.payer = j.payer
 ORDER BY f.own, f.payer, f.code, f.instalment"
);

/// A charge from a group's fee. `bursar_entry_charge`: it walks the charges of the term until it finds one.
pub(in crate::mysql) const FEE_CHARGED_GROUP: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_entry FORCE INDEX (bursar_entry_charge)
                WHERE book = $1 AND term = $2 AND fee_group = $3 AND code = $4)";

/// A charge from an account's own fee. `bursar_entry_charge`.
pub(in crate::mysql) const FEE_CHARGED_OWN: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_entry FORCE INDEX (bursar_entry_charge)
                WHERE book = $1 AND term = $2 AND account = $3 AND code = $4 AND slot IS NOT NULL AND fee_group IS NULL)";

macro_rules! account_columns {
    () => {
        concat!(
            "SELECT /*+ SET_VAR(group_concat_max_len = 16777216) */
       ",
            name!("a.account"),
            ", a.enrolled_on, a.standing, a.version, a.revision, a.balance,
       (SELECT CONVERT(GROUP_CONCAT(m.fee_group ORDER BY m.fee_group SEPARATOR '\n') USING utf8mb4)
          FROM bursar_member AS m WHERE m.book = a.book AND m.account = a.account),
       (SELECT currency FROM bursar_book WHERE book = $1)
  FROM "
        )
    };
}

account_statements!(account_columns);

/// The accounts in `$2`, an array. Primary key.
pub(in crate::mysql) const ACCOUNTS: &str = concat!(
    account_columns!(),
    texts!("$2", "account", "64"),
    "
  STRAIGHT_JOIN bursar_account AS a FORCE INDEX (PRIMARY) ON a.book = $1 AND a.account = j.account"
);

macro_rules! entry_columns {
    () => {
        concat!(
            "SELECT ",
            name!("e.account"),
            ", e.position, e.id, e.term, e.kind, e.figure, e.amount, e.effective_on, e.recorded_at, e.recorded_by,
       ",
            name!("e.`key`"),
            ", e.method, e.reference, e.reason, ",
            name!("e.code"),
            ", e.due_on, e.slot,
       ",
            name!("e.fee_group"),
            ", e.reverses, e.concession, e.note,
       (SELECT currency FROM bursar_book WHERE book = $1)
  FROM "
        )
    };
}

/// Primary key.
pub(in crate::mysql) const ENTRIES: &str = concat!(
    entry_columns!(),
    "bursar_entry AS e FORCE INDEX (PRIMARY)
 WHERE e.book = $1 AND e.account = $2 AND e.position > $3 ORDER BY e.position LIMIT $4"
);

/// Primary key: two ranges of it.
pub(in crate::mysql) const SCAN: &str = concat!(
    entry_columns!(),
    "bursar_entry AS e FORCE INDEX (PRIMARY)
 WHERE e.book = $1 AND (e.account = $2 AND e.position > $3 OR e.account > $2) ORDER BY e.account, e.position LIMIT $4"
);

/// The entries under the keys in `$2`, an array. `bursar_entry_key`.
pub(in crate::mysql) const ENTRIES_BY_KEY: &str = concat!(
    entry_columns!(),
    texts!("$2", "k", "200"),
    "
  STRAIGHT_JOIN bursar_entry AS e FORCE INDEX (bursar_entry_key) ON e.book = $1 AND e.`key` = j.k"
);

/// The charges in a term of the accounts in `$3`, an array. `bursar_entry_charge`, then `bursar_entry_reversed`.
pub(in crate::mysql) const CHARGES: &str = concat!(
    "SELECT ",
    name!("e.account"),
    ", ",
    name!("e.code"),
    ", e.slot,
       NOT EXISTS (SELECT 1 FROM bursar_entry AS r
                    WHERE r.book = $1 AND r.account <=> e.account AND r.reverses <=> e.position)
  FROM ",
    texts!("$3", "account", "64"),
    "
  STRAIGHT_JOIN bursar_entry AS e FORCE INDEX (bursar_entry_charge)
     ON e.book = $1 AND e.term = $2 AND e.account = j.account AND e.code IS NOT NULL"
);

macro_rules! figure {
    ($of:literal, $number:literal) => {
        concat!(
            "CAST(COALESCE(SUM(CASE WHEN ",
            $of,
            "e.figure = ",
            $number,
            " THEN e.amount END), 0) AS SIGNED)"
        )
    };
}

macro_rules! figures {
    ($of:literal) => {
        concat!(
            figure!($of, "0"),
            " AS opening,
       ",
            figure!($of, "1"),
            " AS fee,
       ",
            figure!($of, "2"),
            " AS adjustment,
       ",
            figure!($of, "3"),
            " AS paid"
        )
    };
}

/// The totals of the accounts in `$2`, an array: a row an account and term. Primary key.
pub(in crate::mysql) const TOTALS: &str = concat!(
    "SELECT ",
    name!("e.account"),
    ", e.term, ",
    figures!(""),
    "
  FROM ",
    texts!("$2", "account", "64"),
    "
  STRAIGHT_JOIN bursar_entry AS e FORCE INDEX (PRIMARY) ON e.book = $1 AND e.account = j.account
 GROUP BY e.account, e.term
 ORDER BY e.account, e.term"
);

/// How many terms there are from `$2` on, and up to it. Primary key.
pub(in crate::mysql) const TERMS_AROUND: &str = "
SELECT COUNT(CASE WHEN term >= $2 THEN 1 END), COUNT(CASE WHEN term <= $2 THEN 1 END) FROM bursar_term WHERE book = $1";

/// The figures of a term of a page of accounts, with more columns.
macro_rules! rows_of_term {
    ($account:expr, $earlier:literal, $more:expr, $entries:literal) => {
        concat!(
            "SELECT ",
            $account,
            ", CAST(",
            $earlier,
            " AS SIGNED) AS earlier,
       ",
            figures!("e.term = $2 AND "),
            $more,
            "
  FROM (SELECT account, balance FROM bursar_account
         WHERE book = $1 AND account > $3 ORDER BY account LIMIT $4) AS a
  LEFT JOIN ",
            $entries,
            "
 GROUP BY a.account, a.balance"
        )
    };
}

/// What was there earlier is the balance less what came since.
macro_rules! late_rows {
    ($account:expr, $more:expr) => {
        rows_of_term!(
            $account,
            "a.balance - COALESCE(SUM(e.amount), 0)",
            $more,
            "(bursar_term AS t STRAIGHT_JOIN bursar_entry AS e FORCE INDEX (bursar_entry_figures)
             ON e.book = $1 AND e.term = t.term)
    ON t.book = $1 AND t.term >= $2 AND e.account = a.account"
        )
    };
}

macro_rules! early_rows {
    ($account:expr, $more:expr) => {
        rows_of_term!(
            $account,
            "COALESCE(SUM(CASE WHEN e.term < $2 THEN e.amount END), 0)",
            $more,
            "(bursar_term AS t STRAIGHT_JOIN bursar_entry AS e FORCE INDEX (bursar_entry_figures)
             ON e.book = $1 AND e.term = t.term)
    ON t.book = $1 AND t.term <= $2 AND e.account = a.account"
        )
    };
}

macro_rules! any_rows {
    ($account:expr, $more:expr) => {
        rows_of_term!(
            $account,
            "COALESCE(SUM(CASE WHEN e.term < $2 THEN e.amount END), 0)",
            $more,
            "bursar_entry AS e FORCE INDEX (PRIMARY) ON e.book = $1 AND e.account = a.account"
        )
    };
}

/// The rows of a late term. `bursar_entry_figures`, a seek an account and term.
pub(in crate::mysql) const TERM_ROWS_LATE: &str =
    concat!(late_rows!(name!("a.account"), ""), " ORDER BY a.account");

/// The rows of an early term. `bursar_entry_figures`, a seek an account and term.
pub(in crate::mysql) const TERM_ROWS_EARLY: &str =
    concat!(early_rows!(name!("a.account"), ""), " ORDER BY a.account");

/// The rows of a term with many before and after it. Primary key: all entries of the accounts, in order.
pub(in crate::mysql) const TERM_ROWS: &str =
    concat!(any_rows!(name!("a.account"), ""), " ORDER BY a.account");

/// Sums in two halves, so that no sum of a whole book overflows 64 bits: `amount = 2^32 * high + low`, both with the amount's sign.
pub(in crate::mysql) const BOOK_TOTALS: &str = "
SELECT a.accounts, a.high, a.low, e.entries, e.high, e.low
  FROM (SELECT COUNT(*) AS accounts, CAST(COALESCE(SUM(balance DIV 4294967296), 0) AS SIGNED) AS high,
               CAST(COALESCE(SUM(balance MOD 4294967296), 0) AS SIGNED) AS low
          FROM bursar_account WHERE book = $1) AS a
 CROSS JOIN (SELECT COUNT(*) AS entries, CAST(COALESCE(SUM(amount DIV 4294967296), 0) AS SIGNED) AS high,
                    CAST(COALESCE(SUM(amount MOD 4294967296), 0) AS SIGNED) AS low
               FROM bursar_entry FORCE INDEX (bursar_entry_figures) WHERE book = $1) AS e";

/// Primary key.
pub(in crate::mysql) const FILE_MARKS: &str = "
SELECT `lines`, digest, replaces FROM bursar_file_mark WHERE book = $1 AND `lines` > $2 ORDER BY `lines`, digest LIMIT $3";
