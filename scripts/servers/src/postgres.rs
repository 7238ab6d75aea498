//! How PostgreSQL is laid out, started and asked.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;

use crate::Error;
use crate::home::Home;
use crate::process::{User, command, is_root, run};
use crate::programs;
use crate::server::{Settings, dial};

/// PostgreSQL does not run as root.
pub(crate) fn user() -> Option<User> {
    is_root().then(|| User::named(&["postgres", "nobody"])).flatten()
}

pub(crate) fn programs() -> Result<(), Error> {
    ["initdb", "postgres", "psql"].into_iter().try_for_each(|name| programs::postgres(name).map(drop))
}

pub(crate) fn make(home: &Home) -> Result<(), Error> {
    let initdb = programs::postgres("initdb")?;
    let mut make = command(&initdb, home.user());
    let locale = if cfg!(target_os = "linux") { "C.UTF-8" } else { "C" };
    make.args([
        "--no-sync",
        "--no-instructions",
        "-A",
        "trust",
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--locale",
        locale,
        "-D",
    ]);
    make.arg(home.data()).current_dir(home.path());
    run(&initdb, make).map(drop)
}

/// Lays a replica out: the data of another server, and where to follow it.
pub(crate) fn copy(home: &Home, primary: u16) -> Result<(), Error> {
    let copier = programs::postgres("pg_basebackup")?;
    let mut copy = command(&copier, home.user());
    copy.args([
        "--write-recovery-conf",
        "--checkpoint=fast",
        "--no-sync",
        "-h",
        "127.0.0.1",
        "-U",
        "postgres",
    ]);
    copy.args(["-p", &primary.to_string(), "-D"]).arg(home.data()).current_dir(home.path());
    run(&copier, copy).map(drop)
}

pub(crate) fn serve(home: &Home, port: u16, settings: &Settings) -> Result<(PathBuf, Command), Error> {
    let postgres = programs::postgres("postgres")?;
    let mut serve = command(&postgres, home.user());
    serve.arg("-D").arg(home.data()).current_dir(home.path());
    let sockets = home.path().display().to_string();
    let own = [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", &sockets),
        ("port", &port.to_string()),
        ("max_connections", "200"),
    ];
    for (key, value) in own.into_iter().chain(settings.iter()) {
        serve.arg("-c").arg(format!("{key}={value}"));
    }
    Ok((postgres, serve))
}

/// Whether it lets a session begin.
pub(crate) fn answers(port: u16) -> bool {
    let begin = || -> std::io::Result<bool> {
        let mut stream = dial(port)?;
        let mut words = 196_608_u32.to_be_bytes().to_vec();
        words.extend_from_slice(b"user\0postgres\0database\0postgres\0\0");
        let length = u32::try_from(words.len()).unwrap_or(0).saturating_add(4);
        stream.write_all(&[&length.to_be_bytes()[..], &words].concat())?;
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        // Terminate.
        stream.write_all(b"X\0\0\0\x04")?;
        Ok(kind == *b"R")
    };
    begin().unwrap_or(false)
}

/// The database that tests use is not one that comes with the server.
pub(crate) fn furnish(home: &Home, port: u16) -> Result<(), Error> {
    ask(home, port, "postgres", "CREATE DATABASE bursar").map(drop)
}

pub(crate) fn ask(home: &Home, port: u16, database: &str, statement: &str) -> Result<String, Error> {
    let psql = programs::postgres("psql")?;
    let mut ask = command(&psql, home.user());
    ask.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres"]);
    ask.args(["-p", &port.to_string(), "-d", database, "-c", statement]).current_dir(home.path());
    run(&psql, ask)
}
