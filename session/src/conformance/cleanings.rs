//! Cleanings that meet others: what is deleted was over when it was, whoever was on his way (R14).

use super::Given;
use super::failure::{Failure, holds, same};
use super::races::{CALLERS, ROUNDS, race};
use super::together::turn;
use super::world::{END, IDLE, World, at, content, just_before, key};
use crate::store::{Touched, Updated};
use crate::{Content, Gone, GoneReason, SessionStore};

cases! {
    "cleanings" {
        a_touch_meets_a_cleaning: "A session that was answered as touched is there until then, though a cleaning was on its way.",
        an_update_meets_a_cleaning: "A session that was answered as updated is there until its new deadline, though a cleaning was on its way.",
        cleanings_meet: "Cleanings at once delete each row once, and count it once.",
    }
}

/// How many sessions there are for those who prolong them.
const SESSIONS: u32 = 6;

/// Has sessions prolonged that are about to expire, while others clean who say that they have; finds those that were prolonged, and no
/// others.
async fn prolong<F>(given: &Given, call: impl Fn(World, u32) -> F + Copy + Send + Sync) -> Result<(), Failure>
where
    F: Future<Output = Result<Option<Gone>, Failure>> + Send + 'static,
{
    let world = World::of(given);
    for round in 0..ROUNDS {
        for n in 0..SESSIONS {
            world.create(&key(n), &content("a"), at(0)).await?;
        }
        let callers = SESSIONS.saturating_add(3);
        let answers = race(given, callers, |world, n| {
            let prolonging = (n < SESSIONS).then(|| call(world.clone(), n));
            async move {
                for _ in 0..n.saturating_add(round) % 3 {
                    turn().await;
                }
                match prolonging {
                    Some(prolonging) => Ok((prolonging.await?, 0)),
                    None => Ok((None, world.clean(4, at(IDLE)).await?)),
                }
            }
        });
        let answers = answers.await?;
        let cleaned: u32 = answers.iter().map(|(_, cleaned)| cleaned).sum();
        let mut gone = 0_u32;
        for ((answer, _), n) in answers.iter().zip(0..SESSIONS) {
            if let Some(told) = answer {
                gone = gone.saturating_add(1);
                same("what was told of one that was cleaned away", told, &Gone::UNKNOWN)?;
                world.is_gone("it", &key(n), Gone::UNKNOWN, at(1)).await?;
            } else {
                let found = world.record(&key(n), just_before(at(END))).await;
                found.map_err(|failure| failure.during("a session that was prolonged in time"))?;
                world.delete(&key(n), GoneReason::LoggedOut, at(IDLE)).await?;
            }
        }
        same("how many rows were deleted, and how many sessions are gone", &cleaned, &gone)?;
        world.clean(100, at(END)).await?;
    }
    Ok(())
}

async fn a_touch_meets_a_cleaning(given: Given) -> Result<(), Failure> {
    let touch = |world: World, n: u32| async move {
        match world.store.touch(&key(n), at(END), just_before(at(IDLE))).await? {
            Touched::Touched => Ok(None),
            Touched::Gone(gone) => Ok(Some(gone)),
        }
    };
    prolong(&given, touch).await
}

async fn an_update_meets_a_cleaning(given: Given) -> Result<(), Failure> {
    let update = |world: World, n: u32| async move {
        let later = Content { expires_at: at(END), ..content("b") };
        match world.store.update(&key(n), crate::Version::FIRST, &later, just_before(at(IDLE))).await? {
            Updated::Updated(_) => Ok(None),
            Updated::Gone(gone) => Ok(Some(gone)),
            Updated::Stale => Err(Failure::new("an update of a version that nobody changed is stale")),
        }
    };
    prolong(&given, update).await
}

async fn cleanings_meet(given: Given) -> Result<(), Failure> {
    const ROWS: u32 = 40;
    let world = World::of(&given);
    for _ in 0..3 {
        for n in 0..ROWS {
            world.create(&key(n), &content("a"), at(0)).await?;
        }
        let call = |world: World, _: u32| async move {
            let mut deleted = 0_u32;
            for _ in 0..ROWS {
                let batch = world.clean(7, at(IDLE)).await?;
                holds(batch <= 7, || format!("a batch of 7 has {batch} rows"))?;
                deleted = deleted.saturating_add(batch);
                turn().await;
            }
            Ok(deleted)
        };
        let deleted: u32 = race(&given, CALLERS, call).await?.into_iter().sum();
        same("how many rows were deleted, by all who cleaned", &deleted, &ROWS)?;
    }
    Ok(())
}
