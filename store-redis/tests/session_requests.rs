//! The public suite of requests with sessions, through every adapter, on one server and on a cluster.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/server.rs"]
mod server;

use std::process::ExitCode;
use std::sync::Arc;

use bursar_session::conformance::{Case, Given, web};
use libtest_mimic::Failed;
use server::{Ground, RUNTIME, Server};

async fn run(case: Case, ground: Ground, adapter: Arc<dyn web::Server>) -> Result<(), Failed> {
    let (store, other) = (ground.store().await, ground.store().await);
    let given = Given::new(Arc::new(store)).with_other(Arc::new(other)).with_server(adapter);
    Ok(case.run(given.with_spawn(|task| drop(RUNTIME.spawn(task)))).await?)
}

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for server in Server::ALL {
        for (name, adapter) in web::servers() {
            for case in web::cases() {
                let adapter = Arc::clone(&adapter);
                let name = format!("{} ({name})", case.name);
                trials.push(server.trial(name, move |ground| run(case, ground, adapter)));
            }
        }
    }
    server::main(trials)
}
