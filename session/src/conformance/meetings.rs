//! Meetings: calls of different kinds for one session at once, which are done one before the other, whichever it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Given;
use super::failure::{Failure, holds, same};
use super::races::{CALLERS, ROUNDS, race};
use super::together::turn;
use super::world::{ALL, IDLE, World, at, content_of, key, nth_content, user};
use crate::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use crate::{Gone, GoneReason, KeyHash, SessionStore};

cases! {
    "meetings" {
        no_write_revives_what_was_deleted: "Once a deletion has returned, no update, touch or rotation on its way finds the session, and nothing brings it back (R2).",
        an_update_meets_a_rotation: "An update and a rotation: the session is under one key, with the update if that was answered (R3, R7).",
        a_deletion_meets_a_rotation: "A deletion and a rotation: the session is under the new key or gone, and never under both (R2).",
        a_deletion_of_a_version_meets_an_update: "Of a deletion and an update that were decided on one version one is done (R3).",
        a_creation_meets_a_rotation: "Of a creation under a key and a rotation to it one is done, and the key has that session (R2, R7).",
        readers_find_one_key: "While a session is rotated again and again, a reader finds it under one key, never both or neither (R7).",
    }
}

/// How often one writes on at most, should the session never go.
const WRITES_MAX: u32 = 100_000;

async fn no_write_revives_what_was_deleted(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS {
        world.create(&key(round), &content_of("anna", "a")?, at(0)).await?;
        let deleted = Arc::new(AtomicBool::new(false));
        let call = |world: World, n: u32| {
            let deleted = Arc::clone(&deleted);
            async move {
                if n == 3 {
                    for _ in 0..round % 4 {
                        turn().await;
                    }
                    world.delete(&key(round), GoneReason::LoggedOut, at(1)).await?;
                    deleted.store(true, Ordering::SeqCst);
                    return Ok(());
                }
                write_on(&world, &key(round), n, &deleted).await
            }
        };
        race(&given, CALLERS, call).await?;
        let gone = Gone::new(GoneReason::LoggedOut, at(1));
        world.is_gone_for_all("what was deleted while others wrote", &key(round), gone, at(1)).await?;
        world.lists("anna", &[], at(1)).await?;
    }
    Ok(())
}

/// Reads, updates and touches a session until it is gone.
async fn write_on(world: &World, key: &KeyHash, n: u32, deleted: &AtomicBool) -> Result<(), Failure> {
    for m in 0..WRITES_MAX {
        let late = deleted.load(Ordering::SeqCst);
        let Loaded::Live(found) = world.store.load(key, at(1)).await? else { return Ok(()) };
        holds(!late, || "a session was read after it was deleted".into())?;
        turn().await;
        let late = deleted.load(Ordering::SeqCst);
        let done = if n.is_multiple_of(2) {
            let next = content_of("anna", &format!("{n}-{m}"))?;
            let answer = world.store.update(key, found.version, &next, at(1)).await?;
            matches!(answer, Updated::Updated(_))
        } else {
            let until = at(i64::from(m).saturating_add(IDLE));
            world.store.touch(key, until, at(1)).await? == Touched::Touched
        };
        holds(!(late && done), || "a write was done after the session was deleted".into())?;
        turn().await;
    }
    Err(Failure::new("a session that was deleted is still read"))
}

async fn an_update_meets_a_rotation(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS.saturating_mul(2) {
        let (from, to) = (key(round), key(round.saturating_add(1_000)));
        let before = world.create(&from, &nth_content(1)?, at(0)).await?;
        let version = before.version;
        let call = |world: World, n: u32| async move {
            if n == round % 2 {
                let answer = world.store.rotate(&from, &to, at(1)).await?;
                return same("a rotation while one updates", &answer, &Rotated::Rotated).map(|()| None);
            }
            Ok(Some(world.store.update(&from, version, &nth_content(2)?, at(1)).await?))
        };
        let answers = race(&given, 2, call).await?;
        let gone = Gone::new(GoneReason::Rotated, at(1));
        let found = world.record(&to, at(1)).await?;
        world.is_gone("the old key", &from, gone, at(1)).await?;
        match answers.into_iter().flatten().next() {
            Some(Updated::Updated(after)) => {
                same("the version that was answered", &after, &version.next())?;
                same("the version under the new key", &found.version, &after)?;
                same("the content under the new key", &found.content, &nth_content(2)?)?;
            }
            answer => {
                same("an update that came too late", &answer, &Some(Updated::Gone(gone)))?;
                same("the session, without the update", &found, &before)?;
            }
        }
    }
    Ok(())
}

async fn a_deletion_meets_a_rotation(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS.saturating_mul(2) {
        let (from, to) = (key(round), key(round.saturating_add(1_000)));
        let before = world.create(&from, &content_of("anna", "a")?, at(0)).await?;
        let call = |world: World, n: u32| async move {
            if n == round % 2 {
                return Ok(world.store.rotate(&from, &to, at(1)).await? == Rotated::Rotated);
            }
            let answer = world.store.delete(&from, None, GoneReason::LoggedOut, at(1)).await?;
            Ok(answer == Deleted::Deleted)
        };
        let answers = race(&given, 2, call).await?;
        let done = answers.iter().filter(|done| **done).count();
        same("of a rotation and a deletion how many were done", &done, &1)?;
        let rotated = answers.iter().zip(0_u32..).any(|(done, n)| *done && n == round % 2);
        if rotated {
            world.is("what was rotated", &to, &before, at(1)).await?;
            world.is_gone("its old key", &from, Gone::new(GoneReason::Rotated, at(1)), at(1)).await?;
            world.lists("anna", &[to], at(1)).await?;
            world.delete(&to, GoneReason::LoggedOut, at(1)).await?;
        } else {
            world.is_gone("what was deleted", &from, Gone::new(GoneReason::LoggedOut, at(1)), at(1)).await?;
            world.is_gone("the key that it did not get", &to, Gone::UNKNOWN, at(1)).await?;
            world.lists("anna", &[], at(1)).await?;
        }
    }
    Ok(())
}

async fn a_deletion_of_a_version_meets_an_update(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS.saturating_mul(2) {
        let before = world.create(&key(round), &nth_content(1)?, at(0)).await?;
        let version = before.version;
        let call = |world: World, n: u32| async move {
            if n == round % 2 {
                let reason = GoneReason::Emptied;
                let answer = world.store.delete(&key(round), Some(version), reason, at(1)).await?;
                return Ok(answer == Deleted::Deleted);
            }
            let answer = world.store.update(&key(round), version, &nth_content(2)?, at(1)).await?;
            Ok(matches!(answer, Updated::Updated(_)))
        };
        let answers = race(&given, 2, call).await?;
        let done = answers.iter().filter(|done| **done).count();
        same("of a deletion and an update of one version how many were done", &done, &1)?;
        let deleted = answers.iter().zip(0_u32..).any(|(done, n)| *done && n == round % 2);
        if deleted {
            world.is_gone("it", &key(round), Gone::new(GoneReason::Emptied, at(1)), at(1)).await?;
        } else {
            same("it", &world.record(&key(round), at(1)).await?.content, &nth_content(2)?)?;
        }
    }
    Ok(())
}

async fn a_creation_meets_a_rotation(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS.saturating_mul(2) {
        let (from, to) = (key(round), key(round.saturating_add(1_000)));
        let before = world.create(&from, &nth_content(1)?, at(0)).await?;
        let call = |world: World, n: u32| async move {
            if n == round % 2 {
                return Ok(world.store.rotate(&from, &to, at(1)).await? == Rotated::Rotated);
            }
            Ok(world.store.create(&to, &nth_content(2)?, at(1)).await? == Created::Created)
        };
        let answers = race(&given, 2, call).await?;
        let done = answers.iter().filter(|done| **done).count();
        same("of a creation and a rotation to its key how many were done", &done, &1)?;
        let rotated = answers.iter().zip(0_u32..).any(|(done, n)| *done && n == round % 2);
        let (at_from, at_to) = (world.find(&from, at(1)).await?, world.find(&to, at(1)).await?);
        same("whether the old key has it yet", &at_from.is_some(), &!rotated)?;
        let expected = if rotated { before.content } else { nth_content(2)? };
        same("what the new key has", &at_to.map(|found| found.content), &Some(expected))?;
    }
    Ok(())
}

async fn readers_find_one_key(given: Given) -> Result<(), Failure> {
    const ROTATIONS: u32 = 60;
    // No reader reads on for ever, should the writer fail.
    const LOOKS_MAX: u32 = 100_000;
    let world = World::of(&given);
    let record = world.create(&key(0), &content_of("anna", "a")?, at(0)).await?;
    let call = |world: World, n: u32| async move {
        if n == 0 {
            for n in 0..ROTATIONS {
                world.rotate(&key(n), &key(n.saturating_add(1)), at(1)).await?;
                turn().await;
            }
            return Ok(());
        }
        let mut at_key = 0;
        for _ in 0..LOOKS_MAX {
            if at_key == ROTATIONS {
                return Ok(());
            }
            at_key = follow(&world, at_key).await?;
            let listed = world.store.list_user(&user("anna")?, None, ALL, at(1)).await?.len();
            same("under how many keys a session is listed that is being rotated", &listed, &1)?;
            turn().await;
        }
        Err(Failure::new("a session that was rotated is still under an old key"))
    };
    race(&given, CALLERS, call).await?;
    world.is("the session under its last key", &key(ROTATIONS), &record, at(1)).await
}

/// Looks for a session that is being rotated, from the n-th key on; the key at which it was found, or the one after that.
async fn follow(world: &World, n: u32) -> Result<u32, Failure> {
    let next = n.saturating_add(1);
    let rotated = Loaded::Gone(Gone::new(GoneReason::Rotated, at(1)));
    let ahead = world.store.load(&key(next), at(1)).await?;
    let here = world.store.load(&key(n), at(1)).await?;
    if ahead != Loaded::Gone(Gone::UNKNOWN) {
        same("the old key, when the new one was found", &here, &rotated)?;
    }
    if here != rotated {
        holds(matches!(here, Loaded::Live(_)), || format!("a key that was reached: found {here:?}"))?;
        return Ok(n);
    }
    let ahead = world.store.load(&key(next), at(1)).await?;
    holds(matches!(ahead, Loaded::Live(_)) || ahead == rotated, || {
        format!("the new key, when the old one was gone: found {ahead:?}")
    })?;
    Ok(next)
}
