//! Payments that all want the same few accounts, on MariaDB or MySQL.

use sqlx::Connection as _;
use sqlx::mysql::MySqlPool;

use super::{Database, post::insert};
use crate::Failure;
use crate::base::{Base as _, billed};
use crate::measure::{AsyncTask, Pair, at_once, in_turn};
use crate::payments::{Row, Rows};
use crate::post;
use crate::ratios::Plan;
use crate::school::BOOK;

const ACCOUNTS: u32 = 4;
const TASKS: u32 = 16;

/// `hot/mysql/16`. A deadlock that reaches a caller of ours ends the program.
///
/// # Errors
/// Whatever stops a side.
pub async fn run(plan: &Plan, server: &str) -> Result<Vec<Pair>, Failure> {
    let before = deadlocks(server).await?;
    let pair = in_turn(
        "hot/mysql/16",
        plan.rounds,
        async |round| {
            let rate = post::ours::<Database>(plan, server, ACCOUNTS, TASKS, round).await?;
            let after = deadlocks(server).await?;
            if let (Some(before), Some(after)) = (before, after) {
                eprintln!("  hot/mysql/16: {} deadlocks in the server so far", after.saturating_sub(before));
            }
            Ok(rate)
        },
        async |round| {
            let base: Database = billed(server, ACCOUNTS).await?;
            base.without_triggers().await?;
            let pool = base.pool(TASKS).await?;
            let rows = Rows::tasks(ACCOUNTS, TASKS, round)?;
            let raising = rows.into_iter().map(|rows| Raising { pool: pool.clone(), rows }).collect();
            let rate = at_once(raising, plan.time).await?;
            pool.close().await;
            base.remove().await?;
            Ok(rate)
        },
    );
    Ok(vec![pair.await?])
}

/// How many deadlocks the server has had, where it tells.
async fn deadlocks(server: &str) -> Result<Option<u64>, Failure> {
    let mut conn = sqlx::MySqlConnection::connect(server).await?;
    let asked = "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'";
    let told: Option<(String, String)> = sqlx::query_as(asked).fetch_optional(&mut conn).await?;
    conn.close().await?;
    Ok(told.map(|(_, count)| count.parse()).transpose()?)
}

/// A task that raises an account's version and inserts at the position that gives: a transaction a payment.
///
/// It is the least that gives positions without a gap. Neither the term, the lock nor the key is looked up.
struct Raising {
    pool: MySqlPool,
    rows: Rows,
}

const RAISE: &str = "
UPDATE bursar_account SET version = last_insert_id(version + 1), balance = balance + ? WHERE book = ? AND account = ?";

impl AsyncTask for Raising {
    async fn once(&mut self) -> Result<(), Failure> {
        let row = self.rows.row()?;
        let mut transaction = self.pool.begin().await?;
        let raise = sqlx::query(RAISE).bind(row.amount).bind(BOOK).bind(row.account.clone());
        let raised = raise.execute(&mut *transaction).await?;
        let position = i64::try_from(raised.last_insert_id())?;
        insert(Row { position, ..row }).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}
