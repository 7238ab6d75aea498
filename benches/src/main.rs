//! The program that measures: `cargo run --release -p bursar-benches -- ratios`.
#![allow(clippy::print_stderr, reason = "it is a program")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bursar_benches::ratios::{Plan, run};
use bursar_benches::servers::Servers;
use bursar_benches::{Failure, replay};
use clap::{Parser, Subcommand};

/// Measures bursar against the same work done by hand.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs each work and its limit in turn and prints a JSON object a line: the rates of the round with the median ratio,
    /// and that ratio.
    ///
    /// `ratio` is `ours_per_s` / `limit_per_s`, so that more is better. "Within 1.6 times the limit's time" reads: ratio >= 1/1.6 = 0.625.
    /// "Five times as fast as the limit" reads: ratio >= 5.
    ///
    /// Whether the target was met is told on standard error, with the progress. A server that is not given is started for the benches that
    /// want it, and gone with this program.
    Ratios {
        /// Only the benches whose names begin so, such as "post" or "balances/sqlite/100k/first".
        #[arg(default_value = "")]
        prefix: String,
        /// How many rounds count, after one to warm up.
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        /// How long a side runs in a round, in seconds, where the work has no end of its own.
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
        /// Where the databases and files go, some 3 GB; a temporary folder beside this program otherwise.
        #[arg(long)]
        folder: Option<PathBuf>,
        /// How many accounts pay in post/...
        #[arg(long, default_value_t = 1_000)]
        accounts: u32,
        /// A PostgreSQL server, and a database on it, whose user may create others.
        #[arg(long, value_name = "URL")]
        postgres: Option<String>,
        /// A MariaDB or MySQL server, likewise.
        #[arg(long, value_name = "URL")]
        mysql: Option<String>,
        /// A Redis server.
        #[arg(long, value_name = "URL")]
        redis: Option<String>,
    },
    /// One reading of a school file, in a process of its own.
    #[command(hide = true)]
    ReplayOnce {
        /// Which side.
        side: replay::Side,
        /// The file.
        file: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match execute(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bursar-benches: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(command: Command) -> Result<(), Failure> {
    match command {
        Command::Ratios { prefix, rounds, seconds, folder, accounts, postgres, mysql, redis } => {
            // Beside the program: there is a disk, where a system's temporary folder may be memory.
            let beside =
                std::env::current_exe()?.parent().map(PathBuf::from).ok_or("this program has no folder")?;
            let temporary = tempfile::tempdir_in(folder.unwrap_or(beside))?;
            let time = Duration::try_from_secs_f64(seconds)?;
            let folder = temporary.path().to_owned();
            let plan = Plan { prefix, rounds: rounds.max(1), time, folder, accounts: accounts.max(1) };
            run(&plan, &mut Servers::new(postgres, mysql, redis)).await
        }
        Command::ReplayOnce { side, file } => replay::once(side, &file).await,
    }
}
