//! The programs that report, run as a newcomer runs them.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::process::Stdio;

use support::{data, example};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a program prints, which must have gone well.
fn printed(name: &str, arguments: &[&str]) -> String {
    let output = example(name).args(arguments).output().unwrap();
    assert!(output.status.success(), "{name} {arguments:?}: {}", text(&output.stderr));
    let printed = text(&output.stdout);
    for line in printed.lines() {
        assert!(line.chars().count() <= 80, "{name} {arguments:?}: {line}");
    }
    printed
}

/// What a program says on standard error as it ends with status 1, having printed nothing.
fn refused(name: &str, arguments: &[&str]) -> String {
    let output = example(name).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{name} {arguments:?}: {}", text(&output.stdout));
    assert!(output.stdout.is_empty(), "{name} {arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn statement_prints_what_an_account_owes() {
    let file = data("part-payment.jsonl");
    let file = file.to_str().unwrap();
    assert_eq!(printed("statement", &[file]), STATEMENT);
    // Before the payment, and of days without one.
    let before = printed("statement", &[file, "--account", "1", "--as-of", "2026-01-18"]);
    assert!(before.contains("owed in all: 120.00 USD") && before.contains("as of 2026-01-18"), "{before}");
    let after = printed("statement", &[file, "--from", "2026-12-01", "--to", "2026-12-31"]);
    assert!(after.contains("left before") && after.contains("owed in all: 40.00 USD"), "{after}");
    let unknown = printed("statement", &[file, "--recorded-by", "2020-01-01T00:00:00Z"]);
    assert!(unknown.contains("owed in all: 0.00 USD"), "{unknown}");
    let term = printed("statement", &[file, "--term", "2026-1"]);
    assert!(term.starts_with("Statement of 1, term 2026-1, in USD\n"), "{term}");
    let receipt = printed("statement", &[file, "--receipt", "1/2-I"]);
    assert!(receipt.contains("received    80.00 USD") && receipt.contains("owed after it"), "{receipt}");
}

#[test]
fn statement_and_aging_run_without_arguments() {
    let statement = printed("statement", &[]);
    assert!(statement.starts_with("Statement of ") && statement.contains("owed in all: "), "{statement}");
    let aging = printed("aging", &[]);
    for expected in [
        "Aging as of 2026-12-03, in USD\n",
        "\nThose who owe most, now\n",
        "\nand others who owe no more than that\n",
        "\nTerm 2026-3, in USD\n",
    ] {
        assert!(aging.contains(expected), "{expected:?} is not in\n{aging}");
    }
    // At the end of the year, what the page beside the data says.
    let aging = printed("aging", &["--as-of", "2026-12-31"]);
    let words: Vec<&str> = aging.split_whitespace().collect();
    for expected in
        ["outstanding 19180.13", "in credit 1170.75", "accounts that owe 69", "accounts in credit 53"]
    {
        assert!(words.join(" ").contains(expected), "{expected:?} is not in\n{aging}");
    }
}

#[test]
fn aging_reports_on_a_book_in_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("school.db").display());
    let file = data("part-payment.jsonl");
    assert!(example("replay").arg(&file).args(["--db", &url]).output().unwrap().status.success());
    let book = std::fs::read_to_string(&file).unwrap();
    let book: serde_json::Value = serde_json::from_str(book.lines().next().unwrap()).unwrap();
    let book = book["book"].as_str().unwrap();
    let arguments =
        ["--db", &url, "--book", book, "--as-of", "2026-03-31", "--buckets", "7, 14", "--term", "2026-1"];
    assert_eq!(printed("aging", &arguments), AGING);
    assert_eq!(printed("statement", &["--db", &url, "--book", book]), STATEMENT);
    let none = printed("aging", &["--db", &url, "--book", book, "--debtors", "0"]);
    assert!(!none.contains("Those who owe most"), "{none}");
    assert!(refused("aging", &["--db", &url, "--book", "other"]).contains("other"));
    // The only book need not be named; of two, one must.
    assert_eq!(printed("statement", &["--db", &url]), STATEMENT);
    let other = folder.path().join("other.jsonl");
    std::fs::write(&other, "{\"do\":\"book\",\"book\":\"another\",\"currency\":\"USD\"}\n").unwrap();
    printed("replay", &[other.to_str().unwrap(), "--db", &url]);
    let said = refused("aging", &["--db", &url]);
    assert!(said.contains("say which: ") && said.contains("another") && said.contains(book), "{said}");
    assert!(
        refused("statement", &[file.to_str().unwrap(), "--db", &url, "--book", book]).contains("not both")
    );
}

#[test]
fn statement_and_aging_say_what_is_wrong_with_their_arguments() {
    let file = data("part-payment.jsonl");
    let file = file.to_str().unwrap();
    for (arguments, says) in [
        (&["no-such-file.jsonl"][..], "no-such-file.jsonl"),
        (&[file, "--account", "absent"], "absent"),
        (&[file, "--term", "2031-1"], "2031-1"),
        (&[file, "--term", "spring"], "term"),
        (&[file, "--from", "yesterday"], "yesterday"),
        (&[file, "--from", "2026-03-02", "--to", "2026-03-01"], "is after"),
        (&[file, "--term", "2026-1", "--from", "2026-03-02"], "not both"),
        (&[file, "--as-of", "2026-02-30"], "2026-02-30"),
        (&[file, "--recorded-by", "noon"], "2026-03-31T17:00:00Z"),
        (&[file, "--receipt", "1/2-Q"], "check character"),
        (&[file, "--receipt", "1/1-K"], "receipts are printed of payments and refunds"),
        (&[file, "--book", "b"], "--db"),
        (&["--db", "oracle:x", "--book", "b"], "give sqlite:FILE"),
    ] {
        let said = refused("statement", arguments);
        assert!(said.starts_with("statement: ") && said.contains(says), "{arguments:?}: {said}");
    }
    for (arguments, says) in [
        (&[file, "--buckets", "30,20"][..], "rising"),
        (&[file, "--buckets", "a month"], "30,60,90"),
        (&[file, "--debtors", "many"], "many"),
        (&[file, "--as-of", "31.12.2026"], "31.12.2026"),
        (&[file, "--term", "2031-1"], "2031-1"),
    ] {
        let output = example("aging").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.starts_with("aging: ") && said.contains(says), "{arguments:?}: {said}");
    }
}

const STATEMENT: &str = "\
Statement of 1, everything, in USD
no.  day         entry                           amount  balance
                 before any entry                           0.00
  1  2026-01-12  charge tuition, due 2026-01-12  120.00   120.00
     settled by 80.00 of no. 2
  2  2026-01-19  payment cash                    -80.00    40.00
     settles 80.00 of no. 1
                 closing balance                           40.00

term 2026-1: brought forward 0.00, fee 120.00, adjustments 0.00,
  total due 120.00, paid 80.00: partial, balance 40.00 (arrears 0.00, fee 40.00)

owed on no. 1  40.00  of 120.00  due 2026-01-12
owed in all: 40.00 USD
";

const AGING: &str = "\
Aging as of 2026-03-31, in USD
not yet due            0.00
1 to 7 days overdue    0.00
8 to 14 days overdue   0.00
over 14 days overdue  40.00
outstanding           40.00
in credit              0.00
accounts that owe         1
accounts in credit        0

Those who owe most, now
account  standing   owed  overdue  since       days
1        active    40.00    40.00  2026-01-12    78

Term 2026-1, in USD
accounts                          1
  of them billed                  1
brought forward                0.00
charged                      120.00
conceded                       0.00
adjustments                    0.00
total due                    120.00
paid                          80.00
balance                       40.00
outstanding                   40.00
  of it arrears                0.00
  of it the term's own        40.00
in credit                      0.00
collected of what was due    66.7 %
collected of the term's own  66.7 %

status   accounts     due   paid  outstanding    rate
partial         1  120.00  80.00        40.00  66.7 %

groups   accounts     due   paid  outstanding    rate
PRIMARY         1  120.00  80.00        40.00  66.7 %
";
