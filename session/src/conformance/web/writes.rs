//! One request at a time: what is written, and what is not.

use http::Method;
use http::header::{CACHE_CONTROL, VARY};

use super::browser::{Browser, CookieSent, cookie_sent};
use super::site::{Site, Step, set};
use crate::SessionKey;
use crate::conformance::Given;
use crate::conformance::failure::{Failure, holds, same};
use crate::store::Loaded;

cases! {
    {
        c08_a_login_that_fails_loses_no_session: "A handler that rotates and then answers 500 leaves the session as it was, under its new key (R7, R10).",
        c09_insert_then_delete_deletes: "What is set before a logout goes with it; what is set after it is in a new session (R9).",
        c10_a_forged_cookie_makes_nothing: "A key that nobody gave is not asked for unless the session is used, then once, and never adopted (R1, R7).",
        c11_no_change_is_no_write: "Setting a value to what it is and removing what is absent writes nothing (R1).",
        c12_a_change_inside_a_value_is_one_write: "A change inside of a value is noticed, and written once (R1).",
        c13_reads_write_nothing: "A hundred reads are a hundred loads; prolonging takes one touch in a tenth of the idle timeout, and no cookie (R1, R4).",
        a_user_ends_the_other_sessions: "A user's other sessions are listed and ended, and the one at hand stays (R13).",
    }
}

async fn c08_a_login_that_fails_loses_no_session(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let mut browser = site.visitor().await?;
    let old = browser.clone();
    let steps = [Step::Rotate, Step::User("clerk"), set("k", "1"), Step::Status(500)];
    let response = site.post(&mut browser, &steps).await;
    same("the answer", &response.status().as_u16(), &500)?;
    same("the old key", &site.found(&old).await?, &"gone: Some(Rotated)".to_owned())?;
    same("the new key", &site.found(&browser).await?, &r#"{"k":"0"}"#.to_owned())?;
    // A logout is carried out all the same.
    let response = site.post(&mut browser.clone(), &[Step::Flush, Step::Status(500)]).await;
    same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::Removed)?;
    same("what is there", &site.found(&browser).await?, &"gone: Some(LoggedOut)".to_owned())?;
    // Who wishes it saves in any case.
    let site = site.with_layer(|layer| layer.save_on_server_error(true));
    let mut browser = site.visitor().await?;
    site.post(&mut browser, &[set("k", "1"), Step::Status(500)]).await;
    same("what is there", &site.found(&browser).await?, &r#"{"k":"1"}"#.to_owned())
}

async fn c09_insert_then_delete_deletes(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let mut nobody = Browser::default();
    let response = site.post(&mut nobody, &[set("a", "1"), Step::Flush]).await;
    same("the cookie of nobody", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
    same("the calls", &site.watch.take(), &Vec::new())?;
    let mut nobody = Browser::default();
    site.post(&mut nobody, &[set("a", "1"), Step::Save, Step::Flush]).await;
    same("the calls", &site.watch.take(), &vec!["create", "delete"])?;

    let browser = site.visitor().await?;
    let response = site.post(&mut browser.clone(), &[set("a", "1"), Step::Flush]).await;
    same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::Removed)?;
    same("what is there", &site.found(&browser).await?, &"gone: Some(LoggedOut)".to_owned())?;

    let old = site.visitor().await?;
    let mut browser = old.clone();
    site.post(&mut browser, &[set("a", "1"), Step::Flush, set("z", "1")]).await;
    same("the old session", &site.found(&old).await?, &"gone: Some(LoggedOut)".to_owned())?;
    same("the new session", &site.found(&browser).await?, &r#"{"z":"1"}"#.to_owned())?;

    // R9: who takes the last value out deletes as well, and a new session that stays empty is none.
    let response = site.post(&mut browser.clone(), &[Step::Remove("z")]).await;
    same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::Removed)?;
    same("what is there", &site.found(&browser).await?, &"gone: Some(Emptied)".to_owned())?;
    site.watch.take();
    let mut nobody = Browser::default();
    for steps in
        [&[set("a", "1"), Step::Remove("a")][..], &[Step::Clear], &[Step::EndAt(60, 0)], &[Step::Rotate]]
    {
        let response = site.post(&mut nobody, steps).await;
        same("the cookie of nobody", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
    }
    same("the calls", &site.watch.take(), &Vec::new())
}

async fn c10_a_forged_cookie_makes_nothing(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let key = SessionKey::generate()?;
    let forged = Browser::with_key(site.cookie_name(), &key);
    let response = site.get(&mut forged.clone(), &[]).await;
    same("the calls of a page that does not use it", &site.watch.take(), &Vec::new())?;
    let headers = response.headers();
    holds(!headers.contains_key(VARY) && !headers.contains_key(CACHE_CONTROL), || {
        "a page that does not use the session says that it does".into()
    })?;
    same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;

    let response = site.get(&mut forged.clone(), &[Step::Get("k"), Step::Who]).await;
    same("the page", &response.body().as_str(), &"k=none;user=nobody;")?;
    same("the calls of a page that reads", &site.watch.take(), &vec!["load"])?;
    same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::Removed)?;

    for steps in [&[set("k", "1")][..], &[Step::Get("k"), set("k", "1")], &[Step::Rotate, set("k", "1")]] {
        let mut browser = forged.clone();
        site.post(&mut browser, steps).await;
        same("the calls of a page that writes", &site.watch.take(), &vec!["load", "create"])?;
        holds(browser.key(site.cookie_name()).is_some_and(|new| new != key), || {
            "the forged key was adopted, or no new one given".into()
        })?;
        same("the new session", &site.found(&browser).await?, &r#"{"k":"1"}"#.to_owned())?;
        same("the forged key", &site.under(&key).await?, &"gone: None".to_owned())?;
    }
    // What no key looks like is not even asked for.
    let mut junk = Browser::default();
    junk.add(site.cookie_name(), &"x".repeat(4_000));
    junk.add(site.cookie_name(), "\u{e9}\"; ");
    site.watch.take();
    let response = site.get(&mut junk, &[Step::Get("k")]).await;
    same("the page", &(response.status().as_u16(), response.body().as_str()), &(200, "k=none;"))?;
    same("the calls", &site.watch.take(), &Vec::new())
}

async fn c11_no_change_is_no_write(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let browser = site.visitor().await?;
    let idle: [&[Step]; 6] = [
        &[set("k", "0")],
        &[Step::Get("k"), set("k", "0")],
        &[Step::Remove("absent")],
        &[set("k", "1"), set("k", "0")],
        &[set("a", "1"), Step::Remove("a")],
        &[Step::Get("k"), set("k", "0"), Step::Save, Step::Remove("absent"), Step::Save],
    ];
    for steps in idle {
        let response = site.post(&mut browser.clone(), steps).await;
        same("the calls", &site.watch.take(), &vec!["load"])?;
        same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
    }
    let browser = site.user("clerk").await?;
    site.post(&mut browser.clone(), &[Step::User("clerk")]).await;
    same("the calls", &site.watch.take(), &vec!["load"])
}

async fn c12_a_change_inside_a_value_is_one_write(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let browser = site.visitor().await?;
    for (steps, calls) in [
        (&[Step::Push("cart", "ruler")][..], vec!["load", "update"]),
        (&[Step::Push("cart", "ruler")], vec!["load"]),
        (&[Step::Push("cart", "pen"), Step::Push("cart", "ink"), set("k", "1")], vec!["load", "update"]),
    ] {
        let response = site.post(&mut browser.clone(), steps).await;
        same("the calls", &site.watch.take(), &calls)?;
        same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
    }
    let expected = r#"{"cart":{"list":["ruler","pen","ink"]},"k":"1"}"#;
    same("what is there", &site.found(&browser).await?, &expected.to_owned())
}

async fn c13_reads_write_nothing(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let mut browser = site.visitor().await?;
    let mut read = async |steps: &[Step]| {
        for _ in 0..100 {
            let response = site.send(&browser, Method::GET, "/page", steps).await;
            browser.receive(&response);
            same("the page", &response.body().as_str(), &"k=\"0\";")?;
            same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
        }
        let calls = site.watch.take();
        let loads = calls.iter().filter(|call| **call == "load").count();
        same("the loads", &loads, &100)?;
        Ok::<_, Failure>(calls.into_iter().filter(|call| *call != "load").collect::<Vec<_>>())
    };
    same("the writes", &read(&[Step::Get("k")]).await?, &Vec::new())?;
    site.clock.advance(181);
    same("the writes of a poll", &read(&[Step::NoActivity, Step::Get("k")]).await?, &Vec::new())?;
    same("the writes", &read(&[Step::Get("k")]).await?, &vec!["touch"])?;
    same("the writes", &read(&[Step::Get("k")]).await?, &Vec::new())?;
    // It lives for as long as it is used, and no longer than its lifetime.
    for _ in 0..24 {
        site.clock.advance(1_740);
        same("the writes", &read(&[Step::Get("k")]).await?, &vec!["touch"])?;
    }
    let Loaded::Live(record) = load(&site, &browser).await? else {
        return Err(Failure::new("a session that is used expired"));
    };
    holds(record.content.expires_at <= record.content.ends_at, || "it was prolonged past its end".into())?;
    site.clock.advance(1_740);
    let response = site.get(&mut browser, &[Step::Get("k")]).await;
    same("the page after the end", &response.body().as_str(), &"k=none;")?;
    same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::Removed)
}

async fn load(site: &Site, browser: &Browser) -> Result<Loaded, Failure> {
    let key = browser.key(site.cookie_name()).ok_or_else(|| Failure::new("there is no key"))?;
    Ok(site.store.load(&key.hash(), site.clock.now()).await?)
}

async fn a_user_ends_the_other_sessions(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let (here, there, other) =
        (site.user("clerk").await?, site.user("clerk").await?, site.user("head").await?);
    let sessions = site.layer.sessions();
    let listed = sessions.of_user("clerk", None, 10).await?;
    same("how many there are", &listed.len(), &2)?;
    // Each of the two browsers finds itself in the list, and the head's finds nobody.
    let which: super::Handler = std::sync::Arc::new(move |session| {
        let listed = listed.clone();
        Box::pin(async move {
            let mut at_hand = String::new();
            for (at, one) in listed.iter().enumerate() {
                if session.is(one).await? {
                    at_hand.push_str(&at.to_string());
                }
            }
            Ok(http::Response::new(at_hand))
        })
    });
    let service = site.server.serve(site.layer.clone(), which);
    let mut found = Vec::new();
    for browser in [&here, &there, &other] {
        found.push(service(browser.request(Method::GET, "/sessions")).await.body().clone());
    }
    let last = found.pop();
    found.sort();
    same(
        "which of the listed are at hand",
        &(found, last),
        &(vec!["0".into(), "1".into()], Some(String::new())),
    )?;
    let end_others: super::Handler = std::sync::Arc::new(|session| {
        Box::pin(async move { Ok(http::Response::new(session.end_others().await?.to_string())) })
    });
    let service = site.server.serve(site.layer.clone(), end_others);
    let response = service(here.request(Method::POST, "/end-others")).await;
    same("how many were ended", &response.body().as_str(), &"1")?;
    same("the one at hand", &site.found(&here).await?, &r#"{"":1,"k":"0"} of clerk"#.to_owned())?;
    same("the other one", &site.found(&there).await?, &"gone: Some(LoggedOut)".to_owned())?;
    same("another user's", &site.found(&other).await?, &r#"{"":1,"k":"0"} of head"#.to_owned())?;
    let left = sessions.of_user("clerk", None, 10).await?;
    let [left] = left.as_slice() else { return Err(Failure::new("one session was to be left")) };
    same("whether it was ended", &(sessions.end(left).await?, sessions.end(left).await?), &(true, false))?;
    same("how many were ended", &sessions.end_all("head").await?, &1)?;
    same("another user's", &site.found(&other).await?, &"gone: Some(LoggedOut)".to_owned())
}
