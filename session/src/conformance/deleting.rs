//! Deleting: a session ends once, for the reason that is given first.

use super::Given;
use super::failure::{Failure, same};
use super::world::{END, IDLE, World, at, content, content_of, key, nth_content, user};
use crate::store::Deleted;
use crate::{Gone, GoneReason, SessionStore, Version};

cases! {
    "deleting" {
        a_deletion_keeps_the_reason: "A deleted session is gone for every call, with the reason and the instant that were given (R5).",
        a_version_must_hold: "A deletion that was decided on another version changes nothing; one that was decided on the present one is done.",
        the_first_reason_stays: "A second deletion changes neither the reason nor the instant.",
        a_deleted_session_is_not_listed: "A deleted session is its user's no more (R13).",
        an_absent_session_is_not_deleted: "A session that never was is not deleted: no tombstone is left, and its key stays free.",
        an_expired_session_is_not_deleted: "A session that has expired keeps that as the reason.",
    }
}

async fn a_deletion_keeps_the_reason(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for (n, reason) in (0_u32..).zip(GoneReason::ALL) {
        let now = at(i64::from(n));
        world.create(&key(n), &nth_content(1)?, at(0)).await?;
        world.delete(&key(n), reason, now).await?;
        let what = format!("a session that is gone: {reason}");
        world.is_gone_for_all(&what, &key(n), Gone::new(reason, now), at(10)).await?;
    }
    Ok(())
}

async fn a_version_must_hold(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for (n, reason) in (0_u32..).zip(GoneReason::ALL) {
        let first = world.create(&key(n), &content_of("anna", "a")?, at(0)).await?;
        let record = world.update(&key(n), &first, &content_of("anna", "b")?, at(1)).await?;
        for number in [1, 3, i64::MAX] {
            let answer = world.store.delete(&key(n), Version::new(number), reason, at(2)).await?;
            same(&format!("a deletion of version {number} of version 2"), &answer, &Deleted::Stale)?;
            world.is("the session, which is not to go", &key(n), &record, at(2)).await?;
            world.lists("anna", &[key(n)], at(2)).await?;
        }
        let answer = world.store.delete(&key(n), Some(record.version), reason, at(3)).await?;
        same("a deletion of the present version", &answer, &Deleted::Deleted)?;
        world.is_gone("it", &key(n), Gone::new(reason, at(3)), at(3)).await?;
    }
    Ok(())
}

async fn the_first_reason_stays(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for (n, first) in (0_u32..).zip(GoneReason::ALL) {
        world.create(&key(n), &content("a"), at(0)).await?;
        world.delete(&key(n), first, at(1)).await?;
        for second in GoneReason::ALL {
            for version in [None, Some(Version::FIRST)] {
                let answer = world.store.delete(&key(n), version, second, at(2)).await?;
                let gone = Gone::new(first, at(1));
                same("a second deletion", &answer, &Deleted::Gone(gone))?;
                world.is_gone("what was deleted twice", &key(n), gone, at(2)).await?;
            }
        }
    }
    Ok(())
}

async fn a_deleted_session_is_not_listed(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for n in 0..4 {
        world.create(&key(n), &content_of("anna", "a")?, at(0)).await?;
    }
    world.lists("anna", &[key(0), key(1), key(2), key(3)], at(1)).await?;
    world.delete(&key(1), GoneReason::LoggedOut, at(1)).await?;
    world.lists("anna", &[key(0), key(2), key(3)], at(1)).await?;
    world.delete(&key(3), GoneReason::Emptied, at(1)).await?;
    world.lists("anna", &[key(0), key(2)], at(1)).await?;
    same("sessions to end", &world.store.delete_user(&user("anna")?, None, at(2)).await?, &2)?;
    world.is_gone("the first", &key(1), Gone::new(GoneReason::LoggedOut, at(1)), at(2)).await?;
    world.is_gone("the second", &key(3), Gone::new(GoneReason::Emptied, at(1)), at(2)).await
}

async fn an_absent_session_is_not_deleted(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for version in [None, Some(Version::FIRST)] {
        let answer = world.store.delete(&key(1), version, GoneReason::LoggedOut, at(0)).await?;
        same("a deletion of what never was", &answer, &Deleted::Gone(Gone::UNKNOWN))?;
        world.is_gone("it", &key(1), Gone::UNKNOWN, at(0)).await?;
    }
    same("the rows to clean away", &world.clean(10, at(END)).await?, &0)?;
    world.create(&key(1), &content("a"), at(0)).await.map(|_| ())
}

async fn an_expired_session_is_not_deleted(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    world.create(&key(1), &content("a"), at(0)).await?;
    let gone = Gone::new(GoneReason::Expired, at(IDLE));
    let now = at(IDLE.saturating_add(5));
    for version in [None, Some(Version::FIRST), Version::new(2)] {
        let answer = world.store.delete(&key(1), version, GoneReason::LoggedOut, now).await?;
        same("a deletion of what has expired", &answer, &Deleted::Gone(gone))?;
        world.is_gone("it", &key(1), gone, now).await?;
    }
    same("the rows to clean away, of which it is one", &world.clean(10, now).await?, &1)
}
