//! Runs the check of the office for a moment, and holds it to what it prints.
#![allow(clippy::panic, reason = "a test says so what it misses")]

use std::path::Path;
use std::process::Command;

/// The check as it was built with the tests, beside them.
pub(crate) fn check() -> Command {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap().join("examples").join("stability");
    assert!(built.exists(), "{} is not built: run the tests of the whole package", built.display());
    Command::new(built)
}

/// The number after these words, at the beginning of a line.
fn number(printed: &str, words: &str) -> u64 {
    let line = printed.lines().find(|line| line.trim_start().starts_with(words));
    let line = line.unwrap_or_else(|| panic!("no line of {words:?}:\n{printed}"));
    let rest = line.trim_start().strip_prefix(words).unwrap().trim_start();
    rest.split([' ', ',']).next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"))
}

/// The check finds nothing, and has seen what it was made for.
pub(crate) fn holds(check: &mut Command) {
    let output = check.args(["--seconds", "3", "--clients", "8"]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{said}");
    assert!(printed.ends_with("Nothing was found wrong.\n"), "{printed}");
    let payments = number(&printed, "payments in the book");
    assert!(payments >= 10 && number(&printed, "payments filled in and sent") > payments, "{printed}");
    assert!(number(&printed, "sessions that ended meanwhile") > 0, "{printed}");
    // Every way in which a session ends was gone through, and what came after it.
    for seen in [
        "pages while another window signs out",
        "pages while another window signs in again",
        "pages while another browser ends the session",
        "pages while the password is changed elsewhere",
        "session over: 409, it was not recorded",
        "who is out is led to sign in",
        "locked, though right: 429",
        "a page: 303 to sign in and come back",
    ] {
        assert!(printed.contains(seen), "{seen:?}:\n{printed}");
    }
    // Requests, loads, creates, updates, overtaken, touches, rotations, deletions: pages that only read wrote nothing.
    let (_, table) = printed.split_once("calls on the store of sessions").unwrap();
    for page in ["dashboard", "students", "debtors", "terms", "receipt"] {
        let line = table.lines().find(|line| line.trim_start().starts_with(&format!("{page} "))).unwrap();
        let row: Vec<u64> = line.split_whitespace().skip(1).map(|number| number.parse().unwrap()).collect();
        let [requests, _, creates, updates, _, _, rotations, deletions] = row[..] else { panic!("{line}") };
        assert!(requests > 0, "{line}");
        assert_eq!([creates, updates, rotations, deletions], [0; 4], "{line}");
    }
}
