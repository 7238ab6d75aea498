//! The public suite of requests with sessions, through every adapter, each case on a database that two stores have open.

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

use bursar_session::conformance::{Given, web};
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;
use way::Way;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(300);

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut trials: Vec<Trial> = Vec::new();
    for way in Way::ALL.iter().filter(|way| way.shares_a_database()) {
        for (adapter, server) in web::servers() {
            for case in web::cases() {
                let (server, handle) = (Arc::clone(&server), runtime.handle().clone());
                trials.push(way.trial(&format!("{}, {adapter}", case.name), &runtime, move |opened| {
                    let [store, other] = opened.sessions.clone();
                    let given = Given::new(store).with_other(other).with_server(server);
                    let given = given.with_spawn(move |task| drop(handle.spawn(task)));
                    async move { Ok(tokio::time::timeout(PATIENCE, case.run(given)).await??) }
                }));
            }
        }
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
