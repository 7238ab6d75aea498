//! A user's index: a hash of the sessions that are his, or may be. It is written before a session is bound to him and tidied afterwards, so
//! that it never lacks one; whether a member is his, the session itself says.
//!
//! | field | value |
//! |---|---|
//! | `m` and the hash of a session's key | the binding 16, until when it can be there 16, since when 16, both by the server's clock |
//! | `e` and an end of all of his sessions | `P` while it is on its way and `C` when it is done, and its instant |

use bursar_session::{KeyHash, StoreError};
use redis::Value;

use crate::RedisStore;
use crate::error::not_understood;
use crate::link::{Call, Reply};
use crate::names::{ENDING, MEMBER, member};
use crate::script;
use crate::text::{self, Id};

/// What is in an index at one moment.
pub(crate) struct Entries {
    pub(crate) members: Vec<Member>,
    pub(crate) endings: Vec<Ending>,
}

/// A session that may be the user's.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Member {
    pub(crate) key: KeyHash,
    /// What the index says of it; another each time that it is added.
    pub(crate) value: Vec<u8>,
}

/// An end of all of a user's sessions.
#[derive(Clone)]
pub(crate) struct Ending {
    pub(crate) id: Id,
    pub(crate) state: EndingState,
}

/// How far an end of all is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndingState {
    /// Sessions are being marked: nothing is ended.
    Begun,
    /// Whatever bears its mark is ended, at this instant.
    Done(i64),
}

/// The field of an end of all.
pub(crate) fn ending_field(id: &Id) -> Vec<u8> {
    [&[ENDING], id.bytes()].concat()
}

impl EndingState {
    fn read(value: &[u8]) -> Option<Self> {
        match value.split_first()? {
            (b'P', _) => Some(Self::Begun),
            (b'C', at) => Some(Self::Done(text::micros(at)?)),
            _ => None,
        }
    }
}

impl Entries {
    fn read(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        let (mut members, mut endings) = (Vec::new(), Vec::new());
        for (field, value) in pairs {
            match field.split_first() {
                Some((&MEMBER, hash)) => {
                    if let Ok(bytes) = hash.try_into() {
                        members.push(Member { key: KeyHash::from_bytes(bytes), value });
                    }
                }
                Some((&ENDING, id)) => {
                    if let (Some(id), Some(state)) = (Id::read(id), EndingState::read(&value)) {
                        endings.push(Ending { id, state });
                    }
                }
                _ => {}
            }
        }
        members.sort_unstable_by_key(|member| member.key);
        Self { members, endings }
    }
}

/// The pairs of a hash, in either of the server's ways to say it.
fn pairs(value: Value) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let text = |value| if let Value::BulkString(bytes) = value { Some(bytes) } else { None };
    match value {
        Value::Map(pairs) => {
            pairs.into_iter().map(|(field, value)| Some((text(field)?, text(value)?))).collect()
        }
        Value::Array(flat) => {
            let (mut pairs, mut flat) = (Vec::new(), flat.into_iter());
            while let Some(field) = flat.next() {
                pairs.push((text(field)?, text(flat.next()?)?));
            }
            Some(pairs)
        }
        Value::Nil => Some(Vec::new()),
        _ => None,
    }
}

impl RedisStore {
    /// What is in a user's index.
    pub(crate) async fn entries(&self, operation: &'static str, index: &[u8]) -> Result<Entries, StoreError> {
        let answer = self.link.read(operation, redis::cmd("HGETALL").arg(index)).await?;
        pairs(answer).map(Entries::read).ok_or_else(|| not_understood(operation))
    }

    /// Adds a session to its user's index, which lasts at least as long as the session.
    pub(crate) async fn join(
        &self,
        operation: &'static str,
        user: &[u8],
        key: &KeyHash,
        bind: &Id,
        ttl: &str,
    ) -> Result<(), StoreError> {
        let (index, member) = (self.names.user_bytes(user), member(key));
        let arguments = vec![member.as_slice(), bind.bytes(), ttl.as_bytes()];
        self.link.run(&Call::new(operation, &script::JOIN, &index, arguments)).await.map(|_| ())
    }

    /// Takes a session off the index of the user that it was bound to. It is tidying: a member that stays is found out.
    pub(crate) async fn leave(&self, operation: &'static str, user: &[u8], key: &KeyHash, bind: &Id) {
        if user.is_empty() {
            return;
        }
        let (index, member) = (self.names.user_bytes(user), member(key));
        let arguments = vec![member.as_slice(), bind.bytes()];
        let left = self.link.run(&Call::new(operation, &script::LEAVE, &index, arguments)).await;
        if let Err(error) = left {
            tracing::debug!(%error, "a session stays in its user's index until that is read");
        }
    }

    /// Takes members off an index that were found to be none of the user's, unless they were added lately: whoever added them may be about to
    /// create the session.
    pub(crate) async fn prune(&self, operation: &'static str, index: &[u8], members: &[Member]) {
        for some in members.chunks(500) {
            let grace = self.grace().as_millis().to_string();
            let names: Vec<Vec<u8>> = some.iter().map(|one| member(&one.key)).collect();
            let mut arguments = vec![grace.as_bytes()];
            for (name, one) in names.iter().zip(some) {
                arguments.extend([name.as_slice(), one.value.as_slice()]);
            }
            let pruned = self.link.run(&Call::new(operation, &script::PRUNE, index, arguments)).await;
            if let Err(error) = pruned {
                tracing::debug!(%error, "a user's index is tidied another time");
            }
        }
    }

    /// How far an end of all is; `None` when it is called off, or over and forgotten.
    pub(crate) async fn ending(
        &self,
        operation: &'static str,
        user: &[u8],
        id: &Id,
    ) -> Result<Option<EndingState>, StoreError> {
        let index = self.names.user_bytes(user);
        let mut cmd = redis::cmd("HGET");
        let value = self.link.bytes(operation, cmd.arg(index).arg(ending_field(id))).await?;
        Ok(value.as_deref().and_then(EndingState::read))
    }

    /// Calls an end of all off, unless it is done.
    pub(crate) async fn call_off(
        &self,
        operation: &'static str,
        index: &[u8],
        id: &Id,
    ) -> Result<(), StoreError> {
        let field = ending_field(id);
        self.link.run(&Call::new(operation, &script::CALL_OFF, index, vec![&field])).await.map(|_| ())
    }

    /// Ends a session that bears the mark of an end that is done; whether it did.
    pub(crate) async fn end_marked(
        &self,
        operation: &'static str,
        key: &KeyHash,
        id: &Id,
        at: i64,
    ) -> Result<bool, StoreError> {
        let name = self.names.session(key);
        let tombstone =
            crate::row::Tombstone { at, reason: bursar_session::GoneReason::LoggedOut, step: id.clone() };
        let (tombstone, ttl) = (tombstone.bytes(), crate::ttl::tombstone_ttl());
        let arguments = vec![id.bytes(), tombstone.as_slice(), ttl.as_bytes()];
        let ended = self.link.run(&Call::new(operation, &script::END, &name, arguments).lasting()).await?;
        Ok(matches!(ended, Reply::Done(_)))
    }
}
