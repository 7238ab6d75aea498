//! Reading a school file of a million lines into memory.

mod by_hand;
mod file;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bursar::school_file;
use bursar_store_memory::MemoryStore;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

pub use by_hand::read as read_by_hand;
pub use file::write;

use crate::Failure;
use crate::measure::{Pair, in_turn};
use crate::ratios::Plan;

/// Who reads.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Side {
    /// bursar, into its store in memory.
    Ours,
    /// The loop by hand.
    Limit,
}

/// What one reading took.
#[derive(Debug, Serialize, Deserialize)]
struct Reading {
    lines: u64,
    seconds: f64,
    /// The most memory that its process had.
    peak_kib: u64,
    /// Of all accounts, in cents.
    balance: i64,
}

/// `replay/memory/1m`.
///
/// # Errors
/// When the two do not agree on the balance, and whatever stops one.
pub async fn run(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let path = plan.folder.join("million.jsonl");
    let balance = write(&path, 1_000_000, 25_000)?;
    let side = |side: Side| {
        let reading = in_child(side, &path)?;
        if side.is_ours() && reading.balance != balance {
            return Err(Failure::from(format!("read {}, written {balance}", reading.balance)));
        }
        let name = if side.is_ours() { "ours" } else { "limit" };
        let (seconds, peak) = (reading.seconds, reading.peak_kib / 1_024);
        eprintln!(
            "  replay/memory/1m, {name}: {} lines in {seconds:.2} s, {peak} MiB at most",
            reading.lines
        );
        Ok(reading.lines as f64 / seconds)
    };
    let pair =
        in_turn("replay/memory/1m", plan.rounds, async |_| side(Side::Ours), async |_| side(Side::Limit))
            .await?;
    Ok(vec![pair])
}

impl Side {
    const fn is_ours(self) -> bool {
        matches!(self, Self::Ours)
    }
}

/// Reads in a process of its own, so that its memory is its own.
fn in_child(side: Side, path: &Path) -> Result<Reading, Failure> {
    let side = if side.is_ours() { "ours" } else { "limit" };
    let done = Command::new(std::env::current_exe()?).arg("replay-once").arg(side).arg(path).output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into());
    }
    Ok(serde_json::from_slice(&done.stdout)?)
}

/// Reads once and prints what it took: what the child process does.
///
/// # Errors
/// When the file cannot be read.
pub async fn once(side: Side, path: &Path) -> Result<(), Failure> {
    let reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let from = Instant::now();
    let (lines, balance, seconds, peak_kib);
    match side {
        Side::Ours => {
            let (ledger, summary) = school_file::replay(MemoryStore::new(), reader, |_| {}).await?;
            (seconds, peak_kib) = (from.elapsed().as_secs_f64(), peak_kib_of_this_process()?);
            (lines, balance) = (summary.lines, ledger.book_balance().await?.balance.minor());
        }
        Side::Limit => {
            let sums = read_by_hand(reader)?;
            (seconds, peak_kib) = (from.elapsed().as_secs_f64(), peak_kib_of_this_process()?);
            (lines, balance) = (sums.lines, sums.by_account.values().sum());
        }
    }
    println!("{}", serde_json::to_string(&Reading { lines, seconds, peak_kib, balance })?);
    Ok(())
}

fn peak_kib_of_this_process() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM is told")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
