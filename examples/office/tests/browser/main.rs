//! The office in a real browser, wide and narrow: what clerks do there, and what they see. Ignored where Chromium is not installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod gates;
mod head;
mod keyboard;
mod looks;
mod pages;
mod paying;
mod pictures;
mod school;
mod signing_in;
mod signing_out;
mod window;

use std::process::ExitCode;
use std::time::Duration;

use bursar_servers::{Browser, trials};
use libtest_mimic::{Arguments, Failed};

use school::School;
use window::Window;

/// How long anything may take on a machine with much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long a trial may take, also where a browser has stopped answering.
const LONGEST: Duration = Duration::from_secs(300);

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
pub(crate) struct Visit<'a> {
    browser: &'a Browser,
    pub(crate) school: School,
    pub(crate) window: Window,
}

impl Visit<'_> {
    /// Signs the first clerk in, who is the head, and opens a page.
    pub(crate) async fn enter(&self, path: &str) -> Result<(), Failed> {
        self.window.goto(path).await?;
        self.window.sign_in("bursar", self.school.password).await
    }

    /// The window of another browser on the same office.
    pub(crate) async fn elsewhere(&self) -> Result<Window, Failed> {
        Window::open(self.browser, self.school.url(), self.window.size).await
    }
}

/// Runs a trial in a browser and an office of its own; nothing in it may give the browser cause to complain.
fn visit(
    browser: &Browser,
    size: Size,
    test: impl AsyncFnOnce(&Visit<'_>) -> Result<(), Failed>,
) -> Result<(), Failed> {
    school::begun()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let trial = async {
        let school = School::open().await?;
        let window = Window::open(browser, school.url(), size).await?;
        let visit = Visit { browser, school, window };
        test(&visit).await?;
        let complaints = visit.window.complaints().await?;
        assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        visit.window.client.clone().close().await?;
        Ok(())
    };
    runtime
        .block_on(async { tokio::time::timeout(LONGEST, trial).await })
        .map_err(|_| "the browser does not answer")?
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
        trial!("five wrong passwords lock a name", signing_in::locks);
        trial!("a session is ended from another browser", signing_in::ends_another);
        trial!("a payment is taken, and the figures are the ledger's", paying::shows_the_ledger);
        trial!("back and reload record nothing again", paying::back_and_reload);
        trial!("a double click records once", paying::double_click);
        trial!("a sign-out during a page that changes the session", signing_out::during_a_change);
        trial!("a sign-out during a page that only reads", signing_out::during_a_look);
        trial!("a sign-out during a payment", signing_out::during_a_payment);
        trial!("a payment after a sign-out", signing_out::before_a_payment);
        trial!("a payment by the keyboard alone", keyboard::pays);
        trial!("every page fits its window", looks::fit);
        trial!("every control has a name", looks::have_names);
        trial!("the head activates a term", head::activates);
        trial!("the head reverses a payment", head::reverses);
        trial!("the head changes a price", head::reprices);
        trial!("the head brings arrears in", head::brings_arrears_in);
        trial!("the head audits and seals", head::audits);
        trial!("a clerk may not do what the head does", head::keeps_clerks_out);
        trial!("pictures of the pages", pictures::are_taken);
        all.push(trials::auditing(
            format!("axe finds nothing serious ({} px)", size.width),
            move |browser, axe| {
                let axe = std::fs::read_to_string(axe)?;
                visit(&browser, size, async |visit| looks::pass_axe(visit, &axe).await)
            },
        ));
    }
    let between = Size { width: 1024, height: 768 };
    all.push(trials::browsing(
        format!("every page fits its window ({} px)", between.width),
        move |browser| visit(&browser, between, async |visit| looks::fit(visit).await),
    ));
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
