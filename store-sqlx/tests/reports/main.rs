//! What a store answers for reports in a way of its own is what core sums from the entries: on random books, through the store and
//! within a transaction of the caller's own, page by page.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../support/database.rs"]
mod database;
mod history;
mod plain;
mod plans;
#[path = "../support/schema.rs"]
mod schema;

use std::fmt::Debug;
use std::process::ExitCode;
use std::time::Duration;

use bursar::store::{AgingOrder, OwingFilter};
use bursar::{AccountId, AsOf, BookId, Buckets, Currency, Ledger, LedgerStore, TermId};
use bursar_servers::{Engine, trials};
use bursar_store_memory::MemoryStore;
use bursar_store_sqlx::sqlx::{MySqlPool, PgPool, SqlitePool};
use bursar_store_sqlx::{MySqlStore, MySqlTx, PostgresStore, PostgresTx, SqliteStore, SqliteTx};
use chrono::{NaiveDate, TimeDelta};
use libtest_mimic::{Arguments, Failed, Trial};

use history::{Chance, Known};
use plain::Plain;

const PATIENCE: Duration = Duration::from_secs(300);
const LIMITS: [u32; 4] = [1, 3, 7, 100];

/// Both answers are the same, or the test fails and says which.
fn same<T: PartialEq + Debug>(got: &[T], wanted: &[T], what: impl Debug) {
    for (at, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        assert_eq!(got, wanted, "{what:?}: number {at}");
    }
    assert_eq!(got.len(), wanted.len(), "{what:?}");
}

/// Asks for everything that a report is drawn up from, in pages of several sizes, and compares it with what the entries say.
async fn agrees<S: LedgerStore>(store: &S, book: &BookId, chance: &mut Chance, terms: &[TermId]) {
    let plain = Plain(store);
    let limit = chance.of(&LIMITS);
    // The last term, early and late ones, one in the middle, and one that there is not.
    let unknown = TermId::new(2150, 1).unwrap();
    for term in terms.iter().copied().chain([unknown]) {
        let mut after: Option<AccountId> = None;
        loop {
            let got = store.summary_rows(book, term, after.as_ref(), limit).await.unwrap();
            let wanted = plain.summary_rows(book, term, after.as_ref(), limit).await.unwrap();
            same(&got, &wanted, ("summary", term, &after, limit));
            let Some(last) = got.last() else { break };
            after = Some(last.account.clone());
        }
    }
    for n in 0..6 {
        let order = AgingOrder { as_of: as_of(chance, n), floors: floors(chance, n) };
        let mut after: Option<AccountId> = None;
        loop {
            let got = store.aged_rows(book, &order, after.as_ref(), limit).await.unwrap();
            let wanted = plain.aged_rows(book, &order, after.as_ref(), limit).await.unwrap();
            same(&got, &wanted, ("aging", &order, &after, limit));
            let Some(last) = got.last() else { break };
            after = Some(last.account.clone());
        }
    }
    for n in 0..6 {
        let filter = OwingFilter {
            group: (n % 2 == 1).then(|| chance.of(&history::GROUPS).try_into().unwrap()),
            standing: chance.one_in(3).then(|| chance.of(&history::STANDINGS)),
            at_least: if chance.one_in(2) { 0 } else { i64::try_from(chance.below(30_000)).unwrap() },
        };
        let mut after: Option<(i64, AccountId)> = None;
        loop {
            let from = after.as_ref().map(|(balance, account)| (*balance, account));
            let got = store.owing(book, &filter, from, limit).await.unwrap();
            let wanted = plain.owing(book, &filter, from, limit).await.unwrap();
            same(&got, &wanted, ("owing", &filter, &after, limit));
            let Some(last) = got.last() else { break };
            after = Some((last.balance.minor(), last.id.clone()));
        }
    }
    let mut asked: Vec<AccountId> =
        history::ACCOUNTS.iter().map(|name| (*name).try_into().unwrap()).collect();
    asked.extend(["a", "nobody"].map(|name| name.try_into().unwrap()));
    asked.retain(|_| !chance.one_in(4));
    asked.reverse();
    let mut after: Option<(AccountId, u32)> = None;
    loop {
        let from = after.as_ref().map(|(account, position)| (account, *position));
        let got = store.entries_of(book, &asked, from, limit).await.unwrap();
        let wanted = plain.entries_of(book, &asked, from, limit).await.unwrap();
        same(&got, &wanted, ("entries", &asked, &after, limit));
        let Some(last) = got.last() else { break };
        after = Some((last.account.clone(), last.position));
    }
    assert!(store.entries_of(book, &[], None, 9).await.unwrap().is_empty());
}

/// Days and instants among those of the entries; now and then no bound, or an instant between two that can be kept.
fn as_of(chance: &mut Chance, n: u32) -> AsOf {
    let day = (n > 0).then(|| history::day(chance));
    let instant = chance.one_in(2).then(|| history::instant(chance));
    let instant = instant.map(|instant| instant + TimeDelta::nanoseconds(500 * i64::from(n % 2)));
    AsOf { day, recorded_by: instant }
}

/// The default buckets, all that there may be, some, one, and none.
fn floors(chance: &mut Chance, n: u32) -> Vec<NaiveDate> {
    let buckets = match n {
        0 => Buckets::default(),
        1 => Buckets::new(1..=24).unwrap(),
        2 => Buckets::new([1, 100_000_000]).unwrap(),
        3 => Buckets::new([]).unwrap(),
        4 => return Vec::new(),
        _ => Buckets::new([u32::try_from(1 + chance.below(50)).unwrap(), 90]).unwrap(),
    };
    buckets.floors(history::day(chance))
}

macro_rules! books {
    ($url:expr, $pool:expr, $store:ident, $tx:ident, $seed:expr) => {{
        let pool = $pool;
        let store = $store::with_pool(pool.clone()).await?;
        let mut chance = Chance($seed);
        // Of few terms all are early or late; of many some are in the middle.
        let terms = history::terms(chance.of(&[2, 7, 13]));
        let ledger = Ledger::open(store.clone(), "hillside", Currency::USD).await?;
        history::furnish(&ledger, &mut chance, u32::try_from(terms.len())?).await;
        let other: BookId = "elsewhere".try_into()?;
        agrees(&store, &history::book(), &mut chance, &terms).await;
        let mut known = Known::default();
        for page in 0..3 {
            history::record(&store, &mut chance, &mut known, &terms, 60, &format!("k{page}")).await;
            agrees(&store, &history::book(), &mut chance, &terms).await;
        }
        agrees(&store, &other, &mut chance, &terms).await;
        let mut transaction = pool.begin().await?;
        let within = $tx::new(&mut transaction);
        history::record(&within, &mut chance, &mut known, &terms, 40, "within").await;
        agrees(&within, &history::book(), &mut chance, &terms).await;
        transaction.commit().await?;
        history::reprice(&ledger, terms[terms.len() / 2]).await;
        for _ in 0..3 {
            agrees(&store, &history::book(), &mut chance, &terms).await;
        }
        store.close().await;
        pool.close().await;
    }};
}

fn seeds() -> impl Iterator<Item = u64> {
    0..std::env::var("BURSAR_TEST_BOOKS").map_or(6, |books| books.parse().unwrap())
}

/// The reference store has its own as well.
async fn in_memory() -> Result<(), Failed> {
    for seed in seeds() {
        let mut chance = Chance(seed);
        let terms = history::terms(chance.of(&[2, 7]));
        let ledger = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
        history::furnish(&ledger, &mut chance, u32::try_from(terms.len())?).await;
        let mut known = Known::default();
        for page in 0..3 {
            history::record(ledger.store(), &mut chance, &mut known, &terms, 60, &format!("k{page}")).await;
            agrees(ledger.store(), &history::book(), &mut chance, &terms).await;
        }
        history::reprice(&ledger, terms[1]).await;
        agrees(ledger.store(), &history::book(), &mut chance, &terms).await;
    }
    Ok(())
}

async fn in_sqlite() -> Result<(), Failed> {
    for seed in seeds() {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("fees.db").display());
        books!(url, SqlitePool::connect(&url).await?, SqliteStore, SqliteTx, seed);
    }
    Ok(())
}

async fn in_postgres(url: String) -> Result<(), Failed> {
    for seed in seeds() {
        let schema = schema::Schema::new(&url).await?;
        books!(url, PgPool::connect(schema.url()).await?, PostgresStore, PostgresTx, seed);
        schema.drop().await?;
    }
    Ok(())
}

async fn in_mariadb(url: String) -> Result<(), Failed> {
    for seed in seeds() {
        let database = database::Database::new(&url).await?;
        books!(url, MySqlPool::connect(database.url()).await?, MySqlStore, MySqlTx, seed);
        database.drop().await?;
    }
    Ok(())
}

fn run(test: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await })?
}

fn main() -> ExitCode {
    let all: Vec<Trial> = vec![
        Trial::test("reports are what the entries say (memory)", || run(in_memory())),
        Trial::test("reports are what the entries say (sqlite)", || run(in_sqlite())),
        trials::shared("reports are what the entries say (postgres)", Engine::Postgres, |url| {
            run(in_postgres(url))
        }),
        trials::shared("reports are what the entries say (mariadb)", Engine::Mariadb, |url| {
            run(in_mariadb(url))
        }),
        Trial::test("debtors of a large book (sqlite)", || run(plans::sqlite())),
        trials::shared("debtors of a large book (postgres)", Engine::Postgres, |url| {
            run(plans::postgres(url))
        }),
        trials::shared("debtors of a large book (mariadb)", Engine::Mariadb, |url| run(plans::mariadb(url))),
    ];
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
