//! The ways in which one would age a book by hand.

use bursar::{Buckets, Ledger, LedgerStore};
use sqlx::{Row as _, SqliteConnection};

use super::{ends, page_of, parse};
use crate::Failure;
use crate::reports::{self, Aged, day};
use crate::school::BOOK;

/// How it is done. All walk the entries once, in the order of accounts; what was recorded when is not asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// One statement, which allocates as well: one row for the whole book.
    Sql,
    /// The sums by bucket of each account, packed by the page; allocated here.
    Buckets,
    /// The sums of credits and of the oldest bucket, and the other debits with their days, packed by the page; sorted into buckets and
    /// allocated here.
    Days,
}

macro_rules! due {
    () => {
        "CASE WHEN e.reverses IS NULL THEN coalesce(e.due_on, e.effective_on)
              ELSE (SELECT coalesce(t.due_on, t.effective_on) FROM bursar_entry AS t
                     WHERE t.book = $1 AND t.account = e.account AND t.position = e.reverses AND t.effective_on <= $2) END"
    };
}

macro_rules! credits {
    () => {
        concat!(
            "coalesce(sum(-e.amount) FILTER (WHERE CASE WHEN e.reverses IS NULL THEN e.amount < 0
                      ELSE e.amount > 0 AND (",
            due!(),
            ") IS NOT NULL END), 0)"
        )
    };
}

macro_rules! bucket {
    ($range:literal) => {
        concat!(
            "coalesce(sum(e.amount) FILTER (WHERE CASE WHEN e.reverses IS NULL THEN e.amount > 0 ELSE e.amount < 0 END
                      AND (", due!(), ") ", $range, "), 0)"
        )
    };
}

macro_rules! entries {
    ($range:literal) => {
        concat!(
            "FROM bursar_entry AS e NOT INDEXED WHERE e.book = $1 ",
            $range,
            " AND e.effective_on <= $2 GROUP BY e.account"
        )
    };
}

const SQL: &str = concat!(
    "SELECT sum(c < b0 + b1 + b2 + b3 + b4), sum(c > b0 + b1 + b2 + b3 + b4),
       sum(max(0, b0 + b1 + b2 + b3 + b4 - c) - max(0, b1 + b2 + b3 + b4 - c)),
       sum(max(0, b1 + b2 + b3 + b4 - c) - max(0, b2 + b3 + b4 - c)),
       sum(max(0, b2 + b3 + b4 - c) - max(0, b3 + b4 - c)), sum(max(0, b3 + b4 - c) - max(0, b4 - c)), sum(max(0, b4 - c)),
       sum(max(0, c - b0 - b1 - b2 - b3 - b4))
  FROM (SELECT ", credits!(), " AS c, ", bucket!(">= $2"), " AS b0, ", bucket!("BETWEEN $2 - 30 AND $2 - 1"), " AS b1, ",
    bucket!("BETWEEN $2 - 60 AND $2 - 31"), " AS b2, ", bucket!("BETWEEN $2 - 90 AND $2 - 61"), " AS b3, ",
    bucket!("< $2 - 90"), " AS b4 ", entries!(""), ")"
);

const BUCKETS: &str = concat!(
    "SELECT group_concat(line, char(10)) FROM (SELECT e.account || ' ' || ",
    credits!(),
    " || ' ' || ",
    bucket!(">= $2"),
    " || ' ' || ",
    bucket!("BETWEEN $2 - 30 AND $2 - 1"),
    " || ' ' || ",
    bucket!("BETWEEN $2 - 60 AND $2 - 31"),
    " || ' ' || ",
    bucket!("BETWEEN $2 - 90 AND $2 - 61"),
    " || ' ' || ",
    bucket!("< $2 - 90"),
    " AS line ",
    entries!("AND e.account > $3 AND e.account <= $4"),
    ")"
);

const DAYS: &str = concat!(
    "SELECT group_concat(line, char(10)) FROM (SELECT e.account || ' ' || ", credits!(), " || ' ' ||
       coalesce(sum(e.amount) FILTER (WHERE e.reverses IS NULL AND e.amount > 0 AND coalesce(e.due_on, e.effective_on) < $2 - 90), 0)
       || ' ' || coalesce(group_concat(CASE WHEN e.reverses IS NULL
                 THEN CASE WHEN e.amount > 0 AND coalesce(e.due_on, e.effective_on) >= $2 - 90
                           THEN coalesce(e.due_on, e.effective_on) || ' ' || e.amount END
                 WHEN e.amount < 0 THEN (", due!(), ") || ' ' || e.amount END, ' '), '') AS line ",
    entries!("AND e.account > $3 AND e.account <= $4"), ")"
);

impl reports::Way for Way {
    type Conn = SqliteConnection;
    type Answer = Aged;
    const ALL: &'static [Self] = &[Self::Sql, Self::Buckets, Self::Days];

    async fn ask(self, conn: &mut SqliteConnection) -> Result<Aged, Failure> {
        let today = day()?;
        let number = i64::from(today.to_epoch_days());
        let mut aged = Aged::default();
        let sql = match self {
            Self::Sql => {
                let row = sqlx::query(SQL).bind(BOOK).bind(number).fetch_one(conn).await?;
                let sum = |column: usize| row.try_get::<i64, _>(column);
                let open = [sum(2)?, sum(3)?, sum(4)?, sum(5)?, sum(6)?];
                return Ok(Aged { owing: sum(0)?, in_credit: sum(1)?, open, credit: sum(7)? });
            }
            Self::Buckets => BUCKETS,
            Self::Days => DAYS,
        };
        let bounds = Buckets::default().floors(today);
        let bounds: Vec<i64> = bounds.iter().map(|floor| i64::from(floor.to_epoch_days())).collect();
        let mut after = String::new();
        for upto in ends(conn).await? {
            let Some(text) = page_of(conn, sql, number, &after, &upto).await? else { break };
            for line in text.split('\n') {
                if matches!(self, Self::Buckets) {
                    let (_, [credits, debits @ ..]) = parse::<6>(line)?;
                    aged.add(debits, credits);
                    continue;
                }
                let mut numbers = line.split(' ').skip(1).filter(|number| !number.is_empty()).map(str::parse);
                let (credits, oldest) = numbers.next().zip(numbers.next()).ok_or("a line without sums")?;
                let mut debits = [0, 0, 0, 0, oldest?];
                while let Some((due_on, amount)) = numbers.next().zip(numbers.next()) {
                    let due_on: i64 = due_on?;
                    let bucket = bounds.iter().filter(|floor| due_on < **floor).count();
                    let sum = debits.get_mut(bucket).ok_or("there are five buckets")?;
                    *sum = amount?.saturating_add(*sum);
                }
                aged.add(debits, credits?);
            }
            after = upto;
        }
        Ok(aged)
    }

    async fn ours(ledger: &Ledger<impl LedgerStore>) -> Result<Aged, Failure> {
        reports::aging(ledger).await
    }
}
