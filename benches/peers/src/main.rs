//! Bursar's sessions beside those of tower-sessions: the same routes, asked the same, on the same machine, in the same minute.
//!
//! `cargo run --release` prints a JSON object a bench. The README beside says what each measures, and why each side is set as it is.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod bench;
mod browser;
mod measure;
mod ours;
mod peer;
mod values;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::bench::Plan;

/// What stops a benchmark: it says what happened, and ends the program.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures bursar's sessions beside those of tower-sessions.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Only the benches whose names begin so, such as "session/read" or "session/write/sqlite/16".
    #[arg(default_value = "")]
    prefix: String,
    /// How many rounds count, after one to warm up.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long a side runs in a round, in seconds.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Where the databases go; a temporary folder beside this program otherwise.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// How many connections the peer's pool has.
    #[arg(long, default_value_t = 8)]
    peer_connections: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    match execute(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bursar-peers: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(arguments: Arguments) -> Result<(), Failure> {
    // Beside the program: there is a disk, where a system's temporary folder may be memory.
    let beside = std::env::current_exe()?.parent().map(PathBuf::from).ok_or("this program has no folder")?;
    let temporary = tempfile::tempdir_in(arguments.folder.unwrap_or(beside))?;
    bench::run(&Plan {
        prefix: arguments.prefix,
        rounds: arguments.rounds.max(1),
        time: Duration::try_from_secs_f64(arguments.seconds)?,
        folder: temporary.path().to_owned(),
        peer_connections: arguments.peer_connections.max(1),
    })
    .await
}
