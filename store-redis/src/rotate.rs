//! Rotating: two keys, which may be on two servers, and one step at which it is done.
//!
//! 1. The new key is announced: a row that names the old one, and that is nothing as long as the old one says so. In the same moment the user's
//!    index gets the new key as well.
//! 2. **The old key says that its session has moved, and where to; it still holds it.** This is where the rotation is done: one script,
//!    which asks that the session lives and is as it was seen.
//! 3. The session is put under the new key, in the place of the announcement.
//! 4. The old key is emptied to a tombstone, and leaves the user's index.
//!
//! Whoever loads the new key between 2 and 3 finds the announcement, looks at the old key, and does 3 and 4 himself. A process that was killed
//! before 2 leaves an announcement that is nothing; whoever wants the key, or cleans, takes it away.

use bursar_session::store::{Loaded, Rotated};
use bursar_session::{KeyHash, StoreError, StoreErrorKind};
use futures_util::future::try_join;
use tokio::time::Instant;

use crate::RedisStore;
use crate::error::contended;
use crate::link::{Call, Reply};
use crate::row::{Live, Pending, Row, moved_head};
use crate::script;
use crate::settle::TRIES;
use crate::text::{Id, instant};
use crate::tidy::Tidy;
use crate::ttl::lasting_ttl;
use crate::write::Found;

const ROTATE: &str = "rotate a session";

/// What became of an attempt.
enum Attempt {
    Done(Rotated),
    /// The session, or the new key, is not as it was seen.
    Again,
}

/// How far a rotation came.
enum Departure {
    /// The session is not as it was seen.
    Refused,
    /// It is done, and the session may not be under the new key yet.
    Departed,
    Arrived,
}

impl RedisStore {
    pub(crate) async fn rotate_one(
        &self,
        key: &KeyHash,
        to: &KeyHash,
        now: i64,
    ) -> Result<Rotated, StoreError> {
        if key == to {
            return Ok(match self.load_one(key, now).await? {
                Loaded::Gone(gone) => Rotated::Gone(gone),
                Loaded::Live(_) | Loaded::Undecodable => Rotated::Exists,
            });
        }
        for _ in 0..TRIES {
            let seen = self.seen(ROTATE, key).await?;
            match self.find(ROTATE, key, seen.row(), now).await? {
                Found::Gone(gone) => return Ok(Rotated::Gone(gone)),
                Found::Undecodable => {
                    let detail = "the row says what no session can; load it, and it is dropped";
                    return Err(StoreError::new(StoreErrorKind::Corrupt, ROTATE, detail));
                }
                Found::Again => {}
                Found::Live(live) => {
                    if let Attempt::Done(rotated) = self.try_rotate(key, to, &live, now).await? {
                        return Ok(rotated);
                    }
                }
            }
        }
        Err(contended(ROTATE))
    }

    async fn try_rotate(
        &self,
        key: &KeyHash,
        to: &KeyHash,
        live: &Live<'_>,
        now: i64,
    ) -> Result<Attempt, StoreError> {
        let pending = Pending { rotation: Id::new(ROTATE)?, from: *key };
        let ttl = lasting_ttl(live.expires_at, live.ends_at, now);
        let began = Instant::now();
        let tidy = {
            let (store, to, pending) = (self.clone(), *to, pending.clone());
            Tidy::unless_done(async move {
                if let Err(error) = store.decide(ROTATE, &to, &pending).await {
                    tracing::debug!(%error, "a rotation that was given up is settled later");
                }
            })
        };
        let joined = async {
            if live.user.is_empty() {
                Ok(())
            } else {
                self.join(ROTATE, live.user, to, &live.bind, &ttl).await
            }
        };
        let (announced, ()) = try_join(self.announce(to, &pending, &ttl), joined).await?;
        if let Some(refused) = announced {
            tidy.done();
            return Ok(refused);
        }
        match self.depart(key, live, &pending, to, now).await? {
            Departure::Refused => {
                self.unannounce(ROTATE, to, &pending).await?;
                tidy.done();
                return Ok(Attempt::Again);
            }
            Departure::Arrived => tidy.done(),
            // It is done, and completed by who comes first.
            Departure::Departed => drop(tidy),
        }
        self.join_again(ROTATE, began, live.user, to, &live.bind, &ttl).await?;
        Ok(Attempt::Done(Rotated::Rotated))
    }

    /// The first step. `None` when it was taken.
    async fn announce(
        &self,
        to: &KeyHash,
        pending: &Pending,
        ttl: &str,
    ) -> Result<Option<Attempt>, StoreError> {
        let name = self.names.session(to);
        if self.link.set_new(ROTATE, &name, &pending.bytes(), ttl, false).await? {
            return Ok(None);
        }
        match self.seen(ROTATE, to).await?.row() {
            // The answer to it was lost.
            Row::Pending(own) if own == *pending => Ok(None),
            Row::Pending(other) => {
                self.decide(ROTATE, to, &other).await?;
                Ok(Some(Attempt::Again))
            }
            Row::Absent => Ok(Some(Attempt::Again)),
            _ => Ok(Some(Attempt::Done(Rotated::Exists))),
        }
    }

    /// The second step, and those that follow from it.
    async fn depart(
        &self,
        key: &KeyHash,
        live: &Live<'_>,
        pending: &Pending,
        to: &KeyHash,
        now: i64,
    ) -> Result<Departure, StoreError> {
        let (name, at) = (self.names.session(key), instant(now));
        let head = moved_head(&pending.rotation, now, to);
        let arguments = vec![at.as_bytes(), live.write.bytes(), head.as_slice()];
        let left = self.link.run(&Call::new(ROTATE, &script::ROTATE, &name, arguments).lasting()).await?;
        let moved = match left {
            Reply::Done(bytes) => bytes,
            Reply::Not(bytes) => match Row::read(&bytes) {
                // The answer to it was lost.
                Row::Moved(moved) if moved.rotation == pending.rotation => return Ok(Departure::Departed),
                Row::Tombstone(tombstone) if tombstone.step == pending.rotation => {
                    return Ok(Departure::Arrived);
                }
                _ => return Ok(Departure::Refused),
            },
            Reply::OtherType => return Ok(Departure::Refused),
        };
        let Row::Moved(moved) = Row::read(&moved) else { return Ok(Departure::Departed) };
        if let Err(error) = self.arrive(ROTATE, key, &moved).await {
            tracing::debug!(%error, "a rotation that is done is completed later");
            return Ok(Departure::Departed);
        }
        Ok(Departure::Arrived)
    }
}
