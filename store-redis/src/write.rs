//! Creating, updating, touching and deleting a session: one script on its key, unless it comes to another user or something is under way.

use std::time::Duration;

use bursar_session::store::{Created, Deleted, Touched, Updated};
use bursar_session::{Content, Gone, GoneReason, KeyHash, StoreError, Version};
use tokio::time::Instant;

use crate::RedisStore;
use crate::error::{contended, unclear};
use crate::link::{Call, Reply};
use crate::row::{self, Judged, Live, Row, Tombstone, Written};
use crate::script;
use crate::settle::{Seen, Settled, TRIES};
use crate::text::{Id, instant};
use crate::ttl::{lasting_ttl, session_ttl, slack, tombstone_ttl};

const CREATE: &str = "create a session";
const UPDATE: &str = "update a session";
const TOUCH: &str = "touch a session";
const DELETE: &str = "delete a session";

/// What a call does about a row that was not what it is for.
pub(crate) enum Found<'a> {
    Live(Live<'a>),
    Gone(Gone),
    Undecodable,
    /// Something was under way, and is over.
    Again,
}

/// An update on its way.
struct Update {
    key: KeyHash,
    version: Version,
    content: Content,
    now: i64,
    write: Id,
}

impl RedisStore {
    /// Judges a row for a call that is to change it.
    pub(crate) async fn find<'a>(
        &self,
        operation: &'static str,
        key: &KeyHash,
        row: Row<'a>,
        now: i64,
    ) -> Result<Found<'a>, StoreError> {
        Ok(match row.judge(now) {
            Judged::Live(live) => Found::Live(live),
            Judged::Gone(gone) => Found::Gone(gone),
            Judged::Undecodable => Found::Undecodable,
            Judged::Pending(pending) => match self.settle(operation, key, &pending).await? {
                Settled::Again => Found::Again,
                Settled::Open(_) | Settled::Nothing => Found::Gone(Gone::UNKNOWN),
            },
            Judged::Marked(live) => {
                self.settle_mark(operation, key, live.user, &live.mark, true).await?;
                Found::Again
            }
        })
    }

    pub(crate) async fn create_one(
        &self,
        key: &KeyHash,
        content: &Content,
        now: i64,
    ) -> Result<Created, StoreError> {
        let (name, write) = (self.names.session(key), Id::new(CREATE)?);
        let (expires_at, ends_at) =
            (content.expires_at.timestamp_micros(), content.ends_at.timestamp_micros());
        let bind = if content.user.is_some() { Id::new(CREATE)? } else { Id::NONE };
        let lasting = lasting_ttl(expires_at, ends_at, now);
        let began = Instant::now();
        if let Some(user) = &content.user {
            self.join(CREATE, user.as_str().as_bytes(), key, &bind, &lasting).await?;
        }
        let (row, ttl) = (row::new_session(content, now, &write, &bind), session_ttl(expires_at, now));
        for _ in 0..TRIES {
            let mut created = self.link.set_new(CREATE, &name, &row, &ttl, true).await?;
            if !created {
                match self.seen(CREATE, key).await?.row() {
                    // The answer to it was lost.
                    Row::Live(live) if live.write == write => created = true,
                    Row::Absent => continue,
                    Row::Pending(pending) => {
                        self.decide(CREATE, key, &pending).await?;
                        continue;
                    }
                    _ => return Ok(Created::Exists),
                }
            }
            if created && let Some(user) = &content.user {
                self.join_again(CREATE, began, user.as_str().as_bytes(), key, &bind, &lasting).await?;
            }
            return Ok(Created::Created);
        }
        Err(contended(CREATE))
    }

    /// Adds a session to its user's index once more, if it took so long to write it that somebody may have found the member to be none.
    pub(crate) async fn join_again(
        &self,
        operation: &'static str,
        began: Instant,
        user: &[u8],
        key: &KeyHash,
        bind: &Id,
        ttl: &str,
    ) -> Result<(), StoreError> {
        if user.is_empty() || began.elapsed() < self.grace() / 2 {
            return Ok(());
        }
        self.join(operation, user, key, bind, ttl).await
    }

    pub(crate) async fn update_one(
        &self,
        key: &KeyHash,
        version: Version,
        content: &Content,
        now: i64,
    ) -> Result<Updated, StoreError> {
        let update = Update { key: *key, version, content: content.clone(), now, write: Id::new(UPDATE)? };
        let updated = match self.try_update(&update, b"").await? {
            Reply::Done(_) => Updated::Updated(version.next()),
            Reply::Not(bytes) => self.update_further(&update, Seen(Some(bytes))).await?,
            Reply::OtherType => self.update_further(&update, Seen(None)).await?,
        };
        if updated == Updated::Stale {
            // Who was too late is not to be so again and again, in step with one who is always first.
            let pause = update.write.bytes().first().map_or(0, |byte| u64::from(byte % 3));
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        Ok(updated)
    }

    async fn try_update(&self, update: &Update, bind: &[u8]) -> Result<Reply, StoreError> {
        let Update { key, version, content, now, write } = update;
        let (name, Written { deadlines, idle_timeout, user }) =
            (self.names.session(key), Written::of(content));
        let (at, before, after) = (instant(*now), row::version(*version), row::version(version.next()));
        let ttl = session_ttl(content.expires_at.timestamp_micros(), *now);
        let arguments = vec![
            at.as_bytes(),
            before.as_bytes(),
            after.as_bytes(),
            write.bytes(),
            bind,
            deadlines.as_bytes(),
            idle_timeout.as_bytes(),
            user.as_bytes(),
            content.data.as_bytes(),
            ttl.as_bytes(),
        ];
        let call = Call::new(UPDATE, &script::UPDATE, &name, arguments).lasting();
        let reply = self.link.run(&call).await?;
        // It may have been done, and followed by another one.
        if call.was_repeated()
            && let Reply::Not(bytes) = &reply
            && let Row::Live(live) = Row::read(bytes)
            && live.write != *write
            && live.version().is_some_and(|found| found > *version)
        {
            return Err(unclear(UPDATE));
        }
        Ok(reply)
    }

    /// An update that was not simply done.
    async fn update_further(&self, update: &Update, seen: Seen) -> Result<Updated, StoreError> {
        // What is told at once.
        match seen.row().judge(update.now) {
            Judged::Gone(gone) => return Ok(Updated::Gone(gone)),
            Judged::Live(live) if live.version() != Some(update.version) && live.write != update.write => {
                return Ok(Updated::Stale);
            }
            _ => {}
        }
        self.update_in_steps(update, seen).await
    }

    async fn update_in_steps(&self, update: &Update, mut seen: Seen) -> Result<Updated, StoreError> {
        let Update { key, version, now, write, .. } = update;
        let mut rebound: Option<Rebound> = None;
        for _ in 0..TRIES {
            match self.find(UPDATE, key, seen.row(), *now).await? {
                // The answer to it was lost.
                Found::Live(live) if live.write == *write => {
                    return self.updated(update, rebound.as_ref()).await;
                }
                Found::Live(live) if live.version() != Some(*version) => return Ok(Updated::Stale),
                Found::Live(live) => rebound = Some(self.rebind(update, &live).await?),
                Found::Gone(gone) => return Ok(Updated::Gone(gone)),
                // A load finds out what it is.
                Found::Undecodable => return Ok(Updated::Stale),
                Found::Again => {}
            }
            let bind = rebound.as_ref().map_or(b"".as_slice(), |rebound| rebound.bind.bytes());
            match self.try_update(update, bind).await? {
                Reply::Done(_) => return self.updated(update, rebound.as_ref()).await,
                Reply::Not(bytes) => seen = Seen(Some(bytes)),
                Reply::OtherType => seen = Seen(None),
            }
        }
        Err(contended(UPDATE))
    }

    /// Prepares the index of the user to whom an update binds a session, or whose session is to last longer.
    async fn rebind(
        &self,
        Update { key, content, now, .. }: &Update,
        live: &Live<'_>,
    ) -> Result<Rebound, StoreError> {
        let began = Instant::now();
        let ttl =
            lasting_ttl(content.expires_at.timestamp_micros(), content.ends_at.timestamp_micros(), *now);
        let stays = content.user.as_ref().is_some_and(|user| live.is_of(user));
        let bind = match &content.user {
            Some(_) if stays => live.bind.clone(),
            Some(_) => Id::new(UPDATE)?,
            None => Id::NONE,
        };
        if let Some(user) = &content.user {
            self.join(UPDATE, user.as_str().as_bytes(), key, &bind, &ttl).await?;
        }
        let left = (!stays).then(|| (live.user.to_vec(), live.bind.clone()));
        Ok(Rebound { began, bind, ttl, left })
    }

    /// Tidies up after an update.
    async fn updated(&self, update: &Update, rebound: Option<&Rebound>) -> Result<Updated, StoreError> {
        let Update { key, version, content, .. } = update;
        if let Some(Rebound { began, bind, ttl, left }) = rebound {
            let user = content.user.as_ref().map_or(b"".as_slice(), |user| user.as_str().as_bytes());
            self.join_again(UPDATE, *began, user, key, bind, ttl).await?;
            if let Some((user, bind)) = left {
                self.leave(UPDATE, user, key, bind).await;
            }
        }
        Ok(Updated::Updated(version.next()))
    }

    pub(crate) async fn touch_one(
        &self,
        key: &KeyHash,
        expires_at: i64,
        now: i64,
    ) -> Result<Touched, StoreError> {
        let (name, at, until, slack) = (self.names.session(key), instant(now), instant(expires_at), slack());
        for _ in 0..TRIES {
            let arguments = vec![at.as_bytes(), until.as_bytes(), slack.as_bytes()];
            let seen = match self.link.run(&Call::new(TOUCH, &script::TOUCH, &name, arguments)).await? {
                Reply::Done(_) => return Ok(Touched::Touched),
                Reply::Not(bytes) => Seen(Some(bytes)),
                Reply::OtherType => Seen(None),
            };
            match self.find(TOUCH, key, seen.row(), now).await? {
                Found::Gone(gone) => return Ok(Touched::Gone(gone)),
                // There is something, and its deadline cannot be moved; a load finds out what it is.
                Found::Undecodable => return Ok(Touched::Touched),
                Found::Live(_) | Found::Again => {}
            }
        }
        Err(contended(TOUCH))
    }

    pub(crate) async fn delete_one(
        &self,
        key: &KeyHash,
        version: Option<Version>,
        reason: GoneReason,
        now: i64,
    ) -> Result<Deleted, StoreError> {
        let step = Id::new(DELETE)?;
        let tombstone = Tombstone { at: now, reason, step: step.clone() }.bytes();
        let (name, at, ttl) = (self.names.session(key), instant(now), tombstone_ttl());
        let wanted = version.map(row::version).unwrap_or_default();
        for _ in 0..TRIES {
            let arguments = vec![at.as_bytes(), wanted.as_bytes(), tombstone.as_slice(), ttl.as_bytes()];
            let call = Call::new(DELETE, &script::DELETE, &name, arguments).lasting();
            let seen = match self.link.run(&call).await? {
                Reply::Done(bytes) => {
                    if let Row::Live(live) = Row::read(&bytes) {
                        self.leave(DELETE, live.user, key, &live.bind).await;
                    }
                    return Ok(Deleted::Deleted);
                }
                Reply::Not(bytes) => Seen(Some(bytes)),
                Reply::OtherType => Seen(None),
            };
            let row = seen.row();
            if matches!(&row, Row::Tombstone(tombstone) if tombstone.step == step) {
                // The answer to it was lost.
                return Ok(Deleted::Deleted);
            }
            match self.find(DELETE, key, row, now).await? {
                Found::Gone(gone) => return Ok(Deleted::Gone(gone)),
                Found::Live(live) if version.is_some() && live.version() != version => {
                    return Ok(Deleted::Stale);
                }
                Found::Undecodable if version.is_some() => return Ok(Deleted::Stale),
                Found::Undecodable => {
                    let start = seen.0.as_deref().unwrap_or_default();
                    let arguments = vec![start, tombstone.as_slice(), ttl.as_bytes()];
                    let call = Call::new(DELETE, &script::BURY, &name, arguments).lasting();
                    if matches!(self.link.run(&call).await?, Reply::Done(_)) {
                        return Ok(Deleted::Deleted);
                    }
                }
                Found::Live(_) | Found::Again => {}
            }
        }
        Err(contended(DELETE))
    }
}

/// How a session is bound by an update.
struct Rebound {
    began: Instant,
    bind: Id,
    ttl: String,
    /// The user whose it was, and by which binding.
    left: Option<(Vec<u8>, Id)>,
}
