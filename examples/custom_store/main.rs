//! A session store of one's own: a JSON file that several processes may share, put through the suite that every store passes.
//!
//! `cargo run --release --example custom_store`
//!
//! `rows.rs` is what a store does; `file.rs` makes each of it one step, seen whole or not at all; this file asks whether they
//! keep to the contract.
#![allow(clippy::print_stdout)]

mod file;
mod rows;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar_session::conformance::{Case, Given, cases, web};
use file::FileStore;
use tokio::sync::Semaphore;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(300);

/// How many cases are run at a time.
const AT_A_TIME: usize = 8;

#[tokio::main]
async fn main() -> ExitCode {
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    let cases = [cases(), web::cases()].concat();
    let started = cases.iter().map(|case| tokio::spawn(run(*case, Arc::clone(&turns))));
    let started: Vec<_> = started.collect();
    let mut failed = 0_usize;
    for (case, done) in cases.iter().zip(started) {
        // A case that panics has failed as well.
        match done.await.map_err(Failure::from).flatten() {
            Ok(()) => println!("ok      {}", case.name),
            Err(failure) => {
                println!("FAILED  {}\n        {}\n        {failure}", case.name, case.about);
                failed += 1;
            }
        }
    }
    if failed == 0 {
        println!("\n{} cases passed", cases.len());
        ExitCode::SUCCESS
    } else {
        println!("\n{failed} of {} cases failed", cases.len());
        ExitCode::FAILURE
    }
}

/// Runs a case on a file of its own, which two stores have open as two processes would.
async fn run(case: Case, turns: Arc<Semaphore>) -> Result<(), Failure> {
    let _turn = turns.acquire().await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sessions.json");
    let (store, other) = (Arc::new(FileStore::open(&path)?), Arc::new(FileStore::open(&path)?));
    let given = Given::new(store).with_other(other).with_spawn(|task| drop(tokio::spawn(task)));
    tokio::time::timeout(PATIENCE, case.run(given)).await??;
    Ok(())
}
