//! All accounts' figures in a term, on PostgreSQL.

use bursar::Ledger;
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use super::Database;
use crate::balances::{self, ACCOUNTS, Given, TERMS};
use crate::base::Base as _;
use crate::measure::Pair;
use crate::ratios::Plan;
use crate::school::BOOK;
use crate::seed::Place as _;
use crate::{Failure, seed};

/// `balances/postgres/100k` (the last term), `…/middle` and `…/first`.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run(plan: &Plan, server: &str) -> Result<Vec<Pair>, Failure> {
    let base = Database::create(server).await?;
    seed::book(&base, ACCOUNTS, TERMS, seed::Entries::Three).await?;
    let mut pairs = Vec::new();
    let terms = [("", TERMS.saturating_sub(1)), ("/middle", TERMS / 2), ("/first", 0)];
    for (suffix, term) in terms {
        let bench = format!("balances/postgres/100k{suffix}");
        if plan.wants(&bench) {
            let ledger = Ledger::open_existing(base.store().await?, BOOK).await?;
            let mut conn = base.connect().await?;
            pairs.push(balances::run::<Way>(plan, &bench, term, &ledger, &mut conn).await?);
            ledger.store().close().await;
            conn.close().await?;
        }
    }
    base.remove().await?;
    Ok(pairs)
}

/// Which entries are read to find what earlier terms left.
#[derive(Clone, Copy, Debug)]
enum Through {
    /// Those of the term and later ones: the kept balance less these.
    Later,
    /// Those of the term and earlier ones.
    Earlier,
}

/// How the figures come out of the database: one statement over the whole book, a row an account.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// As rows, streamed.
    Rows(Through),
    /// As text, by `COPY`, which costs the server and the driver the least a row.
    Copied(Through),
}

impl Through {
    fn sql(self, term: i64) -> String {
        let (earlier, compared) = match self {
            Self::Later => ("a.balance - coalesce(s.whole, 0)", ">="),
            Self::Earlier => ("coalesce(s.whole - s.own, 0)", "<="),
        };
        let own = |figure| {
            format!(
                "coalesce(sum(amount) FILTER (WHERE term = {term} AND figure = {figure}), 0) AS s{figure}"
            )
        };
        format!(
            "SELECT a.account, ({earlier})::bigint, coalesce(s.s0, 0)::bigint, coalesce(s.s1, 0)::bigint,
       coalesce(s.s2, 0)::bigint, coalesce(s.s3, 0)::bigint
  FROM bursar_account AS a
  LEFT JOIN (SELECT account, sum(amount) AS whole, coalesce(sum(amount) FILTER (WHERE term = {term}), 0) AS own,
                    {}, {}, {}, {}
               FROM bursar_entry WHERE book = '{BOOK}' AND term {compared} {term} GROUP BY account) AS s ON s.account = a.account
 WHERE a.book = '{BOOK}'
 ORDER BY a.account",
            own(0),
            own(1),
            own(2),
            own(3)
        )
    }
}

impl balances::Way for Way {
    type Conn = PgConnection;

    fn that_can(term: u32, terms: u32) -> Vec<Self> {
        let mut ways = Vec::new();
        if term >= terms / 2 {
            ways.extend([Self::Rows(Through::Later), Self::Copied(Through::Later)]);
        }
        if term <= terms / 2 {
            ways.extend([Self::Rows(Through::Earlier), Self::Copied(Through::Earlier)]);
        }
        ways
    }

    async fn stream(
        self,
        conn: &mut PgConnection,
        term: i64,
        mut take: impl FnMut(Given<'_>),
    ) -> Result<(), Failure> {
        match self {
            Self::Rows(through) => {
                let mut rows = sqlx::query(AssertSqlSafe(through.sql(term))).fetch(conn);
                while let Some(row) = rows.try_next().await? {
                    let own = [row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?];
                    take(Given::new(row.try_get(0)?, row.try_get(1)?, own));
                }
            }
            Self::Copied(through) => {
                let sql = format!("COPY ({}) TO STDOUT", through.sql(term));
                let mut lines = conn.copy_out_raw(&sql).await?;
                // A message is a line, as the server sends it.
                while let Some(line) = lines.try_next().await? {
                    let mut fields = std::str::from_utf8(&line)?.trim_end().split('\t');
                    let account = fields.next().ok_or("a line without an account")?;
                    let mut number = || -> Result<i64, Failure> {
                        Ok(fields.next().ok_or("a figure is missing")?.parse()?)
                    };
                    let (earlier, own) = (number()?, [number()?, number()?, number()?, number()?]);
                    take(Given::new(account, earlier, own));
                }
            }
        }
        Ok(())
    }
}
