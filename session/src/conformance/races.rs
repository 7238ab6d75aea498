//! Races: of the same call made by many at once, by both ways in, one is first, and every answer is true.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::failure::{Failure, holds, same};
use super::together::{together, turn};
use super::world::{END, World, at, content, content_of, key, nth_content, number, number_of};
use super::{BoxFuture, Given};
use crate::store::{Created, Deleted, Rotated, Updated};
use crate::{Content, Gone, GoneReason, KeyHash, SessionStore, Version};

cases! {
    "races" {
        one_key_is_created_once: "Of creations at once under one key one is done, and it is the one that is read (R2).",
        one_version_is_updated_once: "Of updates at once that were decided on one version one is done, and it is the one that is read (R3).",
        no_increment_is_lost: "Many that read and update, again when they were too late, lose nothing (R3).",
        one_deletion_is_the_first: "Of deletions at once one is done, and the others are told its reason.",
        the_latest_touch_holds: "Of touches at once the latest deadline holds, and no update is disturbed (R4).",
        one_session_is_rotated_once: "Of rotations of one session at once one is done, and it has that key alone (R7).",
        one_key_is_rotated_to_once: "Of rotations at once to one key one is done; the other sessions keep theirs.",
        rotations_that_cross_are_answered: "Of rotations at once to each other's keys each is told that the key is taken: a deadlock is no answer.",
        everybody_is_answered_for_his_own: "Whoever calls together with many others is answered for his own session.",
        readers_see_whole_sessions: "While others update, a reader sees the whole of one update, and never an older one than before.",
    }
}

/// How many call at once.
pub(super) const CALLERS: u32 = 8;

/// How often they do.
pub(super) const ROUNDS: u32 = 12;

/// Runs so many callers at once, by both ways in; their answers.
pub(super) async fn race<T, F>(
    given: &Given,
    callers: u32,
    call: impl Fn(World, u32) -> F,
) -> Result<Vec<T>, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let tasks = (0..callers).map(|n| {
        let way = given.way(usize::try_from(n).unwrap_or(0));
        let task: BoxFuture<Result<T, Failure>> = Box::pin(call(World::by(way), n));
        task
    });
    together(given, tasks.collect()).await?.into_iter().collect()
}

/// The only one of the callers with this answer.
fn only<T: PartialEq>(what: &str, answers: &[T], answer: &T) -> Result<u32, Failure> {
    let mut first = (0_u32..).zip(answers).filter(|(_, found)| *found == answer);
    let one = first.next().map(|(n, _)| n);
    let more = first.count();
    one.filter(|_| more == 0).ok_or_else(|| {
        let count = more.saturating_add(usize::from(one.is_some()));
        Failure::new(format!("how many of {} {what} were done: expected 1, found {count}", answers.len()))
    })
}

async fn one_key_is_created_once(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS {
        let call = |world: World, n: u32| async move {
            Ok(world.store.create(&key(round), &nth_content(i64::from(n))?, at(0)).await?)
        };
        let answers = race(&given, CALLERS, call).await?;
        let first = only("creations", &answers, &Created::Created)?;
        let found = world.record(&key(round), at(1)).await?;
        same("the version", &found.version, &Version::FIRST)?;
        same("whose content is read", &number_of(&found.content)?, &i64::from(first))?;
        for n in 0..CALLERS {
            let listed = world.sessions(&format!("user-{n}"), at(1)).await?;
            let times = listed.iter().filter(|session| session.key == key(round)).count();
            same("how often a caller's user has it", &times, &usize::from(n == first))?;
        }
    }
    Ok(())
}

async fn one_version_is_updated_once(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut record = world.create(&key(1), &nth_content(99)?, at(0)).await?;
    for _ in 0..ROUNDS {
        let version = record.version;
        let call = |world: World, n: u32| async move {
            Ok(world.store.update(&key(1), version, &nth_content(i64::from(n))?, at(1)).await?)
        };
        let answers = race(&given, CALLERS, call).await?;
        let first = only("updates", &answers, &Updated::Updated(version.next()))?;
        let stale = answers.iter().filter(|answer| **answer == Updated::Stale).count();
        same("how many were told that they were too late", &stale, &answers.len().saturating_sub(1))?;
        let found = world.record(&key(1), at(1)).await?;
        same("the version", &found.version, &version.next())?;
        same("whose content is read", &found.content, &nth_content(i64::from(first))?)?;
        record = found;
    }
    Ok(())
}

async fn no_increment_is_lost(given: Given) -> Result<(), Failure> {
    const EACH: i64 = 50;
    // No caller is too late for ever: with every time that one is, another was in time.
    const TRIES_MAX: i64 = 100_000;
    let world = World::of(&given);
    let zero = Content { data: number(0), ..content("") };
    world.create(&key(1), &zero, at(0)).await?;
    let call = |world: World, _: u32| async move {
        let (mut done, mut tries) = (0_i64, 0_i64);
        while done < EACH && tries < TRIES_MAX {
            tries = tries.saturating_add(1);
            let found = world.record(&key(1), at(1)).await?;
            turn().await;
            let data = number(number_of(&found.content)?.saturating_add(1));
            let next = Content { data, ..found.content };
            match world.store.update(&key(1), found.version, &next, at(1)).await? {
                Updated::Updated(_) => done = done.saturating_add(1),
                Updated::Stale => turn().await,
                Updated::Gone(gone) => return Err(Failure::new(format!("a live session is {gone:?}"))),
            }
        }
        same("how often one caller counted", &done, &EACH)
    };
    race(&given, CALLERS, call).await?;
    let found = world.record(&key(1), at(1)).await?;
    let all = EACH.saturating_mul(i64::from(CALLERS));
    same("what all counted", &number_of(&found.content)?, &all)?;
    same("the version", &found.version.number(), &all.saturating_add(1))
}

async fn one_deletion_is_the_first(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let reason = |n: u32| if n.is_multiple_of(3) { GoneReason::Emptied } else { GoneReason::LoggedOut };
    for round in 0..ROUNDS {
        world.create(&key(round), &content_of("anna", "a")?, at(0)).await?;
        let call = |world: World, n: u32| async move {
            let version = (n % 4 == 1).then_some(Version::FIRST);
            Ok(world.store.delete(&key(round), version, reason(n), at(i64::from(n))).await?)
        };
        let answers = race(&given, CALLERS, call).await?;
        let first = only("deletions", &answers, &Deleted::Deleted)?;
        let gone = Gone::new(reason(first), at(i64::from(first)));
        let told = answers.iter().filter(|answer| **answer == Deleted::Gone(gone)).count();
        same("how many were told of the first", &told, &answers.len().saturating_sub(1))?;
        world.is_gone("what was deleted", &key(round), gone, at(10)).await?;
    }
    world.lists("anna", &[], at(10)).await
}

async fn the_latest_touch_holds(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut record = world.create(&key(1), &nth_content(0)?, at(0)).await?;
    for round in 0..ROUNDS {
        let start = i64::from(round).saturating_mul(1_000).saturating_add(10_000);
        let call = |world: World, n: u32| async move {
            // The latest of them is neither the first nor the last.
            let until = start.saturating_add(i64::from(n.saturating_mul(5) % CALLERS));
            world.touch(&key(1), at(until), at(1)).await
        };
        race(&given, CALLERS, call).await?;
        record.content.expires_at = at(start.saturating_add(i64::from(CALLERS)).saturating_sub(1));
        world.is("a session that many touched", &key(1), &record, at(1)).await?;
    }
    let version = record.version;
    let next = Content { expires_at: at(20), ..nth_content(1)? };
    let call = |world: World, n: u32| {
        let next = next.clone();
        async move {
            if n > 0 {
                return world.touch(&key(1), at(30_000), at(1)).await;
            }
            let answer = world.store.update(&key(1), version, &next, at(1)).await?;
            same("an update among touches", &answer, &Updated::Updated(version.next()))
        }
    };
    race(&given, CALLERS, call).await?;
    let found = world.record(&key(1), at(1)).await?;
    let expected = Content { expires_at: found.content.expires_at, ..next };
    same("the content that was updated among touches", &found.content, &expected)
}

async fn one_session_is_rotated_once(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let record = world.create(&key(0), &content_of("anna", "a")?, at(0)).await?;
    let to = |round: u32, n: u32| key(round.saturating_add(1).saturating_mul(100).saturating_add(n));
    let mut from = key(0);
    for round in 0..ROUNDS {
        let call =
            |world: World, n: u32| async move { Ok(world.store.rotate(&from, &to(round, n), at(1)).await?) };
        let answers = race(&given, CALLERS, call).await?;
        let first = only("rotations", &answers, &Rotated::Rotated)?;
        let gone = Gone::new(GoneReason::Rotated, at(1));
        let told = answers.iter().filter(|answer| **answer == Rotated::Gone(gone)).count();
        same("how many were told that it was rotated", &told, &answers.len().saturating_sub(1))?;
        world.is_gone("the old key", &from, gone, at(1)).await?;
        for n in (0..CALLERS).filter(|n| *n != first) {
            world.is_gone("a key that it did not get", &to(round, n), Gone::UNKNOWN, at(1)).await?;
        }
        from = to(round, first);
        world.is("the session", &from, &record, at(1)).await?;
        world.lists("anna", &[from], at(1)).await?;
    }
    Ok(())
}

async fn one_key_is_rotated_to_once(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS {
        let start = round.saturating_mul(100);
        let of = move |n: u32| key(start.saturating_add(n));
        let to = key(start.saturating_add(99));
        for n in 0..CALLERS {
            world.create(&of(n), &nth_content(i64::from(n))?, at(0)).await?;
        }
        let call = |world: World, n: u32| async move { Ok(world.store.rotate(&of(n), &to, at(1)).await?) };
        let answers = race(&given, CALLERS, call).await?;
        let first = only("rotations to one key", &answers, &Rotated::Rotated)?;
        let refused = answers.iter().filter(|answer| **answer == Rotated::Exists).count();
        same("how many were told that it is taken", &refused, &answers.len().saturating_sub(1))?;
        for n in 0..CALLERS {
            let at_key: KeyHash = if n == first { to } else { of(n) };
            let found = world.record(&at_key, at(1)).await?;
            same("whose session it is", &found.content, &nth_content(i64::from(n))?)?;
        }
    }
    Ok(())
}

async fn rotations_that_cross_are_answered(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut records = Vec::new();
    for n in 0..3 {
        records.push(world.create(&key(n), &nth_content(i64::from(n))?, at(0)).await?);
    }
    for round in 0..ROUNDS {
        let call = |world: World, n: u32| async move {
            let to = n.saturating_add(round % 2).saturating_add(1) % 3;
            let answer = world.store.rotate(&key(n % 3), &key(to), at(1)).await?;
            same("a rotation to the key of one who rotates", &answer, &Rotated::Exists)
        };
        race(&given, CALLERS, call).await?;
        for (n, record) in (0..).zip(&records) {
            world.is("a session, which keeps its key", &key(n), record, at(1)).await?;
        }
    }
    Ok(())
}

async fn everybody_is_answered_for_his_own(given: Given) -> Result<(), Failure> {
    const MANY: u32 = 24;
    let world = World::of(&given);
    for n in 0..MANY {
        world.create(&key(n), &nth_content(i64::from(n))?, at(0)).await?;
        if n % 4 == 1 {
            world.delete(&key(n), GoneReason::LoggedOut, at(i64::from(n))).await?;
        }
    }
    for round in 0..i64::from(ROUNDS) {
        let call = |world: World, n: u32| async move {
            let (now, own) = (at(30), i64::from(n));
            if n % 4 == 1 {
                let gone = Gone::new(GoneReason::LoggedOut, at(own));
                return world.is_gone("one's own session, which was ended", &key(n), gone, now).await;
            }
            let found = world.record(&key(n), now).await?;
            same("the content of one's own session", &found.content, &nth_content(own)?)?;
            same("the version of one's own session", &found.version.number(), &round.saturating_add(1))?;
            let stale = found.version.next();
            let answer = world.store.update(&key(n), stale, &nth_content(0)?, now).await?;
            same("an update of one's own session that is too early", &answer, &Updated::Stale)?;
            world.touch(&key(n), found.content.expires_at, now).await?;
            world.update(&key(n), &found, &found.content, now).await.map(|_| ())
        };
        race(&given, MANY, call).await?;
    }
    Ok(())
}

async fn readers_see_whole_sessions(given: Given) -> Result<(), Failure> {
    const UPDATES: i64 = 60;
    // No reader reads on for ever, should a writer fail.
    const LOOKS_MAX: u32 = 100_000;
    let world = World::of(&given);
    world.create(&key(1), &nth_content(1)?, at(0)).await?;
    let writing = Arc::new(AtomicUsize::new(1));
    let call = |world: World, n: u32| {
        let writing = Arc::clone(&writing);
        async move {
            if n == 0 {
                let wrote = write(&world, UPDATES).await;
                writing.store(0, Ordering::SeqCst);
                return wrote;
            }
            let mut seen = 1;
            for _ in 0..LOOKS_MAX {
                let found = world.record(&key(1), at(1)).await?;
                let number = found.version.number();
                holds(number >= seen, || format!("version {number} was read after version {seen}"))?;
                same("what is read of one update", &found.content, &nth_content(number)?)?;
                seen = number;
                if writing.load(Ordering::SeqCst) == 0 {
                    break;
                }
                turn().await;
            }
            Ok(())
        }
    };
    race(&given, CALLERS, call).await?;
    let found = world.record(&key(1), at(END)).await;
    holds(found.is_err(), || "the session outlived its deadline".into())
}

/// Updates again and again, each time to the content of the number of the version.
async fn write(world: &World, updates: i64) -> Result<(), Failure> {
    for _ in 0..updates {
        let found = world.record(&key(1), at(1)).await?;
        world.update(&key(1), &found, &nth_content(found.version.next().number())?, at(1)).await?;
        turn().await;
    }
    Ok(())
}
