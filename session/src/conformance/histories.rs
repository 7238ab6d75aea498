//! Histories: long rows of calls that look random and are the same every time, answered as the contract in its simplest form answers them.

use std::time::Duration;

use super::Given;
use super::failure::{Failure, holds, same};
use super::naive::Naive;
use super::world::{ALL, Instant, SECOND, World, at, key, number, user};
use crate::{Content, GoneReason, KeyHash, SessionStore, UserId, Version};

cases! {
    "histories" {
        calls_are_answered_by_the_contract: "Hundreds of calls for a few sessions, many at the very instants at which something ends, are answered as the contract says.",
    }
}

const KEYS: u32 = 7;
const CALLS: u32 = 250;
const HISTORIES: u64 = 6;

/// A history on its way: the store, what it must answer, and the time.
struct History {
    world: World,
    naive: Naive,
    numbers: Numbers,
    now: Instant,
    users: Vec<UserId>,
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    /// The next number below `bound`.
    fn below(&mut self, bound: u32) -> u32 {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap_or(0).checked_rem(bound).unwrap_or(0)
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let n = self.below(u32::try_from(from.len()).unwrap_or(0));
        from.get(usize::try_from(n).unwrap_or(0)).cloned()
    }
}

fn later(now: Instant, micros: i64) -> Instant {
    Instant::from_timestamp_micros(now.timestamp_micros().saturating_add(micros)).unwrap_or(now)
}

async fn calls_are_answered_by_the_contract(given: Given) -> Result<(), Failure> {
    let users = vec![user("anna")?, user("ben")?];
    let (mut now, mut naive) = (at(0), Naive::default());
    for seed in 1..=HISTORIES {
        let (world, users) = (World::of(&given), users.clone());
        let mut history = History { world, naive, numbers: Numbers(seed), now, users };
        for n in 0..CALLS {
            let called = history.step(n).await;
            called.map_err(|failure| failure.during(&format!("call {n} of history {seed}")))?;
        }
        // All is over and cleaned away before the next one.
        history.now = later(history.now, SECOND.saturating_mul(1_000_000));
        history.clean().await?;
        History { naive, now, .. } = history;
    }
    Ok(())
}

impl History {
    async fn step(&mut self, n: u32) -> Result<(), Failure> {
        self.pass();
        match self.numbers.below(16) {
            0..=3 => self.create().await?,
            4..=6 => self.update().await?,
            7..=8 => self.touch().await?,
            9..=11 => self.rotate().await?,
            12 | 13 => self.delete().await?,
            14 => self.end_all().await?,
            _ => self.clean().await?,
        }
        if n.is_multiple_of(4) { self.look().await } else { Ok(()) }
    }

    /// Lets time pass: not at all, a little, or to where something ends, or to just before that.
    fn pass(&mut self) {
        let micros = self.numbers.pick(&[0, 0, 0, 1, SECOND, SECOND.saturating_mul(20)]).unwrap_or(0);
        let mut next = later(self.now, micros);
        let ahead: Vec<Instant> = self.naive.ends().into_iter().filter(|end| *end > self.now).collect();
        if self.numbers.below(8) == 0
            && let Some(end) = self.numbers.pick(&ahead)
        {
            next = if self.numbers.below(2) == 0 { end } else { later(end, -1) };
        }
        self.now = next.max(self.now);
    }

    /// A key, which more often than not has a session.
    fn key(&mut self) -> KeyHash {
        let any = key(self.numbers.below(KEYS));
        let live: Vec<KeyHash> = (0..KEYS).map(key).filter(|key| self.naive.is_live(key, self.now)).collect();
        if self.numbers.below(2) == 0 { any } else { self.numbers.pick(&live).unwrap_or(any) }
    }

    /// A key, whatever it has.
    fn any_key(&mut self) -> KeyHash {
        key(self.numbers.below(KEYS))
    }

    /// The version that a session has, mostly.
    fn version(&mut self, key: &KeyHash) -> Version {
        let version = self.naive.version(key);
        if self.numbers.below(4) == 0 { version.next() } else { version }
    }

    fn user(&mut self) -> Result<UserId, Failure> {
        self.numbers.pick(&self.users).ok_or_else(|| Failure::new("there are no users"))
    }

    fn content(&mut self) -> Result<Content, Failure> {
        let idle = self.numbers.pick(&[1, 30, 90, 600, 600]).unwrap_or(1);
        let expires_at = later(self.now, SECOND.saturating_mul(idle));
        let ends_at =
            later(expires_at, SECOND.saturating_mul(i64::from(self.numbers.below(3)).saturating_mul(40)));
        let user = if self.numbers.below(3) == 0 { None } else { Some(self.user()?) };
        let data = number(i64::from(self.numbers.below(1_000_000)));
        let timeout = self.numbers.below(900);
        let idle_timeout = (timeout > 450).then(|| Duration::from_secs(u64::from(timeout)));
        Ok(Content { data, user, expires_at, ends_at, idle_timeout })
    }

    async fn create(&mut self) -> Result<(), Failure> {
        let (key, content) = (self.any_key(), self.content()?);
        if self.naive.is_open(&key, self.now) {
            return Ok(());
        }
        let found = self.world.store.create(&key, &content, self.now).await?;
        same("a creation", &found, &self.naive.create(&key, &content, self.now))
    }

    async fn update(&mut self) -> Result<(), Failure> {
        let (key, content) = (self.key(), self.content()?);
        let version = self.version(&key);
        let found = self.world.store.update(&key, version, &content, self.now).await?;
        same("an update", &found, &self.naive.update(&key, version, &content, self.now))
    }

    async fn touch(&mut self) -> Result<(), Failure> {
        let key = self.key();
        let until = later(self.now, SECOND.saturating_mul(i64::from(self.numbers.below(700))));
        let found = self.world.store.touch(&key, until, self.now).await?;
        same("a touch", &found, &self.naive.touch(&key, until, self.now))
    }

    async fn rotate(&mut self) -> Result<(), Failure> {
        let (key, to) = (self.key(), self.any_key());
        // Whether a session that is gone or a key that is taken is told of first is left open.
        let both = !self.naive.is_live(&key, self.now) && self.naive.is_taken(&to);
        if both || self.naive.is_open(&to, self.now) {
            return Ok(());
        }
        let found = self.world.store.rotate(&key, &to, self.now).await?;
        same("a rotation", &found, &self.naive.rotate(&key, &to, self.now))
    }

    async fn delete(&mut self) -> Result<(), Failure> {
        let key = self.key();
        let version = if self.numbers.below(2) == 0 { None } else { Some(self.version(&key)) };
        let reason = self.numbers.pick(&GoneReason::ALL).unwrap_or(GoneReason::LoggedOut);
        let found = self.world.store.delete(&key, version, reason, self.now).await?;
        same("a deletion", &found, &self.naive.delete(&key, version, reason, self.now))
    }

    async fn end_all(&mut self) -> Result<(), Failure> {
        let (user, except) = (self.user()?, self.key());
        let except = (self.numbers.below(2) == 0).then_some(&except);
        let found = self.world.store.delete_user(&user, except, self.now).await?;
        same("the end of all", &found, &self.naive.end_all(&user, except, self.now))
    }

    async fn clean(&mut self) -> Result<(), Failure> {
        let found = self.world.clean(ALL, self.now).await?;
        let expected = self.naive.clean(self.now);
        same("a cleaning", &usize::try_from(found).unwrap_or(usize::MAX), &expected)
    }

    /// Reads and lists everything.
    async fn look(&mut self) -> Result<(), Failure> {
        for n in 0..KEYS {
            let found = self.world.store.load(&key(n), self.now).await?;
            same(&format!("a load of key {n}"), &found, &self.naive.load(&key(n), self.now))?;
        }
        let (after, limit) = (self.any_key(), self.numbers.below(3).saturating_add(1));
        for user in &self.users {
            for (after, limit) in [(None, ALL), (None, limit), (Some(&after), limit)] {
                let found = self.world.store.list_user(user, after, limit, self.now).await?;
                let rows = usize::try_from(limit).unwrap_or(usize::MAX);
                let expected = self.naive.list(user, after, rows, self.now);
                holds(found == expected, || {
                    let (found, expected) = (found.len(), expected.len());
                    format!("a listing: expected {expected} sessions, found {found}, or others")
                })?;
            }
        }
        Ok(())
    }
}
