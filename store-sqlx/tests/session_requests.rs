//! The public suite of requests with sessions, through every adapter, each case on a file that two stores have open.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar_session::conformance::{Case, Given, web};
use bursar_store_sqlx::SqliteStore;
use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(300);

async fn run(case: Case, server: Arc<dyn web::Server>, handle: tokio::runtime::Handle) -> Result<(), Failed> {
    let folder = TempDir::new()?;
    let path = folder.path().join("school.db");
    let (store, other) = (SqliteStore::open(&path).await?, SqliteStore::open(&path).await?);
    let given = Given::new(Arc::new(store.clone())).with_other(Arc::new(other.clone())).with_server(server);
    let given = given.with_spawn(move |task| drop(handle.spawn(task)));
    tokio::time::timeout(PATIENCE, case.run(given)).await??;
    store.close().await;
    other.close().await;
    Ok(())
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut trials = Vec::new();
    for (name, server) in web::servers() {
        for case in web::cases() {
            let (runtime, server) = (Arc::clone(&runtime), Arc::clone(&server));
            let name = format!("{} ({name})", case.name);
            trials.push(Trial::test(name, move || {
                runtime.block_on(run(case, server, runtime.handle().clone()))
            }));
        }
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
