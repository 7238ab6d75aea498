//! The examples of sessions as a newcomer runs them. They are built with the tests, beside them.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::example;

fn printed_by(name: &str) -> String {
    let output = example(name).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[test]
fn session_race_shows_what_it_claims() {
    let printed = printed_by("session_race");
    for (expected, times) in [
        ("nothing: it was logged out", 9),
        ("/login?next=%2Freport", 1),
        ("language=new theme=new user=clerk-7", 1),
        ("report=done user=clerk-7", 2),
        ("✓", 13),
        ("✗", 0),
    ] {
        assert_eq!(printed.matches(expected).count(), times, "{expected:?} in\n{printed}");
    }
}

#[test]
fn custom_store_passes_every_case() {
    let printed = printed_by("custom_store");
    let passed = printed.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(passed > 100, "{printed}");
    assert_eq!(printed.lines().last().unwrap(), format!("{passed} cases passed"));
}

/// The program, stopped at the end of the test however it ends.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = example("session_counter").args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { child, address }
    }

    /// Stops it as ctrl-c does; whether it ended well.
    #[cfg(unix)]
    fn stop(mut self) -> bool {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }

    #[cfg(not(unix))]
    fn stop(self) -> bool {
        true
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A browser: a TCP client that keeps the cookie.
struct Browser {
    address: SocketAddr,
    cookie: Option<String>,
}

struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| *found == name)
            .map(|f| f.1)
    }
}

impl Browser {
    fn new(address: SocketAddr) -> Self {
        Self { address, cookie: None }
    }

    fn ask(&mut self, method: &str, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let cookie = self.cookie.as_ref().map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
        let asked = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/html\r\n{cookie}Content-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(asked.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let answer = Answer { head: head.to_owned(), body: body.to_owned() };
        if let Some(set) = answer.header("set-cookie") {
            assert!(!set.contains("Secure"), "a browser would not send it back over plain HTTP: {set}");
            assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
            let cookie = set.split(';').next().unwrap().to_owned();
            self.cookie = (!set.contains("Max-Age=0")).then_some(cookie);
        }
        answer
    }

    fn sees(&mut self, expected: &str) {
        let answer = self.ask("GET", "/");
        assert_eq!(answer.status(), "200", "{}", answer.head);
        assert!(answer.body.contains(expected), "{expected:?} is not in\n{}", answer.body);
    }
}

#[test]
fn session_counter_counts_and_logs_in_and_out() {
    let running = Running::start(&["--port", "0"]);
    let (mut browser, mut stranger) = (Browser::new(running.address), Browser::new(running.address));
    browser.sees("Visits: 1. Logged in: nobody.");
    browser.sees("Visits: 2. Logged in: nobody.");
    stranger.sees("Visits: 1. Logged in: nobody.");

    let before = browser.cookie.clone().unwrap();
    let login = browser.ask("POST", "/login");
    assert_eq!((login.status(), login.header("location")), ("303", Some("/")));
    assert_ne!(browser.cookie.as_ref(), Some(&before), "a login gives a new key");
    browser.sees("Visits: 3. Logged in: clerk-7.");
    // Who knew the old key is out.
    stranger.cookie = Some(before);
    let answer = stranger.ask("GET", "/");
    assert_eq!(answer.status(), "409", "{}", answer.head);
    stranger.cookie = None;
    stranger.sees("Visits: 1. Logged in: nobody.");

    let logged_in = browser.cookie.clone();
    assert_eq!(browser.ask("POST", "/logout").status(), "303");
    assert_eq!(browser.cookie, None, "a logout takes the cookie away");
    browser.cookie = logged_in;
    browser.sees("Visits: 1. Logged in: nobody.");
    assert!(running.stop(), "ctrl-c ends it well");
}

#[test]
fn session_counter_remembers_when_it_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    let arguments = ["--port", "0", "--db", file.to_str().unwrap()];
    let mut cookie = None;
    for expected in ["Visits: 1.", "Visits: 2."] {
        let running = Running::start(&arguments);
        let mut browser = Browser { address: running.address, cookie };
        browser.sees(expected);
        cookie = browser.cookie;
        running.stop();
    }
}
