//! Rotating: a session has one key, the old one or the new one, and stays as it is (R7).

use super::Given;
use super::failure::{Failure, same};
use super::world::{
    END, IDLE, World, at, content, content_of, just_before, key, nth_content, told_until, user,
};
use crate::store::{Created, Deleted, Rotated};
use crate::{Content, Gone, GoneReason, SessionStore};

cases! {
    "rotating" {
        a_rotation_moves_the_session: "The session is under the new key as it was under the old one, whose calls say that it was rotated, and when.",
        a_rotated_session_goes_on: "Under the new key the session is updated, touched and deleted as it would have been under the old one.",
        a_taken_key_is_refused: "To a key that a session has, or had while its reason is told, nothing is rotated, and nothing changes.",
        what_is_gone_is_not_rotated: "A session that never was, was ended, rotated or has expired is not rotated: its reason is told and the new key stays free (R2).",
        the_user_follows: "A user's listing shows the new key alone, and ends the session under it (R13).",
        rotations_chain: "Rotated time and again, the session has the last key alone, and each old key says when it was left.",
        an_old_key_is_not_used_again: "No session is created under an old key, nor rotated to it, while its reason is told.",
    }
}

async fn a_rotation_moves_the_session(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let first = world.create(&key(1), &nth_content(1)?, at(0)).await?;
    let record = world.update(&key(1), &first, &nth_content(2)?, at(1)).await?;
    world.rotate(&key(1), &key(2), at(2)).await?;
    world.is("the session under its new key", &key(2), &record, at(2)).await?;
    let gone = Gone::new(GoneReason::Rotated, at(2));
    world.is_gone_for_all("the old key", &key(1), gone, at(2)).await?;
    world.is_gone("the old key, a while later", &key(1), gone, just_before(told_until(at(2)))).await?;
    world.is("the session after that", &key(2), &record, at(100)).await
}

async fn a_rotated_session_goes_on(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut record = world.create(&key(1), &nth_content(1)?, at(0)).await?;
    world.rotate(&key(1), &key(2), at(1)).await?;
    world.touch(&key(2), at(4_000), at(1)).await?;
    record.content.expires_at = at(4_000);
    world.is("the session, touched", &key(2), &record, at(1)).await?;
    same("what is cleaned away before the deadline", &world.clean(10, just_before(at(61))).await?, &0)?;
    record = world.update(&key(2), &record, &nth_content(2)?, at(2)).await?;
    world.is("the session, updated", &key(2), &record, at(2)).await?;
    let stale = world.store.delete(&key(2), Some(crate::Version::FIRST), GoneReason::Emptied, at(3)).await?;
    same("a deletion decided before the update", &stale, &Deleted::Stale)?;
    world.delete(&key(2), GoneReason::LoggedOut, at(3)).await?;
    world.is_gone_for_all("it", &key(2), Gone::new(GoneReason::LoggedOut, at(3)), at(3)).await?;
    world.is_gone("its old key", &key(1), Gone::new(GoneReason::Rotated, at(1)), at(3)).await
}

async fn a_taken_key_is_refused(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let now = at(IDLE);
    let long = |text: &str| Content { expires_at: at(END), ..content(text) };
    let record = world.create(&key(1), &long("kept"), at(0)).await?;
    let taken = world.create(&key(2), &long("taken"), at(0)).await?;
    world.create(&key(3), &long("ended"), at(0)).await?;
    world.create(&key(4), &content("expired"), at(0)).await?;
    world.create(&key(5), &long("moved"), at(0)).await?;
    world.delete(&key(3), GoneReason::LoggedOut, now).await?;
    world.rotate(&key(5), &key(6), now).await?;
    for n in [1, 2, 3, 4, 5, 6] {
        let answer = world.store.rotate(&key(1), &key(n), now).await?;
        same(&format!("a rotation to the taken key {n}"), &answer, &Rotated::Exists)?;
        world.is("the session, which keeps its key", &key(1), &record, now).await?;
    }
    world.is("the session of the taken key", &key(2), &taken, now).await?;
    for (n, reason) in [(3, GoneReason::LoggedOut), (4, GoneReason::Expired), (5, GoneReason::Rotated)] {
        world.is_gone("what had the key", &key(n), Gone::new(reason, now), now).await?;
    }
    Ok(())
}

async fn what_is_gone_is_not_rotated(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let now = at(IDLE);
    let long = Content { expires_at: at(END), ..content("old") };
    for n in 1..=2 {
        world.create(&key(n), &long, at(0)).await?;
    }
    world.create(&key(3), &content("old"), at(0)).await?;
    world.delete(&key(1), GoneReason::LoggedOut, now).await?;
    world.rotate(&key(2), &key(5), now).await?;
    let of = |reason| Gone::new(reason, now);
    let gone = [of(GoneReason::LoggedOut), of(GoneReason::Rotated), of(GoneReason::Expired), Gone::UNKNOWN];
    for (n, expected) in (1_u32..).zip(gone) {
        let answer = world.store.rotate(&key(n), &key(9), now).await?;
        same("a rotation of what is gone", &answer, &Rotated::Gone(expected))?;
        world.is_gone("the key that it was to have", &key(9), Gone::UNKNOWN, now).await?;
        world.is_gone("it", &key(n), expected, now).await?;
    }
    world.create(&key(9), &long, now).await.map(|_| ())
}

async fn the_user_follows(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut record = world.create(&key(1), &content_of("anna", "a")?, at(0)).await?;
    world.create(&key(2), &content_of("ben", "b")?, at(0)).await?;
    world.rotate(&key(1), &key(3), at(1)).await?;
    world.lists("anna", &[key(3)], at(1)).await?;
    let next = Content { user: Some(user("ben")?), ..record.content.clone() };
    record = world.update(&key(3), &record, &next, at(2)).await?;
    world.lists("anna", &[], at(2)).await?;
    world.lists("ben", &[key(2), key(3)], at(2)).await?;
    world.rotate(&key(3), &key(4), at(3)).await?;
    world.is("the session", &key(4), &record, at(3)).await?;
    same("sessions of anna to end", &world.store.delete_user(&user("anna")?, None, at(4)).await?, &0)?;
    same("sessions of ben to end", &world.store.delete_user(&user("ben")?, None, at(4)).await?, &2)?;
    world.is_gone("it", &key(4), Gone::new(GoneReason::LoggedOut, at(4)), at(4)).await?;
    for (n, second) in [(1, 1), (3, 3)] {
        let gone = Gone::new(GoneReason::Rotated, at(second));
        world.is_gone("an old key, which keeps its reason", &key(n), gone, at(4)).await?;
    }
    Ok(())
}

async fn rotations_chain(given: Given) -> Result<(), Failure> {
    const TIMES: u32 = 6;
    let world = World::of(&given);
    let record = world.create(&key(0), &content_of("anna", "a")?, at(0)).await?;
    for n in 0..TIMES {
        let to = key(n.saturating_add(1));
        world.rotate(&key(n), &to, at(i64::from(n))).await?;
        world.lists("anna", &[to], at(10)).await?;
    }
    for n in 0..TIMES {
        let gone = Gone::new(GoneReason::Rotated, at(i64::from(n)));
        world.is_gone_for_all("an old key of many", &key(n), gone, at(10)).await?;
    }
    world.is("the session under its last key", &key(TIMES), &record, at(10)).await
}

async fn an_old_key_is_not_used_again(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let record = world.create(&key(1), &content("a"), at(0)).await?;
    world.rotate(&key(1), &key(2), at(1)).await?;
    let answer = world.store.create(&key(1), &content("new"), at(2)).await?;
    same("a creation under an old key", &answer, &Created::Exists)?;
    let answer = world.store.rotate(&key(2), &key(1), at(2)).await?;
    same("a rotation back to an old key", &answer, &Rotated::Exists)?;
    world.is("the session", &key(2), &record, at(2)).await?;
    world.is_gone("its old key", &key(1), Gone::new(GoneReason::Rotated, at(1)), at(2)).await
}
