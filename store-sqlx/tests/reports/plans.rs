//! Debtors in a large book: that the statements for many give what those for few do, and how much the servers read for a page, as they count it
//! themselves.

use bursar::store::{AccountFilter, OwingFilter};
use bursar::{Account, AccountId, Currency, Ledger, LedgerStore, Standing};
use bursar_store_sqlx::sqlx::{self, Connection as _, MySqlConnection, PgConnection, SqliteConnection};
use bursar_store_sqlx::{MySqlStore, MySqlTx, PostgresStore, PostgresTx, SqliteStore};
use libtest_mimic::Failed;

use crate::plain::Plain;
use crate::{database, history, same, schema};

const LIMIT: u32 = 50;
/// Far fewer than there are accounts.
const READ_MAX: i64 = 1_000;

/// Twenty thousand accounts, of which half owe, many of them as much as others: entries are not asked for.
fn many(digits: &str, concat: &str) -> [String; 2] {
    let numbers = "10000 * a.v + 1000 * b.v + 100 * c.v + 10 * d.v + e.v";
    let from =
        format!("{digits} AS e CROSS JOIN {digits} AS d CROSS JOIN {digits} AS c CROSS JOIN {digits} AS b");
    [
        format!(
            "INSERT INTO bursar_account (book, account, enrolled_on, standing, balance)
             SELECT 'hillside', {concat}('s-', 100000 + {numbers}), 20000, 'active', (({numbers}) % 400 - 200) * 100
               FROM {from} CROSS JOIN (SELECT 0 AS v UNION ALL SELECT 1) AS a"
        ),
        "INSERT INTO bursar_member (book, account, fee_group)
         SELECT book, account, 'PRIMARY' FROM bursar_account WHERE book = 'hillside'"
            .to_owned(),
    ]
}

const DIGITS: &str = "(SELECT 0 AS v UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
                       UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";

const PAGES: usize = 4;

/// The first page, one in the middle of those that owe as much, one of a large group, and the last.
async fn page_of<S: LedgerStore>(store: &S, page: usize) -> Vec<Account> {
    let group = (page == 2).then(|| "PRIMARY".try_into().unwrap());
    let at_least = if page == 3 { 19_900 } else { 0 };
    let filter = OwingFilter { group, standing: Some(Standing::Active), at_least };
    let account: AccountId = "s-110199".try_into().unwrap();
    let after = (page > 0).then_some((19_900, &account));
    store.owing(&history::book(), &filter, after, LIMIT).await.unwrap()
}

/// The statements for many are right as well.
async fn are_right<S: LedgerStore>(store: &S) {
    for page in 0..PAGES {
        let wanted = page_of(&Plain(store), page).await;
        same(&page_of(store, page).await, &wanted, ("page", page));
        assert_eq!(wanted.len(), if page == 3 { 25 } else { 50 });
    }
    let all = store.list_accounts(&history::book(), AccountFilter::All, None, 20_000).await.unwrap();
    let owing: Vec<Account> = all.into_iter().filter(|account| account.balance.is_positive()).collect();
    let after = &owing[owing.len() / 2 - 1].id;
    for (after, wanted) in [(None, &owing[..100]), (Some(after), &owing[owing.len() / 2..][..100])] {
        let got = store.list_accounts(&history::book(), AccountFilter::Debtors, after, 100).await.unwrap();
        same(&got, wanted, ("debtors from after", after));
    }
}

pub(crate) async fn sqlite() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("fees.db").display().to_string();
    let store = SqliteStore::open(&path).await?;
    Ledger::open(store.clone(), "hillside", Currency::USD).await?;
    let mut conn = SqliteConnection::connect(&format!("sqlite:{path}")).await?;
    for sql in many(DIGITS, "concat") {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await?;
    }
    conn.close().await?;
    are_right(&store).await;
    store.close().await;
    Ok(())
}

async fn accounts_read(conn: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let read = "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
                 WHERE relid = 'bursar_account'::regclass";
    sqlx::query_scalar(read).fetch_one(conn).await
}

pub(crate) async fn postgres(url: String) -> Result<(), Failed> {
    let schema = schema::Schema::new(&url).await?;
    let store = PostgresStore::open(schema.url()).await?;
    Ledger::open(store.clone(), "hillside", Currency::USD).await?;
    let mut conn = PgConnection::connect(schema.url()).await?;
    for sql in many(DIGITS, "concat") {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await?;
    }
    are_right(&store).await;
    for analyzed in [false, true] {
        if analyzed {
            sqlx::query("ANALYZE bursar_account").execute(&mut conn).await?;
        }
        for page in 0..PAGES {
            let mut transaction = conn.begin().await?;
            let before = accounts_read(&mut transaction).await?;
            page_of(&PostgresTx::new(&mut transaction), page).await;
            let read = accounts_read(&mut transaction).await? - before;
            assert!(read < READ_MAX, "page {page} reads {read} accounts");
            transaction.rollback().await?;
        }
    }
    conn.close().await?;
    store.close().await;
    schema.drop().await?;
    Ok(())
}

async fn rows_read(conn: &mut MySqlConnection) -> Result<i64, sqlx::Error> {
    let read = "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_next', 'Handler_read_prev', 'Handler_read_rnd_next')";
    let read: Vec<(String, String)> = sqlx::query_as(read).fetch_all(conn).await?;
    Ok(read.iter().map(|(_, count)| count.parse::<i64>().unwrap()).sum())
}

pub(crate) async fn mariadb(url: String) -> Result<(), Failed> {
    let database = database::Database::new(&url).await?;
    let store = MySqlStore::open(database.url()).await?;
    Ledger::open(store.clone(), "hillside", Currency::USD).await?;
    let mut conn = MySqlConnection::connect(database.url()).await?;
    for sql in many(DIGITS, "concat") {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await?;
    }
    are_right(&store).await;
    for page in 0..PAGES {
        let mut transaction = conn.begin().await?;
        let before = rows_read(&mut transaction).await?;
        page_of(&MySqlTx::new(&mut transaction), page).await;
        let read = rows_read(&mut transaction).await? - before;
        // To see that a group is large, some of it is counted.
        let counted = if page == 2 { 5_001 } else { 0 };
        assert!(read - counted < READ_MAX, "page {page} reads {read} rows");
        transaction.rollback().await?;
    }
    conn.close().await?;
    store.close().await;
    database.drop().await?;
    Ok(())
}
