//! The public suite of sessions, each case on a database of its own: a file that two stores have open, memory, and the caller's pool.

#[path = "support/way.rs"]
mod way;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar_session::conformance::{Case, Given, cases};
use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use way::Way;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(120);

async fn run(case: Case, way: Way, threads: Option<tokio::runtime::Handle>) -> Result<(), Failed> {
    let folder = TempDir::new()?;
    let (store, other) = way.open(&folder).await?;
    let mut given = Given::new(Arc::new(store.clone())).with_other(Arc::new(other.clone()));
    if let Some(handle) = threads {
        given = given.with_spawn(move |task| drop(handle.spawn(task)));
    }
    tokio::time::timeout(PATIENCE, case.run(given)).await??;
    store.close().await;
    other.close().await;
    Ok(())
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut trials = Vec::new();
    for case in cases() {
        for way in Way::ALL {
            for threads in [true, false] {
                let runtime = Arc::clone(&runtime);
                let handle = threads.then(|| runtime.handle().clone());
                let polled = if threads { "threads" } else { "one task" };
                let name = format!("{} ({}, {polled})", case.name, way.name());
                trials.push(Trial::test(name, move || runtime.block_on(run(case, way, handle))));
            }
        }
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
