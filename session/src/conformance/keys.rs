//! Keys: what is done to one session changes no other, however alike their keys are.

use super::Given;
use super::failure::{Failure, same};
use super::world::{ALL, IDLE, World, at, content_of, key, nth_content, user};
use crate::{Gone, GoneReason, KeyHash, Record, SessionStore};

cases! {
    "keys" {
        keys_differ_in_every_byte: "Keys that differ in one bit, wherever it is, are different keys.",
        keys_are_bytes: "Keys of zeros, of ones, with zeros inside, or of letters in either case are keys like others.",
        what_is_done_to_one_changes_no_other: "Whatever is done to a session, others stay as they are.",
    }
}

/// Creates a session under each key, ends every other one, and finds the rest as they were.
async fn are_apart(world: &World, keys: &[KeyHash]) -> Result<(), Failure> {
    let mut created = Vec::new();
    for (key, n) in keys.iter().zip(0_i64..) {
        created.push((*key, world.create(key, &nth_content(n)?, at(0)).await?));
    }
    for (key, record) in &created {
        world.is("a session among others", key, record, at(1)).await?;
    }
    let (mut ended, mut live) = (Vec::new(), Vec::new());
    for ((key, record), n) in created.into_iter().zip(0_u32..) {
        if n.is_multiple_of(2) {
            world.delete(&key, GoneReason::LoggedOut, at(1)).await?;
            ended.push(key);
        } else {
            live.push((key, record));
        }
    }
    for key in ended {
        world.is_gone("one that was ended", &key, Gone::new(GoneReason::LoggedOut, at(1)), at(1)).await?;
    }
    for (key, record) in &live {
        world.is("one that was not ended", key, record, at(1)).await?;
    }
    Ok(())
}

async fn keys_differ_in_every_byte(given: Given) -> Result<(), Failure> {
    let first = *key(1).as_bytes();
    let mut keys = vec![KeyHash::from_bytes(first)];
    for place in 0..first.len() {
        let mut bytes = first;
        if let Some(byte) = bytes.get_mut(place) {
            // Each bit of a byte gets its turn.
            *byte ^= 1_u8.rotate_left(u32::try_from(place).unwrap_or(0));
        }
        keys.push(KeyHash::from_bytes(bytes));
    }
    are_apart(&World::of(&given), &keys).await
}

async fn keys_are_bytes(given: Given) -> Result<(), Failure> {
    let with = |place: usize, value: u8| {
        let mut bytes = [b'k'; 32];
        if let Some(byte) = bytes.get_mut(place) {
            *byte = value;
        }
        bytes
    };
    let mut keys = vec![[0; 32], [u8::MAX; 32], [b'a'; 32], [b'A'; 32], [b' '; 32], [0x80; 32], [b'\''; 32]];
    for place in [0, 1, 16, 31] {
        for value in [0, b'K', b' ', b'%', b'_', b'\\', 0x7f, 0xc3, u8::MAX] {
            keys.push(with(place, value));
        }
    }
    let keys: Vec<KeyHash> = keys.into_iter().map(KeyHash::from_bytes).collect();
    are_apart(&World::of(&given), &keys).await
}

async fn unchanged(world: &World, what: &str, others: &[(KeyHash, Record)]) -> Result<(), Failure> {
    for (key, record) in others {
        world.is(&format!("another session after {what}"), key, record, at(3)).await?;
    }
    Ok(())
}

async fn what_is_done_to_one_changes_no_other(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut others = Vec::new();
    for n in 0..6 {
        others.push((key(n), world.create(&key(n), &content_of("anna", "other")?, at(0)).await?));
    }
    let mut record = world.create(&key(10), &content_of("ben", "one")?, at(0)).await?;
    unchanged(&world, "a creation", &others).await?;
    record = world.update(&key(10), &record, &content_of("ben", "two")?, at(1)).await?;
    unchanged(&world, "an update", &others).await?;
    world.touch(&key(10), at(IDLE.saturating_add(100)), at(1)).await?;
    unchanged(&world, "a touch", &others).await?;
    world.rotate(&key(10), &key(11), at(2)).await?;
    unchanged(&world, "a rotation", &others).await?;
    world.delete(&key(11), GoneReason::LoggedOut, at(3)).await?;
    unchanged(&world, "a deletion", &others).await?;
    world.create(&key(12), &record.content, at(3)).await?;
    same("sessions of ben to end", &world.store.delete_user(&user("ben")?, None, at(3)).await?, &1)?;
    unchanged(&world, "the end of all of a user's", &others).await?;
    same("rows of ben's to clean away", &world.clean(ALL, at(100)).await?, &3)?;
    unchanged(&world, "a cleaning", &others).await
}
