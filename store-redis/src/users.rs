//! A user's sessions: listing them, and ending them all in one step, wherever they are.
//!
//! To end them all, each is marked, and then **the user's index says that the end is done**: from that moment on whatever bears the mark is gone for
//! everybody. A process that was killed before has ended none, one that was killed afterwards has ended all.
//!
//! A session that is rotated, deleted or bound anew has no mark, or waits until it is off: so what was marked is what is ended.

use std::collections::{HashMap, HashSet};

use bursar_session::{KeyHash, StoreError, UserId, UserSession};
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;

use crate::RedisStore;
use crate::error::contended;
use crate::index::{Ending, EndingState, Entries, Member, ending_field};
use crate::link::{Call, Reply};
use crate::names::member;
use crate::row::{Judged, Live, Row};
use crate::script;
use crate::settle::{Seen, Settled, TRIES, wait};
use crate::text::{Id, instant};
use crate::tidy::Tidy;

const LIST: &str = "list a user's sessions";
const DELETE_USER: &str = "delete a user's sessions";

/// How many sessions are looked at together.
const TOGETHER: usize = 256;

/// How often one waits for another end of all before it is called off.
const PATIENCE: u32 = 9;

/// What a member of an index was found to be.
enum Look {
    Session(UserSession, Id),
    /// One that has expired. For another caller, whose clock is behind, it may not have.
    Expired,
    /// There is another user's, or none yet.
    None,
    /// There was one.
    Over,
}

/// What became of the mark that a member was to get.
enum Mark {
    Marked,
    /// There was a session, which may have another key now.
    Over,
    Other,
}

fn nearest(micros: i64) -> DateTime<Utc> {
    let end = if micros < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    DateTime::from_timestamp_micros(micros).unwrap_or(end)
}

fn listed(key: &KeyHash, live: &Live<'_>) -> Look {
    let session = UserSession {
        key: *key,
        created_at: live.created_at().unwrap_or(DateTime::<Utc>::MIN_UTC),
        expires_at: nearest(live.expires_at),
        ends_at: nearest(live.ends_at),
    };
    Look::Session(session, live.bind.clone())
}

impl RedisStore {
    /// Reads the index and then each session, again and again until none was over that had not been over before the index was read: then
    /// none has moved meanwhile to a key that was not looked at.
    pub(crate) async fn list(
        &self,
        user: &UserId,
        after: Option<&KeyHash>,
        limit: u32,
        now: i64,
    ) -> Result<Vec<UserSession>, StoreError> {
        let (index, limit) = (self.names.user(user), usize::try_from(limit).unwrap_or(usize::MAX));
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut over: HashSet<Member> = HashSet::new();
        for _ in 0..TRIES {
            let entries = self.entries(LIST, &index).await?;
            if self.finish_all(LIST, &index, &entries).await? {
                continue;
            }
            let (mut sessions, mut binds, mut calm) = (Vec::new(), HashSet::new(), true);
            let mut idle = Vec::new();
            let members =
                entries.members.into_iter().filter(|one| after.is_none_or(|after| *after < one.key));
            let members: Vec<Member> = members.collect();
            for some in members.chunks(limit.clamp(16, TOGETHER)) {
                let looks = try_join_all(some.iter().map(|one| self.look(user, &one.key, now))).await?;
                for (look, one) in looks.into_iter().zip(some) {
                    match look {
                        // Met under its old key and its new one, it is one session.
                        Look::Session(session, bind) if binds.insert(bind.clone()) => sessions.push(session),
                        Look::Session(..) | Look::Expired => {}
                        Look::None => idle.push(one.clone()),
                        Look::Over => {
                            calm &= !over.insert(one.clone());
                            idle.push(one.clone());
                        }
                    }
                }
                if sessions.len() >= limit {
                    break;
                }
            }
            if calm {
                self.prune(LIST, &index, &idle).await;
                sessions.truncate(limit);
                return Ok(sessions);
            }
        }
        Err(contended(LIST))
    }

    async fn look(&self, user: &UserId, key: &KeyHash, now: i64) -> Result<Look, StoreError> {
        for _ in 0..TRIES {
            let seen = self.seen(LIST, key).await?;
            let row = seen.row();
            if matches!(row, Row::Moved(_) | Row::Tombstone(_)) {
                return Ok(Look::Over);
            }
            let judged = match row.judge(now) {
                Judged::Marked(live) => {
                    if !self.settle_mark(LIST, key, live.user, &live.mark, false).await? {
                        continue;
                    }
                    live.judge(now)
                }
                judged => judged,
            };
            match judged {
                Judged::Live(live) if live.is_of(user) => return Ok(listed(key, &live)),
                Judged::Live(_) => return Ok(Look::None),
                Judged::Pending(pending) => {
                    if !matches!(self.settle(LIST, key, &pending).await?, Settled::Again) {
                        return Ok(Look::None);
                    }
                }
                Judged::Gone(gone) if gone.reason.is_none() => return Ok(Look::None),
                Judged::Gone(_) | Judged::Marked(_) | Judged::Undecodable => return Ok(Look::Expired),
            }
        }
        Err(contended(LIST))
    }

    pub(crate) async fn end_all(
        &self,
        user: &UserId,
        except: Option<&KeyHash>,
        now: i64,
    ) -> Result<u64, StoreError> {
        let index = self.names.user(user);
        let (mut waited, mut waiting_for): (u32, Option<Id>) = (0, None);
        let mut called_off = Id::NONE;
        for _ in 0..TRIES.saturating_mul(3) {
            let id = Id::new(DELETE_USER)?;
            if !self.begin(&index, &id, now).await? {
                let entries = self.entries(DELETE_USER, &index).await?;
                if entries.members.is_empty() && entries.endings.is_empty() {
                    return Ok(0);
                }
                if self.finish_all(DELETE_USER, &index, &entries).await? {
                    continue;
                }
                // Another end is on its way.
                if let Some(Ending { id, .. }) = entries.endings.into_iter().next() {
                    if waiting_for.as_ref() != Some(&id) {
                        (waited, waiting_for) = (0, Some(id.clone()));
                    }
                    if waited < PATIENCE {
                        wait(waited).await;
                        waited = waited.saturating_add(1);
                    } else {
                        self.call_off(DELETE_USER, &index, &id).await?;
                    }
                }
                continue;
            }
            let tidy = self.tidy_end(&index, &id);
            let marked = self.mark_all(user, &index, except, &id, &called_off, now).await?;
            if marked.is_empty() {
                self.call_off(DELETE_USER, &index, &id).await?;
                tidy.done();
                return Ok(0);
            }
            if self.commit(&index, &id).await? {
                if let Err(error) = self.finish(DELETE_USER, &index, &id, now, &marked).await {
                    // It is done, and whoever comes completes it.
                    tracing::debug!(%error, "an end of all of a user's sessions is completed later");
                } else {
                    tidy.done();
                }
                return Ok(u64::try_from(marked.len()).unwrap_or(u64::MAX));
            }
            tidy.done();
            called_off = id;
        }
        Err(contended(DELETE_USER))
    }

    /// Calls an end off that was given up, or completes it if it was done.
    fn tidy_end(&self, index: &[u8], id: &Id) -> Tidy {
        let (store, index, id) = (self.clone(), index.to_vec(), id.clone());
        Tidy::unless_done(async move {
            let tidied = async {
                store.call_off(DELETE_USER, &index, &id).await?;
                let entries = store.entries(DELETE_USER, &index).await?;
                store.finish_all(DELETE_USER, &index, &entries).await
            };
            if let Err(error) = tidied.await {
                tracing::debug!(%error, "an end of all of a user's sessions that was given up is settled later");
            }
        })
    }

    async fn begin(&self, index: &[u8], id: &Id, now: i64) -> Result<bool, StoreError> {
        let (field, at) = (ending_field(id), instant(now));
        let arguments = vec![field.as_slice(), at.as_bytes()];
        let begun = self.link.run(&Call::new(DELETE_USER, &script::BEGIN, index, arguments)).await?;
        Ok(matches!(begun, Reply::Done(_)))
    }

    async fn commit(&self, index: &[u8], id: &Id) -> Result<bool, StoreError> {
        let field = ending_field(id);
        let call = Call::new(DELETE_USER, &script::COMMIT, index, vec![&field]).lasting();
        Ok(matches!(self.link.run(&call).await?, Reply::Done(_)))
    }

    /// Marks every session of a user, again until none was over that may have another key by now.
    async fn mark_all(
        &self,
        user: &UserId,
        index: &[u8],
        except: Option<&KeyHash>,
        id: &Id,
        called_off: &Id,
        now: i64,
    ) -> Result<Vec<Member>, StoreError> {
        let mut marked: HashMap<KeyHash, Member> = HashMap::new();
        let mut over: HashSet<Member> = HashSet::new();
        for _ in 0..TRIES {
            let entries = self.entries(DELETE_USER, index).await?;
            let open = |one: &Member| Some(&one.key) != except && !marked.contains_key(&one.key);
            let open: Vec<Member> = entries.members.into_iter().filter(open).collect();
            let mut calm = true;
            for some in open.chunks(TOGETHER) {
                let marking = some.iter().map(|one| self.mark(user, &one.key, id, called_off, now));
                for (mark, one) in try_join_all(marking).await?.into_iter().zip(some) {
                    match mark {
                        Mark::Marked => drop(marked.insert(one.key, one.clone())),
                        Mark::Over => calm &= !over.insert(one.clone()),
                        Mark::Other => {}
                    }
                }
            }
            if calm {
                return Ok(marked.into_values().collect());
            }
        }
        Err(contended(DELETE_USER))
    }

    async fn mark(
        &self,
        user: &UserId,
        key: &KeyHash,
        id: &Id,
        called_off: &Id,
        now: i64,
    ) -> Result<Mark, StoreError> {
        let (name, at) = (self.names.session(key), instant(now));
        let whose = format!("{:03}{}", user.as_str().len(), user.as_str());
        for _ in 0..TRIES {
            let arguments = vec![at.as_bytes(), id.bytes(), whose.as_bytes(), called_off.bytes()];
            let seen = match self.link.run(&Call::new(DELETE_USER, &script::MARK, &name, arguments)).await? {
                Reply::Done(_) => return Ok(Mark::Marked),
                Reply::Not(bytes) => Seen(Some(bytes)),
                Reply::OtherType => return Ok(Mark::Other),
            };
            let row = seen.row();
            if matches!(row, Row::Moved(_) | Row::Tombstone(_)) {
                return Ok(Mark::Over);
            }
            match row.judge(now) {
                Judged::Live(live) if live.is_of(user) => {}
                Judged::Pending(pending) => {
                    if !matches!(self.settle(DELETE_USER, key, &pending).await?, Settled::Again) {
                        return Ok(Mark::Other);
                    }
                }
                Judged::Marked(live) => {
                    self.settle_mark(DELETE_USER, key, live.user, &live.mark, true).await?;
                }
                _ => return Ok(Mark::Other),
            }
        }
        Err(contended(DELETE_USER))
    }

    /// Completes the ends of all that somebody else has left; whether there were any.
    async fn finish_all(
        &self,
        operation: &'static str,
        index: &[u8],
        entries: &Entries,
    ) -> Result<bool, StoreError> {
        let mut any = false;
        for ending in &entries.endings {
            if let EndingState::Done(at) = ending.state {
                self.finish(operation, index, &ending.id, at, &entries.members).await?;
                any = true;
            }
        }
        Ok(any)
    }

    /// Ends what bears the mark of an end that is done, and forgets the end only then.
    async fn finish(
        &self,
        operation: &'static str,
        index: &[u8],
        id: &Id,
        at: i64,
        members: &[Member],
    ) -> Result<(), StoreError> {
        let mut ended = Vec::new();
        for some in members.chunks(TOGETHER) {
            let ending = some.iter().map(|one| self.end_marked(operation, &one.key, id, at));
            let done = try_join_all(ending).await?;
            ended.extend(some.iter().zip(done).filter(|(_, done)| *done).map(|(one, _)| one));
        }
        let field = ending_field(id);
        let names: Vec<Vec<u8>> = ended.iter().map(|one| member(&one.key)).collect();
        let mut arguments = vec![field.as_slice()];
        for (name, one) in names.iter().zip(&ended) {
            arguments.extend([name.as_slice(), one.value.as_slice()]);
        }
        self.link.run(&Call::new(operation, &script::FINISH, index, arguments)).await.map(|_| ())
    }
}
