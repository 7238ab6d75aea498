//! Seals against an administrator of the database: whatever is changed in a sealed entry, in any column of any database, the audit names the
//! entry.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod admin;
#[path = "../support/database.rs"]
mod database;
#[path = "../support/schema.rs"]
mod schema;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::sync::Arc;

use admin::Admin;
use bursar::audit::{AuditReport, audit, audit_against};
use bursar::seal::{SealedRoot, seal};
use bursar::{
    Adjustment, Charge, Concession, ConcessionKind, Currency, Ledger, LedgerStore, Method, OpeningBalance,
    Payment, Refund, Reversal, WriteOff,
};
use bursar_servers::{Engine, trials};
use bursar_store_sqlx::sqlx::{Connection as _, MySqlConnection, PgConnection};
use bursar_store_sqlx::{MySqlStore, PostgresStore, SqliteStore};
use libtest_mimic::{Arguments, Failed, Trial};
use rust_decimal_macros::dec;
use support::{day, furnish, prove, term};
use tokio::runtime::Runtime;

/// What must be named: a position, and how its finding begins.
type Places = &'static [(u32, &'static str)];
type Books = Ledger<Arc<dyn LedgerStore>>;

/// One entry of every kind on `a-0`, a few on its neighbours, all sealed.
async fn sealed_book(store: Arc<dyn LedgerStore>) -> (Books, SealedRoot) {
    let ledger = Ledger::open(store, "hillside", Currency::USD).await.unwrap();
    furnish(&ledger, 3).await;
    ledger.activate_on(term(), day("2026-01-12")).await.unwrap();
    let on = day("2026-02-01");
    macro_rules! record {
        ($($draft:expr, $key:literal;)*) => {
            $(ledger.record($draft.account("a-0").for_term(term()).on(on).key($key)).await.unwrap();)*
        };
    }
    record! {
        Charge::of("trip", dec!(30)).due_on(day("2026-02-15")).note("to the lake"), "k-1";
        OpeningBalance::of(dec!(-200), "credit of 2025"), "k-2";
        Payment::by(Method::Bank, dec!(80)).reference("slip 7").recorded_by("till-1"), "k-3";
        Refund::by(Method::Cash, dec!(25)).reference("r-9"), "k-4";
        Concession::of(ConcessionKind::Waiver, dec!(5), "a sibling"), "k-5";
        Adjustment::of(dec!(400), "a correction"), "k-6";
        WriteOff::of(dec!(10), "moved abroad"), "k-7";
    }
    ledger.reverse(Reversal::of_key("k-3", "bounced").on(on).key("k-8")).await.unwrap();
    ledger.pay(Payment::cash(dec!(5)).from("a-2").for_term(term()).on(on).key("k-9")).await.unwrap();
    let root = seal(&ledger).await.unwrap();
    assert_eq!(prove(&ledger).await.sealed, 12);
    // One more seal, and an entry that is in none.
    ledger.pay(Payment::cash(dec!(1)).from("a-1").for_term(term()).on(on).key("k-10")).await.unwrap();
    seal(&ledger).await.unwrap();
    ledger.pay(Payment::cash(dec!(1)).from("a-0").for_term(term()).on(on).key("k-11")).await.unwrap();
    let report = prove(&ledger).await;
    assert_eq!((report.sealed, report.unsealed()), (13, 1));
    (ledger, root)
}

fn named(report: &AuditReport, position: u32, what: &str) -> bool {
    report.findings.iter().any(|one| {
        let account = one.account.as_ref().map(bursar::AccountId::as_str);
        (one.invariant.as_str(), account, one.position) == ("SEAL", Some("a-0"), Some(position))
            && one.detail.starts_with(what)
    })
}

/// The rows as they were before.
const KEEP: &str = "CREATE TABLE kept_entry AS SELECT * FROM bursar_entry";
const RESTORE: [&str; 2] = ["DELETE FROM bursar_entry", "INSERT INTO bursar_entry SELECT * FROM kept_entry"];

async fn every_column(ledger: &Books, admin: &mut Admin) {
    let columns = admin.columns().await;
    assert!(columns.len() >= 22, "{columns:?}");
    for column in &columns {
        // How PostgreSQL's statements keep book of what they have done; nothing reads it of an entry that is there.
        if column.name == "raised" {
            continue;
        }
        for position in 1..=9_u32 {
            let (name, flipped) = (&column.name, admin.flipped(column));
            let change = format!(
                "UPDATE bursar_entry SET `{name}` = {flipped} WHERE account = 'a-0' AND position = {position}"
            );
            admin.run(&[&change]).await;
            let report = audit(ledger).await.unwrap_or_else(|error| panic!("{change}: {error}"));
            assert!(named(&report, position, ""), "{change}: {:#?}", report.findings);
            let others = report.findings.iter().filter(|one| one.invariant == "SEAL");
            let others = others.filter(|one| one.position != Some(position)).count();
            assert_eq!(others, 0, "{change}: {:#?}", report.findings);
            admin.run(&RESTORE).await;
        }
    }
    prove(ledger).await;
}

async fn whole_entries(ledger: &Books, admin: &mut Admin) {
    let shift = |from: u32, by: i32| {
        [
            format!(
                "UPDATE bursar_entry SET position = position + 1000 WHERE account = 'a-0' AND position >= {from}"
            ),
            format!(
                "UPDATE bursar_entry SET position = position - {} WHERE account = 'a-0' AND position > 1000",
                1000 - by
            ),
        ]
    };
    let (up, down) = (shift(4, 1), shift(5, -1));
    let (swap, delete) = (
        [
            "UPDATE bursar_entry SET position = 5000 WHERE account = 'a-0' AND position = 2",
            "UPDATE bursar_entry SET position = 2 WHERE account = 'a-0' AND position = 7",
            "UPDATE bursar_entry SET position = 7 WHERE account = 'a-0' AND position = 5000",
        ],
        "DELETE FROM bursar_entry WHERE account = 'a-0' AND position = 4",
    );
    let put_between = "INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, `key`, method)
         SELECT book, account, 4, id, term, kind, figure, amount, effective_on, recorded_at, 'new', method
           FROM kept_entry WHERE `key` = 'k-3'";
    let last = "UPDATE bursar_entry SET note = 'x' WHERE account = 'a-0' AND position = 9";
    let cases: [(&str, Vec<&str>, Places); 6] = [
        ("removed", vec![delete], &[(4, "removed")]),
        (
            "removed and closed up",
            vec![delete, &down[0], &down[1]],
            &[(4, "removed"), (5, "moved"), (9, "inserted")],
        ),
        ("put between", vec![&up[0], &up[1], put_between], &[(4, "inserted"), (5, "moved")]),
        ("swapped", swap.to_vec(), &[(2, "moved"), (7, "moved")]),
        ("the last changed", vec![last], &[(9, "changed")]),
        (
            "the last removed",
            vec!["DELETE FROM bursar_entry WHERE account = 'a-0' AND position = 9"],
            &[(9, "removed")],
        ),
    ];
    for (what, statements, places) in cases {
        admin.run(&statements).await;
        let report = audit(ledger).await.unwrap();
        for (position, word) in places {
            assert!(named(&report, *position, word), "{what}: {:#?}", report.findings);
        }
        admin.run(&RESTORE).await;
    }
    // The whole account, as if it had never been there.
    let gone = [
        "DELETE FROM bursar_entry WHERE account = 'a-0'",
        "CREATE TABLE kept_account AS SELECT * FROM bursar_account",
        "DELETE FROM bursar_account WHERE account = 'a-0'",
    ];
    admin.run(&gone).await;
    let report = audit(ledger).await.unwrap();
    assert!(named(&report, 1, "removed: the account does not exist"), "{:#?}", report.findings);
    admin.run(&RESTORE).await;
    admin.run(&["INSERT INTO bursar_account SELECT * FROM kept_account WHERE account = 'a-0'"]).await;
    prove(ledger).await;
}

async fn what_is_kept_of_seals(ledger: &Books, root: &SealedRoot, admin: &mut Admin) {
    admin
        .run(&[
            "CREATE TABLE kept_seal AS SELECT * FROM bursar_seal",
            "CREATE TABLE kept_segment AS SELECT * FROM bursar_segment",
        ])
        .await;
    let bytes = |column: &str| match admin {
        Admin::Sqlite(_) => format!("zeroblob(length({column}))"),
        Admin::Postgres(_) => format!("set_byte({column}, 5, get_byte({column}, 5) # 1)"),
        Admin::Mariadb(_) => format!("CONCAT('~~~~', SUBSTR({column}, 5))"),
    };
    let (digests, chain, roots) = (bytes("digests"), bytes("chain"), bytes("root"));
    let cases = [
        format!("UPDATE bursar_segment SET digests = {digests} WHERE account = 'a-0'"),
        format!("UPDATE bursar_segment SET chain = {chain} WHERE account = 'a-0'"),
        format!("UPDATE bursar_seal SET root = {roots} WHERE seal = 1"),
        "UPDATE bursar_seal SET entries = entries + 1 WHERE seal = 2".to_owned(),
        "UPDATE bursar_segment SET seal = 1".to_owned(),
        "DELETE FROM bursar_segment WHERE account = 'a-0'".to_owned(),
        "DELETE FROM bursar_segment WHERE account = 'a-1' AND first_position = 1".to_owned(),
        "DELETE FROM bursar_segment WHERE account = 'a-1' AND first_position = 2".to_owned(),
        "DELETE FROM bursar_seal WHERE seal = 1".to_owned(),
        "DELETE FROM bursar_segment WHERE account = 'a-1' AND first_position = 2".to_owned(),
    ];
    for change in &cases {
        admin.run(&[change]).await;
        let report = audit(ledger).await.unwrap();
        assert!(report.findings.iter().any(|one| one.invariant == "SEAL"), "{change}: nothing was found");
        for table in ["seal", "segment"] {
            admin
                .run(&[
                    &format!("DELETE FROM bursar_{table}"),
                    &format!("INSERT INTO bursar_{table} SELECT * FROM kept_{table}"),
                ])
                .await;
        }
    }
    prove(ledger).await;
    // All of it taken away, an entry changed, and the book sealed anew: only what was kept elsewhere knows.
    let anew = [
        "DELETE FROM bursar_segment",
        "DELETE FROM bursar_seal",
        "UPDATE bursar_entry SET note = 'x' WHERE `key` = 'k-3'",
    ];
    admin.run(&anew).await;
    assert_eq!(prove(ledger).await.sealed, 0);
    let missing = audit_against(ledger, root).await.unwrap();
    assert!(!missing.is_clean());
    seal(ledger).await.unwrap();
    assert_eq!(prove(ledger).await.unsealed(), 0);
    let report = audit_against(ledger, root).await.unwrap();
    assert_eq!(report.findings_count, 1, "{:#?}", report.findings);
    assert_eq!(report.findings[0].invariant, "SEAL");
    admin.run(&["UPDATE bursar_entry SET note = 'y' WHERE `key` = 'k-11'"]).await;
    let report = audit(ledger).await.unwrap();
    assert!(named(&report, 10, "changed"), "{:#?}", report.findings);
}

/// What was recorded since the last seal is not sealed, and the report says how much that is.
async fn not_sealed_yet(ledger: &Books, admin: &mut Admin) {
    admin.run(&["UPDATE bursar_entry SET note = 'x' WHERE `key` = 'k-11'"]).await;
    assert_eq!(prove(ledger).await.unsealed(), 1);
    admin.run(&RESTORE).await;
}

/// The database itself refuses to change what is kept of seals.
async fn refused(admin: &mut Admin) {
    for sql in [
        "UPDATE bursar_seal SET entries = 0",
        "DELETE FROM bursar_seal",
        "UPDATE bursar_segment SET seal = 9",
        "DELETE FROM bursar_segment",
    ] {
        let error = admin.refused(sql).await;
        assert!(error.contains("bursar: seals are never"), "{sql}: {error}");
    }
}

async fn tried(store: Arc<dyn LedgerStore>, mut admin: Admin) {
    let (ledger, root) = sealed_book(store).await;
    refused(&mut admin).await;
    admin.unbind().await;
    admin.run(&[KEEP]).await;
    every_column(&ledger, &mut admin).await;
    whole_entries(&ledger, &mut admin).await;
    not_sealed_yet(&ledger, &mut admin).await;
    what_is_kept_of_seals(&ledger, &root, &mut admin).await;
    admin.close().await;
}

fn run(test: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    Runtime::new()?.block_on(test)
}

async fn in_sqlite() -> Result<(), Failed> {
    let file = support::File::new();
    let store = SqliteStore::open(&file.path()).await?;
    tried(Arc::new(store.clone()), Admin::Sqlite(file.connection().await)).await;
    store.close().await;
    Ok(())
}

async fn in_postgres(url: String) -> Result<(), Failed> {
    let schema = schema::Schema::new(&url).await?;
    let store = PostgresStore::open(schema.url()).await?;
    tried(Arc::new(store.clone()), Admin::Postgres(PgConnection::connect(schema.url()).await?)).await;
    store.close().await;
    schema.drop().await?;
    Ok(())
}

async fn in_mariadb(url: String) -> Result<(), Failed> {
    let database = database::Database::new(&url).await?;
    let store = MySqlStore::open(database.url()).await?;
    tried(Arc::new(store.clone()), Admin::Mariadb(MySqlConnection::connect(database.url()).await?)).await;
    store.close().await;
    database.drop().await?;
    Ok(())
}

fn main() -> ExitCode {
    let all: Vec<Trial> = vec![
        Trial::test("whatever is changed in a sealed entry is named (sqlite)", || run(in_sqlite())),
        trials::shared(
            "whatever is changed in a sealed entry is named (postgres)",
            Engine::Postgres,
            |url| run(in_postgres(url)),
        ),
        trials::shared("whatever is changed in a sealed entry is named (mariadb)", Engine::Mariadb, |url| {
            run(in_mariadb(url))
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
