//! The public suite of sessions, each case on a database of its own, opened in every way: files, memory and pools of SQLite, and servers.

#[cfg(feature = "mysql")]
#[path = "support/database.rs"]
mod database;
#[cfg(feature = "postgres")]
#[path = "support/schema.rs"]
mod schema;
#[path = "support/way.rs"]
mod way;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar_session::conformance::{Given, cases};
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;
use way::Way;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut trials: Vec<Trial> = Vec::new();
    for case in cases() {
        for way in Way::ALL {
            for threads in [true, false] {
                let handle = threads.then(|| runtime.handle().clone());
                let name = format!("{}, {}", case.name, if threads { "threads" } else { "one task" });
                trials.push(way.trial(&name, &runtime, move |opened| {
                    let [store, other] = opened.sessions.clone();
                    let mut given = Given::new(store).with_other(other);
                    if let Some(handle) = handle {
                        given = given.with_spawn(move |task| drop(handle.spawn(task)));
                    }
                    async move { Ok(tokio::time::timeout(PATIENCE, case.run(given)).await??) }
                }));
            }
        }
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
