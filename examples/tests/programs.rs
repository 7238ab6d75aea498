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

#[test]
fn import_arrears_shows_the_faults_and_posts_once() {
    let output = example("import_arrears").output().unwrap();
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}{}", text(&output.stderr));
    for expected in [
        "9 lines, 1 to record (45.00), 0 recorded before, 8 faults",
        "columns not read: class",
        "line 3, column amount: \"1,234.56\" is not an amount",
        "line 4, column date: \"05/01/2026\" is not a date",
        "line 5, column account: account 1004 has an opening balance of 20.00",
        "line 6, column amount: an opening of nothing",
        "line 7, column account: there is no account 1099",
        "line 8, column account: account 1001 is on line 2 already",
        "line 9, column amount: 7.255 has more decimals",
        "line 10: it has 6 cells where the header has 5",
        "nothing was recorded",
        "4 recorded (349.75), 0 recorded before",
        "0 recorded (0.00), 4 recorded before",
        "the book's balance is 369.75",
    ] {
        assert!(printed.contains(expected), "{expected:?} is not in\n{printed}");
    }
}

#[test]
fn import_arrears_posts_a_file_into_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("school.db").display());
    let read = example("replay").arg(data("part-payment.jsonl")).args(["--db", &url]).output().unwrap();
    assert!(read.status.success(), "{}", text(&read.stderr));
    let file = folder.path().join("arrears.csv");
    let book = std::fs::read_to_string(data("part-payment.jsonl")).unwrap();
    let book: serde_json::Value = serde_json::from_str(book.lines().next().unwrap()).unwrap();
    let import = |content: &str, post: bool| {
        std::fs::write(&file, content).unwrap();
        let mut command = example("import_arrears");
        command.arg(&file).args(["--db", &url, "--book", book["book"].as_str().unwrap(), "--term", "2026-1"]);
        command.args(["--name", "arrears-2025", "--semicolons", "--decimal-comma"]);
        let output = command.args(post.then_some("--post")).output().unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, printed, said) = import("account;amount\n1;10.50\n", true);
    assert_eq!(code, Some(1), "{printed}{said}");
    assert!(printed.contains("line 2, column amount") && !printed.contains("posted"), "{printed}");
    for (post, says) in [
        (false, "1 to record (10.50)"),
        (true, "posted: 1 recorded (10.50)"),
        (true, "posted: 0 recorded (0.00), 1"),
    ] {
        let (code, printed, said) = import("account;amount\r\n1;10,50\r\n", post);
        assert_eq!(code, Some(0), "{printed}{said}");
        assert!(printed.contains(says), "{says:?} is not in\n{printed}");
        assert_eq!(post, printed.contains("posted"), "{printed}");
    }
    let output = example("import_arrears").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "a file of yours needs a book: clap's own status");
}

#[test]
fn export_writes_a_book_from_a_file_or_a_database() {
    let file = std::fs::read_to_string(data("part-payment.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("school.db").display());
    let read = example("replay").arg(data("part-payment.jsonl")).args(["--db", &url]).output().unwrap();
    assert!(read.status.success(), "{}", text(&read.stderr));
    let book: serde_json::Value = serde_json::from_str(file.lines().next().unwrap()).unwrap();
    let book = book["book"].as_str().unwrap();
    for (format, holds) in [
        ("hledger", "    assets:receivable:1  -80.00 USD\n    assets:cash:"),
        ("ledger", "    assets:receivable:1  -80.00 USD\n    assets:cash:"),
        ("beancount", "  Assets:Receivable:1  -80.00 USD\n  Assets:Cash:"),
        ("csv", ",payment,"),
        ("school", r#""amount":"80.00""#),
    ] {
        let from_file =
            example("export").arg(data("part-payment.jsonl")).args(["--format", format]).output().unwrap();
        let from_database =
            example("export").args([book, "--db", &url, "--format", format]).output().unwrap();
        let mut command = example("export");
        command.args(["-", "--format", format]);
        let from_input = with_input(command, &file);
        for output in [&from_file, &from_database, &from_input] {
            assert!(output.status.success(), "{}", text(&output.stderr));
            assert!(text(&output.stdout).contains(holds), "{}", text(&output.stdout));
            // A table has ids and instants of recording too, which are another book's own.
            if format != "csv" {
                assert_eq!(output.stdout, from_file.stdout, "{format}");
            }
            assert!(text(&output.stderr).starts_with(&format!("{book}: ")), "{}", text(&output.stderr));
        }
    }
    let unsaid = example("export").args([book, "--db", &url]).output().unwrap();
    let school = example("export").args([book, "--db", &url, "--format", "school"]).output().unwrap();
    assert_eq!(unsaid.stdout, school.stdout);
}

#[test]
fn export_says_what_stands_in_its_way() {
    let file = std::fs::read_to_string(data("part-payment.jsonl")).unwrap();
    let refused = |file: &str, arguments: &[&str]| {
        let mut command = example("export");
        command.args(arguments);
        let output = with_input(command, file);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    let enrolled = |account: &str, on: &str| {
        format!(
            "{file}{}\n",
            serde_json::json!({
                "do": "opening", "key": "o", "account": account, "year": 2026, "term": 1, "amount": "1.00", "reason": "old", "on": on
            })
        )
    };
    let said = refused(&enrolled("2", "2026-01-12"), &["-", "--format", "hledger"]);
    assert!(said.contains(&format!("line {}: ", file.lines().count() + 1)), "{said}");
    let said = refused(&enrolled("1", "1399-12-31"), &["-", "--format", "ledger"]);
    assert!(said.contains("1/3-") && said.contains("1400-01-01 to 9999-12-31, not 1399-12-31"), "{said}");
    let said = refused("", &["no-such-file.jsonl", "--format", "ledger"]);
    assert!(said.contains("no-such-file.jsonl"), "{said}");
    let renamed = file.replace(r#""account": "1""#, r#""account": "exchange/25-1""#);
    let mut command = example("export");
    command.args(["-", "--format", "beancount"]);
    let output = with_input(command, &renamed);
    assert!(
        text(&output.stderr).contains("1 accounts and 1 fee codes have names"),
        "{}",
        text(&output.stderr)
    );
    assert!(text(&output.stdout).contains("  id: \"exchange/25-1\"\n"), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("\n; 1 of 1 accounts and 1 fee codes"), "{}", text(&output.stdout));
}
