//! The ways in which one would sum up the last term by hand.

use std::collections::HashMap;

use bursar::{Ledger, LedgerStore};
use sqlx::{Row as _, SqliteConnection};

use super::{ends, page_of, parse};
use crate::Failure;
use crate::reports::{self, Summary, Sums, TERM};
use crate::school::{self, BOOK};

/// How it is done. What was there earlier is the balance less the term's own entries, since the term is the last.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// One statement, which derives as well: a row a status and groups.
    Sql,
    /// Three walks in the order of accounts, packed by the page and merged here: the balances, the term's own rows of the index of figures,
    /// and the groups; and one statement on what was reversed, which is rare.
    Merged,
}

const SQL: &str = "
SELECT status, groups, count(*), sum(charged > 0), sum(bf), sum(charged), sum(charged - fee), sum(adj), sum(due), sum(paid), sum(balance),
       sum(max(0, balance)), sum(max(0, -balance)), sum(min(max(0, balance), max(0, max(0, bf) - paid))),
       sum(max(0, balance) - min(max(0, balance), max(0, max(0, bf) - paid))), sum(max(0, due - max(0, bf)))
  FROM (SELECT *, bf + fee + adj AS due,
               CASE WHEN bf + fee + adj <= 0 OR paid >= bf + fee + adj THEN 'paid' WHEN paid > 0 THEN 'partial' ELSE 'unpaid' END AS status
          FROM (SELECT a.balance, coalesce(sum(e.amount) FILTER (WHERE e.figure = 0), 0) + a.balance - coalesce(sum(e.amount), 0) AS bf,
                       coalesce(sum(e.amount) FILTER (WHERE e.figure = 1), 0) AS fee,
                       coalesce(sum(e.amount) FILTER (WHERE e.figure = 2), 0) AS adj,
                       -coalesce(sum(e.amount) FILTER (WHERE e.figure = 3), 0) AS paid,
                       coalesce(sum(e.amount) FILTER (WHERE e.figure = 1 AND e.amount > 0), 0)
                         - (SELECT coalesce(sum(abs(r.amount)), 0) FROM bursar_entry AS r INDEXED BY bursar_entry_reversed
                             WHERE r.book = $1 AND r.account = a.account AND r.reverses IS NOT NULL
                               AND r.term = $2 AND r.figure = 1) AS charged,
                       (SELECT group_concat(m.fee_group, ' ') FROM bursar_member AS m WHERE m.book = $1 AND m.account = a.account) AS groups,
                       coalesce(sum(e.amount) FILTER (WHERE e.figure = 0), 0) AS opening
                  FROM bursar_account AS a
                  LEFT JOIN bursar_entry AS e INDEXED BY bursar_entry_figures
                    ON e.book = $1 AND e.term = $2 AND e.account = a.account
                 WHERE a.book = $1
                 GROUP BY a.account)
         WHERE (opening, bf, fee, adj, paid, charged) <> (0, 0, 0, 0, 0, 0))
 GROUP BY status, groups";

const BALANCES: &str = "
SELECT group_concat(account || ' ' || balance, char(10))
  FROM (SELECT account, balance FROM bursar_account WHERE book = $1 AND $2 > 0 AND account > $3 AND account <= $4 ORDER BY account)";

const FIGURES: &str = "
SELECT group_concat(line, char(10))
  FROM (SELECT account || ' ' || coalesce(sum(amount) FILTER (WHERE figure = 0), 0)
               || ' ' || coalesce(sum(amount) FILTER (WHERE figure = 1), 0) || ' ' || coalesce(sum(amount) FILTER (WHERE figure = 2), 0)
               || ' ' || coalesce(sum(amount) FILTER (WHERE figure = 3), 0)
               || ' ' || coalesce(sum(amount) FILTER (WHERE figure = 1 AND amount > 0), 0) AS line
          FROM bursar_entry INDEXED BY bursar_entry_figures
         WHERE book = $1 AND term = $2 AND account > $3 AND account <= $4
         GROUP BY account)";

const GROUPS: &str = "
SELECT group_concat(account || ' ' || fee_group, char(10))
  FROM (SELECT account, fee_group FROM bursar_member WHERE book = $1 AND $2 > 0 AND account > $3 AND account <= $4
         ORDER BY account, fee_group)";

const REVERSED: &str = "
SELECT account, sum(abs(amount)) FROM bursar_entry INDEXED BY bursar_entry_reversed
 WHERE book = $1 AND reverses IS NOT NULL AND term = $2 AND figure = 1 GROUP BY account";

/// An account's own figures, as they add up, and its status.
fn sums(balance: i64, [opening, fee, adjustments, paid]: [i64; 4], charged: i64) -> (&'static str, Sums) {
    let paid = paid.saturating_neg();
    let total_due = balance.saturating_add(paid);
    let forward = total_due.saturating_sub(fee).saturating_sub(adjustments);
    let status = match () {
        () if total_due <= 0 || paid >= total_due => "paid",
        () if paid > 0 => "partial",
        () => "unpaid",
    };
    let (outstanding, credit) = (balance.max(0), balance.saturating_neg().max(0));
    let arrears = outstanding.min(forward.max(0).saturating_sub(paid).max(0));
    let amounts = [
        forward,
        charged,
        charged.saturating_sub(fee),
        adjustments,
        total_due,
        paid,
        balance,
        outstanding,
        credit,
        arrears,
        outstanding.saturating_sub(arrears),
        total_due.saturating_sub(forward.max(0)).max(0),
    ];
    let nothing = opening == 0 && forward == 0 && fee == 0 && adjustments == 0 && paid == 0 && charged == 0;
    let accounts = i64::from(!nothing);
    (status, Sums { accounts, billed: i64::from(charged > 0), amounts })
}

async fn merged(conn: &mut SqliteConnection, term: i64) -> Result<Summary, Failure> {
    let reversed: Vec<(String, i64)> =
        sqlx::query_as(REVERSED).bind(BOOK).bind(term).fetch_all(&mut *conn).await?;
    let reversed: HashMap<String, i64> = reversed.into_iter().collect();
    let mut parts: HashMap<String, HashMap<&'static str, Sums>> = HashMap::new();
    let mut after = String::new();
    for upto in ends(conn).await? {
        let Some(balances) = page_of(conn, BALANCES, term, &after, &upto).await? else { break };
        let figures = page_of(conn, FIGURES, term, &after, &upto).await?.unwrap_or_default();
        let mut figures = figures.split('\n').filter(|line| !line.is_empty()).peekable();
        let groups = page_of(conn, GROUPS, term, &after, &upto).await?.unwrap_or_default();
        let mut groups = groups.split('\n').filter(|line| !line.is_empty()).peekable();
        let mut joined = String::new();
        for line in balances.split('\n') {
            let (account, [balance]) = parse(line)?;
            let own = |line: &&str| line.strip_prefix(account).is_some_and(|rest| rest.starts_with(' '));
            let [own_figures @ .., charges] = match figures.next_if(own) {
                Some(line) => parse::<5>(line)?.1,
                None => [0; 5],
            };
            joined.clear();
            while let Some((_, group)) = groups.next_if(own).and_then(|line| line.split_once(' ')) {
                joined.push_str(if joined.is_empty() { "" } else { " " });
                joined.push_str(group);
            }
            let undone = if reversed.is_empty() { 0 } else { reversed.get(account).copied().unwrap_or(0) };
            let (status, sums) = sums(balance, own_figures, charges.saturating_sub(undone));
            if sums.accounts > 0 {
                if !parts.contains_key(joined.as_str()) {
                    parts.insert(joined.clone(), HashMap::new());
                }
                let part = parts.get_mut(joined.as_str()).ok_or("it is there")?;
                part.entry(status).or_default().add(&sums);
            }
        }
        after = upto;
    }
    let mut summary = Summary::default();
    for (groups, part) in parts {
        for (status, sums) in part {
            add(&mut summary, status, &groups, &sums);
        }
    }
    Ok(summary)
}

fn add(summary: &mut Summary, status: &str, groups: &str, sums: &Sums) {
    summary.total.add(sums);
    summary.by_status.entry(status.to_owned()).or_default().add(sums);
    summary.by_groups.entry(groups.to_owned()).or_default().add(sums);
}

impl reports::Way for Way {
    type Conn = SqliteConnection;
    type Answer = Summary;
    const ALL: &'static [Self] = &[Self::Sql, Self::Merged];

    async fn ask(self, conn: &mut SqliteConnection) -> Result<Summary, Failure> {
        let term = i64::from(school::term(TERM)?.ordinal());
        if matches!(self, Self::Merged) {
            return merged(conn, term).await;
        }
        let mut summary = Summary::default();
        for row in sqlx::query(SQL).bind(BOOK).bind(term).fetch_all(conn).await? {
            let mut sums = Sums { accounts: row.try_get(2)?, billed: row.try_get(3)?, ..Sums::default() };
            for (column, amount) in (4_usize..).zip(&mut sums.amounts) {
                *amount = row.try_get(column)?;
            }
            add(&mut summary, row.try_get(0)?, row.try_get::<Option<&str>, _>(1)?.unwrap_or_default(), &sums);
        }
        Ok(summary)
    }

    async fn ours(ledger: &Ledger<impl LedgerStore>) -> Result<Summary, Failure> {
        reports::summary(ledger).await
    }
}
