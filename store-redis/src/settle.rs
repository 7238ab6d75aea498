//! What a row leaves open is known in another one: a rotation at the old key, an end of all of a user's sessions in his index. Whoever meets
//! such a row finds out, completes what was decided, and looks again; so a process that was killed half-way has left nothing half done.

use std::time::Duration;

use bursar_session::{GoneReason, KeyHash, StoreError};
use futures_util::future::join;

use crate::RedisStore;
use crate::index::EndingState;
use crate::link::{Call, Reply};
use crate::row::{Moved, Pending, Row, SEEN, Tombstone};
use crate::script;
use crate::text::Id;
use crate::ttl::{session_ttl, tombstone_ttl};

/// How often a call looks again before it says that there is too much going on.
pub(crate) const TRIES: u32 = 100;

/// How often one waits for others to finish what they have begun. Then it is called off, for they may be dead.
const PATIENCE: u32 = 7;

/// Waits for others, longer each time.
pub(crate) async fn wait(times: u32) {
    tokio::time::sleep(Duration::from_millis(1 << times.min(5))).await;
}

/// A row, as far as it was read; none where there is another type of Redis's.
pub(crate) struct Seen(pub(crate) Option<Vec<u8>>);

impl Seen {
    pub(crate) fn row(&self) -> Row<'_> {
        self.0.as_deref().map_or(Row::Undecodable, Row::read)
    }
}

/// What is under a key to which a rotation has begun.
pub(crate) enum Settled {
    /// It is done by now, or called off: look again.
    Again,
    /// Nothing yet: it is not done at the old key, whose session has this as its last write.
    Open(Id),
    /// Nothing, and nothing will be.
    Nothing,
}

impl RedisStore {
    /// Reads a row, but for its data.
    pub(crate) async fn seen(&self, operation: &'static str, key: &KeyHash) -> Result<Seen, StoreError> {
        let mut cmd = redis::cmd("GETRANGE");
        cmd.arg(self.names.session(key)).arg(0).arg(SEEN.saturating_sub(1));
        self.link.bytes(operation, &cmd).await.map(Seen)
    }

    /// Reads a row with its data.
    pub(crate) async fn whole(&self, operation: &'static str, key: &KeyHash) -> Result<Seen, StoreError> {
        let mut cmd = redis::cmd("GET");
        self.link.bytes(operation, cmd.arg(self.names.session(key))).await.map(Seen)
    }

    /// Puts a row in the place of one that starts so; whether it was there.
    async fn swap(
        &self,
        operation: &'static str,
        key: &KeyHash,
        start: &[u8],
        row: &[u8],
        ttl: &str,
    ) -> Result<bool, StoreError> {
        let (name, arguments) = (self.names.session(key), vec![start, row, ttl.as_bytes()]);
        let swapped = self.link.run(&Call::new(operation, &script::SWAP, &name, arguments).lasting()).await?;
        Ok(matches!(swapped, Reply::Done(_)))
    }

    /// Takes away what announces a rotation that will not be.
    pub(crate) async fn unannounce(
        &self,
        operation: &'static str,
        to: &KeyHash,
        pending: &Pending,
    ) -> Result<(), StoreError> {
        self.swap(operation, to, &pending.bytes(), b"", "0").await.map(|_| ())
    }

    /// Completes a rotation that was done at the old key: the session is put under the new one, and only then is the old one emptied.
    pub(crate) async fn arrive(
        &self,
        operation: &'static str,
        from: &KeyHash,
        moved: &Moved<'_>,
    ) -> Result<(), StoreError> {
        let pending = Pending { rotation: moved.rotation.clone(), from: *from };
        // Whatever it is it goes there, and is found out there.
        let live = if let Row::Live(live) = Row::read(moved.session) { Some(live) } else { None };
        let ttl = session_ttl(live.as_ref().map_or(moved.at, |live| live.expires_at), moved.at);
        // Where it is not awaited any more, somebody else has put it there.
        self.swap(operation, &moved.to, &pending.bytes(), moved.session, &ttl).await?;
        let tombstone = Tombstone { at: moved.at, reason: GoneReason::Rotated, step: moved.rotation.clone() };
        let (tombstone, ttl) = (tombstone.bytes(), tombstone_ttl());
        let emptied = self.swap(operation, from, moved.head, &tombstone, &ttl);
        let left = async {
            if let Some(live) = &live {
                self.leave(operation, live.user, from, &live.bind).await;
            }
        };
        let (emptied, ()) = join(emptied, left).await;
        emptied.map(|_| ())
    }

    /// Finds out what is under a key to which a rotation has begun.
    pub(crate) async fn settle(
        &self,
        operation: &'static str,
        key: &KeyHash,
        pending: &Pending,
    ) -> Result<Settled, StoreError> {
        let old = self.whole(operation, &pending.from).await?;
        match old.row() {
            Row::Moved(moved) if moved.rotation == pending.rotation => {
                self.arrive(operation, &pending.from, &moved).await?;
                return Ok(Settled::Again);
            }
            Row::Live(live) => return Ok(Settled::Open(live.write)),
            _ => {}
        }
        // The old key has no session any more. If this rotation took it, then it is here by now: it came here before it went there.
        match self.seen(operation, key).await?.row() {
            Row::Pending(still) if still == *pending => {
                self.unannounce(operation, key, pending).await?;
                Ok(Settled::Nothing)
            }
            _ => Ok(Settled::Again),
        }
    }

    /// Waits for a rotation to a key to be done or not; calls it off if that takes too long. The key is to be looked at again then.
    pub(crate) async fn decide(
        &self,
        operation: &'static str,
        key: &KeyHash,
        pending: &Pending,
    ) -> Result<(), StoreError> {
        for times in 0..TRIES {
            let Settled::Open(write) = self.settle(operation, key, pending).await? else { return Ok(()) };
            // Others may have seen to it while the old key was read.
            if !matches!(self.seen(operation, key).await?.row(), Row::Pending(still) if still == *pending) {
                return Ok(());
            }
            if times < PATIENCE {
                wait(times).await;
                continue;
            }
            // A rotation is done only while the last write is the one that it has seen.
            let (name, another) = (self.names.session(&pending.from), Id::new(operation)?);
            let arguments = vec![write.bytes(), another.bytes()];
            let unseen = self.link.run(&Call::new(operation, &script::UNSEE, &name, arguments)).await?;
            if matches!(unseen, Reply::Done(_)) {
                return self.unannounce(operation, key, pending).await;
            }
        }
        Err(crate::error::contended(operation))
    }

    /// Finds out whether an end of all of a user's sessions, whose mark a session bears, is done. `true`: not yet, and the session is what it
    /// was. `false`: look again. Who is patient is to change the session: he waits, and calls the end off if it takes too long.
    pub(crate) async fn settle_mark(
        &self,
        operation: &'static str,
        key: &KeyHash,
        user: &[u8],
        mark: &Id,
        patient: bool,
    ) -> Result<bool, StoreError> {
        for times in 0..TRIES {
            match self.ending(operation, user, mark).await? {
                Some(EndingState::Done(at)) => {
                    self.end_marked(operation, key, mark, at).await?;
                    return Ok(false);
                }
                Some(EndingState::Begun) if !patient => return Ok(true),
                Some(EndingState::Begun) if times < PATIENCE => wait(times).await,
                Some(EndingState::Begun) => {
                    self.call_off(operation, &self.names.user_bytes(user), mark).await?;
                }
                // Called off: or done and forgotten, when no session bears the mark any more.
                None => {
                    let name = self.names.session(key);
                    let arguments = vec![mark.bytes()];
                    self.link.run(&Call::new(operation, &script::UNMARK, &name, arguments)).await?;
                    return Ok(false);
                }
            }
        }
        Err(crate::error::contended(operation))
    }
}
