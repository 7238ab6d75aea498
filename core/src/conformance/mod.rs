//! The suite that every store passes: named cases, each of which a store runs on a fresh, empty store of its own (S9).
//!
//! A store runs them as a test binary of its own, so that each case is a test with a name, and one that cannot run (no server) shows
//! as *ignored* and not as passed. With `libtest-mimic` and tokio, such a binary is:
//!
//! ```text
//! fn main() -> std::io::Result<ExitCode> {
//!     let runtime = Arc::new(Runtime::new()?);
//!     let trial = |case: Case| {
//!         let runtime = Arc::clone(&runtime);
//!         Trial::test(case.name, move || {
//!             let handle = runtime.handle().clone();
//!             let given = Given::new(Arc::new(MyStore::fresh())).with_spawn(move |task| drop(handle.spawn(task)));
//!             Ok(runtime.block_on(case.run(given))?)
//!         })
//!     };
//!     Ok(libtest_mimic::run(&Arguments::from_args(), cases().into_iter().map(trial).collect()).exit_code())
//! }
//! ```
//!
//! The cases ask no runtime of their own. Calls that must meet are polled together in one task, unless [`Given::with_spawn`] hands them
//! to the runner's threads. A store on a server is also given a second way in, by [`Given::with_other`], so that what holds is held by the
//! database and not by a lock in the process (S5). A case that waits for ever is the runner's to end.
//!
//! Beyond the words of [`LedgerStore`](crate::LedgerStore) the cases ask that
//!
//! - instants are kept to the microsecond, and what [`now`](crate::LedgerStore::now) answers is kept as it is;
//! - a page of a listing that is shorter than its limit is the last one;
//! - names, keys and texts are compared and kept by their bytes, whatever the database's collation;
//! - what an absent book has is nothing, and nothing is admitted to it;
//! - one call is answered from one state: its sums are those of one moment; of the rows of a report, each by itself.
//!
//! ```
//! let cases = bursar::conformance::cases();
//! assert!(cases.iter().any(|case| case.name == "races::one_key_is_recorded_once"));
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// Names a topic's cases, and says of each what it asks.
macro_rules! cases {
    ($topic:literal { $($run:ident: $about:literal,)* }) => {
        pub(super) const CASES: &[$crate::conformance::Case] = &[$($crate::conformance::Case {
            name: concat!($topic, "::", stringify!($run)),
            about: $about,
            run: |given| Box::pin($run(given)),
        }),*];
    };
}

mod accounts;
mod billing;
mod billing_school;
mod books;
mod change_sets;
mod dropped;
mod entries;
mod failure;
mod fees;
mod figures;
mod given;
mod history;
mod kinds;
mod ledgers;
mod listings;
mod naive;
mod posting;
mod races;
mod reports;
mod reports_aged;
mod repricing;
mod school;
mod seals;
mod snapshot;
mod terms;
mod together;

pub use failure::Failure;
pub use given::Given;

/// A future on the heap, as the cases hand them to a runner.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A case of the suite.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name, unique in the suite: the topic, and what holds.
    pub name: &'static str,
    /// What it asks of a store, in a sentence, with the rules that it keeps.
    pub about: &'static str,
    run: fn(Given) -> BoxFuture<Result<(), Failure>>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("about", &self.about).finish_non_exhaustive()
    }
}

impl Case {
    /// Runs it on a fresh, empty store.
    ///
    /// # Errors
    /// [`Failure`]: what was expected, and what the store did instead.
    #[must_use]
    pub fn run(&self, given: Given) -> BoxFuture<Result<(), Failure>> {
        (self.run)(given)
    }
}

/// Every case, topic by topic.
#[must_use]
pub fn cases() -> Vec<Case> {
    let topics = [
        books::CASES,
        terms::CASES,
        fees::CASES,
        accounts::CASES,
        entries::CASES,
        posting::CASES,
        listings::CASES,
        figures::CASES,
        reports::CASES,
        reports_aged::CASES,
        change_sets::CASES,
        races::CASES,
        dropped::CASES,
        billing::CASES,
        repricing::CASES,
        seals::CASES,
        ledgers::CASES,
    ];
    topics.concat()
}
