//! Touching: the end of the idle time moves forwards, and nothing else is done (R4).

use super::Given;
use super::failure::{Failure, same};
use super::world::{END, IDLE, World, at, content, content_of, just_before, key, nth_content};
use crate::store::Touched;
use crate::{Content, Gone, GoneReason, Record, SessionStore};

cases! {
    "touching" {
        a_touch_moves_forwards_only: "A touch for later prolongs the session; one for sooner is answered alike and shortens nothing.",
        a_touch_stops_at_the_end: "A touch prolongs a session up to its end and no further.",
        a_touch_changes_nothing_else: "Neither data nor user nor version nor end change, and an update decided before the touch holds.",
        a_touched_session_lives_on: "A touched session is there after its old deadline, for every call, and gone at its new one.",
        a_touch_creates_nothing: "A touch of a session that never was creates none (R2).",
        a_touch_revives_nothing: "A touch of a session that was ended, rotated or has expired says so and brings nothing back (R2, R5).",
    }
}

fn until(record: &Record, expires_at: i64) -> Record {
    let content = Content { expires_at: at(expires_at), ..record.content.clone() };
    Record { content, ..record.clone() }
}

async fn a_touch_moves_forwards_only(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let record = world.create(&key(1), &content("a"), at(0)).await?;
    let touches = [(IDLE, IDLE), (2_000, 2_000), (1_900, 2_000), (2_100, 2_100), (5, 2_100), (-5, 2_100)];
    for (to, expected) in touches {
        world.touch(&key(1), at(to), at(10)).await?;
        let what = format!("the session touched until second {to}");
        world.is(&what, &key(1), &until(&record, expected), at(10)).await?;
    }
    // By a microsecond, too.
    world.touch(&key(1), just_before(at(2_101)), at(10)).await?;
    let found = world.record(&key(1), at(10)).await?.content.expires_at;
    same("the deadline", &found, &just_before(at(2_101)))
}

async fn a_touch_stops_at_the_end(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let record = world.create(&key(1), &content("a"), at(0)).await?;
    world.touch(&key(1), just_before(at(END)), at(10)).await?;
    let found = world.record(&key(1), at(10)).await?.content.expires_at;
    same("the deadline just before the end", &found, &just_before(at(END)))?;
    for (n, to) in [(1, END), (2, END), (3, END.saturating_add(1)), (4, END.saturating_mul(100))] {
        if n > 1 {
            world.create(&key(n), &record.content, at(0)).await?;
        }
        world.touch(&key(n), at(to), at(10)).await?;
        world
            .is("a session touched up to its end, or past it", &key(n), &until(&record, END), at(10))
            .await?;
        world.touch(&key(n), at(END.saturating_mul(2)), at(10)).await?;
        world.is("it, touched past its end again", &key(n), &until(&record, END), at(10)).await?;
    }
    let gone = Gone::new(GoneReason::Expired, at(END));
    world.is_gone_for_all("the session at its end", &key(1), gone, at(END)).await
}

async fn a_touch_changes_nothing_else(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut record = world.create(&key(1), &nth_content(1)?, at(0)).await?;
    record = world.update(&key(1), &record, &nth_content(2)?, at(1)).await?;
    for second in 0..5_i64 {
        let to = second.saturating_add(4_000);
        world.touch(&key(1), at(to), at(2)).await?;
        world.is("a touched session", &key(1), &until(&record, to), at(2)).await?;
    }
    world.lists("user-2", &[key(1)], at(2)).await?;
    // Decided before the touches; it says the deadline, even if that is sooner.
    let record = world.update(&key(1), &record, &nth_content(3)?, at(2)).await?;
    world.is("the session, updated after touches", &key(1), &record, at(2)).await
}

async fn a_touched_session_lives_on(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let record = world.create(&key(1), &content_of("anna", "a")?, at(0)).await?;
    world.touch(&key(1), at(3_600), just_before(at(IDLE))).await?;
    for now in [at(IDLE), just_before(at(3_600))] {
        same("what is cleaned away meanwhile", &world.clean(10, now).await?, &0)?;
        world.is("the session", &key(1), &until(&record, 3_600), now).await?;
        let listed = world.sessions("anna", now).await?;
        let deadlines: Vec<_> = listed.iter().map(|session| session.expires_at).collect();
        same("the deadlines listed", &deadlines, &vec![at(3_600)])?;
    }
    let gone = Gone::new(GoneReason::Expired, at(3_600));
    world.is_gone_for_all("the session at its new deadline", &key(1), gone, at(3_600)).await?;
    same("what is cleaned away then", &world.clean(10, at(3_600)).await?, &1)
}

async fn a_touch_creates_nothing(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let answer = world.store.touch(&key(1), at(IDLE), at(0)).await?;
    same("a touch of a session that never was", &answer, &Touched::Gone(Gone::UNKNOWN))?;
    world.is_gone("it", &key(1), Gone::UNKNOWN, at(0)).await?;
    same("the rows to clean away", &world.clean(10, at(END)).await?, &0)?;
    world.create(&key(1), &content("a"), at(0)).await.map(|_| ())
}

async fn a_touch_revives_nothing(given: Given) -> Result<(), Failure> {
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
        let answer = world.store.touch(&key(n), at(END), now).await?;
        same(&format!("a touch of what is gone: {reason}"), &answer, &Touched::Gone(expected))?;
        world.is_gone("it", &key(n), expected, now).await?;
    }
    world.lists("anna", &[key(4)], now).await
}
