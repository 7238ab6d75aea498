//! Servers are started, killed, started again and stopped; what they were told to keep is there, and nothing of them is left.

use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use bursar_servers::{Bouncer, Engine, Error, PoolMode, Proxy, Server, trials};
use libtest_mimic::{Arguments, Failed, Trial};

const KEEP: [&str; 2] = ["CREATE TABLE kept (n INT); INSERT INTO kept VALUES (17)", "SET kept 17"];
const CHANGE: [&str; 2] = ["UPDATE kept SET n = 18", "SET kept 18"];
const RECALL: [&str; 2] = ["SELECT n FROM kept", "GET kept"];

type Test = fn(Engine) -> Result<(), Failed>;

/// In SQL or in Redis's words.
const fn of(engine: Engine, [sql, redis]: [&'static str; 2]) -> &'static str {
    match engine {
        Engine::Postgres | Engine::Mariadb => sql,
        Engine::Redis => redis,
    }
}

fn survives_kills(engine: Engine) -> Result<(), Failed> {
    let mut server = Server::start(engine)?;
    server.ask(of(engine, KEEP))?;
    let (url, pid) = (server.url(), server.pid());
    for _ in 0..3 {
        server.kill()?;
        assert_eq!(server.pid(), 0);
        assert!(server.ask(of(engine, RECALL)).is_err(), "it answers though it was killed");
        server.restart()?;
        assert_eq!(server.ask(of(engine, RECALL))?, "17");
    }
    assert_eq!(server.url(), url);
    assert_ne!(server.pid(), pid);
    server.stop()?;
    Ok(())
}

/// Whether a process is there; one that has ended and was not waited for is not.
fn is_there(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// The processes under a process.
fn under(pid: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

fn leaves_nothing(engine: Engine) -> Result<(), Failed> {
    for dropped in [true, false] {
        let server = Server::start(engine)?;
        let folder = server.folder().to_owned();
        // A child that served the start alone may have ended by now.
        let processes = [under(server.pid()), vec![server.pid()]].concat();
        let processes: Vec<u32> = processes.into_iter().filter(|pid| is_there(*pid)).collect();
        assert!(processes.len() > 1 || engine != Engine::Postgres, "its processes are not seen");
        let port = server.port();
        assert!(folder.exists() && processes.contains(&server.pid()), "it is not there");
        if dropped {
            drop(server);
        } else {
            server.stop()?;
        }
        assert!(!folder.exists(), "{} is left", folder.display());
        assert!(!processes.iter().any(|pid| is_there(*pid)), "processes are left");
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }
    Ok(())
}

/// A process is told of the end of the thread that started it: here that is not the test's.
fn outlives_the_thread(engine: Engine) -> Result<(), Failed> {
    let server = std::thread::spawn(move || Server::start(engine)).join().map_err(|_| "it panicked")??;
    std::thread::sleep(Duration::from_millis(200));
    server.ask(of(engine, KEEP))?;
    Ok(())
}

fn takes_settings(engine: Engine) -> Result<(), Failed> {
    let (key, ask) = match engine {
        Engine::Postgres => ("max_connections", "SHOW max_connections"),
        Engine::Mariadb => ("max_connections", "SELECT @@max_connections"),
        Engine::Redis => ("maxclients", "CONFIG GET maxclients"),
    };
    let server = Server::start_with(engine, &[(key, "23")])?;
    assert!(server.ask(ask)?.ends_with("23"));
    let refused = Server::start_with(engine, &[("no_such_setting", "23")]);
    let Err(error @ Error::Ended { .. }) = refused else { return Err("it started".into()) };
    assert!(error.to_string().to_lowercase().contains("no_such_setting"), "{error}");
    Ok(())
}

fn refuses_writes(engine: Engine) -> Result<(), Failed> {
    let server = Server::start(engine)?;
    // An administrator may go on writing.
    let write = |words| server.ask_as_bursar(words);
    write(of(engine, KEEP))?;
    server.read_only(true)?;
    assert!(write(of(engine, CHANGE)).is_err(), "it was written to");
    assert_eq!(server.ask(of(engine, RECALL))?, "17");
    server.read_only(false)?;
    write(of(engine, CHANGE))?;
    assert_eq!(server.ask(of(engine, RECALL))?, "18");
    Ok(())
}

fn is_followed(engine: Engine) -> Result<(), Failed> {
    let mut server = Server::start(engine)?;
    let replica = server.replica()?;
    server.ask(of(engine, KEEP))?;
    let follows = |_| {
        std::thread::sleep(Duration::from_millis(10));
        replica.ask(of(engine, RECALL)).is_ok_and(|said| said == "17")
    };
    assert!((0..500).any(follows), "it does not follow");
    assert!(replica.ask(of(engine, CHANGE)).is_err(), "a replica was written to");
    server.kill()?;
    replica.promote()?;
    replica.ask(of(engine, CHANGE))?;
    assert_eq!(replica.ask(of(engine, RECALL))?, "18");
    Ok(())
}

/// What is behind a URL, asked by `psql` as anybody would.
fn psql(url: &str, statement: &str) -> Result<String, Failed> {
    let said = std::process::Command::new("psql").args(["-XAtq", url, "-c", statement]).output()?;
    if said.status.success() {
        Ok(String::from_utf8(said.stdout)?.trim().to_owned())
    } else {
        Err(String::from_utf8(said.stderr)?.into())
    }
}

fn is_pooled() -> Result<(), Failed> {
    let server = Server::start(Engine::Postgres)?;
    let bouncer = Bouncer::before(&server, PoolMode::Transaction, 2)?;
    let proxy = Proxy::before_url(&bouncer.url())?;
    let url = proxy.through(&bouncer.url());
    assert_eq!(psql(&url, "SELECT current_user || current_database()")?, "postgresbursar");
    // Another client gets the same connection.
    let connection = "SELECT pg_backend_pid()";
    assert_eq!(psql(&url, connection)?, psql(&url, connection)?);
    assert!(psql(&server.url(), connection)? != psql(&server.url(), connection)?);
    assert_eq!(proxy.connections(), 3);
    bouncer.stop()?;
    Ok(())
}

fn main() -> ExitCode {
    let each: [(&str, Test); 5] = [
        ("keeps what it acknowledged", survives_kills),
        ("leaves nothing", leaves_nothing),
        ("outlives the thread that started it", outlives_the_thread),
        ("takes settings", takes_settings),
        ("refuses writes", refuses_writes),
    ];
    let mut all: Vec<Trial> = Vec::new();
    for engine in Engine::ALL {
        for (what, test) in each {
            all.push(trials::own(format!("{engine} {what}"), engine, move || test(engine)));
        }
    }
    for engine in [Engine::Postgres, Engine::Redis] {
        all.push(trials::own(format!("{engine} is followed"), engine, move || is_followed(engine)));
    }
    let pooled = trials::own("postgres is pooled", Engine::Postgres, is_pooled);
    all.push(if Bouncer::is_installed() { pooled } else { pooled.with_ignored_flag(true) });
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
