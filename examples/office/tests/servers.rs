//! The check of the office on servers: the book in PostgreSQL, the sessions in Redis. Ignored where they are not installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/mod.rs"]
mod support;

use bursar_servers::{Engine, Server, trials};
use libtest_mimic::{Arguments, Trial};
use support::{check, holds};

fn office() -> Trial {
    let name = "the office holds (postgres and redis)";
    // Where either is not installed, it is said by its own trial.
    let first =
        if bursar_servers::private(Engine::Redis) == Ok(true) { Engine::Postgres } else { Engine::Redis };
    trials::own(name, first, || {
        let (book, sessions) = (Server::start(Engine::Postgres)?, Server::start(Engine::Redis)?);
        holds(check().args(["--db", &book.url(), "--sessions", &sessions.url()]));
        Ok(())
    })
}

fn main() -> std::process::ExitCode {
    libtest_mimic::run(&Arguments::from_args(), vec![office()]).exit_code()
}
