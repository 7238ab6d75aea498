//! The public suite of requests with sessions, through every adapter, each case on a store of its own.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar_session::conformance::{Case, Given, web};
use bursar_store_memory::MemoryStore;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

fn run(runtime: &Runtime, case: Case, server: Arc<dyn web::Server>) -> Result<(), Failed> {
    let store = MemoryStore::new();
    let handle = runtime.handle().clone();
    let given = Given::new(Arc::new(store.clone())).with_other(Arc::new(store)).with_server(server);
    let given = given.with_spawn(move |task| drop(handle.spawn(task)));
    runtime.block_on(async { tokio::time::timeout(PATIENCE, case.run(given)).await })??;
    Ok(())
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut trials = Vec::new();
    for (name, server) in web::servers() {
        for case in web::cases() {
            let (runtime, server) = (Arc::clone(&runtime), Arc::clone(&server));
            trials.push(Trial::test(format!("{} ({name})", case.name), move || run(&runtime, case, server)));
        }
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
