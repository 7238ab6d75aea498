//! A process that is killed at any command, and a network that loses any answer: what was begun is whole or undone, and says so.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use bursar_session::store::{Created, Deleted, Loaded, Rotated, Touched, Updated};
use bursar_session::{Gone, GoneReason, SessionStore, StoreError, StoreErrorKind};
use bursar_store_redis::{RedisStore, redis};
use libtest_mimic::Failed;
use proxy::{Plan, Proxy};
use server::{Ground, Server};
use session::{ALL, at, content, create, found, key, listed, name, of_user, user, version};

/// More commands than any call takes.
const COMMANDS_MAX: usize = 40;

/// A store that has its way through a proxy, and one that has not.
struct Cut {
    ground: Ground,
    proxy: Proxy,
    store: RedisStore,
}

impl Cut {
    async fn new(ground: &Ground) -> Self {
        let proxy = Proxy::to(&ground.url()).await;
        let options = ground.options().timeout(Duration::from_secs(5));
        Self { ground: ground.clone(), store: options.open(&proxy.url).await.unwrap(), proxy }
    }
}

/// Makes a call again and again, each time cut at the next command, and looks each time what became of it. `prepare` and `look` go by a way of
/// their own, and `n` is a number for keys.
async fn killed_everywhere<T, F, L>(
    ground: Ground,
    prepare: impl AsyncFn(RedisStore, u32),
    call: impl Fn(RedisStore, u32) -> F,
    look: impl Fn(RedisStore, u32, Result<T, StoreError>) -> L,
) -> Result<(), Failed>
where
    F: Future<Output = Result<T, StoreError>>,
    L: Future<Output = ()>,
{
    let sound = ground.store().await;
    let mut n = 0;
    for after in [false, true] {
        for commands in 0.. {
            assert!(commands < COMMANDS_MAX, "a call that takes {commands} commands");
            let cut = Cut::new(&ground).await;
            n += 100;
            prepare(sound.clone(), n).await;
            let plan = if after { Plan::CutAfter(commands) } else { Plan::CutBefore(commands) };
            cut.proxy.plan(plan, false);
            let answer = call(cut.store.clone(), n).await;
            let was_cut = cut.proxy.was_cut();
            look(sound.clone(), n, answer).await;
            drop(cut);
            if !was_cut {
                break;
            }
        }
    }
    // Whatever was left, nothing stays.
    for _ in 0..3 {
        sound.delete_expired(ALL, at(1_000_000)).await.unwrap();
    }
    for (_, left) in ground.keys().await {
        let left = String::from_utf8_lossy(&left).into_owned();
        assert!(left.contains("u:"), "{left} was left");
    }
    Ok(())
}

/// Whether it may have been done: `Some` where it is told.
fn done<T>(answer: &Result<T, StoreError>) -> Option<bool> {
    match answer {
        Ok(_) => Some(true),
        Err(error) if error.kind == StoreErrorKind::UnknownOutcome => None,
        Err(error) => {
            assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
            Some(false)
        }
    }
}

async fn a_rotation_has_one_key(ground: Ground) -> Result<(), Failed> {
    let prepare = async |store: RedisStore, n| create(&store, n, &of_user("anna", "{}")).await;
    let call = |store: RedisStore, n| async move { store.rotate(&key(n), &key(n + 1), at(1)).await };
    let look = |store: RedisStore, n, answer: Result<Rotated, StoreError>| async move {
        let told = done(&answer);
        // The listing first, or the loads first: each alone has to find out.
        let list = listed(&store, "anna").await;
        let (old, new) = (found(&store, n).await, found(&store, n + 1).await);
        assert!(old.is_some() != new.is_some(), "a session is under one key");
        let moved = new.is_some();
        assert!(told.is_none_or(|told| told == moved), "{answer:?}, and it has moved: {moved}");
        assert_eq!(old.or(new).unwrap().content, of_user("anna", "{}"));
        assert_eq!(list, [if moved { key(n + 1) } else { key(n) }]);
        let gone = if moved { Gone::new(GoneReason::Rotated, at(1)) } else { Gone::UNKNOWN };
        let other = if moved { key(n) } else { key(n + 1) };
        assert_eq!(store.load(&other, at(1)).await.unwrap(), Loaded::Gone(gone));
        // It goes on: to the key that was announced as well.
        let (from, to) = if moved { (n + 1, n + 2) } else { (n, n + 1) };
        assert_eq!(store.rotate(&key(from), &key(to), at(1)).await.unwrap(), Rotated::Rotated);
        assert!(found(&store, to).await.is_some());
        assert_eq!(store.delete_user(&user("anna"), None, at(1)).await.unwrap(), 1);
        for m in n..n + 3 {
            assert!(found(&store, m).await.is_none());
        }
    };
    killed_everywhere(ground, prepare, call, look).await
}

/// The session that was being rotated is not looked for by a load but ended, updated, touched, or the new key is taken.
async fn what_comes_after_a_rotation_finds_out(ground: Ground) -> Result<(), Failed> {
    for what in 0..6 {
        let prepare = async |store: RedisStore, n| create(&store, n, &of_user("anna", "{}")).await;
        let call = |store: RedisStore, n| async move { store.rotate(&key(n), &key(n + 1), at(1)).await };
        let look = |store: RedisStore, n, answer: Result<Rotated, StoreError>| async move {
            let told = done(&answer);
            let next = of_user("ben", "{1}");
            let moved = match what {
                0 => store.delete_user(&user("anna"), None, at(1)).await.map(|ended| {
                    assert_eq!(ended, 1);
                    told
                }),
                1 => store
                    .update(&key(n + 1), version(1), &next, at(1))
                    .await
                    .map(|answer| Some(answer == Updated::Updated(version(2)))),
                2 => store
                    .touch(&key(n + 1), at(2_000), at(1))
                    .await
                    .map(|answer| Some(answer == Touched::Touched)),
                3 => store
                    .delete(&key(n + 1), None, GoneReason::LoggedOut, at(1))
                    .await
                    .map(|answer| Some(answer == Deleted::Deleted)),
                4 => store
                    .create(&key(n + 1), &content("{}"), at(1))
                    .await
                    .map(|answer| Some(answer == Created::Exists)),
                _ => store.delete_expired(ALL, at(1)).await.map(|cleaned| {
                    assert_eq!(cleaned, 0);
                    told
                }),
            };
            let moved = moved.unwrap();
            assert!(told.is_none() || told == moved, "{what}: {answer:?}, and it has moved: {moved:?}");
            store.delete_user(&user("anna"), None, at(1)).await.unwrap();
            store.delete_user(&user("ben"), None, at(1)).await.unwrap();
            for m in [n, n + 1] {
                let is_new = what == 4 && m == n + 1 && moved == Some(false);
                assert_eq!(found(&store, m).await.is_some(), is_new);
            }
        };
        killed_everywhere(ground.clone(), prepare, call, look).await?;
        ground.clear().await;
    }
    Ok(())
}

async fn an_end_of_all_is_of_all_or_none(ground: Ground) -> Result<(), Failed> {
    let prepare = async |store: RedisStore, n| {
        for m in 0..3 {
            create(&store, n + m, &of_user("anna", "{}")).await;
        }
        create(&store, n + 3, &of_user("ben", "{}")).await;
    };
    let call = |store: RedisStore, _| async move { store.delete_user(&user("anna"), None, at(1)).await };
    let look = |store: RedisStore, n, answer: Result<u64, StoreError>| async move {
        let told = done(&answer);
        let mut live = 0;
        for m in 0..3 {
            live += u64::from(found(&store, n + m).await.is_some());
        }
        assert!(live == 0 || live == 3, "{live} of 3 are left");
        assert!(told.is_none_or(|told| told == (live == 0)), "{answer:?}, and {live} are left");
        assert_eq!(u64::try_from(listed(&store, "anna").await.len()).unwrap(), live);
        assert_eq!(store.delete_user(&user("anna"), None, at(2)).await.unwrap(), live);
        let when = if live == 0 { at(1) } else { at(2) };
        for m in 0..3 {
            let gone = Gone::new(GoneReason::LoggedOut, when);
            assert_eq!(store.load(&key(n + m), at(2)).await.unwrap(), Loaded::Gone(gone));
        }
        assert!(found(&store, n + 3).await.is_some());
        store.delete(&key(n + 3), None, GoneReason::LoggedOut, at(1)).await.unwrap();
    };
    killed_everywhere(ground, prepare, call, look).await
}

async fn a_creation_is_listed_or_absent(ground: Ground) -> Result<(), Failed> {
    let call =
        |store: RedisStore, n| async move { store.create(&key(n), &of_user("anna", "{}"), at(0)).await };
    let look = |store: RedisStore, n, answer: Result<Created, StoreError>| async move {
        let told = done(&answer);
        let is = found(&store, n).await.is_some();
        assert!(told.is_none_or(|told| told == is), "{answer:?}, and it is there: {is}");
        assert_eq!(listed(&store, "anna").await.len(), usize::from(is));
        assert_eq!(store.delete_user(&user("anna"), None, at(1)).await.unwrap(), u64::from(is));
    };
    killed_everywhere(ground, async |_, _| {}, call, look).await
}

async fn a_binding_is_listed(ground: Ground) -> Result<(), Failed> {
    let prepare = async |store: RedisStore, n| create(&store, n, &of_user("anna", "{}")).await;
    let call = |store: RedisStore, n| async move {
        store.update(&key(n), version(1), &of_user("ben", "{1}"), at(1)).await
    };
    let look = |store: RedisStore, n, answer: Result<Updated, StoreError>| async move {
        let told = done(&answer);
        let record = found(&store, n).await.unwrap();
        let bound = record.content == of_user("ben", "{1}");
        assert!(told.is_none_or(|told| told == bound), "{answer:?}, and it is bound: {bound}");
        assert_eq!(record.version, version(if bound { 2 } else { 1 }));
        assert_eq!(listed(&store, "ben").await.len(), usize::from(bound));
        assert_eq!(listed(&store, "anna").await.len(), usize::from(!bound));
        store.delete(&key(n), None, GoneReason::LoggedOut, at(1)).await.unwrap();
        assert!(listed(&store, "ben").await.is_empty() && listed(&store, "anna").await.is_empty());
    };
    killed_everywhere(ground, prepare, call, look).await
}

/// The answer to any command is lost, and the way is there again: every call is answered as if nothing had been.
async fn a_lost_answer_goes_unnoticed(ground: Ground) -> Result<(), Failed> {
    let cut = Cut::new(&ground).await;
    let store = &cut.store;
    let mut n = 0;
    for commands in 0..12 {
        for plan in [Plan::CutAfter(commands), Plan::CutBefore(commands)] {
            let again = || cut.proxy.plan(plan.clone(), true);
            n += 10;
            again();
            create(store, n, &of_user("anna", "{}")).await;
            again();
            let updated = store.update(&key(n), version(1), &of_user("anna", "{1}"), at(1)).await.unwrap();
            assert_eq!(updated, Updated::Updated(version(2)));
            again();
            let updated = store.update(&key(n), version(2), &of_user("ben", "{2}"), at(1)).await.unwrap();
            assert_eq!(updated, Updated::Updated(version(3)));
            again();
            assert_eq!(store.touch(&key(n), at(2_000), at(1)).await.unwrap(), Touched::Touched);
            again();
            assert_eq!(store.rotate(&key(n), &key(n + 1), at(1)).await.unwrap(), Rotated::Rotated);
            again();
            assert_eq!(listed(store, "ben").await, [key(n + 1)]);
            again();
            assert_eq!(found(store, n + 1).await.unwrap().content.data.as_ref(), "{2}");
            again();
            let deleted = store.delete(&key(n + 1), Some(version(3)), GoneReason::Emptied, at(1)).await;
            assert_eq!(deleted.unwrap(), Deleted::Deleted);
            for m in 2..5 {
                create(store, n + m, &of_user("carol", "{}")).await;
            }
            again();
            assert_eq!(store.delete_user(&user("carol"), None, at(1)).await.unwrap(), 3);
        }
    }
    Ok(())
}

/// The server was started anew: the connection is lost, and it knows no script.
async fn a_restart_goes_unnoticed(ground: Ground) -> Result<(), Failed> {
    let cut = Cut::new(&ground).await;
    create(&cut.store, 1, &content("{}")).await;
    for (number, way) in [Plan::CutBefore(0), Plan::Pass].into_iter().cycle().take(6).enumerate() {
        let mut nodes = cut.ground.nodes().await;
        for node in &mut nodes {
            let _: () = redis::cmd("SCRIPT").arg("FLUSH").query_async(node).await.unwrap();
        }
        cut.proxy.plan(way, true);
        let before = version(i64::try_from(number).unwrap() + 1);
        let updated = cut.store.update(&key(1), before, &content("{}"), at(1)).await.unwrap();
        assert_eq!(updated, Updated::Updated(before.next()));
    }
    Ok(())
}

/// A key that was announced by a rotation that never was is kept from nobody.
async fn an_announcement_alone_is_nothing(ground: Ground) -> Result<(), Failed> {
    let store = ground.store().await;
    for n in [10, 20] {
        create(&store, n, &content("{}")).await;
        let mut node = ground.nodes().await.remove(0);
        let announcement = format!("P10123456789abcdef{}", &name("", &key(n))[2..]);
        let name = name(&ground.prefix, &key(n + 1));
        let _: () = redis::cmd("SET")
            .arg(&name)
            .arg(announcement)
            .arg("PX")
            .arg(100_000)
            .query_async(&mut node)
            .await?;
        let gone = Loaded::Gone(Gone::UNKNOWN);
        assert_eq!(store.load(&key(n + 1), at(1)).await?, gone);
        let touched = store.touch(&key(n + 1), at(2_000), at(1)).await?;
        assert_eq!(touched, Touched::Gone(Gone::UNKNOWN));
        if n == 10 {
            assert_eq!(store.create(&key(n + 1), &content("{}"), at(1)).await?, Created::Created);
        } else {
            // Its old key is ended meanwhile, and a cleaning takes it away; it is no row that is counted.
            store.delete(&key(n), None, GoneReason::LoggedOut, at(1)).await?;
            assert_eq!(store.delete_expired(ALL, at(1)).await?, 0);
            let left: i64 = redis::cmd("EXISTS").arg(&name).query_async(&mut node).await?;
            assert_eq!(left, 0);
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let one = Server::One;
    server::main(vec![
        one.trial("a_rotation_has_one_key", a_rotation_has_one_key),
        one.trial("what_comes_after_a_rotation_finds_out", what_comes_after_a_rotation_finds_out),
        one.trial("an_end_of_all_is_of_all_or_none", an_end_of_all_is_of_all_or_none),
        one.trial("a_creation_is_listed_or_absent", a_creation_is_listed_or_absent),
        one.trial("a_binding_is_listed", a_binding_is_listed),
        one.trial("a_lost_answer_goes_unnoticed", a_lost_answer_goes_unnoticed),
        one.trial("a_restart_goes_unnoticed", a_restart_goes_unnoticed),
        one.trial("an_announcement_alone_is_nothing", an_announcement_alone_is_nothing),
    ])
}
