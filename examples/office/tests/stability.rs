//! The check of the school's office: it is run as people run it, and what it judges by can find fault.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/mod.rs"]
mod support;

#[allow(dead_code, reason = "the check uses all of it")]
#[path = "../../stability/html.rs"]
mod html;
#[allow(dead_code, reason = "the check uses all of it")]
#[path = "../../stability/judge.rs"]
mod judge;
#[allow(dead_code, reason = "the check uses all of it")]
#[path = "../../stability/shown.rs"]
mod shown;

use support::{check, holds};

#[test]
fn the_office_holds() {
    holds(&mut check());
}

#[test]
fn what_cannot_be_opened_is_said() {
    for (arguments, words) in [
        (["--db", "nonsense:x"], "of no database that this program knows"),
        (["--db", "redis://127.0.0.1:1"], "stability: "),
        (["--clients", "2"], "8..=1000"),
    ] {
        let output = check().args(arguments).args(["--seconds", "1"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(words), "{arguments:?}: {said}");
    }
}
