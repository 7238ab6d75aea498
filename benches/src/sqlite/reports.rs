//! Reports on a whole book, on SQLite.

mod aging;
mod summary;

use bursar::Ledger;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::{common, store, terms_and_entries};
use crate::Failure;
use crate::measure::Pair;
use crate::ratios::Plan;
use crate::reports::{self, Way};
use crate::school::BOOK;

/// `summary/sqlite/100k` and `aging/sqlite/100k`.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let mut pairs = Vec::new();
    if plan.wants("summary/sqlite/100k") {
        pairs.push(one::<summary::Way>(plan, "summary/sqlite/100k").await?);
    }
    if plan.wants("aging/sqlite/100k") {
        pairs.push(one::<aging::Way>(plan, "aging/sqlite/100k").await?);
    }
    Ok(pairs)
}

async fn one<W: Way<Conn = SqliteConnection>>(plan: &Plan, bench: &str) -> Result<Pair, Failure> {
    let path = terms_and_entries(plan).await?;
    let ledger = Ledger::open_existing(store(&path).await?, BOOK).await?;
    let mut conn = common(&path).pragma("query_only", "ON").connect().await?;
    let pair = reports::run::<W>(plan, bench, &ledger, &mut conn).await?;
    ledger.store().close().await;
    conn.close().await?;
    Ok(pair)
}

/// A page that is one text; nothing after the last.
async fn page_of(
    conn: &mut SqliteConnection,
    sql: &'static str,
    given: i64,
    after: &str,
    upto: &str,
) -> Result<Option<String>, Failure> {
    let query = sqlx::query_scalar(sql).bind(BOOK).bind(given).bind(after).bind(upto);
    Ok(query.fetch_one(conn).await?)
}

/// The last account of each page of ten thousand.
async fn ends(conn: &mut SqliteConnection) -> Result<Vec<String>, Failure> {
    let sql = "SELECT account FROM (SELECT account, row_number() OVER (ORDER BY account) AS n FROM bursar_account WHERE book = $1)
                WHERE n % 10000 = 0";
    let mut ends: Vec<String> = sqlx::query_scalar(sql).bind(BOOK).fetch_all(conn).await?;
    // After the last one of these there may be more.
    ends.push("\u{10ffff}".to_owned());
    Ok(ends)
}

/// The numbers after an account's name.
fn parse<const N: usize>(line: &str) -> Result<(&str, [i64; N]), Failure> {
    let (account, rest) = line.split_once(' ').ok_or("a line without figures")?;
    let mut numbers = [0_i64; N];
    let mut fields = rest.split(' ');
    for number in &mut numbers {
        *number = fields.next().ok_or("a figure is missing")?.parse()?;
    }
    Ok((account, numbers))
}
