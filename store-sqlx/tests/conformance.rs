//! The public suite, each case on a database of its own: a file that two stores have open, memory, and the caller's pool.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar::StoreError;
use bursar::conformance::{Case, Given, cases};
use bursar_store_sqlx::SqliteStore;
use bursar_store_sqlx::sqlx::SqlitePool;
use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy)]
enum Way {
    File,
    Memory,
    Pool,
}

impl Way {
    const ALL: [Self; 3] = [Self::File, Self::Memory, Self::Pool];

    const fn name(self) -> &'static str {
        match self {
            Self::File => "a file, two stores",
            Self::Memory => "memory",
            Self::Pool => "the caller's pool",
        }
    }

    /// A fresh store, and a second way into the same database.
    async fn open(self, folder: &TempDir) -> Result<(SqliteStore, SqliteStore), StoreError> {
        let path = folder.path().join("fees.db").display().to_string();
        match self {
            Self::File => Ok((SqliteStore::open(&path).await?, SqliteStore::open(&path).await?)),
            Self::Memory => {
                let store = SqliteStore::in_memory().await?;
                Ok((store.clone(), store))
            }
            Self::Pool => {
                let pool = SqlitePool::connect_lazy(&format!("sqlite:{path}?mode=rwc"));
                let pool = pool.map_err(|error| StoreError::corrupt("connect", error.to_string()))?;
                Ok((SqliteStore::with_pool(pool.clone()).await?, SqliteStore::with_pool(pool).await?))
            }
        }
    }
}

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
