//! What the requests do that are run against each other.

use super::site::{Step, set};

/// What a request does, told by the number of who sends it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub(super) name: &'static str,
    pub(super) steps: fn(usize) -> Vec<Step>,
    /// Whether the page that it gives counts: who changes something may have read what another has changed since.
    pub(super) reads: bool,
    /// What stays of it when it is interrupted, since it was saved before.
    pub(super) saved: Option<fn(usize) -> Vec<Step>>,
}

const fn script(name: &'static str, steps: fn(usize) -> Vec<Step>) -> Script {
    Script { name, steps, reads: false, saved: None }
}

/// The value that this caller sets.
fn value(who: usize) -> String {
    format!("by {who}")
}

/// The user that this caller logs in.
const fn user(who: usize) -> &'static str {
    match who {
        0 => "ann",
        1 => "bob",
        _ => "cyd",
    }
}

pub(super) const SCRIPTS: [Script; 16] = [
    Script {
        reads: true,
        ..script("read", |_| vec![Step::NoActivity, Step::Get("k"), Step::Get("n"), Step::Who])
    },
    Script { reads: true, ..script("touch", |_| vec![Step::Get("k"), Step::Get("n"), Step::Who]) },
    script("set one's own value", |who| vec![Step::Get("k"), set(own(who), &value(who))]),
    script("set one's own value unread", |who| vec![set(own(who), &value(who))]),
    script("set the same value", |who| vec![Step::Get("k"), set("k", &value(who))]),
    script("remove the value", |_| vec![Step::Get("k"), Step::Remove("k")]),
    script("count", |_| vec![Step::Count("n")]),
    Script {
        saved: Some(|who| vec![Step::Get("k"), set("s", &value(who))]),
        ..script("save", |who| {
            vec![Step::Get("k"), set("s", &value(who)), Step::Save, set(own(who), &value(who))]
        })
    },
    script("log out", |_| vec![Step::Get("k"), Step::Flush]),
    script("log out unread", |_| vec![Step::Flush]),
    script("log in", |who| vec![Step::Get("k"), Step::Rotate, Step::User(user(who)), set("w", &value(who))]),
    script("rotate", |_| vec![Step::Rotate]),
    script("clear", |_| vec![Step::Get("k"), Step::Clear]),
    script("empty", |_| vec![Step::Get("k"), Step::Remove("k"), Step::Remove("n")]),
    script("bind to a user", |who| vec![Step::Get("k"), Step::User(user(who))]),
    script("log out and begin anew", |who| vec![Step::Flush, set("z", &value(who))]),
];

/// The value of this caller's own.
const fn own(who: usize) -> &'static str {
    match who {
        0 => "a",
        1 => "b",
        _ => "c",
    }
}

/// The script of this name.
pub(super) fn named(name: &str) -> Option<Script> {
    SCRIPTS.into_iter().find(|script| script.name == name)
}
