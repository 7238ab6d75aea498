//! Servers are started, killed, started again and stopped; what they were told to keep is there, and nothing of them is left.

use std::process::ExitCode;

use bursar_servers::{Engine, Server, trials};
use libtest_mimic::{Arguments, Failed};

const fn keep(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres | Engine::Mariadb => "CREATE TABLE kept (n INT); INSERT INTO kept VALUES (17)",
        Engine::Redis => "SET kept 17",
    }
}

const fn recall(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres | Engine::Mariadb => "SELECT n FROM kept",
        Engine::Redis => "GET kept",
    }
}

fn survives(engine: Engine) -> Result<(), Failed> {
    let mut server = Server::start(engine)?;
    server.ask(keep(engine))?;
    let (url, pid) = (server.url(), server.pid());
    for _ in 0..3 {
        server.kill()?;
        assert_eq!(server.pid(), 0);
        assert!(server.ask(recall(engine)).is_err(), "it answers though it was killed");
        server.restart()?;
        assert_eq!(server.ask(recall(engine))?, "17");
    }
    assert_eq!(server.url(), url);
    assert_ne!(server.pid(), pid);
    server.stop()?;
    Ok(())
}

fn main() -> ExitCode {
    let mut all = Vec::new();
    for engine in Engine::ALL {
        all.push(trials::own(format!("{engine} keeps what it acknowledged"), engine, move || {
            survives(engine)
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
