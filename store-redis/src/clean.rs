//! Cleaning: a walk through the keys of each master, in which whatever is over is judged again by the script that deletes it.
//!
//! Redis deletes rows by itself, an hour after a caller could: a cleaning is only for whoever wants them gone sooner.

use std::collections::HashSet;
use std::sync::PoisonError;

use bursar_session::{KeyHash, StoreError};
use futures_util::future::try_join_all;
use redis::Value;

use crate::RedisStore;
use crate::error::{contended, not_understood};
use crate::link::{Call, Node, Reply};
use crate::row::{Row, kept_since, kept_until};
use crate::script;
use crate::settle::{Seen, TRIES};
use crate::text::instant;

const CLEAN: &str = "delete expired sessions";

/// How many keys are asked for at a time.
const COUNT: u32 = 500;

/// Where a walk begins, and that it is at its end.
const START: &[u8] = b"0";

/// Where a walk goes on.
pub(crate) struct Walk {
    node: Node,
    cursor: Vec<u8>,
}

/// A page of a walk: where it goes on, and the keys.
fn page(value: Value) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let text = |value| if let Value::BulkString(bytes) = value { Some(bytes) } else { None };
    let Value::Array(parts) = value else { return None };
    let mut parts = parts.into_iter();
    let cursor = text(parts.next()?)?;
    let Value::Array(keys) = parts.next()? else { return None };
    Some((cursor, keys.into_iter().map(text).collect::<Option<_>>()?))
}

/// Whether a row may be one to clean away. One that leaves something open is settled first.
fn may_be_over(row: &Row<'_>, now: i64) -> bool {
    match row {
        Row::Live(live) => live.expires_at <= now || !live.mark.is_none(),
        Row::Tombstone(tombstone) => kept_until(tombstone.at) <= now,
        Row::Pending(_) | Row::Moved(_) => true,
        Row::Absent | Row::Undecodable => false,
    }
}

impl RedisStore {
    /// Goes on where the last cleaning had deleted as much as it was to, and only then through everything: what was there before has been
    /// looked at, but time has passed.
    pub(crate) async fn clean(&self, limit: u32, now: i64) -> Result<u32, StoreError> {
        if limit == 0 {
            return Ok(0);
        }
        let last = self.walk.lock().unwrap_or_else(PoisonError::into_inner).take();
        let nodes = self.link.masters(CLEAN).await?;
        let mut deleted = 0_u32;
        if let Some(Walk { node, cursor }) = last
            && let Some(place) = nodes.iter().position(|one| *one == node)
        {
            let rest = nodes.iter().skip(place);
            deleted = self.clean_nodes(rest, cursor, limit, now).await?;
        }
        if deleted < limit {
            let left = limit.saturating_sub(deleted);
            deleted =
                deleted.saturating_add(self.clean_nodes(nodes.iter(), START.to_vec(), left, now).await?);
        }
        Ok(deleted)
    }

    async fn clean_nodes(
        &self,
        nodes: impl Iterator<Item = &Node>,
        mut cursor: Vec<u8>,
        limit: u32,
        now: i64,
    ) -> Result<u32, StoreError> {
        let mut deleted = 0_u32;
        for node in nodes {
            let left = limit.saturating_sub(deleted);
            let (of_node, at) = self.clean_node(node, cursor, left, now).await?;
            deleted = deleted.saturating_add(of_node);
            if deleted >= limit {
                let walk = Walk { node: node.clone(), cursor: at };
                *self.walk.lock().unwrap_or_else(PoisonError::into_inner) = Some(walk);
                break;
            }
            cursor = START.to_vec();
        }
        Ok(deleted)
    }

    /// How many were deleted, and the page at which the walk ended.
    async fn clean_node(
        &self,
        node: &Node,
        mut cursor: Vec<u8>,
        limit: u32,
        now: i64,
    ) -> Result<(u32, Vec<u8>), StoreError> {
        let mut deleted = 0_u32;
        loop {
            let mut cmd = redis::cmd("SCAN");
            cmd.arg(&cursor).arg("MATCH").arg(self.names.pattern()).arg("COUNT").arg(COUNT);
            let answer = self.link.read_at(CLEAN, node, &cmd).await?;
            let (next, names) = page(answer).ok_or_else(|| not_understood(CLEAN))?;
            // A walk may come by a key more than once.
            let keys: HashSet<KeyHash> = names.iter().filter_map(|name| self.names.hash(name)).collect();
            let keys: Vec<KeyHash> = keys.into_iter().collect();
            let rows = try_join_all(keys.iter().map(|key| self.seen(CLEAN, key))).await?;
            let over = keys.iter().zip(&rows).filter(|(_, seen)| may_be_over(&seen.row(), now));
            let mut over: Vec<&KeyHash> = over.map(|(key, _)| key).collect();
            while !over.is_empty() {
                let left = usize::try_from(limit.saturating_sub(deleted)).unwrap_or(usize::MAX);
                if left == 0 {
                    return Ok((deleted, cursor));
                }
                let some = over.split_off(over.len().saturating_sub(left));
                let cleaned = try_join_all(some.into_iter().map(|key| self.clean_one(key, now))).await?;
                let cleaned = cleaned.into_iter().filter(|cleaned| *cleaned).count();
                deleted = deleted.saturating_add(u32::try_from(cleaned).unwrap_or(u32::MAX));
            }
            if next == START || deleted >= limit {
                return Ok((deleted, cursor));
            }
            cursor = next;
        }
    }

    /// Deletes a row if it is over; whether it did.
    async fn clean_one(&self, key: &KeyHash, now: i64) -> Result<bool, StoreError> {
        let (name, at, since) = (self.names.session(key), instant(now), instant(kept_since(now)));
        for _ in 0..TRIES {
            let arguments = vec![at.as_bytes(), since.as_bytes()];
            let seen = match self.link.run(&Call::new(CLEAN, &script::CLEAN, &name, arguments)).await? {
                Reply::Done(bytes) => {
                    if let Row::Live(live) = Row::read(&bytes) {
                        self.leave(CLEAN, live.user, key, &live.bind).await;
                    }
                    return Ok(true);
                }
                Reply::Not(bytes) => Seen(Some(bytes)),
                Reply::OtherType => return Ok(false),
            };
            match seen.row() {
                Row::Live(live) if !live.mark.is_none() => {
                    // One that has not expired is left to whoever is about to end it.
                    let patient = live.expires_at <= now;
                    if self.settle_mark(CLEAN, key, live.user, &live.mark, patient).await? {
                        return Ok(false);
                    }
                }
                Row::Pending(pending) => self.decide(CLEAN, key, &pending).await?,
                Row::Moved(_) => {
                    if let Row::Moved(moved) = self.whole(CLEAN, key).await?.row() {
                        self.arrive(CLEAN, key, &moved).await?;
                    }
                }
                _ => return Ok(false),
            }
        }
        Err(contended(CLEAN))
    }
}
