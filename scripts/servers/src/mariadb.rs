//! How MariaDB, or MySQL, is laid out, started and asked.

use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

use crate::Error;
use crate::home::Home;
use crate::process::{User, command, is_root, run};
use crate::programs::{find, need};
use crate::server::{Settings, dial};

const ADVICE: &str = "install MariaDB's server (Debian: mariadb-server)";

/// Done once, by the server itself, before anybody is let in. Who works as `bursar` is stopped by `read_only`.
const FURNISH: &str = "\
CREATE DATABASE IF NOT EXISTS bursar;
CREATE USER IF NOT EXISTS 'bursar'@'127.0.0.1';
GRANT ALL PRIVILEGES ON *.* TO 'bursar'@'127.0.0.1' WITH GRANT OPTION;
";
const STOPPABLE: &str = "REVOKE READ ONLY ADMIN ON *.* FROM 'bursar'@'127.0.0.1';\n";

/// The server, and whether it is MySQL.
fn server() -> Result<(PathBuf, bool), Error> {
    if let Some(mariadbd) = find(&["mariadbd"]) {
        return Ok((mariadbd, false));
    }
    let mysqld = need(&["mysqld"], ADVICE)?;
    let mut version = command(&mysqld, None);
    version.args(["--no-defaults", "--version"]);
    let mysql = !run(&mysqld, version)?.contains("MariaDB");
    Ok((mysqld, mysql))
}

pub(crate) fn programs() -> Result<(), Error> {
    let (_, mysql) = server()?;
    need(&["mariadb", "mysql"], ADVICE)?;
    if !mysql {
        need(&["mariadb-install-db", "mysql_install_db"], ADVICE)?;
    }
    Ok(())
}

/// The user of MariaDB's packages: it warns about root, and Galera's transfers of whole states fail for root.
pub(crate) fn user() -> Option<User> {
    is_root().then(|| User::named(&["mysql", "nobody"])).flatten()
}

pub(crate) fn make(home: &Home) -> Result<(), Error> {
    let (server, mysql) = server()?;
    let maker = if mysql { server } else { need(&["mariadb-install-db", "mysql_install_db"], ADVICE)? };
    let mut make = command(&maker, home.user());
    make.arg("--no-defaults").arg(format!("--datadir={}", home.data().display())).current_dir(home.path());
    if mysql {
        make.arg("--initialize-insecure");
    } else {
        make.args(["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]);
    }
    run(&maker, in_its_own(home, make))?;
    let furnish = if mysql { FURNISH.to_owned() } else { format!("{FURNISH}{STOPPABLE}") };
    std::fs::write(home.path().join("furnish.sql"), furnish)
        .map_err(Error::io("writing what MariaDB begins with"))
}

pub(crate) fn serve(home: &Home, port: u16, settings: &Settings) -> Result<(PathBuf, Command), Error> {
    let (server, mysql) = server()?;
    let mut serve = command(&server, home.user());
    serve.arg("--no-defaults").current_dir(home.path());
    for (key, path) in [("datadir", "data"), ("socket", "socket"), ("pid-file", "pid")] {
        serve.arg(format!("--{key}={}", home.path().join(path).display()));
    }
    serve.arg(format!("--port={port}"));
    serve.args(["--bind-address=127.0.0.1", "--skip-networking=0", "--skip-name-resolve"]);
    serve.args([
        "--character-set-server=utf8mb4",
        "--innodb-flush-log-at-trx-commit=1",
        "--max-connections=200",
    ]);
    if mysql {
        serve.arg("--mysqlx=OFF");
    }
    let furnish = home.path().join("furnish.sql");
    if furnish.exists() {
        serve.arg(format!("--init-file={}", furnish.display()));
    }
    for (key, value) in settings.iter() {
        serve.arg(format!("--{key}={value}"));
    }
    Ok((server, in_its_own(home, serve)))
}

/// In a folder for temporary tables that servers share, one that starts removes what others have there at work:
/// so does the one that only makes the system's tables.
fn in_its_own(home: &Home, mut command: Command) -> Command {
    command.env("TMPDIR", home.path());
    command
}

/// Whether it greets: the tenth version of the protocol, rather than an error.
pub(crate) fn answers(port: u16) -> bool {
    let greeted = || -> std::io::Result<bool> {
        let mut greeting = [0; 5];
        dial(port)?.read_exact(&mut greeting)?;
        Ok(greeting.last() == Some(&10))
    };
    greeted().unwrap_or(false)
}

/// What was done at the first start is not done again.
pub(crate) fn furnish(home: &Home) -> Result<(), Error> {
    let furnish = home.path().join("furnish.sql");
    std::fs::remove_file(furnish).map_err(Error::io("removing what MariaDB began with"))
}

/// Asks as the administrator, or as `bursar` at a port.
pub(crate) fn ask(home: &Home, port: Option<u16>, statement: &str) -> Result<String, Error> {
    let client = need(&["mariadb", "mysql"], ADVICE)?;
    let mut ask = command(&client, None);
    ask.args(["--no-defaults", "--batch", "--skip-column-names", "--database=bursar"]);
    match port {
        Some(port) => {
            ask.args(["--user=bursar", "--host=127.0.0.1", "--protocol=tcp", &format!("--port={port}")])
        }
        None => ask.args(["--user=root", &format!("--socket={}", home.path().join("socket").display())]),
    };
    ask.arg(format!("--execute={statement}"));
    run(&client, ask)
}
