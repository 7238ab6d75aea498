//! The suite that every session store passes: named cases, each of which a store runs on a fresh, empty store of its own (R15).
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
//! database and not by a lock in the process. A case that waits for ever is the runner's to end.
//!
//! No case sleeps: time is an argument of every call. It is a morning of the next century, so that a database which removes rows by a
//! clock of its own keeps them until they are asked for.
//!
//! Beyond the words of [`SessionStore`](crate::SessionStore) the cases ask that
//!
//! - a session's own idle timeout is kept to the microsecond, as the instants are;
//! - a key is taken for as long as the reason is told for which its session is gone, and free once the row is cleaned away;
//! - to rotate a session onto the key that it has is to rotate it onto one that is taken;
//! - a session that has expired is ended by nothing but its expiry: deleting it, or all of its user's, leaves the reason;
//! - a listing of a user's sessions, and the end of them all, is of one moment: a session that is being rotated is in it once, under the one
//!   key or the other (R13).
//!
//! They leave open whether a rotation of a session that is gone to a key that is taken is told of the one or the other, and whether the key
//! of a tombstone that was kept long enough is taken until it is cleaned away.
//!
//! ```
//! let cases = bursar_session::conformance::cases();
//! assert!(cases.iter().any(|case| case.name == "races::one_version_is_updated_once"));
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// Names a topic's cases, and says of each what it asks. Those of no topic have names of their own.
macro_rules! cases {
    ({ $($run:ident: $about:literal,)* }) => {
        pub(super) const CASES: &[$crate::conformance::Case] = &[$($crate::conformance::Case {
            name: stringify!($run),
            about: $about,
            run: |given| Box::pin($run(given)),
        }),*];
    };
    ($topic:literal { $($run:ident: $about:literal,)* }) => {
        pub(super) const CASES: &[$crate::conformance::Case] = &[$($crate::conformance::Case {
            name: concat!($topic, "::", stringify!($run)),
            about: $about,
            run: |given| Box::pin($run(given)),
        }),*];
    };
}

mod cleaning;
mod cleanings;
mod creating;
mod deleting;
mod dropped;
mod endings;
mod expiry;
mod failure;
mod given;
mod histories;
mod keys;
mod meetings;
mod naive;
mod races;
mod rotating;
mod together;
mod tombstones;
mod touching;
mod updating;
mod users;
pub mod web;
mod world;

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
        creating::CASES,
        updating::CASES,
        touching::CASES,
        rotating::CASES,
        deleting::CASES,
        tombstones::CASES,
        expiry::CASES,
        cleaning::CASES,
        users::CASES,
        keys::CASES,
        histories::CASES,
        races::CASES,
        meetings::CASES,
        endings::CASES,
        cleanings::CASES,
        dropped::CASES,
    ];
    topics.concat()
}
