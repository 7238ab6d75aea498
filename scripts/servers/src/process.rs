//! Processes that are never left behind: each dies with this one, and is waited for.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

use crate::Error;
use crate::patience::{PATIENCE, until};
use crate::programs::find;

/// So much of a log is shown.
const TAIL: u64 = 4_000;

type Birth = (Command, Sender<std::io::Result<Child>>);

/// The thread that every process is started by. A process is told of the end of the *thread* that started it, and a test's thread ends long
/// before what it shares with others.
static NURSERY: LazyLock<std::sync::Mutex<Sender<Birth>>> = LazyLock::new(|| {
    let (births, waiting) = channel::<Birth>();
    std::thread::spawn(move || {
        for (mut command, parent) in waiting {
            // Who does not wait any more has ended.
            let _ = parent.send(command.spawn());
        }
    });
    std::sync::Mutex::new(births)
});

fn spawn(program: &Path, command: Command) -> Result<Child, Error> {
    let doing = || format!("starting {}", program.display());
    let gone = || std::io::Error::other("the thread that starts processes is gone");
    let (parent, born) = channel();
    let births = NURSERY.lock().unwrap_or_else(PoisonError::into_inner).clone();
    births.send((command, parent)).map_err(|_| Error::io(doing())(gone()))?;
    born.recv().map_err(|_| Error::io(doing())(gone()))?.map_err(Error::io(doing()))
}

/// Whom a process runs as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// The first of these that the system knows.
    pub(crate) fn named(names: &[&str]) -> Option<Self> {
        let id = |flag, name| -> Option<u32> {
            let said = Command::new("id").args([flag, name]).stderr(Stdio::null()).output().ok()?;
            String::from_utf8(said.stdout).ok()?.trim().parse().ok()
        };
        names.iter().find_map(|name| Some(Self { uid: id("-u", name)?, gid: id("-g", name)? }))
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A command that dies with this process where the system can see to it, and that Ctrl-C on a terminal does not reach.
pub(crate) fn command(program: &Path, user: Option<User>) -> Command {
    let mut command = match find(&["setpriv"]) {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    if let Some(User { uid, gid }) = user {
        command.uid(uid).gid(gid);
    }
    command.process_group(0).stdin(Stdio::null());
    command
}

/// The end of a file.
pub(crate) fn tail(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        Ok(String::from_utf8_lossy(&end).into_owned())
    };
    read().unwrap_or_else(|error| format!("({}: {error})", path.display()))
}

/// Runs a program to its end; what it said on its standard output.
pub(crate) fn run(program: &Path, mut command: Command) -> Result<String, Error> {
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = tempfile::tempdir().map_err(Error::io("making a folder"))?;
    let (said, complained) = (folder.path().join("said"), folder.path().join("complained"));
    command.stdout(File::create(&said).map_err(Error::io("making a file"))?);
    command.stderr(File::create(&complained).map_err(Error::io("making a file"))?);
    let mut child = spawn(program, command)?;
    let Some(status) =
        until(PATIENCE, || child.try_wait()).map_err(Error::io(format!("waiting for {name}")))?
    else {
        // It may have ended just now.
        let _ = child.kill();
        let _ = child.wait();
        return Err(Error::Late { what: name, patience: PATIENCE, log: tail(&complained) });
    };
    if status.success() {
        let said = std::fs::read(&said).map_err(Error::io("reading what a program said"))?;
        Ok(String::from_utf8_lossy(&said).trim_end().to_owned())
    } else {
        let output = format!("{}{}", tail(&said), tail(&complained));
        Err(Error::Failed { program: name, status, output })
    }
}

/// A server's process, and those it has started.
#[derive(Debug)]
pub(crate) struct Process {
    what: String,
    child: Child,
    folder: PathBuf,
    log: PathBuf,
}

impl Process {
    /// Starts a server whose processes work in a folder, and whose words go to a log.
    pub(crate) fn start(
        what: &str,
        program: &Path,
        mut command: Command,
        folder: &Path,
        log: &Path,
    ) -> Result<Self, Error> {
        let open = || File::options().create(true).append(true).open(log);
        command.stdout(open().map_err(Error::io("opening a log"))?);
        command.stderr(open().map_err(Error::io("opening a log"))?);
        let child = spawn(program, command)?;
        Ok(Self { what: what.to_owned(), child, folder: folder.to_owned(), log: log.to_owned() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it does what is looked for; an error if it ends instead.
    pub(crate) fn wait_until(&mut self, mut look: impl FnMut() -> bool) -> Result<(), Error> {
        let seen = until(PATIENCE, || {
            let there = look();
            match self.child.try_wait().map_err(Error::io(format!("looking after {}", self.what)))? {
                // Whatever answered, it was not this one.
                Some(status) => Err(Error::Ended { what: self.what.clone(), status, log: tail(&self.log) }),
                None => Ok(there.then_some(())),
            }
        })?;
        seen.ok_or_else(|| self.late("starting"))
    }

    /// Kills it with all that it has started, and waits until they are gone.
    pub(crate) fn kill(mut self) -> Result<(), Error> {
        self.end()
    }

    /// Has it end by itself; it is killed if it does not.
    pub(crate) fn stop(mut self, signal: Signal) -> Result<(), Error> {
        self.signal(signal)?;
        let doing = format!("waiting for {}", self.what);
        match until(PATIENCE, || self.child.try_wait()).map_err(Error::io(doing))? {
            Some(status) if status.success() => self.end(),
            Some(status) => Err(Error::Ended { what: self.what.clone(), status, log: tail(&self.log) }),
            None => Err(self.late("stopping")),
        }
    }

    /// Sends the one process that was started a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Error> {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(Error::Unsupported("the server has no process"))?;
        kill_process(pid, signal)
            .map_err(|error| Error::io(format!("sending {} a signal", self.what))(error.into()))
    }

    fn end(&mut self) -> Result<(), Error> {
        let doing = || format!("killing {}", self.what);
        self.child.kill().map_err(Error::io(doing()))?;
        self.child.wait().map_err(Error::io(doing()))?;
        let gone = until(PATIENCE, || {
            let left = working_in(&self.folder);
            for pid in &left {
                // It may have ended just now.
                let _ = kill_process(*pid, Signal::KILL);
            }
            Ok::<_, Error>(left.is_empty().then_some(()))
        })?;
        gone.ok_or_else(|| self.late("the end of its processes"))
    }

    fn late(&self, doing: &str) -> Error {
        Error::Late { what: format!("{}: {doing}", self.what), patience: PATIENCE, log: tail(&self.log) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.end();
    }
}

/// The processes that work in a folder, or were given it as an argument; none where the system has no `/proc`.
fn working_in(folder: &Path) -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let needle = folder.to_string_lossy().into_owned();
    let is_there = |process: &Path| {
        std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
            || std::fs::read(process.join("cmdline"))
                .is_ok_and(|words| String::from_utf8_lossy(&words).contains(&needle))
    };
    let own = rustix::process::getpid();
    processes
        .flatten()
        .filter_map(|process| Some((process.file_name().to_str()?.parse().ok()?, process.path())))
        .filter(|(_, path)| is_there(path))
        .filter_map(|(pid, _)| Pid::from_raw(pid).filter(|pid| *pid != own))
        .collect()
}
