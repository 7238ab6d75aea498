//! Servers that die, connections that are cut, servers that refuse: what was acknowledged is there once, what was not is there once or not at
//! all, the same request with the same key says which, and everything adds up.
//!
//! Each trial has a server of its own, to do with as it likes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/server.rs"]
mod server;

#[path = "../support/session.rs"]
mod session;

mod clock;
mod cut;
mod killed;
mod limits;

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use bursar_servers::{Server, trials};
use libtest_mimic::{Arguments, Failed, Trial};
use server::Database;

/// No trial waits for ever.
const PATIENCE: Duration = Duration::from_secs(300);

/// A trial on a server of its own, with these settings.
fn trial<F>(
    name: &str,
    database: Database,
    settings: &'static [(&'static str, &'static str)],
    test: impl FnOnce(Database, Server) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = ()> + Send + 'static,
{
    trials::own(format!("{name} ({})", database.name()), database.engine(), move || {
        let server = Server::start_with(database.engine(), settings)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let done = runtime.block_on(async { tokio::time::timeout(PATIENCE, test(database, server)).await });
        done.map_err(|_| Failed::from("it waits for ever"))
    })
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Servers that are killed want the disk to themselves.
    arguments.test_threads.get_or_insert(1);
    let all = Database::ALL.into_iter().flat_map(|database| {
        [killed::trials(database), cut::trials(database), limits::trials(database), clock::trials(database)]
    });
    libtest_mimic::run(&arguments, all.flatten().collect()).exit_code()
}
