//! The examples as a newcomer runs them. They are built with the tests, beside them.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use support::{data, example};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn with_input(mut command: Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn quickstart_prints_a_statement() {
    let output = example("quickstart").output().unwrap();
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}{}", text(&output.stderr));
    for expected in
        ["balance 40.00, Partial", "replayed: true", "brought forward", "refused (too-many-decimals)"]
    {
        assert!(printed.contains(expected), "{expected:?} is not in\n{printed}");
    }
}

#[test]
fn replay_writes_figures_and_nothing_else_to_standard_output() {
    let expected: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(data("part-payment.expected.json")).unwrap()).unwrap();
    let file = std::fs::read_to_string(data("part-payment.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("school.db").display());
    for _ in 0..2 {
        let output = example("replay")
            .arg(data("part-payment.jsonl"))
            .args(["--db", &url, "--audit"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(), expected);
    }
    let mut command = example("replay");
    command.arg("-");
    let output = with_input(command, &file);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(), expected);
}

#[test]
fn replay_stops_at_a_line_that_is_refused() {
    let file = std::fs::read_to_string(data("part-payment.jsonl")).unwrap();
    let lines = file.lines().count();
    let wrong = format!(
        "{file}{}\n",
        r#"{"do":"refund","key":"r","account":"1","year":2026,"term":1,"amount":"1.00","method":"cash","on":"2026-02-01"}"#
    );
    let mut command = example("replay");
    command.arg("-");
    let output = with_input(command, &wrong);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    let said = text(&output.stderr);
    assert!(said.contains(&format!("line {}: ", lines + 1)), "{said}");
}

#[test]
fn replay_says_what_is_wrong_with_its_arguments() {
    for (arguments, says) in [
        (&["no-such-file.jsonl"][..], "no-such-file.jsonl"),
        (&["-", "--db", "oracle:x"], "give sqlite:FILE"),
        (&["-", "--db", "sqlite:/no/such/folder/school.db"], "/no/such/folder"),
    ] {
        let output = example("replay").args(arguments).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains(says), "{arguments:?}: {}", text(&output.stderr));
    }
    assert_eq!(
        example("replay").output().unwrap().status.code(),
        Some(2),
        "clap's own status for wrong usage"
    );
}
