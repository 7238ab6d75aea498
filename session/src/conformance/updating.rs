//! Updating: what is there is replaced if it is as it was read, and nothing else is done.

use super::Given;
use super::failure::{Failure, same};
use super::world::{
    END, IDLE, World, at, content, content_of, just_before, key, nth_content, number, told_until, user,
};
use crate::store::Updated;
use crate::{Content, Gone, GoneReason, SessionStore, Version};

cases! {
    "updating" {
        an_update_replaces_the_content: "An update replaces all that the session holds and raises the version by one; when it was created stays.",
        versions_count_up: "Updates count 1, 2, 3 … and each is decided on the one before.",
        a_stale_version_changes_nothing: "An update that was decided on an older version, or a newer one, changes nothing (R3).",
        an_update_creates_nothing: "An update of a session that never was creates none (R2).",
        an_update_revives_nothing: "An update of a session that was ended, rotated or has expired says so and brings nothing back (R2, R5).",
        deadlines_are_as_the_update_says: "The deadlines are as the update says, sooner or later, for every call.",
        the_user_follows: "A session that is bound, bound to another and unbound is listed and ended with its user of the moment (R13).",
    }
}

async fn an_update_replaces_the_content(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut record = world.create(&key(1), &nth_content(1)?, at(0)).await?;
    let bare = Content { data: "{}".into(), ..content("") };
    let contents = [nth_content(2)?, content("plain"), nth_content(3)?, bare, nth_content(4)?];
    for (content, second) in contents.iter().zip(1_i64..) {
        record = world.update(&key(1), &record, content, at(second)).await?;
        world.is(&format!("the session after update {second}"), &key(1), &record, at(second)).await?;
    }
    Ok(())
}

async fn versions_count_up(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut record = world.create(&key(1), &content("0"), at(0)).await?;
    for n in 1..=20_i64 {
        let next = Content { data: number(n), ..content("") };
        // The same content once more is an update too.
        record = world.update(&key(1), &record, &next, at(n)).await?;
        record = world.update(&key(1), &record, &next, at(n)).await?;
        let number = n.saturating_mul(2).saturating_add(1);
        same("the version", &record.version.number(), &number)?;
        world.is("the session", &key(1), &record, at(n)).await?;
    }
    Ok(())
}

async fn a_stale_version_changes_nothing(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let first = world.create(&key(1), &content_of("anna", "first")?, at(0)).await?;
    let mut record = world.update(&key(1), &first, &content_of("anna", "second")?, at(1)).await?;
    record = world.update(&key(1), &record, &content_of("anna", "third")?, at(1)).await?;
    for number in [1, 2, 4, 5, i64::from(u32::MAX).saturating_add(4), i64::MAX] {
        let Some(version) = Version::new(number) else { continue };
        for content in [nth_content(1)?, record.content.clone()] {
            let answer = world.store.update(&key(1), version, &content, at(2)).await?;
            let what = format!("an update decided on version {number} of version 3");
            same(&what, &answer, &Updated::Stale)?;
            world.is("the session, which is not to change", &key(1), &record, at(2)).await?;
        }
    }
    world.lists("anna", &[key(1)], at(2)).await?;
    world.lists("user-1", &[], at(2)).await
}

async fn an_update_creates_nothing(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for number in [1, 2, 7] {
        let Some(version) = Version::new(number) else { continue };
        let answer = world.store.update(&key(1), version, &content_of("anna", "new")?, at(0)).await?;
        same("an update of a session that never was", &answer, &Updated::Gone(Gone::UNKNOWN))?;
        world.is_gone("it", &key(1), Gone::UNKNOWN, at(0)).await?;
    }
    world.lists("anna", &[], at(0)).await
}

async fn an_update_revives_nothing(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let now = at(IDLE);
    let long = Content { expires_at: at(END), ..content_of("anna", "old")? };
    for n in 1..=2 {
        world.create(&key(n), &long, at(0)).await?;
    }
    world.create(&key(3), &content_of("anna", "old")?, at(0)).await?;
    world.delete(&key(1), GoneReason::LoggedOut, now).await?;
    world.rotate(&key(2), &key(4), now).await?;
    let gone = [(1, GoneReason::LoggedOut), (2, GoneReason::Rotated), (3, GoneReason::Expired)];
    for (n, reason) in gone {
        let expected = Gone::new(reason, now);
        for number in [1, 2] {
            let Some(version) = Version::new(number) else { continue };
            let answer = world.store.update(&key(n), version, &long, now).await?;
            same(&format!("an update of what is gone: {reason}"), &answer, &Updated::Gone(expected))?;
            world.is_gone("it", &key(n), expected, now).await?;
        }
    }
    world.lists("anna", &[key(4)], now).await
}

async fn deadlines_are_as_the_update_says(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut record = world.create(&key(1), &content_of("anna", "a")?, at(0)).await?;
    // Later, sooner, and an end that is sooner than it was.
    for (expires, ends) in [(3_600, 90_000), (600, 90_000), (600, 700), (650, 650)] {
        let next = Content { expires_at: at(expires), ends_at: at(ends), ..record.content.clone() };
        record = world.update(&key(1), &record, &next, at(1)).await?;
        let last = just_before(at(expires));
        world.is("the session before its deadline", &key(1), &record, last).await?;
        same("what is cleaned away before the deadline", &world.clean(10, last).await?, &0)?;
        world.lists("anna", &[key(1)], last).await?;
        let gone = Gone::new(GoneReason::Expired, at(expires));
        world.is_gone("the session at its deadline", &key(1), gone, at(expires)).await?;
        world.lists("anna", &[], at(expires)).await?;
    }
    // A deadline that has passed is one too.
    let next = Content { expires_at: at(5), ..record.content.clone() };
    world.update(&key(1), &record, &next, at(10)).await?;
    let gone = Gone::new(GoneReason::Expired, at(5));
    world.is_gone_for_all("a session with a deadline that has passed", &key(1), gone, at(10)).await?;
    same("what is cleaned away after the deadline", &world.clean(10, at(10)).await?, &1)
}

async fn the_user_follows(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let now = at(1);
    let mut record = world.create(&key(1), &content("a"), at(0)).await?;
    world.create(&key(2), &content_of("anna", "b")?, at(0)).await?;
    for (of, of_anna, of_ben) in [
        (None, 1, 0),
        (Some("anna"), 2, 0),
        (Some("anna"), 2, 0),
        (Some("ben"), 1, 1),
        (None, 1, 0),
        (Some("ben"), 1, 1),
        (Some("anna"), 2, 0),
    ] {
        let user = of.map(user).transpose()?;
        record = world.update(&key(1), &record, &Content { user, ..record.content.clone() }, now).await?;
        world.is("the session with its user", &key(1), &record, now).await?;
        let found = (world.sessions("anna", now).await?.len(), world.sessions("ben", now).await?.len());
        same(&format!("the sessions of anna and of ben, of whom {of:?} has it"), &found, &(of_anna, of_ben))?;
    }
    same("sessions of ben to end", &world.store.delete_user(&user("ben")?, None, now).await?, &0)?;
    world.is("the session, which is not his any more", &key(1), &record, now).await?;
    same("sessions of anna to end", &world.store.delete_user(&user("anna")?, None, now).await?, &2)?;
    let gone = Gone::new(GoneReason::LoggedOut, now);
    world.is_gone("the session, which was hers", &key(1), gone, just_before(told_until(now))).await
}
