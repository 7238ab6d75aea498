//! How Redis, or Valkey, is started and asked.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;

use crate::Error;
use crate::home::Home;
use crate::process::{command, run};
use crate::programs::need;
use crate::server::{Settings, dial};

const ADVICE: &str = "install Redis (Debian: redis-server)";

pub(crate) fn programs() -> Result<(), Error> {
    need(&["redis-server", "valkey-server"], ADVICE)?;
    need(&["redis-cli", "valkey-cli"], ADVICE).map(drop)
}

pub(crate) fn make(home: &Home) -> Result<(), Error> {
    std::fs::create_dir(home.data()).map_err(Error::io("making a folder for Redis"))
}

pub(crate) fn serve(home: &Home, port: u16, settings: &Settings) -> Result<(PathBuf, Command), Error> {
    let server = need(&["redis-server", "valkey-server"], ADVICE)?;
    let mut serve = command(&server, None);
    serve.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir"]).arg(home.data());
    serve.args(["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]);
    for (key, value) in settings.iter() {
        serve.arg(format!("--{key}")).arg(value);
    }
    serve.current_dir(home.path());
    Ok((server, serve))
}

/// Whether it is there and has read its data.
pub(crate) fn answers(port: u16) -> bool {
    let ping = || -> std::io::Result<bool> {
        let mut stream = dial(port)?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer == *b"+PONG")
    };
    ping().unwrap_or(false)
}

/// Runs Redis's own client.
pub(crate) fn cli(words: &[&str]) -> Result<String, Error> {
    let client = need(&["redis-cli", "valkey-cli"], ADVICE)?;
    let mut cli = command(&client, None);
    cli.args(words);
    run(&client, cli)
}

pub(crate) fn ask(port: u16, words: &str) -> Result<String, Error> {
    // `-e`: an error is an exit code, as with the others.
    let (at, port) = (["-e", "-h", "127.0.0.1", "-p"], port.to_string());
    cli(&at.into_iter().chain([&*port]).chain(words.split_whitespace()).collect::<Vec<_>>())
}
