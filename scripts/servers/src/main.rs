//! `bursar-servers run --postgres -- COMMAND …` runs a command beside servers; `bursar-servers up --postgres` keeps them
//! up for a developer.

use std::io::{IsTerminal, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bursar_servers::{Error, Given, Service, Suite, given};
use clap::{Args, Parser, Subcommand};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a command may take to end once it was told to.
const GRACE: Duration = Duration::from_secs(10);

/// Between two looks at a command.
const LOOK: Duration = Duration::from_millis(20);

/// Private database servers for tests, gone with this program. Of what the environment gives the URL, nothing is started.
#[derive(Parser)]
#[command(name = "bursar-servers")]
struct Line {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs a command with the URLs of the servers in its environment, and ends with its exit code.
    Run {
        #[command(flatten)]
        wanted: Wanted,
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Keeps the servers up and says where they are, until Enter or Ctrl-C.
    Up {
        #[command(flatten)]
        wanted: Wanted,
    },
}

#[derive(Args)]
struct Wanted {
    /// A PostgreSQL server: `BURSAR_TEST_POSTGRES_URL`.
    #[arg(long)]
    postgres: bool,
    /// A MariaDB server: `BURSAR_TEST_MARIADB_URL`.
    #[arg(long)]
    mariadb: bool,
    /// A Redis server: `BURSAR_TEST_REDIS_URL`.
    #[arg(long)]
    redis: bool,
    /// A Galera cluster of three nodes: `BURSAR_TEST_GALERA_URLS`, with commas between them.
    #[arg(long)]
    galera: bool,
    /// A Redis Cluster of three masters with a replica each: `BURSAR_TEST_REDIS_CLUSTER_URLS`.
    #[arg(long)]
    redis_cluster: bool,
}

impl Wanted {
    fn services(&self) -> impl Iterator<Item = Service> {
        let flags = [self.postgres, self.mariadb, self.redis, self.galera, self.redis_cluster];
        Service::ALL.into_iter().zip(flags).filter_map(|(service, wanted)| wanted.then_some(service))
    }

    /// Starts what is not given.
    fn start(&self) -> Result<Suite, Error> {
        Suite::start(self.services().filter(|service| !matches!(given(*service), Given::Url(_))))
    }
}

/// What a command's end says, as a shell would say it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| signal.saturating_add(128)));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Runs a command to its end and passes signals on to it; one that has been told to end and does not is killed.
fn attend(mut command: Command, told: &Receiver<i32>) -> std::io::Result<ExitStatus> {
    // On a terminal it stays in front: it may ask something, and Ctrl-C reaches it with all that it has started. Elsewhere all those
    // are told by us.
    let alone = !std::io::stdin().is_terminal();
    if alone {
        command.process_group(0);
    }
    let mut child = command.spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let tell = |signal| match pid {
        // It may have ended just now.
        Some(pid) if alone => drop(kill_process_group(pid, signal)),
        Some(pid) => drop(kill_process(pid, signal)),
        None => {}
    };
    let mut patience = None;
    loop {
        if let Some(status) = child.try_wait()? {
            if alone && patience.is_some() {
                // Some of what it started may not have listened.
                tell(Signal::KILL);
            }
            return Ok(status);
        }
        match told.recv_timeout(LOOK) {
            Ok(signal) => {
                Signal::from_named_raw(signal).into_iter().for_each(tell);
                patience = patience.or(Some(GRACE));
            }
            Err(_) => {
                patience = patience.map(|left| left.saturating_sub(LOOK));
            }
        }
        if patience.is_some_and(|left| left.is_zero()) {
            tell(Signal::KILL);
        }
    }
}

fn work(line: &Line, told: &Receiver<i32>, enter: impl FnOnce()) -> Result<u8, Box<dyn std::error::Error>> {
    match &line.task {
        Task::Run { wanted, command } => {
            let suite = wanted.start()?;
            if told.try_recv().is_ok() {
                suite.stop()?;
                return Ok(130);
            }
            let (program, arguments) = command.split_first().ok_or("there is no command to run")?;
            let mut command = Command::new(program);
            command.args(arguments).envs(suite.variables());
            let status = attend(command, told).map_err(|error| format!("{program}: {error}"))?;
            suite.stop()?;
            Ok(code(status))
        }
        Task::Up { wanted } => {
            let suite = wanted.start()?;
            let mut out = std::io::stdout();
            for (variable, url) in suite.variables() {
                writeln!(out, "export {variable}='{url}'")?;
            }
            writeln!(out, "# up until Enter or Ctrl-C")?;
            enter();
            // An error is the end of what could tell.
            let _ = told.recv();
            suite.stop()?;
            Ok(0)
        }
    }
}

fn main() -> ExitCode {
    let line = Line::parse();
    let (tell, told) = channel();
    let complain = |error: &dyn std::fmt::Display| {
        // Where it cannot be said, the exit code says it.
        let _ = writeln!(std::io::stderr(), "bursar-servers: {error}");
        ExitCode::FAILURE
    };
    match Signals::new([SIGINT, SIGTERM, SIGHUP]) {
        Ok(mut signals) => {
            let tell = tell.clone();
            std::thread::spawn(move || signals.forever().try_for_each(|signal| tell.send(signal)));
        }
        Err(error) => return complain(&error),
    }
    let enter = move || {
        std::thread::spawn(move || {
            // Without a terminal, nobody presses Enter: its end is no Enter.
            if std::io::stdin().read_line(&mut String::new()).is_ok_and(|length| length > 0) {
                let _ = tell.send(SIGINT);
            }
        });
    };
    match work(&line, &told, enter) {
        Ok(code) => ExitCode::from(code),
        Err(error) => complain(&error),
    }
}
