//! Cleaning: what is over is deleted for good, in batches that are bounded, and nothing else is (R14).

use super::Given;
use super::failure::{Failure, same};
use super::world::{ALL, END, IDLE, World, at, content, content_of, just_before, key};
use crate::{Content, Gone, GoneReason};

cases! {
    "cleaning" {
        a_batch_is_bounded: "As many rows are deleted as are asked for, and a batch that is smaller is the last one.",
        nothing_is_cleaned_from_an_empty_store: "Where nothing is over nothing is deleted.",
        live_sessions_stay: "Only sessions that have expired are deleted; the others stay as they are.",
        a_moved_deadline_counts: "A session whose deadline was moved is judged by the one that it has.",
        the_reason_is_told_until_then: "That a session expired is told until its row is deleted; then it is gone without a reason, and its key is free.",
        tombstones_count_too: "Sessions that expired and tombstones of long ago are counted together, and a tombstone of just now stays.",
    }
}

async fn a_batch_is_bounded(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for n in 0..11 {
        world.create(&key(n), &content_of("anna", "a")?, at(0)).await?;
    }
    world.create(&key(20), &Content { expires_at: at(END), ..content("b") }, at(0)).await?;
    let mut left = 11_usize;
    for deleted in [1, 4, 4, 2, 0] {
        let limit = if left == 11 { 1 } else { 4 };
        same(&format!("a batch of {limit} of {left}"), &world.clean(limit, at(IDLE)).await?, &deleted)?;
        left = left.saturating_sub(usize::try_from(deleted).unwrap_or(0));
        let mut gone = 0_usize;
        for n in 0..11 {
            // Not yet for one who is early: so it is seen which rows are there.
            gone = gone.saturating_add(usize::from(world.find(&key(n), at(1)).await?.is_some()));
        }
        same("how many rows are left", &gone, &left)?;
    }
    world.record(&key(20), at(IDLE)).await.map(|_| ())
}

async fn nothing_is_cleaned_from_an_empty_store(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    same("what is cleaned from an empty store", &world.clean(ALL, at(END)).await?, &0)?;
    let record = world.create(&key(1), &content("a"), at(0)).await?;
    same("what is cleaned from one without old rows", &world.clean(ALL, at(1)).await?, &0)?;
    world.is("its session", &key(1), &record, at(1)).await
}

async fn live_sessions_stay(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut records = Vec::new();
    for n in 0..10_i64 {
        let expires_at = at(n.saturating_mul(10).saturating_add(100));
        let one = Content { expires_at, ..content_of("anna", &n.to_string())? };
        let key = key(u32::try_from(n).unwrap_or(0));
        records.push((key, world.create(&key, &one, at(0)).await?));
    }
    let now = at(150);
    same("what is cleaned away", &world.clean(ALL, now).await?, &6)?;
    let (over, live): (Vec<_>, Vec<_>) =
        records.into_iter().partition(|(_, record)| record.content.expires_at <= now);
    for (key, _) in over {
        world.is_gone("what was over", &key, Gone::UNKNOWN, now).await?;
    }
    for (key, record) in &live {
        world.is("what was not over", key, record, now).await?;
    }
    let keys: Vec<_> = live.iter().map(|(key, _)| *key).collect();
    world.lists("anna", &keys, now).await
}

async fn a_moved_deadline_counts(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for n in 0..4 {
        world.create(&key(n), &content(&n.to_string()), at(0)).await?;
    }
    let last = just_before(at(IDLE));
    world.touch(&key(0), at(END), last).await?;
    let first = world.record(&key(1), at(0)).await?;
    let later = Content { expires_at: at(END), ..first.content.clone() };
    world.update(&key(1), &first, &later, last).await?;
    let second = world.record(&key(2), at(0)).await?;
    let sooner = Content { expires_at: at(50), ..second.content.clone() };
    world.update(&key(2), &second, &sooner, at(40)).await?;
    same("what is cleaned at the deadline that was made sooner", &world.clean(ALL, at(50)).await?, &1)?;
    world.is_gone("it", &key(2), Gone::UNKNOWN, at(50)).await?;
    same("what is cleaned at the first deadline", &world.clean(ALL, at(IDLE)).await?, &1)?;
    world.is_gone("what was left alone", &key(3), Gone::UNKNOWN, at(IDLE)).await?;
    world.record(&key(0), at(IDLE)).await.map_err(|failure| failure.during("a session just touched"))?;
    world.record(&key(1), at(IDLE)).await.map_err(|failure| failure.during("a session just updated"))?;
    same("what is cleaned in the end", &world.clean(ALL, at(END)).await?, &2)
}

async fn the_reason_is_told_until_then(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let now = at(END);
    world.create(&key(1), &content_of("anna", "a")?, at(0)).await?;
    world.is_gone("it, expired", &key(1), Gone::new(GoneReason::Expired, at(IDLE)), now).await?;
    same("what is cleaned away", &world.clean(10, now).await?, &1)?;
    world.is_gone_for_all("it, cleaned away", &key(1), Gone::UNKNOWN, now).await?;
    let new = Content { expires_at: at(END.saturating_add(1)), ..content_of("anna", "new")? };
    let record = world.create(&key(1), &new, now).await?;
    world.is("a new session under the key", &key(1), &record, now).await?;
    world.lists("anna", &[key(1)], now).await
}

async fn tombstones_count_too(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let now = at(IDLE);
    for n in 0..3 {
        world.create(&key(n), &content("expires"), at(0)).await?;
    }
    for n in 3..6 {
        world.create(&key(n), &content("ends"), at(0)).await?;
        world.delete(&key(n), GoneReason::LoggedOut, at(1)).await?;
    }
    world.create(&key(6), &content("ends now"), at(0)).await?;
    world.delete(&key(6), GoneReason::LoggedOut, just_before(now)).await?;
    same("the first batch", &world.clean(4, now).await?, &4)?;
    same("the second batch", &world.clean(4, now).await?, &2)?;
    let gone = Gone::new(GoneReason::LoggedOut, just_before(now));
    world.is_gone("the tombstone of just now", &key(6), gone, now).await
}
