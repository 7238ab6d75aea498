//! Billing a term on PostgreSQL: 100,000 accounts, each its fee.

use std::time::{Duration, Instant};

use bursar::Ledger;
use chrono::Utc;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::Database;
use crate::base::Base as _;
use crate::billing::{ACCOUNTS, expect, twice};
use crate::measure::{Pair, in_turn, rate};
use crate::ratios::Plan;
use crate::school::{self, BOOK, CODE, FEE_MINOR, GROUP};
use crate::seed::Place as _;
use crate::{Failure, seed};

/// `activate/postgres/100k` and `reactivate/postgres/100k`. Every round begins with fresh copies of one database.
///
/// # Errors
/// When the two do not charge the same, and whatever stops a side.
pub async fn run(plan: &Plan, server: &str) -> Result<Vec<Pair>, Failure> {
    let first = Database::create(server).await?;
    seed::book(&first, ACCOUNTS, 1, seed::Entries::None).await?;
    let second = first.copy().await?;
    second.without_triggers().await?;
    let mut reactivated = Pair::new("reactivate/postgres/100k");
    let mut millis = Vec::new();
    let pair = in_turn(
        "activate/postgres/100k",
        plan.rounds,
        async |round| {
            let base = first.copy().await?;
            base.settle().await?;
            let ledger = Ledger::open_existing(base.store().await?, BOOK).await?;
            let (once, again) = twice(&ledger).await?;
            if round > 0 {
                reactivated.add(again, once);
                millis.push((f64::from(ACCOUNTS) / again * 1_000.0).round());
            }
            ledger.store().close().await;
            base.remove().await?;
            Ok(once)
        },
        async |_| {
            let base = second.copy().await?;
            base.settle().await?;
            let mut conn = base.connect().await?;
            let rate = rate(u64::from(ACCOUNTS), by_hand(&mut conn, 0).await?);
            expect(sums(&mut conn).await?)?;
            conn.close().await?;
            base.remove().await?;
            Ok(rate)
        },
    );
    let pairs = vec![pair.await?, reactivated];
    eprintln!("  reactivate/postgres/100k: {millis:?} ms");
    first.remove().await?;
    second.remove().await?;
    Ok(pairs)
}

/// What a good engineer writes once the group and its one fee are known: everybody in one statement, each a row, in the order of the
/// table; then every account's version and balance; one transaction. It asks nothing that billing must ask: whether an account has been
/// billed, has a fee of its own, is in two groups with the code, is too late, or over its bound. The keys are as unique as ours.
const CHARGE: &str = "
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, key,
                          code, due_on, slot, fee_group)
SELECT a.book, a.account, a.version + 1, decode($3 || lpad(to_hex(row_number() OVER (ORDER BY a.account)), 12, '0'), 'hex'),
       $2, 'charge', 1, $4, $5, $6, $7 || a.account, $8, $5, 0, $9
  FROM bursar_account AS a
  JOIN bursar_member  AS m ON m.book = a.book AND m.account = a.account AND m.fee_group = $9
 WHERE a.book = $1 AND a.standing = 'active'
 ORDER BY a.account";

const RAISE: &str = "
UPDATE bursar_account AS a SET version = a.version + 1, balance = a.balance + $2
  FROM bursar_member AS m
 WHERE a.book = $1 AND a.standing = 'active' AND m.book = a.book AND m.account = a.account AND m.fee_group = $3";

const BEGUN: &str = "UPDATE bursar_book SET current_term = $2, version = version + 1 WHERE book = $1";

async fn by_hand(conn: &mut PgConnection, term: u32) -> Result<Duration, Failure> {
    let (id, on) = (school::term(term)?, i64::from(school::starts_on(term)?.to_epoch_days()));
    let term = i64::from(id.ordinal());
    let from = Instant::now();
    let first_80_bits = format!("{:032x}", Uuid::now_v7().as_u128()).chars().take(20).collect::<String>();
    let mut transaction = conn.begin().await?;
    let charge = sqlx::query(CHARGE)
        .bind(BOOK)
        .bind(term)
        .bind(first_80_bits)
        .bind(FEE_MINOR)
        .bind(on)
        .bind(Utc::now().timestamp_micros())
        .bind(format!("bursar:bill:{id}:0:{}:{CODE}:", CODE.len()))
        .bind(CODE)
        .bind(GROUP);
    charge.execute(&mut *transaction).await?;
    sqlx::query(RAISE).bind(BOOK).bind(FEE_MINOR).bind(GROUP).execute(&mut *transaction).await?;
    sqlx::query(BEGUN).bind(BOOK).bind(term).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(from.elapsed())
}

async fn sums(conn: &mut PgConnection) -> Result<(i64, i64), Failure> {
    let asked = "SELECT sum(balance)::bigint, sum(version)::bigint FROM bursar_account WHERE book = $1";
    Ok(sqlx::query_as(asked).bind(BOOK).fetch_one(conn).await?)
}
