//! Sessions that expire: who comes back too late is led to sign in, and nothing that he sends is recorded; who goes on working stays.

use std::sync::Arc;
use std::time::Duration;

use bursar_office::show;

use crate::browser::Browser;
use crate::chance::Chance;
use crate::judge::Told;
use crate::log::Page;
use crate::shown::{Shown, shown};
use crate::site::{Clerk, SHORT_IDLE, Site};

/// Signs in, opens a form, idles for too long and comes back, again and again until the check is over; at least once.
pub(crate) async fn idle(site: Arc<Site>, clerk: Arc<Clerk>, seed: u64) {
    let mut chance = Chance::new(seed);
    loop {
        if come_back(&site, &clerk, &mut chance).await.is_none() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        if site.is_over() {
            return;
        }
    }
}

async fn come_back(site: &Site, clerk: &Clerk, chance: &mut Chance) -> Option<()> {
    let browser = site.signed_in(&site.short, clerk).await?;
    let account = chance.one_of(&site.students)?.clone();
    let path = format!("/students/{}", show::segment(&account));
    let page = browser.get(Page::Student, &path).await?;
    if page.status == 303 {
        // Opening it took longer than the session lasts: the machine is too slow to say anything.
        site.log.count("sessions that expire", "too slow to tell");
        return None;
    }
    let Some(filled) = site.fill(&account, &page, &site.amount()) else {
        site.log.finding(format!("the page of {account} has no form for a payment"));
        return None;
    };
    tokio::time::sleep(SHORT_IDLE + Duration::from_millis(300)).await;
    let form_first = chance.below(2) == 0;
    if form_first {
        too_late(site, &browser, &filled).await;
    }
    let answer = browser.get(Page::Student, &path).await?;
    match shown(&path, answer.status, answer.location.as_deref()) {
        Ok(Shown::SignIn) => site.log.count("sessions that expire", "a page: 303 to sign in and come back"),
        Ok(Shown::Page) => {
            site.log.finding(format!("a session was not used for longer than it lasts, and showed {path}"));
        }
        Err(wrong) => site.log.finding(format!("after a session had expired: {wrong}")),
    }
    if !form_first {
        too_late(site, &browser, &filled).await;
    }
    Some(())
}

async fn too_late(site: &Site, browser: &Browser, filled: &crate::browser::Filled) {
    let (told, _) = browser.pay(filled, "a form sent after its session expired").await;
    site.hold_to(filled, &told).await;
    if told != Told::WasNot {
        site.log
            .finding(format!("a form that was sent after its session had expired was answered: {told:?}"));
    }
}

/// Asks for a page often enough to stay signed in, which must be so until the check is over.
pub(crate) async fn stay(site: Arc<Site>, clerk: Arc<Clerk>) {
    const PAUSE: Duration = Duration::from_millis(400);
    // The end is moved once in a tenth of the idle time at most, so that it may be so much nearer than the whole of it.
    let sure = u64::try_from((SHORT_IDLE * 9 / 10).as_micros()).unwrap_or(0);
    let Some(browser) = site.signed_in(&site.short, &clerk).await else { return };
    let mut last = site.log.now();
    while !site.is_over() {
        tokio::time::sleep(PAUSE).await;
        let Some(answer) = browser.get(Page::Terms, "/terms").await else { continue };
        let found = shown("/terms", answer.status, answer.location.as_deref());
        let was_quick = answer.ended.saturating_sub(last) < sure;
        last = answer.began;
        match found {
            Ok(Shown::Page) => {
                site.log.count("sessions that expire", "a page of one who goes on working: 200");
            }
            Ok(Shown::SignIn) if !was_quick => {
                site.log.count("sessions that expire", "too slow to tell");
                if !site.sign_in(&browser, &clerk).await {
                    return;
                }
                last = site.log.now();
            }
            Ok(Shown::SignIn) => {
                site.log.finding("a session that was in use expired");
                return;
            }
            Err(wrong) => site.log.finding(format!("one who goes on working: {wrong}")),
        }
    }
}

/// Five wrong passwords lock a name, whatever password comes then.
pub(crate) async fn lock_out(site: Arc<Site>, clerk: Arc<Clerk>) {
    let Ok(browser) = Browser::open(&site.address, &site.log) else { return };
    let right = clerk.password.lock().await.clone();
    for (password, expected) in [("wrong", 401); 5].into_iter().chain([(right.as_str(), 429)]) {
        match browser.sign_in(&clerk.name, password).await {
            Some((status, _)) if status == expected => {
                site.log.count(
                    "guessing a password",
                    if status == 401 { "wrong: 401" } else { "locked, though right: 429" },
                );
            }
            told => site.log.finding(format!("guessing a password: {told:?}, not {expected}")),
        }
    }
}
