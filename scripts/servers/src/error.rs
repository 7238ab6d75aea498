//! Why a server is not there.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// What went wrong with a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not installed.
    #[error("{program} is not installed: it is in no folder of PATH, nor where packages put it; {advice}")]
    Missing {
        /// Which one.
        program: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the system says.
        source: io::Error,
    },
    /// A server ended by itself.
    #[error("{what} ended with {status}; its last words:\n{log}")]
    Ended {
        /// Which server.
        what: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// A server or a program did not do in time what was waited for.
    #[error("{what} was waited for for {} s; its last words:\n{log}", patience.as_secs())]
    Late {
        /// What was waited for.
        what: String,
        /// For how long.
        patience: Duration,
        /// The end of its log.
        log: String,
    },
    /// A program failed.
    #[error("{program} ended with {status}:\n{output}")]
    Failed {
        /// Which one.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said.
        output: String,
    },
    /// What was asked for is not to be had of this engine, or not in this state.
    #[error("{0}")]
    Unsupported(&'static str),
}

impl Error {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        |source| Self::Io { doing, source }
    }
}
