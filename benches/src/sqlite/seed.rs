//! Books of any size, set up fast: by statements over sets into the store's own tables.

use std::path::Path;
use std::time::Instant;

use bursar::Ledger;
use bursar_store_sqlx::SqliteStore;
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

use super::{common, made_by, store};
use crate::Failure;
use crate::school::{self, BOOK, CLERK, CODE, FEE_MINOR, GROUP, REFERENCE};

/// What the accounts of a book have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Nothing yet.
    None,
    /// Three a term: the fee, and two payments that mostly leave something.
    Three,
}

/// Makes a book in a new file.
///
/// # Errors
/// When it cannot be written, or is not right afterwards.
pub async fn book(path: &Path, accounts: u32, terms: u32, entries: Entries) -> Result<(), Failure> {
    let from = Instant::now();
    let ledger = school::open(store(path).await?, terms).await?;
    ledger.store().close().await;
    drop(ledger);
    // Nothing is lost that could not be made again, so it need not be durable; the store puts the log back when it opens the file.
    let options = common(path)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-524288");
    let mut conn = options.connect().await?;
    open_accounts(&mut conn, accounts).await?;
    if entries == Entries::Three {
        three_a_term(&mut conn).await?;
    }
    conn.close().await?;
    if entries == Entries::Three {
        let ledger = Ledger::open_existing(store(path).await?, BOOK).await?;
        for number in [0, accounts / 2, accounts.saturating_sub(1)] {
            prove(&ledger, number, terms).await?;
        }
        ledger.store().close().await;
    }
    let seconds = from.elapsed().as_secs_f64();
    eprintln!("  set up {accounts} accounts, {terms} terms, entries: {entries:?}, in {seconds:.1} s");
    Ok(())
}

async fn open_accounts(conn: &mut SqliteConnection, accounts: u32) -> Result<(), Failure> {
    let enrolled_on = i64::from(school::enrolled_on()?.to_epoch_days());
    let opened = "
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2)
INSERT INTO bursar_account (book, account, enrolled_on, standing)
SELECT $1, printf('s-%07d', i), $3, 'active' FROM n";
    sqlx::query(opened).bind(BOOK).bind(accounts).bind(enrolled_on).execute(&mut *conn).await?;
    let members = "
INSERT INTO bursar_member (book, account, fee_group) SELECT book, account, $2 FROM bursar_account WHERE book = $1";
    sqlx::query(members).bind(BOOK).bind(GROUP).execute(conn).await?;
    Ok(())
}

/// Without indexes and triggers, which are made again afterwards: sorting once is quicker than finding a place for each.
async fn three_a_term(conn: &mut SqliteConnection) -> Result<(), Failure> {
    let made = made_by(conn, r#"["index", "trigger"]"#).await?;
    for (kind, name, _) in &made {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP {kind} {name}"))).execute(&mut *conn).await?;
    }
    let inserted = "
INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by, key,
                          method, reference, code, due_on, slot, fee_group)
SELECT $1, a.account, 3 * t.n + k.value + 1, randomblob(16), t.term,
       CASE k.value WHEN 0 THEN 'charge' ELSE 'payment' END, CASE k.value WHEN 0 THEN 1 ELSE 3 END,
       CASE k.value WHEN 0 THEN $2 WHEN 1 THEN -(5000 + (a.n * 7 + t.n * 13) % 3000) ELSE -(3000 + (a.n + t.n * 17) % 4000) END,
       t.starts_on, 1000000 * t.starts_on, $3, printf('seed:%s:%d', a.account, 3 * t.n + k.value + 1),
       CASE k.value WHEN 0 THEN NULL ELSE 'cash' END, CASE k.value WHEN 0 THEN NULL ELSE $4 END,
       CASE k.value WHEN 0 THEN $5 END, CASE k.value WHEN 0 THEN t.starts_on END,
       CASE k.value WHEN 0 THEN 0 END, CASE k.value WHEN 0 THEN $6 END
  FROM (SELECT account, CAST(substr(account, 3) AS INTEGER) AS n FROM bursar_account WHERE book = $1 ORDER BY account) AS a
 CROSS JOIN (SELECT term, starts_on, row_number() OVER (ORDER BY term) - 1 AS n FROM bursar_term WHERE book = $1) AS t
 CROSS JOIN json_each('[0,1,2]') AS k";
    let query = sqlx::query(inserted).bind(BOOK).bind(FEE_MINOR).bind(CLERK);
    query.bind(REFERENCE).bind(CODE).bind(GROUP).execute(&mut *conn).await?;
    let raised = "
UPDATE bursar_account AS a
   SET (version, balance) = (SELECT count(*), sum(amount) FROM bursar_entry AS e WHERE e.book = a.book AND e.account = a.account)
 WHERE a.book = $1";
    sqlx::query(raised).bind(BOOK).execute(&mut *conn).await?;
    for (_, _, sql) in made {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// What was written past the library is what the library reads: entries, their fold, and the kept balance.
async fn prove(ledger: &Ledger<SqliteStore>, number: u32, terms: u32) -> Result<(), Failure> {
    let account = school::account(number);
    let entries = ledger.entries(account.as_str(), 0, bursar::PAGE_MAX).await?;
    let folded = bursar::TermTotals::fold(&entries)?;
    let kept = ledger.account(account.as_str()).await?;
    let summed = ledger.balances(account.as_str()).await?;
    let wanted = usize::try_from(terms)?;
    let holds = entries.len() == wanted.saturating_mul(3)
        && u32::try_from(entries.len())? == kept.version
        && folded.balance()? == kept.balance.minor()
        && folded.balances(&kept.id, kept.balance.currency())? == summed
        && summed.len() == wanted;
    if holds { Ok(()) } else { Err(format!("{account} was not set up right").into()) }
}

#[cfg(test)]
mod tests {
    use bursar::audit::audit;

    use super::*;

    /// All that is set up this way is a book as the ledger itself would have made it.
    #[tokio::test]
    async fn a_book_set_up_by_hand_passes_the_audit() -> Result<(), Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("seeded.db");
        book(&path, 50, 4, Entries::Three).await?;
        let ledger = Ledger::open_existing(store(&path).await?, BOOK).await?;
        let report = audit(&ledger).await?;
        assert!(report.is_clean(), "{:?}", report.findings);
        assert_eq!((report.accounts, report.entries), (50, 600));
        ledger.store().close().await;
        Ok(())
    }
}
