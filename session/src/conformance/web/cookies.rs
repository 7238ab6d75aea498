//! Cookies: which of several counts, and what a removal bears.

use http::Method;
use http::header::{CACHE_CONTROL, VARY};

use super::browser::{Browser, CookieSent, cookie_sent, is_zero, set_cookies};
use super::site::{Pause, Site, Step, set};
use crate::conformance::Given;
use crate::conformance::failure::{Failure, holds, same};
use crate::{SessionCookie, SessionKey};

cases! {
    {
        c18_of_two_cookies_the_valid_one_counts: "Of several cookies of the name the one that leads somewhere counts, wherever it stands (R11).",
        c19_a_removal_bears_the_cookies_attributes: "A removal bears path, domain, Secure and prefix of what it removes, and the answer is not cached (R11).",
    }
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
