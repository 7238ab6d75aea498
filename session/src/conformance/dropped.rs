//! Callers that go away: one that drops a call loses the answer, and nothing else.

use super::failure::{Failure, holds, same};
use super::races::{CALLERS, ROUNDS, race};
use super::together::polled_then_dropped;
use super::world::{IDLE, World, at, content, content_of, key, nth_content, number, number_of, user};
use super::{BoxFuture, Given};
use crate::store::{Created, Deleted, Rotated, Touched, Updated};
use crate::{Content, Gone, GoneReason, SessionStore};

cases! {
    "dropped" {
        a_dropped_creation_is_whole_or_absent: "A creation whose caller went away is done whole or not at all, and the next one tells which.",
        a_dropped_update_is_whole_or_absent: "An update whose caller went away is done whole or not at all, and the next one tells which.",
        a_dropped_rotation_is_whole_or_absent: "After a rotation whose caller went away the session has one key.",
        a_dropped_deletion_is_whole_or_absent: "After a deletion whose caller went away the session is there or gone, and not both.",
        a_dropped_end_of_all_is_whole_or_absent: "All of a user's sessions are ended or none, if the caller went away.",
        others_are_served_all_the_same: "Callers that go away take nothing from those who stay, and the store serves on.",
    }
}

/// How often each call is dropped, and after how many polls at most.
const DROPS: u32 = 40;
const POLLS_MAX: u32 = 6;

/// Makes a call and goes away after the n-th number of polls; what it was answered, if it was by then.
async fn drop_call<T, F>(world: &World, n: u32, call: impl FnOnce(World) -> F) -> Result<Option<T>, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let call: BoxFuture<Result<T, Failure>> = Box::pin(call(world.clone()));
    polled_then_dropped(call, n % POLLS_MAX).await.transpose()
}

async fn a_dropped_creation_is_whole_or_absent(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for n in 0..DROPS {
        let (first, second) = (nth_content(1)?, nth_content(2)?);
        let dropped = first.clone();
        let call = move |world: World| async move { Ok(world.store.create(&key(n), &dropped, at(0)).await?) };
        let answer = drop_call(&world, n, call).await?;
        let settled = world.store.create(&key(n), &second, at(0)).await?;
        if answer == Some(Created::Created) {
            same("a creation after one that was answered", &settled, &Created::Exists)?;
        }
        let (expected, whose, others) = match settled {
            Created::Created => (second, "user-2", "user-1"),
            Created::Exists => (first, "user-1", "user-2"),
        };
        same("the content", &world.record(&key(n), at(1)).await?.content, &expected)?;
        let listed = async |id: &str| {
            let sessions = world.sessions(id, at(1)).await?;
            Ok::<bool, Failure>(sessions.iter().any(|session| session.key == key(n)))
        };
        same("whether its user has it", &listed(whose).await?, &true)?;
        same("whether another has it", &listed(others).await?, &false)?;
    }
    Ok(())
}

async fn a_dropped_update_is_whole_or_absent(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut record = world.create(&key(1), &nth_content(0)?, at(0)).await?;
    for n in 0..DROPS {
        let (first, second) = (nth_content(1)?, nth_content(2)?);
        let (version, dropped) = (record.version, first.clone());
        let call = move |world: World| async move {
            Ok(world.store.update(&key(1), version, &dropped, at(1)).await?)
        };
        let answer = drop_call(&world, n, call).await?;
        let settled = world.store.update(&key(1), version, &second, at(1)).await?;
        if matches!(answer, Some(Updated::Updated(_))) {
            same("an update after one that was answered", &settled, &Updated::Stale)?;
        }
        let expected = if settled == Updated::Stale { first } else { second };
        record = world.record(&key(1), at(1)).await?;
        same("the version, raised once", &record.version, &version.next())?;
        same("the content", &record.content, &expected)?;
        let ours = expected.user.as_ref().map_or("", |user| user.as_str());
        world.lists(ours, &[key(1)], at(1)).await?;
    }
    Ok(())
}

async fn a_dropped_rotation_is_whole_or_absent(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for n in 0..DROPS {
        let of = |m: u32| key(n.saturating_mul(10).saturating_add(m));
        let (from, one, two) = (of(0), of(1), of(2));
        let record = world.create(&from, &content_of("anna", "a")?, at(0)).await?;
        let call = move |world: World| async move { Ok(world.store.rotate(&from, &one, at(1)).await?) };
        let answer = drop_call(&world, n, call).await?;
        let settled = world.store.rotate(&from, &two, at(1)).await?;
        let gone = Gone::new(GoneReason::Rotated, at(1));
        if answer == Some(Rotated::Rotated) {
            same("a rotation after one that was answered", &settled, &Rotated::Gone(gone))?;
        }
        let (has, has_not) = if settled == Rotated::Rotated { (two, one) } else { (one, two) };
        world.is("the session", &has, &record, at(1)).await?;
        world.is_gone("the key that it has not", &has_not, Gone::UNKNOWN, at(1)).await?;
        world.is_gone("the old key", &from, gone, at(1)).await?;
        world.lists("anna", &[has], at(1)).await?;
        world.delete(&has, GoneReason::LoggedOut, at(1)).await?;
    }
    Ok(())
}

async fn a_dropped_deletion_is_whole_or_absent(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for n in 0..DROPS {
        world.create(&key(n), &content_of("anna", "a")?, at(0)).await?;
        let call = move |world: World| async move {
            Ok(world.store.delete(&key(n), None, GoneReason::Emptied, at(1)).await?)
        };
        let answer = drop_call(&world, n, call).await?;
        let settled = world.store.delete(&key(n), None, GoneReason::LoggedOut, at(2)).await?;
        let first = Gone::new(GoneReason::Emptied, at(1));
        if answer == Some(Deleted::Deleted) {
            same("a deletion after one that was answered", &settled, &Deleted::Gone(first))?;
        }
        let second = Gone::new(GoneReason::LoggedOut, at(2));
        let gone = if settled == Deleted::Deleted { second } else { first };
        world.is_gone_for_all("what was deleted", &key(n), gone, at(2)).await?;
        world.lists("anna", &[], at(2)).await?;
    }
    Ok(())
}

async fn a_dropped_end_of_all_is_whole_or_absent(given: Given) -> Result<(), Failure> {
    const SESSIONS: u32 = 5;
    let world = World::of(&given);
    for n in 0..DROPS {
        // A user of its own for each: what somebody asked for and did not wait for may come later.
        let anna = format!("anna-{n}");
        let of = |m: u32| key(n.saturating_mul(10).saturating_add(m));
        for m in 0..SESSIONS {
            world.create(&of(m), &content_of(&anna, "a")?, at(0)).await?;
        }
        let who = user(&anna)?;
        let call = |world: World| async move { Ok(world.store.delete_user(&who, None, at(1)).await?) };
        let answer = drop_call(&world, n, call).await?;
        let settled = world.store.delete_user(&user(&anna)?, None, at(2)).await?;
        let all = u64::from(SESSIONS);
        holds(settled == 0 || (settled == all && answer.is_none()), || {
            format!(
                "of {all} sessions that one went away from {settled} were left, when it was told {answer:?}"
            )
        })?;
        let when = if settled == 0 { at(1) } else { at(2) };
        for m in 0..SESSIONS {
            world.is_gone("one of all", &of(m), Gone::new(GoneReason::LoggedOut, when), at(2)).await?;
        }
    }
    Ok(())
}

async fn others_are_served_all_the_same(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for n in 0..CALLERS {
        let zero = Content { data: number(0), ..content("") };
        world.create(&key(n), &zero, at(0)).await?;
    }
    for round in 0..ROUNDS {
        // Every third caller goes away; the others update, touch and read meanwhile.
        let call = |world: World, n: u32| async move {
            if n.is_multiple_of(3) {
                let until = at(IDLE.saturating_add(i64::from(round)));
                let call =
                    move |world: World| async move { Ok(world.store.touch(&key(n), until, at(1)).await?) };
                drop_call(&world, n.saturating_add(round), call).await?;
                return Ok(());
            }
            let found = world.record(&key(n), at(1)).await?;
            let data = number(number_of(&found.content)?.saturating_add(1));
            world.update(&key(n), &found, &Content { data, ..found.content.clone() }, at(1)).await?;
            world.touch(&key(n), at(IDLE.saturating_add(i64::from(round))), at(1)).await
        };
        race(&given, CALLERS, call).await?;
    }
    for n in 0..CALLERS {
        let counted = if n.is_multiple_of(3) { 0 } else { i64::from(ROUNDS) };
        let found = world.record(&key(n), at(1)).await?;
        same("what a caller counted", &number_of(&found.content)?, &counted)?;
        let answer = world.store.touch(&key(n), at(IDLE.saturating_mul(2)), at(1)).await?;
        same("a touch when all have gone", &answer, &Touched::Touched)?;
        let deadline = world.record(&key(n), at(1)).await?.content.expires_at;
        same("the deadline then", &deadline, &at(IDLE.saturating_mul(2)))?;
    }
    Ok(())
}
