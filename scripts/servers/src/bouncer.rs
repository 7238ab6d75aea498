//! A pool of connections between a test and PostgreSQL.

use std::path::Path;

use crate::home::Home;
use crate::port::Port;
use crate::process::{Process, command};
use crate::programs::need;
use crate::{Engine, Error, Server, postgres};

const ADVICE: &str = "install it (Debian: pgbouncer)";

/// When `PgBouncer` gives a connection of the server to another client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PoolMode {
    /// When the client leaves.
    Session,
    /// After each transaction: what a session keeps is not there in the next.
    Transaction,
}

/// `PgBouncer` in front of a PostgreSQL server. Dropped, it is killed.
#[derive(Debug)]
pub struct Bouncer {
    process: Process,
    _home: Home,
    port: Port,
}

impl Bouncer {
    /// Starts one, with so many connections to the server at most.
    ///
    /// # Errors
    ///
    /// When it is not installed, does not answer in time, or the server is not PostgreSQL.
    pub fn before(server: &Server, mode: PoolMode, connections: u16) -> Result<Self, Error> {
        if server.engine() != Engine::Postgres {
            return Err(Error::Unsupported("PgBouncer pools connections to PostgreSQL alone"));
        }
        let program = need(&["pgbouncer"], ADVICE)?;
        let home = Home::new(postgres::user())?;
        let port = Port::take()?;
        let settings = home.path().join("settings.ini");
        std::fs::write(&settings, said(server, mode, connections, home.path(), &port))
            .map_err(Error::io("writing PgBouncer's settings"))?;
        let mut serve = command(&program, home.user());
        serve.arg(&settings).current_dir(home.path());
        let what = format!("pgbouncer on port {}", port.number());
        let mut process = Process::start(&what, &program, serve, home.path(), &home.log())?;
        process.wait_until(|| postgres::answers(port.number()))?;
        Ok(Self { process, _home: home, port })
    }

    /// Whether it is installed.
    #[must_use]
    pub fn is_installed() -> bool {
        need(&["pgbouncer"], ADVICE).is_ok()
    }

    /// The server's database `bursar`, through it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/bursar", self.port.number())
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    /// Has it end, and cuts every connection.
    ///
    /// # Errors
    ///
    /// When it does not go.
    pub fn stop(self) -> Result<(), Error> {
        // It has no other way to end at once that it calls a success.
        self.process.kill()
    }
}

fn said(server: &Server, mode: PoolMode, connections: u16, folder: &Path, port: &Port) -> String {
    let mode = match mode {
        PoolMode::Session => "session",
        PoolMode::Transaction => "transaction",
    };
    // Clients may say what drivers say at the start, of which the pool keeps nothing.
    format!(
        "[databases]\n\
         * = host=127.0.0.1 port={} user=postgres\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {}\n\
         unix_socket_dir = {}\n\
         auth_type = any\n\
         pool_mode = {mode}\n\
         default_pool_size = {connections}\n\
         max_client_conn = 500\n\
         ignore_startup_parameters = extra_float_digits\n",
        server.port(),
        port.number(),
        folder.display(),
    )
}
