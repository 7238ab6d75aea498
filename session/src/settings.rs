//! What a layer was told, and what it counts.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use crate::answer::Interrupted;
use crate::change::MergePolicies;
use crate::expiry::{Limits, hours, kept, minutes};
use crate::{Outcome, SessionCookie, SessionStore};

type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What a layer was told; shared by all its requests.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) cookie: SessionCookie,
    pub(crate) limits: Limits,
    pub(crate) policies: MergePolicies,
    pub(crate) on_interrupted: Interrupted,
    pub(crate) save_on_server_error: bool,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("cookie", &self.cookie)
            .field("limits", &self.limits)
            .field("policies", &self.policies)
            .field("on_interrupted", &self.on_interrupted)
            .field("save_on_server_error", &self.save_on_server_error)
            .finish_non_exhaustive()
    }
}

impl Settings {
    pub(crate) fn new(store: Arc<dyn SessionStore>) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the layer supplies the clock, and another where it is told"
        )]
        let clock = Utc::now;
        Self {
            store,
            cookie: SessionCookie::default(),
            limits: Limits { idle_timeout: minutes(30), lifetime: hours(12), data_bytes_max: 64 * 1_024 },
            policies: MergePolicies::default(),
            on_interrupted: Interrupted::default(),
            save_on_server_error: false,
            clock: Arc::new(clock),
            counters: Arc::default(),
        }
    }

    /// The present instant, to the microsecond that stores keep.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        kept((self.clock)())
    }
}

/// How often a layer's requests came to something worth watching, since it was made.
///
/// ```
/// use bursar_session::{Counts, SessionLayer};
///
/// /// What is shown where the application is watched.
/// fn metrics(layer: &SessionLayer) -> String {
///     let Counts { interrupted, conflicted, unavailable, failed, .. } = layer.counts();
///     format!("interrupted {interrupted}\nconflicted {conflicted}\nunavailable {unavailable}\nfailed {failed}\n")
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Requests whose session was gone when they were to save it.
    pub interrupted: u64,
    /// Requests whose changes conflicted with those of others, or were overtaken again and again.
    pub conflicted: u64,
    /// Requests that the store could not serve.
    pub unavailable: u64,
    /// Requests whose changes were not saved for another reason, and which the program has to mend.
    pub failed: u64,
}

/// The counters behind [`Counts`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    interrupted: AtomicU64,
    conflicted: AtomicU64,
    unavailable: AtomicU64,
    failed: AtomicU64,
}

impl Counters {
    pub(crate) fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            interrupted: of(&self.interrupted),
            conflicted: of(&self.conflicted),
            unavailable: of(&self.unavailable),
            failed: of(&self.failed),
        }
    }

    pub(crate) fn count(&self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Interrupted(_) => &self.interrupted,
            Outcome::Failed(error) => match &**error {
                crate::Error::Conflict(_) | crate::Error::Contended { .. } => &self.conflicted,
                crate::Error::Store(_) => &self.unavailable,
                _ => &self.failed,
            },
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
