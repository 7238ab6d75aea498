//! What is in Redis: rows that cannot be read, how long each key stays, what is left at the end, and that scripts may be forgotten.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;

use std::process::ExitCode;
use std::time::Duration;

use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{
    Content, Gone, GoneReason, KeyHash, SessionStore, StoreErrorKind, TOMBSTONE_KEPT, UserId,
};
use bursar_store_redis::redis::{self, Cmd, FromRedisValue};
use chrono::{DateTime, Utc};
use libtest_mimic::Failed;
use server::{Ground, Server};
use session::{ALL, at, content, create, found, key, listed, name, of_user, user, version};

/// Asks whichever node has the key.
async fn ask<T: FromRedisValue>(ground: &Ground, cmd: &Cmd) -> T {
    for mut node in ground.nodes().await {
        match cmd.query_async(&mut node).await {
            Ok(answer) => return answer,
            Err(error) if error.code() == Some("MOVED") => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no node has the key");
}

async fn a_row_that_cannot_be_read_is_dropped(ground: Ground) -> Result<(), Failed> {
    let store = ground.store().await;
    create(&store, 1, &of_user("anna", "{}")).await;
    let row: Vec<u8> = ask(&ground, redis::cmd("GET").arg(name(&ground.prefix, &key(1)))).await;
    let with = |place: usize, bytes: &[u8]| {
        let mut row = row.clone();
        row[place..place + bytes.len()].copy_from_slice(bytes);
        row
    };
    let wrong = [
        b"x".to_vec(),
        row[..100].to_vec(),
        // Another format, a version that is none, an instant that is none, a user whose id is none, data that are no text.
        with(0, b"L7"),
        with(62, b"-000000000000000001"),
        with(42, b"x"),
        with(152, b"\n"),
        with(156, b"\xff"),
    ];
    for (n, row) in (100_u32..).zip(wrong) {
        let name = name(&ground.prefix, &key(n));
        let _: () = ask(&ground, redis::cmd("SET").arg(&name).arg(&row).arg("PX").arg(60_000)).await;
        assert_eq!(store.load(&key(n), at(1)).await?, Loaded::Undecodable, "{n}");
        assert_eq!(store.create(&key(n), &content("{}"), at(1)).await?, Created::Exists, "{n}");
        assert_eq!(store.update(&key(n), version(9), &content("{}"), at(1)).await?, Updated::Stale, "{n}");
        let deleted = store.delete(&key(n), None, GoneReason::LoggedOut, at(1)).await?;
        assert_eq!(deleted, Deleted::Deleted, "{n}");
        let gone = Gone::new(GoneReason::LoggedOut, at(1));
        assert_eq!(store.load(&key(n), at(1)).await?, Loaded::Gone(gone), "{n}");
    }
    assert_eq!(listed(&store, "anna").await, [key(1)]);
    Ok(())
}

async fn another_type_is_dropped(ground: Ground) -> Result<(), Failed> {
    let store = ground.store().await;
    let name = name(&ground.prefix, &key(1));
    let _: () = ask(&ground, redis::cmd("HSET").arg(&name).arg("a").arg("b")).await;
    assert_eq!(store.load(&key(1), at(1)).await?, Loaded::Undecodable);
    assert_eq!(store.create(&key(1), &content("{}"), at(1)).await?, Created::Exists);
    assert_eq!(store.update(&key(1), version(1), &content("{}"), at(1)).await?, Updated::Stale);
    assert_eq!(store.delete(&key(1), Some(version(1)), GoneReason::Emptied, at(1)).await?, Deleted::Stale);
    let error = store.rotate(&key(1), &key(2), at(1)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
    assert_eq!(store.delete_expired(ALL, at(1_000_000)).await?, 0);
    assert_eq!(store.delete(&key(1), None, GoneReason::LoggedOut, at(1)).await?, Deleted::Deleted);
    let gone = Loaded::Gone(Gone::new(GoneReason::LoggedOut, at(1)));
    assert_eq!(store.load(&key(1), at(1)).await?, gone);
    Ok(())
}

/// Sessions of every kind and what they leave.
async fn live_a_while(store: &bursar_store_redis::RedisStore, from: u32) -> Result<(), Failed> {
    for n in from..from + 60 {
        let who = format!("user-{}", n % 7);
        create(store, n, &if n % 5 == 0 { content("{}") } else { of_user(&who, "{}") }).await;
        match n % 6 {
            0 => drop(store.touch(&key(n), at(3_000), at(1)).await?),
            1 => drop(store.update(&key(n), version(1), &of_user("user-0", "{1}"), at(1)).await?),
            2 => drop(store.rotate(&key(n), &key(n + 1_000), at(1)).await?),
            3 => drop(store.delete(&key(n), None, GoneReason::LoggedOut, at(1)).await?),
            4 => {
                let later = Content { ends_at: at(90_000), ..of_user(&who, "{2}") };
                assert_eq!(
                    store.update(&key(n), version(1), &later, at(1)).await?,
                    Updated::Updated(version(2))
                );
            }
            _ => {}
        }
    }
    store.delete_user(&user("user-1"), None, at(1)).await?;
    store.delete_user(&user("user-2"), Some(&key(from + 9)), at(1)).await?;
    Ok(())
}

async fn every_key_ends_by_itself(ground: Ground) -> Result<(), Failed> {
    let store = ground.store().await;
    live_a_while(&store, 0).await?;
    let keys = ground.keys().await;
    assert!(keys.len() > 60);
    for (mut node, key) in keys {
        let millis: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut node).await?;
        // A row is there for as long as the reason is told at least, and an index for as long as its sessions can be.
        assert!(millis > 60_000, "{} has {millis} ms", String::from_utf8_lossy(&key));
        assert!(millis < 2 * 90_000_000, "{} has {millis} ms", String::from_utf8_lossy(&key));
        if key.windows(3).any(|part| part == b":u:") {
            assert!(millis > 43_200_000 - 10_000, "an index has {millis} ms");
        }
    }
    Ok(())
}

async fn nothing_is_left(ground: Ground) -> Result<(), Failed> {
    // What is found in an index too much is taken off after twenty times as long.
    let store = ground.open(ground.options().timeout(Duration::from_millis(200))).await;
    for round in 0..3 {
        live_a_while(&store, round * 100).await?;
    }
    // Creations and rotations that are refused leave something in an index.
    for n in [0, 3, 400] {
        create(&store, n + 500, &content("{}")).await;
        assert_eq!(store.create(&key(n + 500), &of_user("user-6", "{}"), at(1)).await?, Created::Exists);
    }
    create(&store, 600, &of_user("user-5", "{}")).await;
    assert_eq!(store.rotate(&key(600), &key(500), at(1)).await?, Rotated::Exists);
    tokio::time::sleep(Duration::from_secs(5)).await;
    for n in 0..7 {
        listed(&store, &format!("user-{n}")).await;
    }
    let mut rows = 0;
    loop {
        let deleted = store.delete_expired(7, at(1_000_000)).await?;
        rows += deleted;
        if deleted < 7 {
            break;
        }
    }
    assert!(rows > 180, "{rows} rows");
    let left = ground.keys().await;
    let left: Vec<_> = left.iter().map(|(_, key)| String::from_utf8_lossy(key)).collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

async fn scripts_may_be_forgotten(ground: Ground) -> Result<(), Failed> {
    let store = ground.store().await;
    let flush = async || {
        for mut node in ground.nodes().await {
            let _: () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut node).await.unwrap();
        }
    };
    for n in [10, 20] {
        flush().await;
        create(&store, n, &of_user("anna", "{}")).await;
        flush().await;
        let updated = store.update(&key(n), version(1), &of_user("ben", "{}"), at(1)).await?;
        assert_eq!(updated, Updated::Updated(version(2)));
        flush().await;
        assert_eq!(store.touch(&key(n), at(2_000), at(1)).await?, Touched::Touched);
        flush().await;
        assert_eq!(store.rotate(&key(n), &key(n + 1), at(1)).await?, Rotated::Rotated);
        flush().await;
        assert_eq!(store.delete_user(&user("ben"), None, at(1)).await?, 1);
        flush().await;
        assert_eq!(store.delete_expired(ALL, at(2_000)).await?, 2);
    }
    Ok(())
}

/// No microsecond is lost where a script's numbers would lose a thousand.
async fn the_last_microseconds_are_told_apart(ground: Ground) -> Result<(), Failed> {
    let store = ground.store().await;
    let micros = |before: i64| -> DateTime<Utc> {
        DateTime::from_timestamp_micros(253_402_300_799_999_999 - before).unwrap()
    };
    let long = Content { expires_at: micros(4), ends_at: micros(1), ..content("{}") };
    create(&store, 1, &long).await;
    assert!(matches!(store.load(&key(1), micros(5)).await?, Loaded::Live(_)));
    let gone = |before| Gone::new(GoneReason::Expired, micros(before));
    assert_eq!(store.load(&key(1), micros(4)).await?, Loaded::Gone(gone(4)));
    assert_eq!(store.touch(&key(1), micros(3), micros(4)).await?, Touched::Gone(gone(4)));
    assert_eq!(store.touch(&key(1), micros(3), micros(5)).await?, Touched::Touched);
    assert_eq!(found(&store, 1).await.unwrap().content.expires_at, micros(3));
    assert_eq!(store.touch(&key(1), micros(4), micros(5)).await?, Touched::Touched);
    assert_eq!(found(&store, 1).await.unwrap().content.expires_at, micros(3));
    assert_eq!(store.touch(&key(1), micros(0), micros(5)).await?, Touched::Touched);
    assert_eq!(found(&store, 1).await.unwrap().content.expires_at, micros(1));
    assert_eq!(store.delete_expired(ALL, micros(2)).await?, 0);
    assert_eq!(store.delete_expired(ALL, micros(1)).await?, 1);
    // Before the year 1970 as well.
    let early = |micros| DateTime::from_timestamp_micros(micros).unwrap();
    let old = Content { expires_at: early(-5), ends_at: early(5), ..content("{}") };
    assert_eq!(store.create(&key(2), &old, early(-100)).await?, Created::Created);
    assert!(matches!(store.load(&key(2), early(-6)).await?, Loaded::Live(_)));
    assert_eq!(store.touch(&key(2), early(9), early(-6)).await?, Touched::Touched);
    assert_eq!(store.load(&key(2), early(5)).await?, Loaded::Gone(Gone::new(GoneReason::Expired, early(5))));
    Ok(())
}

/// A backlog is cleaned away in batches, one walk after the other, whatever becomes over meanwhile.
async fn a_backlog_is_cleaned_in_batches(ground: Ground) -> Result<(), Failed> {
    let store = ground.store().await;
    for n in 0..1_200 {
        let expires_at = at(if n % 3 == 0 { 900 } else { 100 });
        create(&store, n, &Content { expires_at, ..content("{}") }).await;
    }
    let mut deleted = 0;
    for batch in 0.. {
        // In the middle the rest becomes over, and one that was passed by is among them.
        let now = if batch < 3 { at(100) } else { at(900) };
        let one = store.delete_expired(170, now).await?;
        deleted += one;
        if one < 170 {
            break;
        }
    }
    assert_eq!(deleted, 1_200);
    assert_eq!(store.delete_expired(ALL, at(900)).await?, 0);
    Ok(())
}

async fn ids_may_be_anything(ground: Ground) -> Result<(), Failed> {
    let store = ground.store().await;
    let ids = ["{", "{a}b", "*", "{}", "a{b}", "é:u:s:", "\u{1f392}"];
    for (n, id) in (0_u32..).zip(ids) {
        create(&store, n, &of_user(id, "{}")).await;
    }
    for (n, id) in (0_u32..).zip(ids) {
        assert_eq!(listed(&store, id).await, [key(n)], "{id}");
        assert_eq!(store.delete_user(&UserId::new(id)?, None, at(1)).await?, 1, "{id}");
    }
    Ok(())
}

async fn prefixes_are_apart(ground: Ground) -> Result<(), Failed> {
    let one = ground.open(ground.options().prefix(format!("{}[a]*:", ground.prefix))).await;
    let two = ground.open(ground.options().prefix(format!("{}ab:", ground.prefix))).await;
    create(&one, 1, &of_user("anna", "{}")).await;
    assert!(found(&two, 1).await.is_none());
    create(&two, 1, &of_user("anna", "{}")).await;
    assert_eq!(one.delete_user(&user("anna"), None, at(1)).await?, 1);
    assert!(found(&two, 1).await.is_some());
    let kept = i64::try_from(TOMBSTONE_KEPT.as_secs()).unwrap();
    assert_eq!(one.delete_expired(ALL, at(kept + 1)).await?, 1);
    assert_eq!(two.delete_expired(ALL, at(1_800)).await?, 1);
    Ok(())
}

async fn nothing_that_is_said_shows_a_secret(ground: Ground) -> Result<(), Failed> {
    let store = ground.store().await;
    let secret = KeyHash::from_bytes(*b"secret-secret-secret-secret-1234");
    store.create(&secret, &of_user("headmaster", "{\"password\":1}"), at(0)).await?;
    let name = name(&ground.prefix, &secret);
    let _: () = ask(&ground, redis::cmd("SET").arg(&name).arg("L1password headmaster")).await;
    let error = store.rotate(&secret, &key(1), at(1)).await.unwrap_err();
    let said = format!("{error} {error:?} {store:?} {:?}", ground.options());
    for secret in ["secret", "73656372", "115, 101", "headmaster", "password", "127.0.0.1"] {
        assert!(!said.contains(secret), "{said}");
    }
    Ok(())
}

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for server in Server::ALL {
        trials.extend([
            server.trial("a_row_that_cannot_be_read_is_dropped", a_row_that_cannot_be_read_is_dropped),
            server.trial("another_type_is_dropped", another_type_is_dropped),
            server.trial("every_key_ends_by_itself", every_key_ends_by_itself),
            server.trial("nothing_is_left", nothing_is_left),
            server.trial("scripts_may_be_forgotten", scripts_may_be_forgotten),
            server.trial("the_last_microseconds_are_told_apart", the_last_microseconds_are_told_apart),
            server.trial("a_backlog_is_cleaned_in_batches", a_backlog_is_cleaned_in_batches),
            server.trial("ids_may_be_anything", ids_may_be_anything),
            server.trial("prefixes_are_apart", prefixes_are_apart),
            server.trial("nothing_that_is_said_shows_a_secret", nothing_that_is_said_shows_a_secret),
        ]);
    }
    server::main(trials)
}
