//! Waiting, never for ever.

use std::time::{Duration, Instant};

/// How long a server may take to start, to stop, or to recover.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(10);

/// Looks again and again until there is something, at most for so long; `None` if there is nothing by then.
#[expect(clippy::disallowed_methods, reason = "waiting takes real time")]
pub(crate) fn until<T, E>(
    patience: Duration,
    mut look: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look()? {
            return Ok(Some(seen));
        }
        if begun.elapsed() >= patience {
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}
