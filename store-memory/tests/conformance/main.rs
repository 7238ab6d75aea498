//! The public suite, each case on a store of its own: on the threads of a runtime, polled in one task, and without the reports that the store has
//! of its own.

mod plain;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar::conformance::{Case, Given, cases};
use bursar_store_memory::MemoryStore;
use libtest_mimic::{Arguments, Failed, Trial};
use plain::Plain;
use tokio::runtime::Runtime;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
enum Way {
    Threads,
    OneTask,
    Plain,
}

fn run(runtime: &Runtime, case: Case, way: Way) -> Result<(), Failed> {
    let store = MemoryStore::new();
    let given = match way {
        Way::Threads => {
            let handle = runtime.handle().clone();
            let given = Given::new(Arc::new(store.clone())).with_other(Arc::new(store));
            given.with_spawn(move |task| drop(handle.spawn(task)))
        }
        Way::OneTask => Given::new(Arc::new(store.clone())).with_other(Arc::new(store)),
        Way::Plain => Given::new(Arc::new(Plain(store.clone()))).with_other(Arc::new(Plain(store))),
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, case.run(given)).await })??;
    Ok(())
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut trials = Vec::new();
    for case in cases() {
        for (way, name) in [
            (Way::Threads, "threads"),
            (Way::OneTask, "one task"),
            (Way::Plain, "without reports of its own"),
        ] {
            let runtime = Arc::clone(&runtime);
            trials.push(Trial::test(format!("{} ({name})", case.name), move || run(&runtime, case, way)));
        }
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
