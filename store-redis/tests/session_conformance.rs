//! The public suite of sessions on one server and on a cluster, each case under a prefix of its own that two connections write to.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/server.rs"]
mod server;

use std::process::ExitCode;
use std::sync::Arc;

use bursar_session::conformance::{Case, Given, cases};
use libtest_mimic::Failed;
use server::{Ground, RUNTIME, Server};

async fn run(case: Case, ground: Ground, threads: bool) -> Result<(), Failed> {
    let mut given = Given::new(Arc::new(ground.store().await)).with_other(Arc::new(ground.store().await));
    if threads {
        given = given.with_spawn(|task| drop(RUNTIME.spawn(task)));
    }
    Ok(case.run(given).await?)
}

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for server in Server::ALL {
        for case in cases() {
            for (threads, polled) in [(true, "threads"), (false, "one task")] {
                let name = format!("{} ({polled})", case.name);
                trials.push(server.trial(name, move |ground| run(case, ground, threads)));
            }
        }
    }
    server::main(trials)
}
