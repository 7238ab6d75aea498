//! Statements that read.

/// Primary key.
pub(in crate::postgres) const BOOKS: &str =
    "SELECT book FROM bursar_book WHERE book > $1 ORDER BY book LIMIT $2";

/// The book with its terms: a row a term, or one with none. Primary keys.
pub(in crate::postgres) const BOOK: &str = "
SELECT b.currency, b.version, b.current_term, b.locked_through, t.term, t.name, t.starts_on, t.ends_on, t.closed
  FROM bursar_book AS b
  LEFT JOIN bursar_term AS t ON t.book = b.book
 WHERE b.book = $1
 ORDER BY t.term";

macro_rules! fee_columns {
    () => {
        "SELECT f.own, f.payer, f.code, f.revision, f.instalment, f.amount, f.due_on,
       (SELECT currency FROM bursar_book WHERE book = $1)"
    };
}

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

/// A charge from a group's fee. `bursar_entry_charge`: it walks the charges of the term until it finds one.
pub(in crate::postgres) const FEE_CHARGED_GROUP: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_entry
                WHERE book = $1 AND term = $2 AND fee_group = $3 AND code = $4 AND code IS NOT NULL)";

/// A charge from an account's own fee. `bursar_entry_charge`.
pub(in crate::postgres) const FEE_CHARGED_OWN: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_entry
                WHERE book = $1 AND term = $2 AND account = $3 AND code = $4 AND slot IS NOT NULL AND fee_group IS NULL)";

macro_rules! account_columns {
    () => {
        "SELECT a.account, a.enrolled_on, a.standing, a.version, a.revision, a.balance,
       (SELECT string_agg(fee_group, chr(10)) FROM bursar_member AS m WHERE m.book = a.book AND m.account = a.account),
       (SELECT currency FROM bursar_book WHERE book = $1)
  FROM "
    };
}

/// Primary key.
pub(in crate::postgres) const ACCOUNT: &str =
    concat!(account_columns!(), "bursar_account AS a WHERE a.book = $1 AND a.account = $2");

/// The accounts in `$2`, an array. Primary key.
pub(in crate::postgres) const ACCOUNTS: &str = concat!(
    account_columns!(),
    "(SELECT DISTINCT value AS account FROM json_array_elements_text($2::json)) AS j
  JOIN bursar_account AS a ON a.book = $1 AND a.account = j.account"
);

/// Primary key.
pub(in crate::postgres) const ACCOUNTS_LIST: &str = concat!(
    account_columns!(),
    "bursar_account AS a WHERE a.book = $1 AND a.account > $2 ORDER BY a.account LIMIT $3"
);

/// Primary key: it walks the accounts until the page is full, which is soon where many owe.
pub(in crate::postgres) const ACCOUNTS_OWING: &str = concat!(
    account_columns!(),
    "bursar_account AS a WHERE a.book = $1 AND a.account > $2 AND a.balance > 0 ORDER BY a.account LIMIT $3"
);

/// Primary key: it walks the accounts until the page is full. An index of those in credit would cost every payment that makes or changes one.
pub(in crate::postgres) const ACCOUNTS_IN_CREDIT: &str = concat!(
    account_columns!(),
    "bursar_account AS a WHERE a.book = $1 AND a.account > $2 AND a.balance < 0 ORDER BY a.account LIMIT $3"
);

macro_rules! entry_columns {
    () => {
        "SELECT e.account, e.position, e.id, e.term, e.kind, e.figure, e.amount, e.effective_on, e.recorded_at, e.recorded_by, e.key,
       e.method, e.reference, e.reason, e.code, e.due_on, e.slot, e.fee_group, e.reverses, e.concession, e.note,
       (SELECT currency FROM bursar_book WHERE book = $1)
  FROM "
    };
}

/// Primary key.
pub(in crate::postgres) const ENTRIES: &str = concat!(
    entry_columns!(),
    "bursar_entry AS e WHERE e.book = $1 AND e.account = $2 AND e.position > $3 ORDER BY e.position LIMIT $4"
);

/// Primary key.
pub(in crate::postgres) const SCAN: &str = concat!(
    entry_columns!(),
    "bursar_entry AS e WHERE e.book = $1 AND (e.account, e.position) > ($2, $3) ORDER BY e.account, e.position LIMIT $4"
);

/// The entries under the keys in `$2`, an array. `bursar_entry_key`.
pub(in crate::postgres) const ENTRIES_BY_KEY: &str = concat!(
    entry_columns!(),
    "(SELECT DISTINCT value AS key FROM json_array_elements_text($2::json)) AS j
  JOIN bursar_entry AS e ON e.book = $1 AND e.key = j.key"
);

/// `bursar_entry_reversed`.
pub(in crate::postgres) const REVERSAL_OF: &str =
    "SELECT position FROM bursar_entry WHERE book = $1 AND account = $2 AND reverses = $3";

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

/// How many terms there are from `$2` on, and up to it. Primary key.
pub(in crate::postgres) const TERMS_AROUND: &str = "
SELECT count(*) FILTER (WHERE term >= $2), count(*) FILTER (WHERE term <= $2) FROM bursar_term WHERE book = $1";

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

/// Primary key.
pub(in crate::postgres) const FILE_MARKS: &str = "
SELECT lines, digest, replaces FROM bursar_file_mark WHERE book = $1 AND lines > $2 ORDER BY lines, digest LIMIT $3";
