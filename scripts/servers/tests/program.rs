//! `bursar-servers` gives a command its servers, ends as it ends, and leaves nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use bursar_servers::{Engine, trials};
use libtest_mimic::{Arguments, Failed};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

const LATE: Duration = Duration::from_secs(60);

type Test = fn() -> Result<(), Failed>;

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_bursar-servers"));
    program.env_remove("BURSAR_TEST_REDIS_URL").stdin(Stdio::null());
    program
}

fn beside_redis(script: &str) -> Command {
    let mut program = program();
    program.args(["run", "--redis", "--", "sh", "-c", script]);
    program
}

/// Whether a Redis server is behind a URL.
fn is_up(url: &str) -> bool {
    let address = url.strip_prefix("redis://").and_then(|address| address.parse::<SocketAddr>().ok());
    address.is_some_and(|address| TcpStream::connect(address).is_ok())
}

/// Whether something is so before long.
fn soon(look: impl Fn() -> bool) -> bool {
    (0..LATE.as_millis() / 20).any(|_| {
        look() || {
            std::thread::sleep(Duration::from_millis(20));
            false
        }
    })
}

fn it_ends_as_the_command_ends() -> Result<(), Failed> {
    let ended = beside_redis("echo $BURSAR_TEST_REDIS_URL; exit 7").output()?;
    assert_eq!(ended.status.code(), Some(7));
    let url = String::from_utf8(ended.stdout)?;
    assert!(url.starts_with("redis://127.0.0.1:") && !is_up(url.trim()), "{url}");
    assert_eq!(beside_redis("kill -9 $$").status()?.code(), Some(137));
    let none = program().args(["run", "--redis", "--", "no-such-command"]).output()?;
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8(none.stderr)?.contains("no-such-command"));
    Ok(())
}

fn a_url_that_is_given_is_used() -> Result<(), Failed> {
    let given =
        beside_redis("echo $BURSAR_TEST_REDIS_URL").env("BURSAR_TEST_REDIS_URL", "redis://there").output()?;
    assert_eq!(String::from_utf8(given.stdout)?, "redis://there\n");
    Ok(())
}

/// A command that says where its server is, and does not end.
fn endless() -> Result<(Child, String), Failed> {
    let mut child = beside_redis("echo $BURSAR_TEST_REDIS_URL; sleep 600").stdout(Stdio::piped()).spawn()?;
    let mut url = String::new();
    BufReader::new(child.stdout.as_mut().ok_or("no output")?).read_line(&mut url)?;
    let url = url.trim().to_owned();
    assert!(is_up(&url), "{url} is not up");
    Ok((child, url))
}

fn tell(child: &Child, signal: Signal) -> Result<(), Failed> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or("no process")?;
    Ok(kill_process(pid, signal)?)
}

fn told_to_end_it_tells_the_command() -> Result<(), Failed> {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let (mut child, url) = endless()?;
        tell(&child, signal)?;
        assert_eq!(child.wait()?.code(), Some(code));
        assert!(!is_up(&url), "the server is left");
        // The command and all that it had started are gone: nobody holds the other end.
        let mut rest = String::new();
        child.stdout.take().ok_or("no output")?.read_to_string(&mut rest)?;
    }
    Ok(())
}

fn killed_it_takes_its_servers_with_it() -> Result<(), Failed> {
    let (mut child, url) = endless()?;
    let commands =
        std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap_or_default();
    child.kill()?;
    child.wait()?;
    let gone = soon(|| !is_up(&url));
    // The command itself goes on, without a server.
    for command in commands.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)) {
        // It may have ended just now.
        let _ = kill_process_group(command, Signal::KILL);
    }
    assert!(gone, "the server is left");
    Ok(())
}

fn up_until_enter() -> Result<(), Failed> {
    let mut child = program().args(["up", "--redis"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().ok_or("no output")?).read_line(&mut line)?;
    let url =
        line.trim().strip_prefix("export BURSAR_TEST_REDIS_URL='").and_then(|url| url.strip_suffix('\''));
    let url = url.ok_or("it does not say where the server is")?;
    assert!(is_up(url));
    child.stdin.take().ok_or("no input")?.write_all(b"\n")?;
    assert!(child.wait()?.success());
    assert!(!is_up(url), "the server is left");
    Ok(())
}

fn main() -> ExitCode {
    let all: [(&str, Test); 5] = [
        ("it ends as the command ends", it_ends_as_the_command_ends),
        ("a URL that is given is used", a_url_that_is_given_is_used),
        ("told to end it tells the command", told_to_end_it_tells_the_command),
        ("killed it takes its servers with it", killed_it_takes_its_servers_with_it),
        ("up until Enter", up_until_enter),
    ];
    let all = all.into_iter().map(|(name, test)| trials::own(name, Engine::Redis, test)).collect();
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
