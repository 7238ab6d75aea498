//! Times: when a session ends, and that a clean-up keeps to it.

use http::Method;

use super::browser::{Browser, CookieSent, cookie_sent};
use super::site::{Site, Step, set, start};
use crate::conformance::failure::{Failure, holds, same};
use crate::conformance::together::together;
use crate::conformance::{BoxFuture, Given};
use crate::store::Loaded;
use crate::{Record, minutes};

cases! {
    {
        c14_an_end_in_another_time_zone_is_the_same_instant: "An end that is said in another time zone is the same instant (R4, R14).",
        c15_a_sessions_own_expiry_is_kept: "An idle timeout and an end of a session's own survive later writes and touches (R4).",
        c20_a_clean_up_deletes_no_live_session: "A clean-up that meets a touch deletes no session that was prolonged (R14).",
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
