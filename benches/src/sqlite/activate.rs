//! Billing a term on SQLite: 100,000 accounts, each its fee.

use std::path::Path;
use std::time::{Duration, Instant};

use bursar::Ledger;
use bursar_store_sqlx::SqliteStore;
use chrono::Utc;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use uuid::Uuid;

use super::{File, copy, store, without_triggers, writing};
use crate::billing::{ACCOUNTS, expect, twice};
use crate::measure::{Pair, in_turn, rate};
use crate::ratios::Plan;
use crate::school::{self, BOOK, CODE, FEE_MINOR, GROUP};
use crate::{Failure, seed};

/// `activate/sqlite/100k` and `reactivate/sqlite/100k`. Every round begins with fresh copies of one database.
///
/// # Errors
/// When the two do not charge the same, and whatever stops a side.
pub async fn run(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let (first, second) = (plan.folder.join("activate.db"), plan.folder.join("activate-by-hand.db"));
    seed::book(&File(&first), ACCOUNTS, 1, seed::Entries::None).await?;
    copy(&first, &second).await?;
    without_triggers(&second).await?;
    let mut reactivated = Pair::new("reactivate/sqlite/100k");
    let pair = in_turn(
        "activate/sqlite/100k",
        plan.rounds,
        async |round| {
            let folder = tempfile::tempdir_in(&plan.folder)?;
            let path = folder.path().join("ours.db");
            copy(&first, &path).await?;
            let ledger = Ledger::open_existing(store(&path).await?, BOOK).await?;
            let (once, again) = twice(&ledger).await?;
            if round > 0 {
                reactivated.add(again, once);
            }
            ledger.store().close().await;
            Ok(once)
        },
        async |_| {
            let folder = tempfile::tempdir_in(&plan.folder)?;
            let path = folder.path().join("by-hand.db");
            copy(&second, &path).await?;
            let mut conn = writing(&path).connect().await?;
            let rate = rate(u64::from(ACCOUNTS), by_hand(&mut conn, 0).await?);
            expect(sums(&mut conn).await?)?;
            conn.close().await?;
            Ok(rate)
        },
    );
    Ok(vec![pair.await?, reactivated])
}

/// A book with so many accounts, ready to be billed for so many terms.
///
/// # Errors
/// When it cannot be written.
pub async fn ready(path: &Path, accounts: u32, terms: u32) -> Result<Ledger<SqliteStore>, Failure> {
    seed::book(&File(path), accounts, terms, seed::Entries::None).await?;
    Ok(Ledger::open_existing(store(path).await?, BOOK).await?)
}

/// What a good engineer writes once the group and its one fee are known: everybody in one statement, each a row, in the order of the
/// table; then every account's version and balance; one transaction. It asks nothing that billing must ask: whether an account has been
/// billed, has a fee of its own, is in two groups with the code, is too late, or over its bound. The keys are as unique as ours.
const BY_HAND: &str = "
BEGIN IMMEDIATE;
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, key,
                          code, due_on, slot, fee_group)
SELECT a.book, a.account, a.version + 1, unhex($3 || printf('%012x', row_number() OVER (ORDER BY a.account))),
       $2, 'charge', 1, $4, $5, $6, $7 || a.account, $8, $5, 0, $9
  FROM bursar_account AS a
  JOIN bursar_member  AS m ON m.book = a.book AND m.account = a.account AND m.fee_group = $9
 WHERE a.book = $1 AND a.standing = 'active'
 ORDER BY a.account;
UPDATE bursar_account SET version = version + 1, balance = balance + $4
 WHERE book = $1 AND standing = 'active'
   AND account IN (SELECT account FROM bursar_member WHERE book = $1 AND fee_group = $9);
UPDATE bursar_book SET current_term = $2, version = version + 1 WHERE book = $1;
COMMIT";

async fn by_hand(conn: &mut SqliteConnection, term: u32) -> Result<Duration, Failure> {
    let (id, on) = (school::term(term)?, school::starts_on(term)?.to_epoch_days());
    let from = Instant::now();
    let first_80_bits = format!("{:032x}", Uuid::now_v7().as_u128()).chars().take(20).collect::<String>();
    let query = sqlx::query(BY_HAND)
        .bind(BOOK)
        .bind(id.ordinal())
        .bind(first_80_bits)
        .bind(FEE_MINOR)
        .bind(on)
        .bind(Utc::now().timestamp_micros())
        .bind(format!("bursar:bill:{id}:0:{}:{CODE}:", CODE.len()))
        .bind(CODE)
        .bind(GROUP);
    query.execute(&mut *conn).await?;
    Ok(from.elapsed())
}

async fn sums(conn: &mut SqliteConnection) -> Result<(i64, i64), Failure> {
    let asked = "SELECT sum(balance), sum(version) FROM bursar_account WHERE book = $1";
    Ok(sqlx::query_as(asked).bind(BOOK).fetch_one(conn).await?)
}
