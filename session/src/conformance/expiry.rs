//! Expiry: a session is gone at the instant that it expires, and not before; what the time is, the caller says (R14).

use super::Given;
use super::failure::{Failure, same};
use super::world::{END, IDLE, Instant, World, at, content, content_of, just_before, key, user};
use crate::store::{Deleted, Rotated, Touched, Updated};
use crate::{Content, Gone, GoneReason, SessionStore, Version};

cases! {
    "expiry" {
        a_session_lives_up_to_its_deadline: "A microsecond before its deadline a session is there for every call.",
        a_session_is_gone_at_its_deadline: "At its deadline, and however long after, a session is gone for every call, with the deadline as the instant.",
        an_expired_session_is_not_listed: "From its deadline on a session is not listed, nor counted among those that a user's are ended with.",
        the_time_is_the_callers: "What is gone for one who is late is there for one who is not.",
        a_session_is_judged_by_its_deadline_alone: "A session is not gone before its deadline for having been created, or updated, long ago.",
    }
}

async fn a_session_lives_up_to_its_deadline(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let last = just_before(at(IDLE));
    for n in 0..5 {
        world.create(&key(n), &content_of("anna", "a")?, at(0)).await?;
    }
    world.lists("anna", &[key(0), key(1), key(2), key(3), key(4)], last).await?;
    for n in 0..5 {
        world.record(&key(n), last).await?;
    }
    let later = Content { expires_at: at(END), ..content_of("anna", "b")? };
    let answer = world.store.update(&key(0), Version::FIRST, &later, last).await?;
    same("an update at the last microsecond", &answer, &Updated::Updated(Version::FIRST.next()))?;
    let answer = world.store.touch(&key(1), at(END), last).await?;
    same("a touch at the last microsecond", &answer, &Touched::Touched)?;
    let answer = world.store.rotate(&key(2), &key(5), last).await?;
    same("a rotation at the last microsecond", &answer, &Rotated::Rotated)?;
    let answer = world.store.delete(&key(3), None, GoneReason::Emptied, last).await?;
    same("a deletion at the last microsecond", &answer, &Deleted::Deleted)?;
    same("what is cleaned away then", &world.clean(10, last).await?, &0)?;
    let ended = world.store.delete_user(&user("anna")?, None, last).await?;
    same("sessions to end at the last microsecond", &ended, &4)?;
    world.is_gone("one of them", &key(4), Gone::new(GoneReason::LoggedOut, last), at(IDLE)).await
}

async fn a_session_is_gone_at_its_deadline(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let record = world.create(&key(1), &content("a"), at(0)).await?;
    world.is("the session before its deadline", &key(1), &record, just_before(at(IDLE))).await?;
    let gone = Gone::new(GoneReason::Expired, at(IDLE));
    for now in [at(IDLE), at(IDLE.saturating_add(59)), at(IDLE.saturating_add(61)), at(END), at(1_000_000)] {
        world.is_gone_for_all("a session that has expired", &key(1), gone, now).await?;
    }
    Ok(())
}

/// Three sessions of one user, of which the second expires first.
async fn three(world: &World) -> Result<(), Failure> {
    for (n, seconds) in [(1, 300), (2, 200), (3, 400)] {
        world
            .create(&key(n), &Content { expires_at: at(seconds), ..content_of("anna", "a")? }, at(0))
            .await?;
    }
    Ok(())
}

async fn an_expired_session_is_not_listed(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    three(&world).await?;
    let listed = async |expected: &[u32], now: Instant| {
        let keys: Vec<_> = expected.iter().map(|n| key(*n)).collect();
        world.lists("anna", &keys, now).await
    };
    listed(&[1, 2, 3], just_before(at(200))).await?;
    listed(&[1, 3], at(200)).await?;
    listed(&[1, 3], just_before(at(300))).await?;
    listed(&[3], at(300)).await?;
    let ended = world.store.delete_user(&user("anna")?, None, at(300)).await?;
    same("sessions to end that are not gone", &ended, &1)?;
    for (n, gone) in [
        (1, Gone::new(GoneReason::Expired, at(300))),
        (2, Gone::new(GoneReason::Expired, at(200))),
        (3, Gone::new(GoneReason::LoggedOut, at(300))),
    ] {
        world.is_gone("a session when all have ended", &key(n), gone, at(300)).await?;
    }
    listed(&[], at(300)).await?;
    let ended = world.store.delete_user(&user("anna")?, None, at(500)).await?;
    same("sessions to end when none is left", &ended, &0)
}

async fn the_time_is_the_callers(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let record = world.create(&key(1), &content_of("anna", "a")?, at(0)).await?;
    let gone = Gone::new(GoneReason::Expired, at(IDLE));
    for _ in 0..3 {
        world.is_gone_for_all("a session for one who is late", &key(1), gone, at(IDLE)).await?;
        world.lists("anna", &[], at(IDLE)).await?;
        let early = just_before(at(IDLE));
        world.is("the session for one who is not", &key(1), &record, early).await?;
        world.lists("anna", &[key(1)], early).await?;
    }
    Ok(())
}

async fn a_session_is_judged_by_its_deadline_alone(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let last = at(10_000_000);
    let long = Content { expires_at: last, ends_at: last, ..content_of("anna", "a")? };
    let record = world.create(&key(1), &long, at(0)).await?;
    for second in [61, END, 9_999_999] {
        same("what is cleaned away", &world.clean(10, at(second)).await?, &0)?;
        world.is("a session of long ago", &key(1), &record, at(second)).await?;
        world.lists("anna", &[key(1)], at(second)).await?;
    }
    world.is_gone("it, at its deadline", &key(1), Gone::new(GoneReason::Expired, last), last).await
}
