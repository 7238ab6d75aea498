//! The public suite is tested itself: each of these stores is broken in one way, and the cases named for it must catch it. The store that is
//! broken in no way passes every case.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test"
)]

mod bulk;
mod faults;
mod reports;
mod seals;
mod store;
mod writes;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar::conformance::{Case, Given, cases};
use faults::{FAULTS, Fault};
use libtest_mimic::{Arguments, Failed, Trial};
use store::Broken;
use tokio::runtime::Runtime;

/// A case that waits this long has caught something too.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a case says of a store with a fault; nothing when it passes.
fn run(runtime: &Runtime, case: Case, fault: Fault) -> Option<String> {
    let store = Arc::new(Broken::new(fault));
    let handle = runtime.handle().clone();
    let given = Given::new(store).with_spawn(move |task| drop(handle.spawn(task)));
    match runtime.block_on(async { tokio::time::timeout(PATIENCE, case.run(given)).await }) {
        Ok(passed) => passed.err().map(|failure| failure.to_string()),
        Err(_) => Some("it waited in vain".into()),
    }
}

fn caught(runtime: &Runtime, fault: Fault, by: &[&str]) -> Result<(), Failed> {
    for name in by {
        let case = cases().into_iter().find(|case| case.name == *name);
        let case = case.ok_or_else(|| format!("there is no case {name}"))?;
        if run(runtime, case, fault).is_none() {
            return Err(format!("{name} does not catch it").into());
        }
    }
    Ok(())
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let mut trials = Vec::new();
    for (fault, name, by) in FAULTS {
        let runtime = Arc::clone(&runtime);
        trials.push(Trial::test(*name, move || caught(&runtime, *fault, by)));
    }
    for case in cases() {
        let runtime = Arc::clone(&runtime);
        let control = move || run(&runtime, case, Fault::None).map_or(Ok(()), |failure| Err(failure.into()));
        trials.push(Trial::test(format!("in no way: {}", case.name), control));
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
