//! Statements that reports are drawn up from.

use crate::ledger::sql::standard::entry_columns;

/// The entries of the accounts in `$2`, an array, from after account `$3`, which is none or the first of them, and position `$4`. Primary key,
/// account by account in order.
pub(in crate::sqlite) const ENTRIES_OF: &str = concat!(
    entry_columns!(),
    "bursar_entry AS e
 WHERE e.book = $1 AND e.account IN (SELECT value FROM json_each($2))
   AND e.position > CASE WHEN e.account = $3 THEN $4 ELSE 0 END
 ORDER BY e.account, e.position LIMIT $5"
);

macro_rules! page {
    () => {
        "WITH page AS MATERIALIZED (
  SELECT account, balance FROM bursar_account WHERE book = $1 AND account > $3 ORDER BY account LIMIT $4)
"
    };
}

/// The sum of the term's charges, reversed ones among them, and of reversed concessions.
macro_rules! charges {
    ($of:literal) => {
        concat!(
            " || char(31) || coalesce(sum(e.amount) FILTER (WHERE ",
            $of,
            "e.figure = 1 AND e.amount > 0), 0)"
        )
    };
}

/// Two lists that go with the accounts of `page`, in their order: the groups of each, a line a group; and the sum of what was reversed of the
/// term's charges and concessions, which is rare. Primary key, and `bursar_entry_reversed`.
macro_rules! beside {
    () => {
        ",
       (SELECT group_concat(account || char(31) || fee_group, char(10)) FROM bursar_member
         WHERE book = $1 AND account > $3 AND account <= (SELECT max(account) FROM page)),
       (SELECT group_concat(account || char(31) || reversed, char(10))
          FROM (SELECT account, sum(abs(amount)) AS reversed
                  FROM bursar_entry INDEXED BY bursar_entry_reversed
                 WHERE book = $1 AND account > $3 AND account <= (SELECT max(account) FROM page)
                   AND reverses IS NOT NULL AND term = $2 AND figure = 1
                 GROUP BY account))"
    };
}

macro_rules! summary_rows {
    ($lines:ident) => {
        concat!(
            page!(),
            "SELECT (",
            $lines!("page", " || char(31) || coalesce(sum(e.amount) FILTER (WHERE e.term = $2 AND e.figure = 1 AND e.amount > 0), 0)"),
            ")",
            beside!()
        )
    };
}

/// The parts in the summary of a late term: see [`TERM_ROWS_LATE`](super::TERM_ROWS_LATE). As there is no account without a line, the lists
/// beside them need no join.
pub(in crate::sqlite) const SUMMARY_ROWS_LATE: &str = summary_rows!(late_lines);

/// [`SUMMARY_ROWS_LATE`] of an early term.
pub(in crate::sqlite) const SUMMARY_ROWS_EARLY: &str = summary_rows!(early_lines);

/// [`SUMMARY_ROWS_LATE`] of a term with many before and after it.
pub(in crate::sqlite) const SUMMARY_ROWS: &str = summary_rows!(any_lines);

/// [`SUMMARY_ROWS_LATE`] of the last term: see [`TERM_ROWS_LAST`](super::TERM_ROWS_LAST).
pub(in crate::sqlite) const SUMMARY_ROWS_LAST: &str = concat!(
    page!(),
    "SELECT (SELECT group_concat(account || char(31) || balance, char(10)) FROM page)",
    beside!(),
    ",
       (SELECT group_concat(account || char(31) || figures, char(10))
          FROM (SELECT e.account, ",
    packed_figures!(""),
    charges!(""),
    " AS figures
                  FROM bursar_entry AS e INDEXED BY bursar_entry_figures
                 WHERE e.book = $1 AND e.term = $2 AND e.account > $3 AND e.account <= (SELECT max(account) FROM page)
                 GROUP BY e.account)),
       (SELECT max(term) FROM bursar_term WHERE book = $1) <= $2"
);

/// When what a reversal reverses fell due, if it counts.
macro_rules! reversed_due {
    () => {
        "(SELECT coalesce(t.due_on, t.effective_on) FROM bursar_entry AS t
                              WHERE t.book = $1 AND t.account = e.account AND t.position = e.reverses
                                AND t.effective_on <= $5 AND t.recorded_at <= $6)"
    };
}

/// The sums of an aging by the day `$5` and the instant `$6`, a line an account: the credits, below zero; the debits that fell due before `$2`,
/// from where on all are in one bucket; and day and amount of the others, which are mostly few, and again, so that one text serves any
/// buckets. What was reversed of debits is among the others, whatever its age. Primary key; what is reversed is sought for by it.
pub(in crate::sqlite) const AGED_ROWS: &str = concat!(
    "SELECT group_concat(a.account || char(31) || (
          SELECT coalesce(sum(e.amount) FILTER (WHERE CASE WHEN e.reverses IS NULL THEN e.amount < 0
                              ELSE e.amount > 0 AND ",
    reversed_due!(),
    " IS NOT NULL END), 0)
              || char(31) || coalesce(sum(e.amount) FILTER (WHERE e.reverses IS NULL AND e.amount > 0
                              AND coalesce(e.due_on, e.effective_on) < $2), 0)
              || char(31) || coalesce(group_concat(
                   CASE WHEN e.reverses IS NULL
                        THEN CASE WHEN e.amount > 0 AND coalesce(e.due_on, e.effective_on) >= $2
                                  THEN coalesce(e.due_on, e.effective_on) || ' ' || e.amount END
                        WHEN e.amount < 0
                        THEN ",
    reversed_due!(),
    " || ' ' || e.amount END, ' '), '')
            FROM bursar_entry AS e NOT INDEXED
           WHERE e.book = $1 AND e.account = a.account AND e.effective_on <= $5 AND e.recorded_at <= $6), char(10))
  FROM (SELECT account FROM bursar_account WHERE book = $1 AND account > $3 ORDER BY account LIMIT $4) AS a"
);

/// A range of those who owe at least so much, of that standing and in that group if any.
macro_rules! owing {
    ($balance:literal, $range:literal) => {
        concat!(
            "SELECT a.balance, a.account FROM bursar_account AS a INDEXED BY bursar_account_owing
               WHERE a.book = $1 AND ", $balance, " >= $2 AND a.balance > 0 AND ", $range, " AND ($3 IS NULL OR a.standing = $3)
                 AND ($4 IS NULL OR EXISTS (SELECT 1 FROM bursar_member AS m
                                             WHERE m.book = $1 AND m.account = a.account AND m.fee_group = $4))"
        )
    };
}

/// Who owes, from after the balance `$5` and account `$6`, those that owe most first: the others that owe just as much, then those that owe
/// less. Two ranges of `bursar_account_owing`, which has all that is asked of it, merged until the page is full; then its accounts.
pub(in crate::sqlite) const OWING: &str = concat!(
    account_columns!(),
    "(",
    owing!("+a.balance", "a.balance = (SELECT $5) AND a.account > $6"),
    "
        UNION ALL
       ",
    owing!("a.balance", "a.balance < $5"),
    "
        ORDER BY 1 DESC, 2 LIMIT $7) AS o
 CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = o.account
 ORDER BY a.balance DESC, a.account"
);

/// [`OWING`] in a small group. `bursar_member_group`, and a seek a member.
pub(in crate::sqlite) const OWING_IN_GROUP: &str = concat!(
    account_columns!(),
    "bursar_member AS g CROSS JOIN bursar_account AS a ON a.book = $1 AND a.account = g.account
 WHERE g.book = $1 AND g.fee_group = $4 AND a.balance >= $2 AND ($3 IS NULL OR a.standing = $3)
   AND (a.balance < $5 OR a.balance = $5 AND a.account > $6)
 ORDER BY a.balance DESC, a.account LIMIT $7"
);

/// A row where more than `$2` owe. `bursar_account_owing`.
pub(in crate::sqlite) const OWING_BEYOND: &str = "SELECT 1 FROM bursar_account INDEXED BY bursar_account_owing WHERE book = $1 AND balance > 0 LIMIT 1 OFFSET $2";

/// Who owes, in byte order, where they are few. `bursar_account_owing`: all of them are sorted.
pub(in crate::sqlite) const ACCOUNTS_OWING_FEW: &str = concat!(
    account_columns!(),
    "bursar_account AS a INDEXED BY bursar_account_owing WHERE a.book = $1 AND a.account > $2 AND a.balance > 0 ORDER BY a.account LIMIT $3"
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use sqlx::{Connection as _, Row as _, SqliteConnection};

    use super::*;
    use crate::ledger::sql::GROUP_BEYOND;
    use crate::migrate::migrate;

    /// How SQLite goes about a statement, step by step.
    async fn plan(conn: &mut SqliteConnection, sql: &str) -> Vec<String> {
        let asked = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let steps = sqlx::query(asked).fetch_all(conn).await.unwrap();
        steps.iter().map(|step| step.get(3)).collect()
    }

    async fn tables() -> SqliteConnection {
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        migrate::<sqlx::Sqlite>(&mut conn).await.unwrap();
        conn
    }

    #[tokio::test]
    async fn a_page_of_debtors_is_two_ranges_of_their_index() {
        let mut conn = tables().await;
        let steps = plan(&mut conn, OWING).await;
        let searched: Vec<&str> =
            steps.iter().map(String::as_str).filter(|step| step.contains("_owing")).collect();
        assert_eq!(
            searched,
            [
                "SEARCH a USING COVERING INDEX bursar_account_owing (book=? AND balance=? AND account>?)",
                "SEARCH a USING COVERING INDEX bursar_account_owing (book=? AND balance>? AND balance<?)",
            ],
            "{steps:#?}"
        );
        // Neither of them is sorted: the page alone is.
        let sorted = steps.iter().filter(|step| step.contains("TEMP B-TREE")).count();
        assert!(sorted <= 1, "{steps:#?}");
    }

    #[tokio::test]
    async fn no_report_scans_a_table() {
        let mut conn = tables().await;
        for sql in [
            ENTRIES_OF,
            OWING,
            OWING_IN_GROUP,
            GROUP_BEYOND,
            OWING_BEYOND,
            ACCOUNTS_OWING_FEW,
            AGED_ROWS,
            SUMMARY_ROWS,
            SUMMARY_ROWS_LAST,
            SUMMARY_ROWS_LATE,
            SUMMARY_ROWS_EARLY,
        ] {
            let steps = plan(&mut conn, sql).await;
            let scans = |step: &&String| {
                let table = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
                // A page and its parts, an array, a value.
                table.is_some_and(|table| {
                    !["a", "o", "page", "json_each", "CONSTANT"].contains(&table) && !table.starts_with('(')
                })
            };
            assert_eq!(steps.iter().find(scans), None, "{sql}: {steps:#?}");
            let page = steps.iter().any(|step| step.contains("CO-ROUTINE a") || step.contains("MATERIALIZE"));
            assert!(page || !steps.contains(&"SCAN a".to_owned()), "{sql}: {steps:#?}");
        }
    }

    #[tokio::test]
    async fn entries_of_accounts_come_in_order_without_being_sorted() {
        let steps = plan(&mut tables().await, ENTRIES_OF).await;
        assert!(steps.iter().all(|step| !step.contains("TEMP B-TREE")), "{steps:#?}");
        assert!(
            steps.iter().any(|step| step.contains("e USING PRIMARY KEY (book=? AND account=?)")),
            "{steps:#?}"
        );
    }
}
