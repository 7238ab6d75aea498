//! Bursar's ledger beside cala's: payments into one PostgreSQL server, on the same machine, in the same minute.
//!
//! `cargo run --release` prints a JSON object. The README beside says what it measures, and why each side is set as it is.

mod cala;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar_benches::base::{Base as _, billed};
use bursar_benches::measure::{Target, at_once, in_turn, load};
use bursar_benches::payments::Paying;
use bursar_benches::postgres::Database;
use bursar_benches::seed::Place as _;
use bursar_benches::servers::Servers;
use bursar_benches::{Failure, school};
use bursar_servers::Engine;
use clap::Parser;

use crate::cala::Cala;

const BENCH: &str = "post/postgres/16";
const TASKS: u32 = 16;
const ACCOUNTS: u32 = 1_000;

/// At least so many times the peer's rate.
const TIMES: f64 = 12.0;

/// Measures bursar's ledger beside cala's.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How many rounds count, after one to warm up.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long a side runs in a round, in seconds.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// A PostgreSQL server, and a database on it, whose user may create others; one is started otherwise.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// How many connections the peer's pool has.
    #[arg(long, default_value_t = 16)]
    peer_connections: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    match execute(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bursar-peers-postgres: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(arguments: Arguments) -> Result<(), Failure> {
    let time = Duration::try_from_secs_f64(arguments.seconds)?;
    let mut servers = Servers::new(arguments.postgres, None, None);
    let server = servers.url(Engine::Postgres)?;
    let base: Database = billed(&server, ACCOUNTS).await?;
    let ledger = Arc::new(school::open(base.store().await?, 1).await?);
    let peers = Database::create(&server).await?;
    let cala = Cala::open(&peers.url(), arguments.peer_connections.max(1), ACCOUNTS).await?;
    peers.settle().await?;
    eprintln!("{BENCH}: the load is {}", load());
    let pair = in_turn(
        BENCH,
        arguments.rounds.max(1),
        async |round| at_once(Paying::tasks(&ledger, ACCOUNTS, TASKS, round)?, time).await,
        async |round| at_once(cala.tasks(TASKS, round), time).await,
    );
    pair.await?.print(Target::Ratio(TIMES))?;
    ledger.store().close().await;
    drop(cala);
    base.remove().await?;
    peers.remove().await
}
