//! A private server.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::home::Home;
use crate::patience::{PATIENCE, until};
use crate::port::Port;
use crate::process::{Process, tail};
use crate::{Engine, Error, mariadb, postgres, redis};

/// How long a server that listens may take to say a word.
const ANSWER: Duration = Duration::from_secs(5);

/// Settings of a server, beyond its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(Vec<(String, String)>);

impl Settings {
    pub(crate) fn of(settings: &[(&str, &str)]) -> Self {
        Self(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// A connection to a server of this machine.
pub(crate) fn dial(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    Ok(stream)
}

/// A private server: a folder of its own, a port of loopback, a process. Dropped, it is killed and its folder removed.
#[derive(Debug)]
pub struct Server {
    engine: Engine,
    settings: Settings,
    // Dropped in this order: the process before what it uses.
    process: Option<Process>,
    home: Home,
    port: Port,
}

impl Server {
    /// Starts an installed server on an empty database `bursar`.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not answer in time.
    pub fn start(engine: Engine) -> Result<Self, Error> {
        Self::start_with(engine, &[])
    }

    /// Starts one with settings of its own, such as `("max_connections", "10")`.
    ///
    /// # Errors
    ///
    /// When it is not installed, does not know a setting, or does not answer in time.
    pub fn start_with(engine: Engine, settings: &[(&str, &str)]) -> Result<Self, Error> {
        let mut server = Self::lay(engine, settings)?;
        server.restart()?;
        server.furnish()?;
        Ok(server)
    }

    /// A server that has not been started yet.
    pub(crate) fn lay(engine: Engine, settings: &[(&str, &str)]) -> Result<Self, Error> {
        Self::laid(engine, Settings::of(settings), |home| match engine {
            Engine::Postgres => postgres::make(home),
            Engine::Mariadb => mariadb::make(home),
            Engine::Redis => redis::make(home),
        })
    }

    /// One with the same settings, laid out in another way.
    pub(crate) fn beside(&self, make: impl FnOnce(&Home) -> Result<(), Error>) -> Result<Self, Error> {
        Self::laid(self.engine, self.settings.clone(), make)
    }

    fn laid(
        engine: Engine,
        settings: Settings,
        make: impl FnOnce(&Home) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let user = match engine {
            Engine::Postgres => postgres::user(),
            Engine::Mariadb => mariadb::user(),
            Engine::Redis => None,
        };
        let home = Home::new(user)?;
        make(&home)?;
        Ok(Self { engine, settings, process: None, home, port: Port::take()? })
    }

    /// What is done once, after the first start.
    pub(crate) fn furnish(&self) -> Result<(), Error> {
        match self.engine {
            Engine::Postgres => postgres::furnish(&self.home, self.port()),
            Engine::Mariadb => mariadb::furnish(&self.home),
            Engine::Redis => Ok(()),
        }
    }

    /// What it is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Where it is: its database `bursar`, and a user who may do everything.
    #[must_use]
    pub fn url(&self) -> String {
        let port = self.port();
        match self.engine {
            Engine::Postgres => format!("postgres://postgres@127.0.0.1:{port}/bursar"),
            Engine::Mariadb => format!("mysql://bursar@127.0.0.1:{port}/bursar"),
            Engine::Redis => format!("redis://127.0.0.1:{port}"),
        }
    }

    /// Its port, the same after a restart.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    /// Its folder: `data` is what it keeps, `log` what it says.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Its process, or 0 while it is down.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Process::pid)
    }

    /// Kills it with SIGKILL, with every process that it has started, and waits until they are gone.
    ///
    /// # Errors
    ///
    /// When they do not go.
    pub fn kill(&mut self) -> Result<(), Error> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    /// Starts it again over the same data on the same port, and waits until it answers. One that is up is killed first.
    ///
    /// # Errors
    ///
    /// When it does not answer in time.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.begin(&[])
    }

    /// Starts it with arguments for this time only.
    pub(crate) fn begin(&mut self, once: &[&str]) -> Result<(), Error> {
        self.kill()?;
        let port = self.port();
        let (program, mut command) = self.command()?;
        command.args(once);
        let home = &self.home;
        let what = format!("{} on port {port}", self.engine);
        let process = Process::start(&what, &program, command, home.path(), &home.log())?;
        self.process.insert(process).wait_until(|| match self.engine {
            Engine::Postgres => postgres::answers(port),
            Engine::Mariadb => mariadb::answers(port),
            Engine::Redis => redis::answers(port),
        })
    }

    /// The program, and how it is called.
    pub(crate) fn command(&self) -> Result<(PathBuf, Command), Error> {
        let (home, port) = (&self.home, self.port());
        match self.engine {
            Engine::Postgres => postgres::serve(home, port, &self.settings),
            Engine::Mariadb => mariadb::serve(home, port, &self.settings),
            Engine::Redis => redis::serve(home, port, &self.settings),
        }
    }

    /// Waits until something is so.
    pub(crate) fn await_that(&self, what: &str, look: impl Fn(&Self) -> bool) -> Result<(), Error> {
        let seen = until(PATIENCE, || Ok::<_, Error>(look(self).then_some(())))?;
        seen.ok_or_else(|| Error::Late {
            what: format!("{} on port {}: {what}", self.engine, self.port()),
            patience: PATIENCE,
            log: tail(&self.home.log()),
        })
    }

    pub(crate) const fn home(&self) -> &Home {
        &self.home
    }

    /// Has it end cleanly, and removes its folder.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or complains; it is killed then.
    pub fn stop(mut self) -> Result<(), Error> {
        // Of PostgreSQL's ways to stop, the one that does not wait for clients.
        let signal = if self.engine == Engine::Postgres { Signal::INT } else { Signal::TERM };
        self.process.take().map_or(Ok(()), |process| process.stop(signal))
    }

    /// Runs a statement as an administrator, with the engine's own client; what that said. Of Redis a command whose words hold no space.
    ///
    /// # Errors
    ///
    /// When the statement fails.
    pub fn ask(&self, statement: &str) -> Result<String, Error> {
        match self.engine {
            Engine::Postgres => postgres::ask(&self.home, self.port(), "bursar", statement),
            Engine::Mariadb => mariadb::ask(&self.home, None, statement),
            Engine::Redis => redis::ask(self.port(), statement),
        }
    }

    /// Runs a statement of MariaDB as `bursar`, who may do less than an administrator while the server is read-only; of others the same as
    /// [`Server::ask`].
    ///
    /// # Errors
    ///
    /// When the statement fails.
    pub fn ask_as_bursar(&self, statement: &str) -> Result<String, Error> {
        match self.engine {
            Engine::Mariadb => mariadb::ask(&self.home, Some(self.port()), statement),
            Engine::Postgres | Engine::Redis => self.ask(statement),
        }
    }
}
