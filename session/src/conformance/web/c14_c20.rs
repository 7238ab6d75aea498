//! Times, faults, damaged records, cookies, and the clean-up; and what else a request must not do.

use http::Method;
use http::header::{CACHE_CONTROL, VARY};

use super::browser::{Browser, CookieSent, cookie_sent, is_zero, set_cookies};
use super::site::{Pause, Site, Step, run_until, set, start};
use crate::conformance::failure::{Failure, holds, same};
use crate::conformance::together::together;
use crate::conformance::{BoxFuture, Given};
use crate::store::Loaded;
use crate::{Record, SessionCookie, SessionKey, minutes};

cases! {
    {
        c14_an_end_in_another_time_zone_is_the_same_instant: "An end that is said in another time zone is the same instant (R4, R14).",
        c15_a_sessions_own_expiry_is_kept: "An idle timeout and an end of a session's own survive later writes and touches (R4).",
        c16_a_store_that_fails_is_no_logout: "While the store fails the answer is 503; the record and the cookie stay (R5, R12).",
        c17_a_record_that_cannot_be_read_is_dropped: "A record that cannot be decoded is dropped; the request goes on without a session (R12).",
        c18_of_two_cookies_the_valid_one_counts: "Of several cookies of the name the one that leads somewhere counts, wherever it stands (R11).",
        c19_a_removal_bears_the_cookies_attributes: "A removal bears path, domain, Secure and prefix of what it removes, and the answer is not cached (R11).",
        c20_a_clean_up_deletes_no_live_session: "A clean-up that meets a touch deletes no session that was prolonged (R14).",
        after_the_response_the_session_is_closed: "Who uses the session after the response gets an error, and changes nothing (R12).",
        a_user_ends_the_other_sessions: "A user's other sessions are listed and ended, and the one at hand stays (R13).",
        the_login_page_does_not_lead_to_itself: "An interruption on the login page is told and not redirected (R6).",
    }
}

async fn record(site: &Site, browser: &Browser) -> Result<Record, Failure> {
    let key = browser.key(site.cookie_name()).ok_or_else(|| Failure::new("there is no key"))?;
    match site.store.load(&key.hash(), site.clock.now()).await? {
        Loaded::Live(record) => Ok(record),
        other => Err(Failure::new(format!("a session was to be there, and is {other:?}"))),
    }
}

async fn c14_an_end_in_another_time_zone_is_the_same_instant(given: Given) -> Result<(), Failure> {
    for east in [-12, 0, 2, 14] {
        let site = Site::open(&given);
        let mut browser = Browser::default();
        site.post(&mut browser, &[set("k", "0"), Step::EndAt(20, east)]).await;
        let content = record(&site, &browser).await?.content;
        let end = start() + minutes(20);
        same("the ends", &(content.ends_at, content.expires_at), &(end, end))?;
        site.clock.advance(1_199);
        let response = site.get(&mut browser.clone(), &[Step::Get("k")]).await;
        same("the page just before", &response.body().as_str(), &"k=\"0\";")?;
        site.clock.advance(1);
        let response = site.get(&mut browser.clone(), &[Step::Get("k")]).await;
        same("the page just after", &response.body().as_str(), &"k=none;")?;
    }
    Ok(())
}

async fn c15_a_sessions_own_expiry_is_kept(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let mut browser = Browser::default();
    let login = [Step::Rotate, Step::User("clerk"), Step::IdleTimeout(5), Step::EndAt(8, 0)];
    site.post(&mut browser, &login).await;
    let end = start() + minutes(8);
    for (seconds, steps) in
        [(240, &[set("k", "1")][..]), (120, &[Step::Get("k")]), (60, &[Step::Rotate, set("k", "2")])]
    {
        site.clock.advance(seconds);
        site.post(&mut browser, steps).await;
        let content = record(&site, &browser).await?.content;
        same("the end", &content.ends_at, &end)?;
        same("the idle timeout", &content.idle_timeout, &Some(minutes(5)))?;
        holds(content.expires_at <= end, || "it was prolonged past its end".into())?;
    }
    site.clock.advance(60);
    let response = site.get(&mut browser, &[Step::Who]).await;
    same("the page after the end", &response.body().as_str(), &"user=nobody;")?;
    // An end that has passed ends it.
    let mut browser = site.user("clerk").await?;
    site.post(&mut browser, &[Step::EndAt(1, 0)]).await;
    same("what is there", &site.found(&browser).await?, &"gone: Some(Expired)".to_owned())
}

async fn c16_a_store_that_fails_is_no_logout(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let (browser, pause) = (site.user("clerk").await?, Pause::default());
    let there = site.found(&browser).await?;
    let wait = || Step::Pause(pause.clone());
    let handlers: [&[Step]; 7] = [
        &[wait(), Step::Get("k")],
        &[wait(), set("k", "1")],
        &[Step::Get("k"), wait(), set("k", "1")],
        &[Step::Get("k"), wait(), Step::Remove("k"), Step::Save],
        &[wait(), Step::Flush],
        &[Step::Get("k"), wait(), Step::Flush],
        &[Step::Get("k"), wait(), Step::Rotate],
    ];
    for steps in handlers {
        for browser in [browser.clone(), browser.as_program()] {
            let answering = site.until(&browser, Method::POST, steps, &pause).await?;
            site.watch.fail(true);
            pause.go_on();
            let response = answering.await;
            site.watch.fail(false);
            same("the answer", &response.status().as_u16(), &503)?;
            same(
                "whether it says when to ask again",
                &response.headers().contains_key("retry-after"),
                &true,
            )?;
            same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
            same("what is there", &site.found(&browser).await?, &there)?;
        }
    }
    // What cannot be prolonged is served all the same, and prolonged the next time.
    site.clock.advance(600);
    let answering = site.until(&browser, Method::GET, &[Step::Get("k"), wait()], &pause).await?;
    site.watch.fail(true);
    pause.go_on();
    same("the page", &answering.await.status().as_u16(), &200)?;
    site.watch.fail(false);
    same("how many were counted", &site.layer.counts().unavailable, &14)?;
    // A logout that the store could not do is owed, and done with the response if it can be by then.
    // What was set before it goes with it, and what is set after it is in a new session.
    let steps = [Step::Get("k"), set("a", "1"), wait(), Step::FlushAnyway, set("z", "1"), wait()];
    for (up_again, saves) in [(false, false), (false, true), (true, false), (true, true)] {
        let browser = site.user("clerk").await?;
        let (mut after, mut steps) = (browser.clone(), steps.to_vec());
        steps.extend(saves.then_some(Step::Save));
        let mut answering = site.until(&browser, Method::POST, &steps, &pause).await?;
        site.watch.fail(true);
        pause.go_on();
        run_until(&mut answering, &pause).await?;
        site.watch.fail(!up_again);
        pause.go_on();
        let response = answering.await;
        site.watch.fail(false);
        after.receive(&response);
        same("the answer", &response.status().as_u16(), &if up_again { 200 } else { 503 })?;
        let (old, new) =
            if up_again { ("gone: Some(LoggedOut)", r#"{"z":"1"}"#) } else { (&*there, &*there) };
        same("what is under the old key", &site.found(&browser).await?.as_str(), &old)?;
        same("what is under the browser's", &site.found(&after).await?.as_str(), &new)?;
    }
    Ok(())
}

async fn c17_a_record_that_cannot_be_read_is_dropped(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    for data in ["", "null", "[]", "{\"k\":", "{\"k\":1}}", "{\"\":\"x\"}", "k=0", "{\"k\":1,\"k\":}"] {
        let browser = site.planted(data).await?;
        let response = site.get(&mut browser.clone(), &[Step::Get("k"), Step::Who]).await;
        same(
            "the page",
            &(response.status().as_u16(), response.body().as_str()),
            &(200, "k=none;user=nobody;"),
        )?;
        same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::Removed)?;
        holds(site.found(&browser).await?.starts_with("gone"), || "the record is still there".into())?;

        let old = site.planted(data).await?;
        let mut browser = old.clone();
        let response = site.post(&mut browser, &[set("k", "1")]).await;
        same("the answer", &response.status().as_u16(), &200)?;
        same("the new session", &site.found(&browser).await?, &r#"{"k":"1"}"#.to_owned())?;
        holds(site.found(&old).await?.starts_with("gone"), || "the record is still there".into())?;
    }
    // A value of another type than the one asked for concerns the program, and stays.
    let browser = site.planted(r#"{"n":"many"}"#).await?;
    let response = site.post(&mut browser.clone(), &[Step::Count("n")]).await;
    same("the answer", &response.status().as_u16(), &500)?;
    same("what is there", &site.found(&browser).await?, &r#"{"n":"many"}"#.to_owned())
}

async fn c18_of_two_cookies_the_valid_one_counts(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let live = site.visitor().await?;
    let ended = site.visitor().await?;
    site.post(&mut ended.clone(), &[Step::Flush]).await;
    let stale = ended.key(site.cookie_name()).ok_or_else(|| Failure::new("there is no key"))?.cookie_value();
    let valid = live.key(site.cookie_name()).ok_or_else(|| Failure::new("there is no key"))?.cookie_value();
    let forged = SessionKey::generate()?.cookie_value();
    for order in [[&stale, &valid, &forged], [&valid, &stale, &forged], [&forged, &stale, &valid]] {
        let mut browser = Browser::default();
        for value in order {
            browser.add(site.cookie_name(), value);
        }
        let response = site.get(&mut browser.clone(), &[Step::Get("k")]).await;
        same("the page", &response.body().as_str(), &"k=\"0\";")?;
        same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
        let response = site.post(&mut browser, &[Step::Count("n")]).await;
        same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
    }
    same("what is there", &site.found(&live).await?, &r#"{"k":"0","n":3}"#.to_owned())?;
    // Where none leads anywhere, one that was rotated away says that the browser holds a newer one.
    site.post(&mut live.clone(), &[Step::Rotate]).await;
    for order in [[&stale, &valid, &forged], [&valid, &stale, &forged], [&forged, &stale, &valid]] {
        let mut browser = Browser::default();
        for value in order {
            browser.add(site.cookie_name(), value);
        }
        let response = site.post(&mut browser, &[set("k", "1")]).await;
        same("the answer", &response.status().as_u16(), &409)?;
        same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
    }
    Ok(())
}

async fn c19_a_removal_bears_the_cookies_attributes(given: Given) -> Result<(), Failure> {
    let cookies = [
        SessionCookie::default(),
        SessionCookie::new("school")?.with_path("/office")?,
        SessionCookie::new("school")?.with_domain("school.example")?.persistent(),
        SessionCookie::new("school")?.over_plain_http(),
    ];
    for cookie in cookies {
        let name = cookie.name().to_owned();
        let site = Site::open(&given).with_layer(|layer| layer.cookie(cookie));
        let mut browser = Browser::default();
        let given = site.post(&mut browser, &[set("k", "0")]).await;
        let removed = site.post(&mut browser, &[Step::Flush, Step::Header("cache-control", "public")]).await;
        let (given, removed) = (set_cookies(&given), set_cookies(&removed));
        let ([given], [removed]) = (given.as_slice(), removed.as_slice()) else {
            return Err(Failure::new("a cookie was to be sent, and one to be removed"));
        };
        let attributes = |cookie: &::cookie::Cookie<'static>| {
            let texts = (
                cookie.name().to_owned(),
                cookie.path().map(str::to_owned),
                cookie.domain().map(str::to_owned),
            );
            (texts, cookie.secure(), cookie.http_only(), cookie.same_site())
        };
        same("the attributes", &attributes(removed), &attributes(given))?;
        same("the name", &given.name(), &name.as_str())?;
        holds(removed.max_age().is_some_and(is_zero) && removed.expires().is_some(), || {
            "a removal says that the time is over in both ways".into()
        })?;
    }
    // Whatever bears a cookie is not cached, and whatever used the session says what it depends on: the layer's own answers too.
    let site = Site::open(&given);
    let pause = Pause::default();
    let browser = site.user("clerk").await?;
    let steps = [Step::Get("k"), Step::Pause(pause.clone()), set("k", "1")];
    let answering = site.until(&browser, Method::POST, &steps, &pause).await?;
    let cached =
        [Step::Flush, Step::Header("cache-control", "public"), Step::Header("vary", "accept-language")];
    let logout = site.post(&mut browser.clone(), &cached).await;
    pause.go_on();
    for (response, varies) in [(logout, vec!["accept-language", "Cookie"]), (answering.await, vec!["Cookie"])]
    {
        let all = |name| {
            let values = response.headers().get_all(name).iter();
            values.map(|value| value.to_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        same("Cache-Control", &all(CACHE_CONTROL), &vec!["no-store".to_owned()])?;
        same("Vary", &all(VARY), &varies.into_iter().map(str::to_owned).collect())?;
    }
    Ok(())
}

async fn c20_a_clean_up_deletes_no_live_session(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    for round in 0..40 {
        let browser = site.visitor().await?;
        // A few seconds before it expires it is used, and a clean-up comes whose clock is a few seconds ahead.
        site.clock.advance(1_795);
        let (service, page) = (site.service(&[Step::Get("k")]), browser.request(Method::GET, "/page"));
        let (store, later) = (given.way(round), site.clock.now() + chrono::TimeDelta::seconds(10));
        let tasks: Vec<BoxFuture<Result<CookieSent, Failure>>> = vec![
            Box::pin(async move { Ok(cookie_sent(&service(page).await, "__Host-session")) }),
            Box::pin(async move {
                store.delete_expired(100, later).await?;
                Ok(CookieSent::None)
            }),
        ];
        let answers = together(&given, tasks).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let there = site.found(&browser).await?;
        match answers.first() {
            // It was prolonged, or not there any more.
            Some(CookieSent::None) => same("what is there", &there, &r#"{"k":"0"}"#.to_owned())?,
            _ => holds(there.starts_with("gone"), || format!("a cookie was removed from {there}"))?,
        }
        site.clock.advance(10);
        site.store.delete_expired(100, site.clock.now()).await?;
        same("what is there after another clean-up", &site.found(&browser).await?, &there)?;
    }
    Ok(())
}

async fn after_the_response_the_session_is_closed(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let browser = site.visitor().await?;
    let kept = std::sync::Arc::new(std::sync::Mutex::new(None));
    let keep = std::sync::Arc::clone(&kept);
    let handler: super::Handler = std::sync::Arc::new(move |session| {
        let keep = std::sync::Arc::clone(&keep);
        Box::pin(async move {
            session.get::<String>("k").await?;
            *keep.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(session);
            Ok(http::Response::new(String::new()))
        })
    });
    let service = site.server.serve(site.layer.clone(), handler);
    service(browser.request(Method::GET, "/page")).await;
    let session = kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    let session = session.ok_or_else(|| Failure::new("the handler was not called"))?;
    site.watch.take();
    let begun = |outcome: Result<(), crate::Error>| matches!(outcome, Err(crate::Error::ResponseBegun));
    let errors = [
        begun(session.insert("k", "late")),
        begun(session.remove("k")),
        begun(session.clear()),
        begun(session.set_user("late")),
        begun(session.get::<String>("k").await.map(drop)),
        begun(session.update("n", |n: &mut u32| *n = 1).await.map(drop)),
        begun(session.rotate().await),
        begun(session.flush().await),
        begun(session.save().await),
        begun(session.end_others().await.map(drop)),
    ];
    same("whether each call says that the response has begun", &errors, &[true; 10])?;
    same("the calls", &site.watch.take(), &Vec::new())?;
    same("what is there", &site.found(&browser).await?, &r#"{"k":"0"}"#.to_owned())
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

async fn the_login_page_does_not_lead_to_itself(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let (browser, pause) = (site.user("clerk").await?, Pause::default());
    let service = site.service(&[Step::Get("k"), Step::Pause(pause.clone()), set("k", "1")]);
    let request = browser.request(Method::GET, "/login?next=%2Fpage");
    let logout = site.service(&[Step::Flush]);
    let other = browser.clone();
    let tasks: Vec<BoxFuture<u16>> = vec![
        Box::pin(async move { service(request).await.status().as_u16() }),
        Box::pin(async move {
            pause.arrived().await;
            let code = logout(other.request(Method::POST, "/logout")).await.status().as_u16();
            pause.go_on();
            code
        }),
    ];
    same("the answers", &together(&given, tasks).await?, &vec![409, 200])
}
