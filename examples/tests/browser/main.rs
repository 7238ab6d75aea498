//! The office in a real browser, wide and narrow: what clerks do there, and what they see. Ignored where Chromium is not installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod gates;
mod paying;
mod school;
mod signing_in;
mod window;

use std::process::ExitCode;
use std::time::Duration;

use bursar_servers::{Browser, trials};
use libtest_mimic::{Arguments, Failed, Trial};

use school::School;
use window::Window;

/// How long anything may take on a machine with much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The size of a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Size {
    const ALL: [Self; 2] = [Self { width: 1280, height: 900 }, Self { width: 390, height: 844 }];

    /// Whether it is that of a telephone.
    pub(crate) const fn is_narrow(self) -> bool {
        self.width < 500
    }
}

/// A window on an office of its own.
pub(crate) struct Visit {
    pub(crate) school: School,
    pub(crate) window: Window,
}

impl Visit {
    /// Signs the first clerk in, who is the head, and opens a page.
    pub(crate) async fn enter(&self, path: &str) -> Result<(), Failed> {
        self.window.goto(path).await?;
        self.window.sign_in("bursar", self.school.password).await
    }
}

/// Runs a trial in a browser and an office of its own; nothing in it may give the browser cause to complain.
fn visit(
    browser: &Browser,
    size: Size,
    test: impl AsyncFnOnce(&Visit) -> Result<(), Failed>,
) -> Result<(), Failed> {
    school::begun()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let school = School::open().await?;
        let window = Window::open(browser, school.url(), size).await?;
        let visit = Visit { school, window };
        test(&visit).await?;
        let complaints = visit.window.complaints().await?;
        assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        visit.window.client.clone().close().await?;
        Ok(())
    })
}

fn main() -> ExitCode {
    let mut all = Vec::new();
    for size in Size::ALL {
        macro_rules! trial {
            ($name:literal, $test:path) => {
                all.push(trials::browsing(format!("{} ({} px)", $name, size.width), move |browser| {
                    visit(&browser, size, async |visit| $test(visit).await)
                }));
            };
        }
        trial!("a clerk signs in and is led back", signing_in::leads_back);
        trial!("a payment is taken once", paying::is_taken_once);
    }
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
