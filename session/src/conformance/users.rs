//! Users: their sessions are listed in pages, and ended all together or all but one (R13).

use super::Given;
use super::failure::{Failure, holds, same};
use super::world::{
    ALL, END, Instant, World, at, content, content_of, just_before, key, nth_content, told_until, user,
};
use crate::{Content, Gone, GoneReason, KeyHash, SessionStore, UserSession};

cases! {
    "users" {
        a_session_is_listed_as_it_is: "A listing tells of each session its key, when it was created, and its deadlines.",
        sessions_are_paged_by_key: "A user's sessions come in the order of their key hashes, from after any key, in pages of the size asked for.",
        other_sessions_are_not_listed: "Neither other users' sessions are listed, nor nobody's.",
        ids_are_compared_to_the_letter: "Users whose ids differ in case, accents, width, spaces or form are different users.",
        all_sessions_are_ended: "All of a user's sessions are ended, as logged out, and counted; other users' stay.",
        all_but_one_are_ended: "All of a user's sessions but the one excepted are ended; that one stays as it is.",
        an_exception_of_anothers_protects_nothing: "An exception that is another user's session, or none, protects none of the user's, and ends none of the other's.",
    }
}

async fn a_session_is_listed_as_it_is(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let (expires_at, ends_at) = (just_before(at(700)), just_before(at(9_000)));
    let one = Content { expires_at, ends_at, ..content_of("anna", "a")? };
    world.create(&key(1), &one, just_before(at(3))).await?;
    let created_at = just_before(at(3));
    let expected = UserSession { key: key(1), created_at, expires_at, ends_at };
    same("a listing", &world.sessions("anna", at(5)).await?, &vec![expected])
}

/// The keys of a user's sessions, page by page.
async fn paged(world: &World, id: &str, limit: u32, now: Instant) -> Result<Vec<KeyHash>, Failure> {
    let (mut keys, mut after): (Vec<KeyHash>, Option<KeyHash>) = (Vec::new(), None);
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    for _ in 0..ALL {
        let page = world.store.list_user(&user(id)?, after.as_ref(), limit, now).await?;
        holds(page.len() <= size, || format!("a page of {limit} has {} rows", page.len()))?;
        keys.extend(page.iter().map(|session| session.key));
        after = keys.last().copied();
        if page.len() < size {
            break;
        }
    }
    Ok(keys)
}

async fn sessions_are_paged_by_key(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut keys = Vec::new();
    for n in 0..30 {
        let who = if n % 5 == 0 { "ben" } else { "anna" };
        world.create(&key(n), &content_of(who, "a")?, at(0)).await?;
        if who == "anna" {
            keys.push(key(n));
        }
    }
    keys.sort_unstable();
    for limit in [1, 5, 7, 23, 24, 25, u32::MAX] {
        let found = paged(&world, "anna", limit, at(1)).await?;
        holds(found == keys, || {
            let (found, expected) = (found.len(), keys.len());
            format!("pages of {limit}: {found} keys, expected {expected}, each once and in order")
        })?;
    }
    // A page goes on from a key that is gone, and from one that never was.
    let (Some(third), Some(fourth), Some(fifth)) = (keys.get(2), keys.get(3), keys.get(4)) else {
        return Err(Failure::new("too few keys"));
    };
    world.delete(third, GoneReason::LoggedOut, at(1)).await?;
    for from in [*third, between(third)] {
        let page = world.store.list_user(&user("anna")?, Some(&from), 2, at(1)).await?;
        let found: Vec<KeyHash> = page.iter().map(|session| session.key).collect();
        holds(found == [*fourth, *fifth], || "a page from a key that is not there is another".into())?;
    }
    let last = KeyHash::from_bytes([u8::MAX; 32]);
    let page = world.store.list_user(&user("anna")?, Some(&last), 5, at(1)).await?;
    same("the rows after the last key", &page, &Vec::new())
}

/// The key right after another.
fn between(key: &KeyHash) -> KeyHash {
    let mut bytes = *key.as_bytes();
    if let Some(last) = bytes.last_mut() {
        *last = last.saturating_add(1);
    }
    KeyHash::from_bytes(bytes)
}

async fn other_sessions_are_not_listed(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    world.create(&key(1), &content_of("anna", "a")?, at(0)).await?;
    world.create(&key(2), &content_of("ben", "b")?, at(0)).await?;
    world.create(&key(3), &content("nobody"), at(0)).await?;
    world.lists("anna", &[key(1)], at(1)).await?;
    world.lists("ben", &[key(2)], at(1)).await?;
    world.lists("carol", &[], at(1)).await?;
    world.lists("null", &[], at(1)).await?;
    same("sessions of carol to end", &world.store.delete_user(&user("carol")?, None, at(1)).await?, &0)?;
    for n in 1..=3 {
        world.record(&key(n), at(1)).await?;
    }
    Ok(())
}

async fn ids_are_compared_to_the_letter(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let ids = [
        "anna",
        "Anna",
        "ANNA",
        "ánna",
        "a\u{301}nna",
        "ａnna",
        "an na",
        "an  na",
        " anna",
        "anna ",
        "ann",
        "annaa",
        "ann%",
        "ann_",
        "straße",
        "strasse",
        "1",
        "01",
        "1.0",
        "null",
    ];
    for (id, n) in ids.into_iter().zip(0_u32..) {
        world.create(&key(n), &content_of(id, "a")?, at(0)).await?;
    }
    for (id, n) in ids.into_iter().zip(0_u32..) {
        world.lists(id, &[key(n)], at(1)).await?;
    }
    for (id, n) in ids.into_iter().zip(0_u32..) {
        let ended = world.store.delete_user(&user(id)?, None, at(1)).await?;
        same(&format!("sessions of {id:?} to end"), &ended, &1)?;
        world.is_gone(id, &key(n), Gone::new(GoneReason::LoggedOut, at(1)), at(1)).await?;
    }
    Ok(())
}

async fn all_sessions_are_ended(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let mut others = Vec::new();
    for n in 0..60_u32 {
        let who = if n.is_multiple_of(3) { content("nobody") } else { content_of("ben", "b")? };
        let content = if n.is_multiple_of(2) { content_of("anna", "a")? } else { who };
        let record = world.create(&key(n), &content, at(0)).await?;
        if n % 2 == 1 {
            others.push((key(n), record));
        }
    }
    same("sessions of anna to end", &world.store.delete_user(&user("anna")?, None, at(2)).await?, &30)?;
    same("sessions of anna left to end", &world.store.delete_user(&user("anna")?, None, at(3)).await?, &0)?;
    let gone = Gone::new(GoneReason::LoggedOut, at(2));
    for n in (0..60).step_by(2) {
        world.is_gone("one of hers", &key(n), gone, just_before(told_until(at(2)))).await?;
    }
    world.is_gone_for_all("one of hers", &key(0), gone, at(3)).await?;
    world.lists("anna", &[], at(2)).await?;
    for (key, record) in &others {
        world.is("one that is not hers", key, record, at(3)).await?;
    }
    Ok(())
}

async fn all_but_one_are_ended(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let long = |text: &str| content_of("anna", text).map(|one| Content { expires_at: at(END), ..one });
    for n in 0..5 {
        world.create(&key(n), &long("a")?, at(0)).await?;
    }
    let kept = world.record(&key(3), at(1)).await?;
    let ended = world.store.delete_user(&user("anna")?, Some(&key(3)), at(1)).await?;
    same("sessions to end but one", &ended, &4)?;
    world.lists("anna", &[key(3)], at(1)).await?;
    world.is("the one excepted", &key(3), &kept, at(1)).await?;
    for n in [0, 1, 2, 4] {
        world.is_gone("one of the others", &key(n), Gone::new(GoneReason::LoggedOut, at(1)), at(2)).await?;
    }
    let ended = world.store.delete_user(&user("anna")?, Some(&key(3)), at(2)).await?;
    same("sessions to end but the last one", &ended, &0)?;
    let record = world.update(&key(3), &kept, &nth_content(1)?, at(2)).await?;
    world.is("the one excepted, updated", &key(3), &record, at(2)).await
}

async fn an_exception_of_anothers_protects_nothing(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    for n in 0..6 {
        let who = if n < 4 { "anna" } else { "ben" };
        world.create(&key(n), &content_of(who, "a")?, at(0)).await?;
    }
    let bens = world.record(&key(4), at(1)).await?;
    let ended = world.store.delete_user(&user("anna")?, Some(&key(4)), at(1)).await?;
    same("sessions of anna to end but one of ben's", &ended, &4)?;
    world.lists("anna", &[], at(1)).await?;
    world.lists("ben", &[key(4), key(5)], at(1)).await?;
    world.is("the one of ben's", &key(4), &bens, at(1)).await?;
    let ended = world.store.delete_user(&user("ben")?, Some(&key(99)), at(1)).await?;
    same("sessions of ben to end but one that never was", &ended, &2)?;
    world.is_gone("the one that never was", &key(99), Gone::UNKNOWN, at(1)).await
}
