//! A random book, written by any store and read by any other, is the same book: the law of the school file on every database, and from
//! each to the next.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test fails by panicking"
)]

#[path = "support/database.rs"]
mod database;
#[path = "../../core/tests/support/drive.rs"]
mod drive;
#[path = "../../core/tests/support/exported.rs"]
mod exported;
#[path = "../../core/tests/model/mod.rs"]
mod model;
#[path = "../../core/tests/support/same_book.rs"]
mod same_book;
#[path = "support/schema.rs"]
mod schema;
#[path = "../../core/tests/support/touches.rs"]
mod touches;
#[path = "support/way.rs"]
mod way;

use std::io::BufReader;
use std::process::ExitCode;
use std::sync::Arc;

use bursar::school_file::{ExportOptions, replay};
use bursar::{BookId, Ledger, LedgerStore};
use bursar_servers::{Engine, Given, given, trials};
use bursar_store_memory::MemoryStore;
use bursar_store_sqlx::{MySqlStore, PostgresStore, SqliteStore};
use libtest_mimic::{Arguments, Failed, Trial};
use model::Command;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use same_book::{Entries, same_book, write};
use tokio::runtime::Runtime;
use touches::Touch;
use way::Way;

type Store = Arc<dyn LedgerStore>;

/// A book to be: the decimals of its currency, its history, and what else is done to it.
type Plan = ((u32, Vec<Command>), Vec<Touch>);

/// Some plans; others for another seed.
fn plans(seed: u8) -> Vec<Plan> {
    let books = std::env::var("BURSAR_TEST_BOOKS").map_or(6, |books| books.parse().unwrap());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let plan = (model::any_history(), touches::touches());
    (0..books).map(|_| plan.new_tree(&mut runner).unwrap().current()).collect()
}

async fn open<S: LedgerStore>(store: S, number: usize, exponent: u32) -> Ledger<S> {
    let book = BookId::new(format!("book-{number}")).unwrap();
    Ledger::open(store, book, drive::currency(exponent)).await.unwrap()
}

/// Books made by the store itself are read elsewhere, and books made elsewhere are read by it, beside those that it made.
async fn to_and_fro(store: Store, seed: u8) -> Result<(), Failed> {
    let plans = plans(seed);
    for (number, ((exponent, history), touches)) in plans.iter().enumerate() {
        let made_here = open(Arc::clone(&store), number, *exponent).await;
        if number % 2 == 0 {
            exported::exported(&made_here, MemoryStore::new(), *exponent, history, touches).await?;
        } else {
            exported::exported(&made_here, Arc::clone(&store), *exponent, history, touches).await?;
        }
        let made_elsewhere = open(MemoryStore::new(), plans.len() + number, *exponent).await;
        exported::exported(&made_elsewhere, Arc::clone(&store), *exponent, history, touches).await?;
    }
    Ok(())
}

/// A book goes from store to store, and is the same in each.
async fn from_each_to_the_next(stores: &[Store], seed: u8) -> Result<(), Failed> {
    for (number, ((exponent, history), touches)) in plans(seed).into_iter().enumerate() {
        let made = open(MemoryStore::new(), number, exponent).await;
        drive::side_by_side(&made, exponent, &history).await?;
        touches::touch(&made, &touches).await?;
        let options = ExportOptions::new().with_provenance();
        let (mut file, _) = write(&made, options).await;
        for store in stores {
            let (there, _) = replay(Arc::clone(store), BufReader::new(file.as_bytes()), |_| {}).await?;
            same_book(&made, &there, Entries::ByteForByte)
                .await
                .map_err(|error| format!("{error}\n{file}"))?;
            (file, _) = write(&there, options).await;
        }
    }
    Ok(())
}

async fn through_all(postgres: &str, mariadb: &str) -> Result<(), Failed> {
    let schema = schema::Schema::new(postgres).await?;
    let database = database::Database::new(mariadb).await?;
    let sqlite = SqliteStore::in_memory().await?;
    let postgres = PostgresStore::open(schema.url()).await?;
    let mysql = MySqlStore::open(database.url()).await?;
    let stores: [Store; 4] = [
        Arc::new(sqlite.clone()),
        Arc::new(postgres.clone()),
        Arc::new(mysql.clone()),
        Arc::new(MemoryStore::new()),
    ];
    let done = from_each_to_the_next(&stores, 0xee).await;
    sqlite.close().await;
    postgres.close().await;
    mysql.close().await;
    schema.drop().await?;
    database.drop().await?;
    done
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut all: Vec<Trial> = Vec::new();
    for (seed, way) in (1..).zip(Way::ALL) {
        all.push(way.trial("a random book is the same wherever it is read", &runtime, move |opened| {
            let [store, _] = opened.ledgers.clone();
            async move { to_and_fro(store, seed).await }
        }));
    }
    let name = "from memory to SQLite to PostgreSQL to MariaDB to memory";
    all.push(match given(Engine::Postgres) {
        Given::Url(postgres) => trials::shared(name, Engine::Mariadb, move |mariadb| {
            runtime.block_on(through_all(&postgres, &mariadb))
        }),
        Given::Absent | Given::Missing(_) => {
            trials::shared(name, Engine::Postgres, |_| Err("there was no PostgreSQL before".into()))
        }
    });
    Ok(libtest_mimic::run(&Arguments::from_args(), all).exit_code())
}
