//! Tombstones: why a session is gone is told for a minute, and a tombstone opens nothing (R5).

use super::Given;
use super::failure::{Failure, same};
use super::world::{
    IDLE, Instant, World, at, at_micros, content, content_of, just_before, key, nth_content, told_until, user,
};
use crate::{Content, Gone, GoneReason, KeyHash, SessionStore};

cases! {
    "tombstones" {
        a_reason_is_told_for_a_minute: "Up to the last microsecond of a minute the reason is told; from then on the session is gone without one.",
        a_cleaning_leaves_tombstones: "A cleaning leaves a tombstone until its minute is over, and then deletes it, and its key is free.",
        a_tombstone_outlives_the_deadline: "The reason is told beyond the deadline that the session had, and does not become that it expired.",
        a_tombstone_is_nobodys: "What is gone is listed for nobody and ended with nobody.",
        a_tombstone_opens_nothing: "Cleaned away or not, what is gone for longer than a minute comes back by no call (R2).",
    }
}

/// Ends sessions in every way that leaves a tombstone; their keys and reasons.
async fn end_in_every_way(world: &World, now: Instant) -> Result<Vec<(KeyHash, GoneReason)>, Failure> {
    let mut ended = Vec::new();
    for (n, reason) in (0_u32..).zip(GoneReason::ALL) {
        world.create(&key(n), &content_of("anna", "a")?, at(0)).await?;
        world.delete(&key(n), reason, now).await?;
        ended.push((key(n), reason));
    }
    world.create(&key(10), &content("a"), at(0)).await?;
    world.rotate(&key(10), &key(11), now).await?;
    ended.push((key(10), GoneReason::Rotated));
    world.create(&key(12), &content_of("ben", "a")?, at(0)).await?;
    same("sessions of ben to end", &world.store.delete_user(&user("ben")?, None, now).await?, &1)?;
    ended.push((key(12), GoneReason::LoggedOut));
    Ok(ended)
}

async fn a_reason_is_told_for_a_minute(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let then = at_micros(7_654_321);
    for (key, reason) in end_in_every_way(&world, then).await? {
        let what = format!("what is gone: {reason}");
        for now in [then, at(30), just_before(told_until(then))] {
            world.is_gone(&what, &key, Gone::new(reason, then), now).await?;
        }
        for now in [told_until(then), at(1_000), at(IDLE), at(100_000)] {
            world.is_gone(&format!("{what} for long"), &key, Gone::UNKNOWN, now).await?;
        }
    }
    Ok(())
}

async fn a_cleaning_leaves_tombstones(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let then = at_micros(7_654_321);
    let ended = end_in_every_way(&world, then).await?;
    let last = just_before(told_until(then));
    same("what is cleaned away within the minute", &world.clean(100, last).await?, &0)?;
    for (key, reason) in &ended {
        world.is_gone("what is gone, after a cleaning", key, Gone::new(*reason, then), last).await?;
    }
    let over = told_until(then);
    same("what is cleaned away after it", &world.clean(100, over).await?, &6)?;
    same("what is left to clean away", &world.clean(100, over).await?, &0)?;
    for (key, _) in &ended {
        world.is_gone("what was cleaned away", key, Gone::UNKNOWN, over).await?;
        let record = world.create(key, &content("new"), over).await?;
        world.is("a new session under the key", key, &record, over).await?;
    }
    Ok(())
}

async fn a_tombstone_outlives_the_deadline(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for (n, reason) in (0_u32..).zip(GoneReason::ALL) {
        let short = Content { expires_at: at(10), ends_at: at(11), ..content("a") };
        world.create(&key(n), &short, at(0)).await?;
        world.delete(&key(n), reason, at(9)).await?;
    }
    for now in [at(10), at(11), just_before(at(69))] {
        same("what is cleaned away", &world.clean(100, now).await?, &0)?;
        for (n, reason) in (0_u32..).zip(GoneReason::ALL) {
            let gone = Gone::new(reason, at(9));
            world.is_gone_for_all("what was ended before its deadline", &key(n), gone, now).await?;
        }
    }
    Ok(())
}

async fn a_tombstone_is_nobodys(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let ended = end_in_every_way(&world, at(1)).await?;
    for id in ["anna", "ben"] {
        world.lists(id, &[], at(2)).await?;
        let ending = world.store.delete_user(&user(id)?, None, at(2)).await?;
        same(&format!("sessions of {id} to end"), &ending, &0)?;
    }
    for (key, reason) in ended {
        world.is_gone("what is gone", &key, Gone::new(reason, at(1)), at(2)).await?;
    }
    Ok(())
}

async fn a_tombstone_opens_nothing(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let ended = end_in_every_way(&world, at(1)).await?;
    for (key, _) in &ended {
        world.is_gone_for_all("what is long gone", key, Gone::UNKNOWN, told_until(at(1))).await?;
        world.is_gone_for_all("what is longer gone", key, Gone::UNKNOWN, at(1_000)).await?;
    }
    world.create(&key(20), &nth_content(1)?, at(1_000)).await?;
    same("what is cleaned away", &world.clean(100, at(1_000)).await?, &6)?;
    for (key, _) in &ended {
        world.is_gone_for_all("what was cleaned away", key, Gone::UNKNOWN, at(1_000)).await?;
    }
    Ok(())
}
