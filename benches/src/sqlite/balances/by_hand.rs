//! The ways in which one would ask for all figures of a term by hand; the fastest on the machine is the limit.

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use crate::Failure;
use crate::balances::{self, Given};
use crate::school::BOOK;

/// Which entries are read to find what earlier terms left.
#[derive(Clone, Copy, Debug)]
pub(super) enum Through {
    /// Those of the term and later ones, by the index of figures: the kept balance less these.
    Later,
    /// Those of the term and earlier ones, by the index of figures.
    Earlier,
    /// All of them, as they lie.
    All,
}

/// How the figures come out of the database.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// One statement over the whole book, a row an account, streamed.
    Rows(Through),
    /// The same in pages, each packed into one text, since every row that sqlx brings over from SQLite's thread costs.
    Pages(Through),
    /// Two walks in the order of accounts, packed by the page and merged here: the kept balances, and the term's own rows of the index of
    /// figures. No entry is looked up for an account; but only of the last term are the earlier ones known from the balance alone.
    Merged,
}

const PAGE: i64 = 10_000;

const SUMS: &str = "coalesce(sum(e.amount) FILTER (WHERE e.term = $2 AND e.figure = 0), 0) AS s0,
       coalesce(sum(e.amount) FILTER (WHERE e.term = $2 AND e.figure = 1), 0) AS s1,
       coalesce(sum(e.amount) FILTER (WHERE e.term = $2 AND e.figure = 2), 0) AS s2,
       coalesce(sum(e.amount) FILTER (WHERE e.term = $2 AND e.figure = 3), 0) AS s3";

impl Through {
    /// The accounts with their sums: the book is `$1`, the term `$2`; `accounts` are those with `$3` and `$4` as it likes.
    fn sql(self, accounts: &str) -> String {
        let (earlier, entries) = match self {
            Self::Later => (
                "a.balance - coalesce(sum(e.amount), 0)",
                "bursar_entry AS e INDEXED BY bursar_entry_figures ON e.book = $1 AND e.account = a.account
                   AND e.term IN (SELECT term FROM bursar_term WHERE book = $1 AND term >= $2)",
            ),
            Self::Earlier => (
                "coalesce(sum(e.amount) FILTER (WHERE e.term < $2), 0)",
                "bursar_entry AS e INDEXED BY bursar_entry_figures ON e.book = $1 AND e.account = a.account
                   AND e.term IN (SELECT term FROM bursar_term WHERE book = $1 AND term <= $2)",
            ),
            Self::All => (
                "coalesce(sum(e.amount) FILTER (WHERE e.term < $2), 0)",
                "bursar_entry AS e NOT INDEXED ON e.book = $1 AND e.account = a.account",
            ),
        };
        format!(
            "SELECT a.account AS account, {earlier} AS earlier, {SUMS}
  FROM (SELECT account, balance FROM bursar_account WHERE book = $1 {accounts}) AS a
  LEFT JOIN {entries}
 GROUP BY a.account"
        )
    }
}

impl balances::Way for Way {
    type Conn = SqliteConnection;

    fn that_can(term: u32, terms: u32) -> Vec<Self> {
        let last = term.saturating_add(1) == terms;
        let mut ways = vec![Self::Rows(Through::All), Self::Pages(Through::All)];
        if term >= terms / 2 {
            ways.extend([Self::Rows(Through::Later), Self::Pages(Through::Later)]);
        }
        if term <= terms / 2 {
            ways.extend([Self::Rows(Through::Earlier), Self::Pages(Through::Earlier)]);
        }
        if last {
            ways.push(Self::Merged);
        }
        ways
    }

    async fn stream(
        self,
        conn: &mut SqliteConnection,
        term: i64,
        mut take: impl FnMut(Given<'_>),
    ) -> Result<(), Failure> {
        match self {
            Self::Rows(through) => {
                let sql = AssertSqlSafe(through.sql("ORDER BY account"));
                let mut rows = sqlx::query(sql).bind(BOOK).bind(term).fetch(conn);
                while let Some(row) = rows.try_next().await? {
                    let sums = [row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?];
                    take(Given::new(row.try_get(0)?, row.try_get(1)?, sums));
                }
                Ok(())
            }
            Self::Pages(through) => {
                let page = through.sql("AND account > $3 ORDER BY account LIMIT $4");
                let sql = format!(
                    "SELECT group_concat(account || ' ' || earlier || ' ' || s0 || ' ' || s1 || ' ' || s2 || ' ' || s3, char(10))
                       FROM ({page})"
                );
                let mut after = String::new();
                while let Some(text) = page_of(conn, &sql, term, &after).await? {
                    let mut last = "";
                    for line in text.split('\n') {
                        let (account, [earlier, s0, s1, s2, s3]) = parse(line)?;
                        take(Given::new(account, earlier, [s0, s1, s2, s3]));
                        last = account;
                    }
                    after = last.to_owned();
                }
                Ok(())
            }
            Self::Merged => merged(conn, term, take).await,
        }
    }
}

/// A page that is one text; nothing after the last.
async fn page_of(
    conn: &mut SqliteConnection,
    sql: &str,
    term: i64,
    after: &str,
) -> Result<Option<String>, Failure> {
    // The text is the same every time, so that sqlx finds it prepared.
    let query =
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).bind(BOOK).bind(term).bind(after).bind(PAGE);
    Ok(query.fetch_one(conn).await?)
}

fn parse<const N: usize>(line: &str) -> Result<(&str, [i64; N]), Failure> {
    let (account, rest) = line.split_once(' ').ok_or("a line without figures")?;
    let mut numbers = [0_i64; N];
    let mut fields = rest.split(' ');
    for number in &mut numbers {
        *number = fields.next().ok_or("a figure is missing")?.parse()?;
    }
    Ok((account, numbers))
}

async fn merged(
    conn: &mut SqliteConnection,
    term: i64,
    mut take: impl FnMut(Given<'_>),
) -> Result<(), Failure> {
    let accounts = "
SELECT group_concat(account || ' ' || balance, char(10))
  FROM (SELECT account, balance FROM bursar_account
         WHERE book = $1 AND $2 > 0 AND account > $3 ORDER BY account LIMIT $4)";
    let sums = "
SELECT group_concat(account || ' ' || s0 || ' ' || s1 || ' ' || s2 || ' ' || s3, char(10))
  FROM (SELECT account, coalesce(sum(amount) FILTER (WHERE figure = 0), 0) AS s0,
               coalesce(sum(amount) FILTER (WHERE figure = 1), 0) AS s1,
               coalesce(sum(amount) FILTER (WHERE figure = 2), 0) AS s2,
               coalesce(sum(amount) FILTER (WHERE figure = 3), 0) AS s3
          FROM bursar_entry INDEXED BY bursar_entry_figures
         WHERE book = $1 AND term = $2 AND account > $3 AND account <= $4
         GROUP BY account)";
    let mut after = String::new();
    while let Some(balances) = page_of(conn, accounts, term, &after).await? {
        let upto = balances.rsplit('\n').next().and_then(|line| line.split(' ').next()).unwrap_or_default();
        let query = sqlx::query_scalar(sums).bind(BOOK).bind(term).bind(&after).bind(upto);
        let sums: Option<String> = query.fetch_one(&mut *conn).await?;
        let mut sums =
            sums.as_deref().unwrap_or_default().split('\n').filter(|line| !line.is_empty()).peekable();
        for line in balances.split('\n') {
            let (account, [balance]) = parse(line)?;
            let mut own = [0_i64; 4];
            if let Some(line) = sums.peek() {
                let (other, figures) = parse(line)?;
                if other == account {
                    own = figures;
                    sums.next();
                }
            }
            let earlier = own.iter().fold(balance, |earlier, figure| earlier.saturating_sub(*figure));
            take(Given::new(account, earlier, own));
        }
        after = upto.to_owned();
    }
    Ok(())
}
