//! Endings: all of a user's sessions are ended while others create, rotate or bind some (R13).

use super::Given;
use super::failure::{Failure, holds, same};
use super::races::{CALLERS, ROUNDS, race};
use super::world::{World, at, content_of, key, user};
use crate::store::{Created, Loaded, Rotated, Updated};
use crate::{Gone, GoneReason, SessionStore};

cases! {
    "endings" {
        a_creation_meets_the_end_of_all: "Sessions created while all of a user's are ended are either ended and counted, or live and listed.",
        a_rotation_meets_the_end_of_all: "A session that is rotated while all of its user's are ended does not escape.",
        a_binding_meets_the_end_of_all: "A session that is bound or unbound while all of a user's are ended is ended and counted, or neither.",
        ends_of_all_meet: "Of ends of all at once each session is counted by one, and a deadlock is no answer.",
    }
}

async fn a_creation_meets_the_end_of_all(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS {
        let of = move |n: u32| key(round.saturating_mul(100).saturating_add(n));
        let who = format!("user-{round}");
        let call = |world: World, n: u32| {
            let who = who.clone();
            async move {
                if n == round % CALLERS {
                    return Ok(world.store.delete_user(&user(&who)?, None, at(1)).await?);
                }
                let answer = world.store.create(&of(n), &content_of(&who, "a")?, at(0)).await?;
                same("a creation while all are ended", &answer, &Created::Created).map(|()| 0)
            }
        };
        let ended: u64 = race(&given, CALLERS, call).await?.into_iter().sum();
        let (mut live, mut gone) = (Vec::new(), 0_u64);
        for n in (0..CALLERS).filter(|n| *n != round % CALLERS) {
            if world.find(&of(n), at(1)).await?.is_some() {
                live.push(of(n));
            } else {
                gone = gone.saturating_add(1);
                let expected = Gone::new(GoneReason::LoggedOut, at(1));
                world.is_gone("one that was ended", &of(n), expected, at(1)).await?;
            }
        }
        same("how many are gone, and how many were counted", &gone, &ended)?;
        world.lists(&who, &live, at(1)).await?;
    }
    Ok(())
}

async fn a_rotation_meets_the_end_of_all(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS.saturating_mul(2) {
        let of = move |n: u32| key(round.saturating_mul(100).saturating_add(n));
        for n in 0..CALLERS {
            world.create(&of(n), &content_of("anna", "a")?, at(0)).await?;
        }
        let call = |world: World, n: u32| async move {
            if n == round % CALLERS {
                return Ok(world.store.delete_user(&user("anna")?, None, at(1)).await?);
            }
            let to = of(n.saturating_add(50));
            let answer = world.store.rotate(&of(n), &to, at(1)).await?;
            let gone = Rotated::Gone(Gone::new(GoneReason::LoggedOut, at(1)));
            holds(answer == Rotated::Rotated || answer == gone, || {
                format!("a rotation while all are ended: found {answer:?}")
            })?;
            Ok(0)
        };
        let ended: u64 = race(&given, CALLERS, call).await?.into_iter().sum();
        same("how many were ended, rotated or not", &ended, &u64::from(CALLERS))?;
        world.lists("anna", &[], at(1)).await?;
        for n in 0..CALLERS {
            for key in [of(n), of(n.saturating_add(50))] {
                let found = world.find(&key, at(1)).await?;
                holds(found.is_none(), || "a session that was rotated escaped the end of all".into())?;
            }
        }
    }
    Ok(())
}

async fn a_binding_meets_the_end_of_all(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for round in 0..ROUNDS.saturating_mul(2) {
        let (from, to) = if round.is_multiple_of(2) { ("anna", "ben") } else { ("ben", "anna") };
        let before = world.create(&key(round), &content_of(from, "a")?, at(0)).await?;
        let version = before.version;
        let call = |world: World, n: u32| async move {
            if n == round / 2 % 2 {
                let ended = world.store.delete_user(&user("anna")?, None, at(1)).await?;
                return Ok((None, ended));
            }
            let next = content_of(to, "b")?;
            Ok((Some(world.store.update(&key(round), version, &next, at(1)).await?), 0))
        };
        let answers = race(&given, 2, call).await?;
        let ended: u64 = answers.iter().map(|(_, ended)| ended).sum();
        let updated = answers.iter().find_map(|(answer, _)| *answer);
        let found = world.find(&key(round), at(1)).await?;
        same("whether it is gone, and whether it was counted", &u64::from(found.is_none()), &ended)?;
        let gone = Updated::Gone(Gone::new(GoneReason::LoggedOut, at(1)));
        let expected =
            if from == "anna" && found.is_none() { gone } else { Updated::Updated(version.next()) };
        same("the update that met the end of all", &updated, &Some(expected))?;
        let of_ben = if from == "anna" && found.is_some() { vec![key(round)] } else { Vec::new() };
        world.lists("ben", &of_ben, at(1)).await?;
        if found.is_some() {
            world.delete(&key(round), GoneReason::LoggedOut, at(2)).await?;
        }
    }
    Ok(())
}

async fn ends_of_all_meet(given: Given) -> Result<(), Failure> {
    const SESSIONS: u32 = 20;
    let world = World::of(&given);
    for round in 0..ROUNDS {
        let of = |n: u32| key(round.saturating_mul(100).saturating_add(n));
        for n in 0..SESSIONS {
            world.create(&of(n), &content_of("anna", "a")?, at(0)).await?;
        }
        let call = |world: World, n: u32| async move {
            let now = at(i64::from(n));
            Ok((now, world.store.delete_user(&user("anna")?, None, now).await?))
        };
        let answers = race(&given, CALLERS, call).await?;
        let counted: u64 = answers.iter().map(|(_, ended)| ended).sum();
        same("how many were ended, by all", &counted, &u64::from(SESSIONS))?;
        for (now, ended) in answers {
            let mut of_this = 0_u64;
            for n in 0..SESSIONS {
                let loaded = world.store.load(&of(n), at(10)).await?;
                let gone = Loaded::Gone(Gone::new(GoneReason::LoggedOut, now));
                of_this = of_this.saturating_add(u64::from(loaded == gone));
            }
            same("how many one caller ended, and how many bear his instant", &of_this, &ended)?;
        }
    }
    Ok(())
}
