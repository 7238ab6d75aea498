//! Creating: what is written is read back, and nothing that is there is written over.

use std::time::Duration;

use chrono::DateTime;

use super::Given;
use super::failure::{Failure, same};
use super::world::{
    END, IDLE, Instant, SECOND, World, at, at_micros, content, content_of, key, nth_content, user,
};
use crate::store::Created;
use crate::{Content, Gone, GoneReason, SessionStore, UserId};

cases! {
    "creating" {
        a_session_is_read_back: "A session is read back as it was created, at the first version and created then.",
        data_are_kept_to_the_letter: "Data are kept to the letter: spaces, order, quotes, escapes, letters of any script, numbers of any length.",
        large_data_are_kept: "Data of 64 KiB, and of more bytes than characters, are kept whole.",
        instants_are_kept_to_the_microsecond: "Every instant is kept to the microsecond, the last of the year 9999 too.",
        timeouts_are_kept: "A session's own idle timeout is kept, and that it has none.",
        users_are_kept_to_the_letter: "Users' ids are kept to the letter.",
        a_key_is_created_once: "A second creation under a key is refused, and what is there stays as it is.",
        a_dead_key_is_not_created_anew: "No session is created under the key of one that is gone, while the reason is told (R2).",
        an_absent_session_is_gone: "A session that never was is gone for every call, without a reason, and no call but a creation creates it (R2).",
    }
}

/// Creates these contents, each under a key of its own, and reads them back.
async fn read_back(given: &Given, contents: Vec<(String, Content)>) -> Result<(), Failure> {
    let world = World::of(given);
    let mut created = Vec::new();
    for ((what, content), n) in contents.into_iter().zip(0_u32..) {
        let record = world.create(&key(n), &content, at_micros(i64::from(n))).await;
        created.push((what.clone(), key(n), record.map_err(|failure| failure.during(&what))?));
    }
    for (what, key, record) in created {
        world.is(&what, &key, &record, at(1)).await?;
    }
    Ok(())
}

async fn a_session_is_read_back(given: Given) -> Result<(), Failure> {
    let mut contents = vec![("a plain session".to_owned(), content("a"))];
    for n in 1..=5 {
        contents.push((format!("session {n}"), nth_content(n)?));
    }
    read_back(&given, contents).await
}

async fn data_are_kept_to_the_letter(given: Given) -> Result<(), Failure> {
    let data = [
        "{}",
        "{ }",
        " { \"a\" : 1 }\n",
        "{\"b\":1,\"a\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1.0,\"b\":1e2,\"c\":0.1000,\"d\":12345678901234567890123}",
        "{\"nothing\":null,\"\":\"\",\"list\":[{},[],true]}",
        "{\"quotes\":\"\\\"''`--;\",\"slashes\":\"\\\\/\\/\"}",
        "{\"escapes\":\"\\u0000\\n\\r\\t\\u001f\\u2028\\ud83c\\udf92\"}",
        "{\"scripts\":\"été Ω 学校 مدرسة 🎒 a\u{301} \u{feff}\u{200d}\"}",
        "{\"signs\":\"% _ ? $1 :a @b {0} {{}} \u{7f}\u{85}\"}",
    ];
    let with = |data: &str| (format!("the data {data}"), Content { data: data.into(), ..content("") });
    read_back(&given, data.into_iter().map(with).collect()).await
}

async fn large_data_are_kept(given: Given) -> Result<(), Failure> {
    let with =
        |text: &str, times: usize| (format!("a text of {times} times {text}"), content(&text.repeat(times)));
    // The first is 64 KiB to the byte: its object takes eleven.
    read_back(&given, vec![with("x", 65_525), with("学🎒", 9_362), with("\\u0000", 10_922)]).await
}

async fn instants_are_kept_to_the_microsecond(given: Given) -> Result<(), Failure> {
    let last: Instant = DateTime::from_timestamp_micros(253_402_300_799_999_999).unwrap_or_default();
    let mut contents = Vec::new();
    for micros in [0, 1, 499, 500, 999, 1_000, 500_000, 876_543, 876_544] {
        let expires_at = at_micros(SECOND.saturating_mul(IDLE).saturating_add(micros));
        let ends_at = at_micros(SECOND.saturating_mul(END).saturating_sub(micros));
        contents.push((format!("instants at {micros} µs"), Content { expires_at, ends_at, ..content("a") }));
    }
    contents.push(("a session without an end".into(), Content { ends_at: last, ..content("a") }));
    contents
        .push(("one that always lives".into(), Content { expires_at: last, ends_at: last, ..content("a") }));
    read_back(&given, contents).await
}

async fn timeouts_are_kept(given: Given) -> Result<(), Failure> {
    let timeouts = [
        Some(Duration::from_secs(1)),
        None,
        Some(Duration::from_secs(900)),
        Some(Duration::from_micros(1_800_000_001)),
        Some(Duration::from_secs(3_153_600_000)),
    ];
    let with = |idle_timeout| {
        (format!("an idle timeout of {idle_timeout:?}"), Content { idle_timeout, ..content("a") })
    };
    read_back(&given, timeouts.into_iter().map(with).collect()).await
}

async fn users_are_kept_to_the_letter(given: Given) -> Result<(), Failure> {
    let long = "🎒".repeat(UserId::LENGTH_MAX);
    let ids = ["17", "Anna", " anna ", "O'Brien \"x\" \\ % _ ; --", "null", "été", long.as_str()];
    let mut contents = vec![("a session of nobody".to_owned(), content("a"))];
    for id in ids {
        contents.push((format!("a session of {id}"), Content { user: Some(user(id)?), ..content("a") }));
    }
    read_back(&given, contents).await
}

async fn a_key_is_created_once(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let first = world.create(&key(1), &content_of("anna", "first")?, at(0)).await?;
    for store in [&given.store, &given.other] {
        let again = store.create(&key(1), &nth_content(2)?, at(1)).await?;
        same("a second creation", &again, &Created::Exists)?;
        let again = store.create(&key(1), &first.content, at(1)).await?;
        same("a creation of the same once more", &again, &Created::Exists)?;
        world.is("the session that was there", &key(1), &first, at(1)).await?;
    }
    world.lists("anna", &[key(1)], at(1)).await?;
    world.lists("user-2", &[], at(1)).await
}

async fn a_dead_key_is_not_created_anew(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    let later = at(IDLE);
    let mut dead = Vec::new();
    for (n, reason) in (0_u32..).zip(GoneReason::ALL) {
        let long = Content { expires_at: at(END), ..content("dead") };
        world.create(&key(n), &long, at(0)).await?;
        world.delete(&key(n), reason, later).await?;
        dead.push((key(n), Gone::new(reason, later)));
    }
    world.create(&key(10), &Content { expires_at: at(END), ..content("moved") }, at(0)).await?;
    world.rotate(&key(10), &key(11), later).await?;
    dead.push((key(10), Gone::new(GoneReason::Rotated, later)));
    world.create(&key(12), &content("expired"), at(0)).await?;
    dead.push((key(12), Gone::new(GoneReason::Expired, later)));
    for (key, gone) in dead {
        let new = Content { expires_at: at(END), ..content_of("anna", "new")? };
        let answer = world.store.create(&key, &new, later).await?;
        same(&format!("a creation where one is gone: {gone:?}"), &answer, &Created::Exists)?;
        world.is_gone("it", &key, gone, later).await?;
    }
    world.lists("anna", &[], later).await
}

async fn an_absent_session_is_gone(given: Given) -> Result<(), Failure> {
    let world = World::of(&given);
    world.is_gone_for_all("a session that never was", &key(1), Gone::UNKNOWN, at(0)).await?;
    same("the rows to clean away, for nothing was written", &world.clean(10, at(END)).await?, &0)?;
    let record = world.create(&key(1), &content("a"), at(1)).await?;
    world.is("the session, once it is created", &key(1), &record, at(1)).await
}
