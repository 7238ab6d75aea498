//! What became of a request's session.

use std::sync::Arc;

use crate::{Error, SessionInterrupted};

/// What became of a request's session. The layer leaves it in the response's extensions, for layers around it, unless nothing was written or
/// wrong: [`Unused`](Self::Unused) and [`Read`](Self::Read).
///
/// ```
/// use bursar_session::Outcome;
/// use http::Response;
///
/// /// A layer around that of the sessions counts what was lost.
/// fn lost<B>(response: &Response<B>) -> bool {
///     matches!(response.extensions().get::<Outcome>(), Some(Outcome::Interrupted(_) | Outcome::Failed(_)))
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Nobody asked for it: the store was not called.
    Unused,
    /// It was read, and nothing was written.
    Read,
    /// It was read and prolonged.
    Touched,
    /// What was changed was saved, or it has a new key.
    Saved,
    /// It was ended, or emptied and therefore deleted.
    Ended,
    /// What was changed was not saved, since the handler answered with a server error (R10).
    Discarded,
    /// What was changed could not be saved, since the session is gone (R5). The answer is the layer's, unless the handler was told and has
    /// answered itself.
    Interrupted(SessionInterrupted),
    /// What was changed could not be saved, or what the handler asked could not be done.
    Failed(Arc<Error>),
}

impl Outcome {
    /// The outcome of an error.
    #[must_use]
    pub fn of(error: Arc<Error>) -> Self {
        match &*error {
            Error::Interrupted(interrupted) => Self::Interrupted(*interrupted),
            _ => Self::Failed(error),
        }
    }
}

/// An error of the session's that a handler has answered with: the mark by which the layer knows such an answer, to put its own in its place.
#[cfg_attr(
    not(any(feature = "axum", feature = "actix")),
    allow(dead_code, reason = "only adapters mark answers")
)]
#[derive(Clone, Debug)]
pub(crate) struct Answered(pub(crate) Arc<Error>);
