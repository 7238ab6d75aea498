//! What core takes from its surroundings: the clock, fresh ids, and waiting.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// The present instant, to the microsecond that the tables keep, so that an entry read back is the entry recorded.
pub(crate) fn now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "a store supplies the clock; core takes it from here")]
    let now = Utc::now();
    now.trunc_subsecs(6)
}

/// A new UUIDv7.
pub(crate) fn new_id() -> Uuid {
    #[expect(clippy::disallowed_methods, reason = "a store supplies the ids; core takes them from here")]
    let id = Uuid::now_v7();
    id
}

/// Waits.
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
