//! Races of requests: logouts, merges, rotations.

use http::header::LOCATION;
use http::{Method, Response};

use super::browser::{Browser, CookieSent, cookie_sent};
use super::site::{Answering, Pause, Site, Step, set};
use crate::conformance::BoxFuture;
use crate::conformance::Given;
use crate::conformance::failure::{Failure, holds, same};
use crate::conformance::together::together;
use crate::{GoneReason, MergePolicy, Outcome};

cases! {
    {
        c01_a_session_that_was_logged_out_stays_dead: "A request that changes a session which was logged out meanwhile is answered by 303, 409 or 401; nothing comes back, nothing new is made (R2, R5, R6).",
        c01_the_handler_is_told_when_it_saves: "A handler that saves is told of the logout, and its own answer is served (R6).",
        c02_who_only_reads_is_served: "A request that only reads is served, whatever became of its session meanwhile (R6).",
        c03_a_touch_revives_nothing: "A request that would prolong a session which was logged out meanwhile is served, and the cookie removed (R4, R5).",
        c04_different_values_are_all_kept: "Requests at once that set and remove different values all do so (R3).",
        c05_the_same_value_follows_its_policy: "Requests at once that set one value: the last wins, or gets a conflict that names it (R3).",
        c06_counters_lose_nothing: "Two browsers that count to 500 at once count to 1000 (R3).",
        c07_a_login_is_not_undone_by_a_late_answer: "An anonymous request that a login overtakes brings back no old key and overwrites no new cookie (R5, R7).",
        the_login_page_does_not_lead_to_itself: "An interruption on the login page is told and not redirected (R6).",
    }
}

fn code(response: &Response<String>) -> u16 {
    response.status().as_u16()
}

fn interrupted(response: &Response<String>, reason: GoneReason) -> Result<(), Failure> {
    match response.extensions().get::<Outcome>() {
        Some(Outcome::Interrupted(interrupted)) => {
            same("the reason of the interruption", &interrupted.reason, &Some(reason))
        }
        other => Err(Failure::new(format!("the outcome was to be an interruption, and is {other:?}"))),
    }
}

/// Sends such a request, logs out while its handler waits, and lets it go on.
async fn overtaken(
    site: &Site,
    browser: &Browser,
    method: Method,
    steps: &[Step],
    pause: &Pause,
) -> Result<Response<String>, Failure> {
    let answering: Answering = site.until(browser, method, steps, pause).await?;
    let mut tab = browser.clone();
    let logout = site.post(&mut tab, &[Step::Flush]).await;
    same("the answer to the logout", &code(&logout), &200)?;
    same("the cookie after the logout", &cookie_sent(&logout, site.cookie_name()), &CookieSent::Removed)?;
    site.watch.take();
    pause.go_on();
    Ok(answering.await)
}

async fn c01_a_session_that_was_logged_out_stays_dead(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let pause = Pause::default();
    let wait = || Step::Pause(pause.clone());
    let change = || set("k", "1");
    let handlers: [&[Step]; 6] = [
        &[Step::Get("k"), wait(), change()],
        &[wait(), change()],
        &[Step::Get("k"), wait(), change(), Step::Save],
        &[Step::Get("k"), wait(), Step::Count("n")],
        &[Step::Get("k"), wait(), Step::Rotate, change()],
        &[change(), wait()],
    ];
    for (n, steps) in handlers.into_iter().enumerate() {
        for (method, program) in
            [(Method::GET, false), (Method::POST, false), (Method::GET, true), (Method::DELETE, true)]
        {
            let mut browser = site.user("clerk").await?;
            browser.program = program;
            let what = format!("handler {n}, {method}, of a {}", if program { "program" } else { "browser" });
            let told = async {
                let response = overtaken(&site, &browser, method.clone(), steps, &pause).await?;
                let expected = match (program, method == Method::GET) {
                    (true, _) => 401,
                    (false, true) => 303,
                    (false, false) => 409,
                };
                same("the answer", &code(&response), &expected)?;
                let next = response.headers().get(LOCATION).map(|to| to.as_bytes().to_vec());
                let login = b"/login?next=%2Fslow%3Fpage%3D2".to_vec();
                same("where it leads", &next, &(expected == 303).then_some(login))?;
                let says = response.body().contains("may have been done already");
                same("whether it says what may have been done", &says, &(method != Method::GET))?;
                if program {
                    let named = response.body().contains("\"code\":\"session_interrupted\"");
                    holds(named, || format!("the code is not in {}", response.body()))?;
                }
                same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::Removed)?;
                interrupted(&response, GoneReason::LoggedOut)?;
                let calls = site.watch.take();
                holds(!calls.contains(&"create"), || format!("a session was created: {calls:?}"))?;
                same("what is there", &site.found(&browser).await?, &"gone: Some(LoggedOut)".to_owned())
            };
            told.await.map_err(|failure: Failure| failure.during(&what))?;
        }
    }
    same("how many were counted", &site.layer.counts().interrupted, &24)
}

async fn c01_the_handler_is_told_when_it_saves(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let (browser, pause) = (site.user("clerk").await?, Pause::default());
    let steps = [Step::Get("k"), Step::Pause(pause.clone()), set("k", "1"), Step::SaveAndTell];
    let response = overtaken(&site, &browser, Method::POST, &steps, &pause).await?;
    same("the answer", &(code(&response), response.body().as_str()), &(200, "k=\"0\";interrupted;"))?;
    interrupted(&response, GoneReason::LoggedOut)?;
    same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::Removed)?;
    same("what is there", &site.found(&browser).await?, &"gone: Some(LoggedOut)".to_owned())?;
    // Who goes on all the same is answered by the layer.
    let browser = site.user("clerk").await?;
    let steps = [Step::Get("k"), Step::Pause(pause.clone()), set("k", "1"), Step::SaveAndTell, set("k", "2")];
    let response = overtaken(&site, &browser, Method::POST, &steps, &pause).await?;
    same("the answer", &code(&response), &409)?;
    same("what is there", &site.found(&browser).await?, &"gone: Some(LoggedOut)".to_owned())
}

async fn c02_who_only_reads_is_served(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let (browser, pause) = (site.user("clerk").await?, Pause::default());
    let steps = [Step::Get("k"), Step::Pause(pause.clone()), Step::Get("k"), Step::Who];
    let response = overtaken(&site, &browser, Method::GET, &steps, &pause).await?;
    same("the answer", &(code(&response), response.body().as_str()), &(200, "k=\"0\";k=\"0\";user=clerk;"))?;
    same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
    let calls = site.watch.take();
    same("the calls after the logout", &calls, &Vec::new())?;
    same("what is there", &site.found(&browser).await?, &"gone: Some(LoggedOut)".to_owned())
}

async fn c03_a_touch_revives_nothing(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let (browser, pause) = (site.user("clerk").await?, Pause::default());
    site.clock.advance(600);
    let steps = [Step::Get("k"), Step::Pause(pause.clone())];
    let response = overtaken(&site, &browser, Method::GET, &steps, &pause).await?;
    same("the answer", &(code(&response), response.body().as_str()), &(200, "k=\"0\";"))?;
    same("the cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::Removed)?;
    same("the calls after the logout", &site.watch.take(), &vec!["touch"])?;
    same("what is there", &site.found(&browser).await?, &"gone: Some(LoggedOut)".to_owned())
}

/// Sends such a request, sends another one while its handler waits, and lets it go on; both answers.
async fn crossed(
    site: &Site,
    browser: &Browser,
    first: &[Step],
    pause: &Pause,
    second: &[Step],
) -> Result<(Response<String>, Response<String>), Failure> {
    let answering = site.until(browser, Method::POST, first, pause).await?;
    let other = site.post(&mut browser.clone(), second).await;
    pause.go_on();
    Ok((answering.await, other))
}

async fn c04_different_values_are_all_kept(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let pause = Pause::default();
    let wait = || Step::Pause(pause.clone());
    let cases: [(&[Step], &[Step], &str); 6] = [
        (&[Step::Get("k"), wait(), set("a", "1")], &[set("b", "2")], r#"{"a":"1","b":"2","k":"0"}"#),
        (&[Step::Get("k"), wait(), Step::Remove("k")], &[set("b", "2")], r#"{"b":"2"}"#),
        (&[Step::Get("k"), wait(), set("a", "1")], &[Step::Get("k"), Step::Remove("k")], r#"{"a":"1"}"#),
        (&[wait(), set("a", "1")], &[set("b", "2"), set("c", "3")], r#"{"a":"1","b":"2","c":"3","k":"0"}"#),
        (&[Step::Count("a"), wait()], &[Step::Count("b")], r#"{"a":1,"b":1,"k":"0"}"#),
        (
            &[Step::Get("k"), set("a", "1"), wait(), Step::Save],
            &[set("b", "2")],
            r#"{"a":"1","b":"2","k":"0"}"#,
        ),
    ];
    for (first, second, expected) in cases {
        let mut browser = site.visitor().await?;
        let (one, other) = crossed(&site, &browser, first, &pause, second).await?;
        // Where nothing was left for a moment, what is set goes into a new session.
        browser.receive(&other);
        browser.receive(&one);
        same("the answers", &(code(&one), code(&other)), &(200, 200))?;
        same("what is there", &site.found(&browser).await?, &expected.to_owned())?;
    }
    Ok(())
}

async fn c05_the_same_value_follows_its_policy(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given).with_layer(|layer| layer.merge_policy("strict", MergePolicy::Conflict));
    let pause = Pause::default();
    let wait = || Step::Pause(pause.clone());
    let browser = site.visitor().await?;
    let first = [Step::Get("k"), wait(), set("k", "late")];
    let (one, _) = crossed(&site, &browser, &first, &pause, &[set("k", "early")]).await?;
    same("the answer to the last writer", &code(&one), &200)?;
    same("what is there", &site.found(&browser).await?, &r#"{"k":"late"}"#.to_owned())?;

    let browser = site.visitor().await?.as_program();
    let first = [Step::Get("strict"), wait(), set("strict", "late"), set("k", "late")];
    let (one, _) = crossed(&site, &browser, &first, &pause, &[set("strict", "early")]).await?;
    same("the answer to the last writer", &code(&one), &409)?;
    for named in [r#""code":"session_conflict""#, r#""names":["strict"]"#] {
        holds(one.body().contains(named), || format!("{named} is not in {}", one.body()))?;
    }
    let left = r#"{"k":"0","strict":"early"}"#.to_owned();
    same("what is there", &site.found(&browser).await?, &left)?;

    // What both set to the same is no conflict, nor is what one of them leaves alone.
    let first = [Step::Get("k"), wait(), set("strict", "same"), set("k", "1")];
    let (one, _) = crossed(&site, &browser, &first, &pause, &[set("strict", "same")]).await?;
    same("the answer", &code(&one), &200)?;
    let first = [Step::Get("k"), wait(), set("strict", "mine")];
    let (one, _) = crossed(&site, &browser, &first, &pause, &[set("k", "2")]).await?;
    same("the answer", &code(&one), &200)?;
    let left = r#"{"k":"2","strict":"mine"}"#.to_owned();
    same("what is there", &site.found(&browser).await?, &left)?;

    // Who clears, and who changes the user, conflicts with everybody.
    for (first, second) in [
        ([Step::Get("k"), wait(), Step::Clear], set("b", "1")),
        ([Step::Get("k"), wait(), Step::User("other")], set("b", "1")),
        ([Step::Get("k"), wait(), set("b", "1")], Step::Clear),
        ([Step::Get("k"), wait(), set("b", "1")], Step::User("other")),
    ] {
        let browser = site.user("clerk").await?;
        let (one, other) = crossed(&site, &browser, &first, &pause, &[second]).await?;
        same("the answers", &(code(&one), code(&other)), &(409, 200))?;
    }
    Ok(())
}

async fn c06_counters_lose_nothing(given: Given) -> Result<(), Failure> {
    const EACH: usize = 500;
    let site = Site::open(&given);
    let browser = site.visitor().await?;
    let mut tasks: Vec<BoxFuture<u16>> = Vec::new();
    for _ in 0..2 {
        let (service, browser) = (site.service(&[Step::Count("n")]), browser.clone());
        tasks.push(Box::pin(async move {
            for _ in 0..EACH {
                let response = service(browser.request(Method::POST, "/count")).await;
                if code(&response) != 200 {
                    return code(&response);
                }
            }
            200
        }));
    }
    same("the answers", &together(&given, tasks).await?, &vec![200, 200])?;
    same("what is there", &site.found(&browser).await?, &r#"{"k":"0","n":1000}"#.to_owned())
}

async fn c07_a_login_is_not_undone_by_a_late_answer(given: Given) -> Result<(), Failure> {
    let site = Site::open(&given);
    let pause = Pause::default();
    let wait = || Step::Pause(pause.clone());
    let late: [(&[Step], u16); 5] = [
        (&[Step::Get("k"), wait(), set("x", "1")], 409),
        (&[wait(), set("x", "1")], 409),
        (&[Step::Get("k"), wait(), Step::Rotate], 409),
        (&[Step::Get("k"), wait(), Step::Flush], 409),
        (&[Step::Get("k"), wait()], 200),
    ];
    for (steps, expected) in late {
        let mut browser = site.visitor().await?;
        let old = browser.clone();
        site.clock.advance(600);
        let answering = site.until(&browser, Method::POST, steps, &pause).await?;
        let login = site.post(&mut browser, &[Step::Rotate, Step::User("clerk")]).await;
        same("the answer to the login", &code(&login), &200)?;
        pause.go_on();
        let response = answering.await;
        same("the late answer", &code(&response), &expected)?;
        same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
        browser.receive(&response);
        same("the old key", &site.found(&old).await?, &"gone: Some(Rotated)".to_owned())?;
        same("the new key", &site.found(&browser).await?, &r#"{"":1,"k":"0"} of clerk"#.to_owned())?;
    }
    // A request that the browser sent before it had the new cookie, and that comes after the login.
    let mut browser = site.visitor().await?;
    let old = browser.clone();
    site.post(&mut browser, &[Step::Rotate, Step::User("clerk")]).await;
    let response = site.post(&mut old.clone(), &[set("x", "1")]).await;
    same("the late answer", &code(&response), &409)?;
    same("its cookie", &cookie_sent(&response, site.cookie_name()), &CookieSent::None)?;
    // To log in once more is the user's own choice.
    let response = site.post(&mut old.clone(), &[Step::Rotate, Step::User("clerk")]).await;
    same("the answer to the second login", &code(&response), &200)?;
    same("the first login", &site.found(&browser).await?, &r#"{"":1,"k":"0"} of clerk"#.to_owned())
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
