//! The sessions' table: made in any order with the ledger's, kept by the database itself.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/session.rs"]
mod session;
mod support;

use bursar_session::store::{Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{Content, Gone, GoneReason, SessionStore};
use bursar_store_sqlx::SqliteStore;
use bursar_store_sqlx::sqlx::{self, Connection, Row};
use session::{after, content, create, key, live, of_user, start, version};
use support::{File, furnish, prove};

/// Makes a file as a build without sessions leaves it, or one without the ledger.
async fn forget(file: &File, name: &str, objects: &str) {
    let mut conn = file.connection().await;
    let drop = format!(
        "{objects}; DELETE FROM bursar_migration WHERE name = '{name}'; SELECT 1 FROM bursar_migration"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_file_of_a_build_without_sessions_gets_them() {
    let file = File::new();
    let ledger = file.ledger().await;
    furnish(&ledger, 2).await;
    ledger.store().close().await;
    forget(&file, "session", "DROP VIEW bursar_session_shown; DROP TABLE bursar_session").await;
    let ledger = file.ledger().await;
    prove(&ledger).await;
    create(ledger.store(), 1, &content("{}")).await;
    assert_eq!(&*live(ledger.store(), 1).await.content.data, "{}");
}

#[tokio::test]
async fn the_steps_are_applied_in_any_order() {
    let file = File::new();
    let store = file.store().await;
    create(&store, 1, &content("{}")).await;
    store.close().await;
    let tables = ["book", "term", "account", "member", "fee", "entry", "file_mark"];
    let drops: Vec<String> = tables.iter().map(|table| format!("DROP TABLE bursar_{table}")).collect();
    forget(&file, "ledger", &format!("DROP VIEW bursar_entry_shown; {}", drops.join("; "))).await;
    let ledger = file.ledger().await;
    furnish(&ledger, 2).await;
    prove(&ledger).await;
    assert_eq!(live(ledger.store(), 1).await.version, version(1));
}

#[tokio::test]
async fn the_database_refuses_to_bring_a_session_back() {
    let file = File::new();
    let store = file.store().await;
    create(&store, 1, &of_user("{\"a\":1}", "17")).await;
    assert_eq!(store.delete(&key(1), None, GoneReason::LoggedOut, start()).await.unwrap(), Deleted::Deleted);
    let mut conn = file.connection().await;
    for (sql, why) in [
        ("UPDATE bursar_session SET gone = 0, gone_at = NULL", "does not come back"),
        ("UPDATE bursar_session SET data = 'x'", "CHECK"),
        ("UPDATE bursar_session SET user_id = '17'", "CHECK"),
        ("UPDATE bursar_session SET gone_at = NULL", "CHECK"),
        ("UPDATE bursar_session SET key_hash = x'00'", "CHECK"),
        ("UPDATE bursar_session SET clean_at = expires_at + 1", "CHECK"),
        ("INSERT INTO bursar_session SELECT * FROM bursar_session", "UNIQUE"),
    ] {
        let error = sqlx::query(sql).execute(&mut conn).await.unwrap_err();
        assert!(error.to_string().contains(why), "{sql}: {error}");
    }
    let row = sqlx::query("SELECT gone, characters, user_id FROM bursar_session_shown").fetch_one(&mut conn);
    let row = row.await.unwrap();
    assert_eq!((row.get::<&str, _>(0), row.get::<i64, _>(1)), ("logged out", 0));
    assert_eq!(row.get::<Option<&str>, _>(2), None);
}

#[tokio::test]
async fn nothing_of_a_deleted_session_stays_in_its_row() {
    let file = File::new();
    let store = file.store().await;
    for number in 1..=3 {
        let idle_timeout = Some(std::time::Duration::from_secs(9));
        create(&store, number, &Content { idle_timeout, ..of_user("{\"secret\":1}", "17") }).await;
    }
    store.delete(&key(1), None, GoneReason::Emptied, after(1)).await.unwrap();
    assert_eq!(store.rotate(&key(2), &key(4), after(1)).await.unwrap(), Rotated::Rotated);
    assert_eq!(
        store
            .delete_user(live(&store, 3).await.content.user.as_ref().unwrap(), Some(&key(4)), after(1))
            .await
            .unwrap(),
        1
    );
    let mut conn = file.connection().await;
    let rows = "SELECT gone, version, gone_at - created_at, gone_at - ends_at, expires_at - gone_at, clean_at - gone_at, idle_timeout,
         user_id, data FROM bursar_session WHERE gone <> 0 ORDER BY gone DESC";
    let rows = sqlx::query(rows).fetch_all(&mut conn).await.unwrap();
    let gone: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(gone, [4, 2, 1]);
    for row in &rows {
        let numbers: Vec<i64> = (1..=5).map(|column| row.get(column)).collect();
        assert_eq!(numbers, [1, 0, 0, 60_000_000, 60_000_000]);
        assert_eq!(
            (row.get::<Option<i64>, _>(6), row.get::<Option<&str>, _>(7), row.get::<&str, _>(8)),
            (None, None, "")
        );
    }
    assert_eq!(live(&store, 4).await.content.user.unwrap().as_str(), "17");
}

#[tokio::test]
async fn a_damaged_row_is_dropped_alone() {
    let file = File::new();
    let store = file.store().await;
    for number in 0..8 {
        create(&store, number, &content(&format!("{{\"n\":{number}}}"))).await;
    }
    let mut conn = file.connection().await;
    sqlx::raw_sql("PRAGMA ignore_check_constraints = ON").execute(&mut conn).await.unwrap();
    for (number, damage) in [
        (1, "version = 0"),
        (2, "created_at = 9223372036854775807"),
        (3, "ends_at = -9223372036854775808"),
        (4, "idle_timeout = -1"),
        (5, "user_id = 'a' || char(10)"),
        (6, "data = CAST(x'ff' AS TEXT)"),
    ] {
        let damage = format!("UPDATE bursar_session SET {damage} WHERE key_hash = $1");
        let damaged = sqlx::query(sqlx::AssertSqlSafe(damage)).bind(key(number).as_bytes().to_vec());
        assert_eq!(damaged.execute(&mut conn).await.unwrap().rows_affected(), 1);
    }
    // At once, so that they are read together, and one by one.
    let loads: Vec<_> = (0..40_u64)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { (n % 8, store.load(&key(n % 8), start()).await.unwrap()) })
        })
        .collect();
    let mut found = Vec::new();
    for load in loads {
        found.push(load.await.unwrap());
    }
    for number in 0..8 {
        found.push((number, store.load(&key(number), start()).await.unwrap()));
    }
    for (number, loaded) in found {
        match loaded {
            Loaded::Live(record) if matches!(number, 0 | 7) => {
                assert_eq!(*record.content.data, format!("{{\"n\":{number}}}"));
            }
            Loaded::Undecodable if (1..=6).contains(&number) => {}
            other => panic!("{number}: {other:?}"),
        }
    }
    // It can be dropped, and is gone then.
    for number in 1..=6 {
        let deleted = store.delete(&key(number), None, GoneReason::Emptied, after(1)).await.unwrap();
        assert_eq!(deleted, Deleted::Deleted);
        let gone = Gone::new(GoneReason::Emptied, after(1));
        assert_eq!(store.load(&key(number), after(1)).await.unwrap(), Loaded::Gone(gone));
    }
}

#[tokio::test]
async fn data_is_kept_to_the_letter() {
    let file = File::new();
    let store = file.store().await;
    let long = "é\"\\\u{0}\u{1f}\u{7f}\u{2028}😀/".repeat(5_000);
    for (number, data) in (0..).zip(["", "{}", "not json", "\u{0}a\u{0}", "'; --", &long]) {
        create(&store, number, &content(data)).await;
        assert_eq!(&*live(&store, number).await.content.data, data);
        let twice = content(&format!("{data}{data}"));
        let updated = store.update(&key(number), version(1), &twice, start()).await.unwrap();
        assert_eq!(updated, Updated::Updated(version(2)));
        assert_eq!(live(&store, number).await.content.data, twice.data);
    }
}

#[tokio::test]
async fn the_clean_up_looks_when_it_has_to() {
    let file = File::new();
    let store = file.store().await;
    for number in 0..6 {
        create(&store, number, &of_user("{}", "17")).await;
    }
    // One is prolonged, one by an update; one ends sooner; one is another user's from now on, and one is gone.
    assert_eq!(store.touch(&key(0), after(9_000), start()).await.unwrap(), Touched::Touched);
    let later = Content { expires_at: after(9_000), ..of_user("{}", "17") };
    assert_eq!(
        store.update(&key(1), version(1), &later, start()).await.unwrap(),
        Updated::Updated(version(2))
    );
    let sooner = Content { expires_at: after(60), ..of_user("{}", "17") };
    assert_eq!(
        store.update(&key(2), version(1), &sooner, start()).await.unwrap(),
        Updated::Updated(version(2))
    );
    let other = of_user("{}", "18");
    assert_eq!(
        store.update(&key(3), version(1), &other, start()).await.unwrap(),
        Updated::Updated(version(2))
    );
    store.delete(&key(4), None, GoneReason::LoggedOut, start()).await.unwrap();
    let user = other.user.unwrap();
    assert_eq!(store.list_user(&user, None, 9, start()).await.unwrap().len(), 1);
    assert_eq!(store.delete_expired(10, after(59)).await.unwrap(), 0);
    assert_eq!(store.delete_expired(10, after(60)).await.unwrap(), 2);
    assert_eq!(store.delete_expired(1, after(3_600)).await.unwrap(), 1);
    assert_eq!(store.delete_expired(10, after(3_600)).await.unwrap(), 1);
    assert_eq!(store.delete_expired(10, after(8_999)).await.unwrap(), 0);
    let mut conn = file.connection().await;
    let left = "SELECT count(*), min(clean_at = expires_at) FROM bursar_session";
    let left = sqlx::query(left).fetch_one(&mut conn).await.unwrap();
    assert_eq!((left.get::<i64, _>(0), left.get::<i64, _>(1)), (2, 1));
    assert_eq!(store.delete_expired(10, after(9_000)).await.unwrap(), 2);
}

#[tokio::test]
async fn statements_use_their_indexes() {
    let file = File::new();
    SqliteStore::open(file.path()).await.unwrap().close().await;
    let mut conn = file.connection().await;
    let many = "EXPLAIN QUERY PLAN UPDATE bursar_session SET data = j.data
         FROM (SELECT unhex(value ->> 0) AS key_hash, value ->> 1 AS data FROM json_each($1)) AS j
         WHERE bursar_session.key_hash = j.key_hash AND gone = 0";
    let clean = "EXPLAIN QUERY PLAN DELETE FROM bursar_session WHERE rowid IN
         (SELECT rowid FROM bursar_session WHERE clean_at <= $1 AND expires_at <= $1 ORDER BY clean_at LIMIT 5)";
    for sql in [many, clean] {
        let plan = sqlx::query(sql).bind("[]").fetch_all(&mut conn).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|step| step.get(3)).collect();
        assert!(plan.iter().all(|step| !step.starts_with("SCAN bursar_session")), "{plan:?}");
    }
}
