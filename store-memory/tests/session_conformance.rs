//! The public suite of sessions, each case on a store of its own: once on the threads of a runtime, once polled in one task.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar_session::conformance::{Case, Given, cases};
use bursar_store_memory::MemoryStore;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

fn run(runtime: &Runtime, case: Case, threads: bool) -> Result<(), Failed> {
    let store = MemoryStore::new();
    let mut given = Given::new(Arc::new(store.clone())).with_other(Arc::new(store));
    if threads {
        let handle = runtime.handle().clone();
        given = given.with_spawn(move |task| drop(handle.spawn(task)));
    }
    runtime.block_on(async { tokio::time::timeout(PATIENCE, case.run(given)).await })??;
    Ok(())
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut trials = Vec::new();
    for case in cases() {
        for threads in [true, false] {
            let runtime = Arc::clone(&runtime);
            let way = if threads { "threads" } else { "one task" };
            trials.push(Trial::test(format!("{} ({way})", case.name), move || run(&runtime, case, threads)));
        }
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
