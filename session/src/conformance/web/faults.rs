//! Faults: a store that fails, a record that cannot be read, a handler that is late.

use http::Method;

use super::browser::{CookieSent, cookie_sent};
use super::site::{Pause, Site, Step, run_until, set};
use crate::conformance::Given;
use crate::conformance::failure::{Failure, holds, same};

cases! {
    {
        c16_a_store_that_fails_is_no_logout: "While the store fails the answer is 503; the record and the cookie stay (R5, R12).",
        c17_a_record_that_cannot_be_read_is_dropped: "A record that cannot be decoded is dropped; the request goes on without a session (R12).",
        after_the_response_the_session_is_closed: "Who uses the session after the response gets an error, and changes nothing (R12).",
    }
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
