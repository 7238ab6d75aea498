//! Sessions that end while they are in use: several windows of one browser, and something that ends their session, or changes its key,
//! while each has a request under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bursar_office::{password, show};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::browser::{Answer, Browser, Filled};
use crate::chance::Chance;
use crate::html;
use crate::judge::Told;
use crate::log::Page;
use crate::shown::{Shown, shown};
use crate::site::{Clerk, Site};

/// How the session of the windows ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A window signs out.
    SignOut,
    /// A window signs in again: the session goes on under another key.
    SignInAgain,
    /// It is ended from the page of the clerk's own sessions, in another browser.
    EndedElsewhere,
    /// The password is changed in another browser.
    Password,
}

impl End {
    const ALL: [Self; 4] = [Self::SignOut, Self::SignInAgain, Self::EndedElsewhere, Self::Password];

    const fn pages(self) -> &'static str {
        match self {
            Self::SignOut => "pages while another window signs out",
            Self::SignInAgain => "pages while another window signs in again",
            Self::EndedElsewhere => "pages while another browser ends the session",
            Self::Password => "pages while the password is changed elsewhere",
        }
    }

    const fn payments(self) -> &'static str {
        match self {
            Self::SignOut => "payments while another window signs out",
            Self::SignInAgain => "payments while another window signs in again",
            Self::EndedElsewhere => "payments while another browser ends the session",
            Self::Password => "payments while the password is changed elsewhere",
        }
    }
}

/// So many windows have requests under way.
pub(crate) const WINDOWS: u64 = 4;

/// A browser with several windows, again and again.
pub(crate) struct House {
    pub(crate) site: Arc<Site>,
    /// The clerk; nobody else signs in as him.
    pub(crate) clerk: Arc<Clerk>,
    pub(crate) chance: Chance,
}

impl House {
    /// Goes on until the check is over, but through every end at least once.
    pub(crate) async fn work(mut self) {
        let mut rounds = 0_usize;
        for end in End::ALL.into_iter().cycle() {
            if self.site.is_over() && rounds >= End::ALL.len() {
                return;
            }
            rounds = rounds.saturating_add(1);
            if self.round(end).await.is_none() && self.site.is_over() {
                return;
            }
        }
    }

    /// One session, from the sign-in to its end. `None` when something went wrong, of which there is a finding.
    async fn round(&mut self, end: End) -> Option<()> {
        let site = Arc::clone(&self.site);
        // The other browser is first, so that its session is the older one.
        let other = match end {
            End::EndedElsewhere | End::Password => Some(site.signed_in(&site.address, &self.clerk).await?),
            End::SignOut | End::SignInAgain => None,
        };
        let browser = site.signed_in(&site.address, &self.clerk).await?;
        let stolen = browser.cookie()?;
        let ended = Arc::new(AtomicBool::new(false));
        let turns = Arc::new(AtomicU64::new(0));
        let paid = Arc::new(Mutex::new(Vec::new()));
        let unsent = self.form(&browser).await?;
        let mut windows = JoinSet::new();
        for _ in 0..WINDOWS {
            let window = Window {
                site: Arc::clone(&site),
                browser: browser.clone(),
                end,
                ended: Arc::clone(&ended),
                turns: Arc::clone(&turns),
                paid: Arc::clone(&paid),
                chance: Chance::new(self.chance.below(u64::MAX)),
            };
            windows.spawn(window.work());
        }
        // In the middle of their work, whatever the machine makes of it.
        let enough = WINDOWS.saturating_add(self.chance.below(12));
        while turns.load(Ordering::Relaxed) < enough && !windows.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(self.chance.below(50))).await;
        let done = self.end(end, &browser, other.as_ref()).await;
        ended.store(true, Ordering::Relaxed);
        while let Some(closed) = windows.join_next().await {
            if let Err(error) = closed {
                site.log.finding(format!("a window broke down: {error}"));
            }
        }
        if let Err(why) = done {
            site.log.finding(format!("{end:?} went wrong: {why}"));
            return None;
        }
        self.afterwards(end, &browser, other.as_ref(), &stolen).await?;
        // One of the session that ended: after another sign-in, the forms that are opened then are of the new one.
        let mut paid: Vec<Filled> = std::mem::take(&mut *paid.lock().await);
        paid.retain(|paid| paid.form.get("token") == unsent.form.get("token"));
        let paid = paid.pop();
        self.too_late(end, &browser, &unsent, paid.as_ref()).await
    }

    /// A form, filled in.
    async fn form(&mut self, browser: &Browser) -> Option<Filled> {
        let account = self.chance.one_of(&self.site.students)?.clone();
        let page = browser.get(Page::Student, &format!("/students/{}", show::segment(&account))).await?;
        self.site.fill(&account, &page, &self.site.amount())
    }

    /// Ends the session of the windows.
    async fn end(&self, end: End, browser: &Browser, other: Option<&Browser>) -> Result<(), String> {
        let answered = |what: &str, status: u16| Err(format!("{what} was answered with {status}"));
        let silent = || "there was no answer".to_owned();
        match (end, other) {
            (End::SignOut, _) => {
                // Any page has the form, whatever becomes of its session a moment later.
                let page = browser.get(Page::Terms, "/terms").await.ok_or_else(silent)?;
                let form = html::forms(&page.body).into_iter().find(|form| form.action == "/sign-out");
                let form = form.ok_or("there is no form to sign out with")?;
                let done = browser.post(Page::SignOut, "/sign-out", &form).await.ok_or_else(silent)?;
                if done.status == 200 { Ok(()) } else { answered("signing out", done.status) }
            }
            (End::SignInAgain, _) => {
                let password = self.clerk.password.lock().await;
                match browser.sign_in(&self.clerk.name, &password).await.ok_or_else(silent)? {
                    (303, Some(to)) if to == "/" => Ok(()),
                    (status, _) => answered("signing in again", status),
                }
            }
            (End::EndedElsewhere, Some(other)) => {
                let page = other.get(Page::Own, "/me").await.ok_or_else(silent)?;
                // The first one that can be ended by its id began last: that of the windows.
                let mut forms =
                    html::forms(&page.body).into_iter().filter(|form| form.action == "/me/sessions");
                let form = forms.next().ok_or("no session can be ended")?;
                let done = other.post(Page::EndSessions, "/me/sessions", &form).await.ok_or_else(silent)?;
                if done.status == 303 { Ok(()) } else { answered("ending a session", done.status) }
            }
            (End::Password, Some(other)) => {
                let page = other.get(Page::Own, "/me").await.ok_or_else(silent)?;
                let form = html::forms(&page.body).into_iter().find(|form| form.get("again").is_some());
                let mut form = form.ok_or("there is no form for a password")?;
                let mut password = self.clerk.password.lock().await;
                let made = password::generate().map_err(|failure| format!("{failure:?}"))?;
                form.set("now", password.as_str());
                form.set("new", made.as_str());
                form.set("again", made.as_str());
                let action = if form.action.is_empty() { "/me" } else { form.action.as_str() };
                let done = other.post(Page::Password, action, &form).await.ok_or_else(silent)?;
                if done.status != 200 {
                    return answered("changing the password", done.status);
                }
                *password = made;
                Ok(())
            }
            (_, None) => Err("there is no other browser".to_owned()),
        }
    }

    /// The old cookie opens nothing, whatever was under way when its session ended; who was to stay signed in is.
    async fn afterwards(
        &self,
        end: End,
        browser: &Browser,
        other: Option<&Browser>,
        stolen: &str,
    ) -> Option<()> {
        let log = &self.site.log;
        let thief = Browser::with_cookie(&self.site.address, log, stolen).ok()?;
        let goes_on = end == End::SignInAgain;
        let expected = [
            ("the old cookie", Some(&thief), false),
            ("the windows", Some(browser), goes_on),
            ("the other browser", other, true),
        ];
        for (who, browser, open) in expected {
            let Some(browser) = browser else { continue };
            let answer = browser.get(Page::Terms, "/terms").await?;
            match shown("/terms", answer.status, answer.location.as_deref()) {
                Ok(found) if (found == Shown::Page) == open => log.count(
                    "afterwards",
                    if open { "who stays is signed in" } else { "who is out is led to sign in" },
                ),
                Ok(found) => log.finding(format!("after {end:?} {who} got {found:?}")),
                Err(wrong) => log.finding(format!("after {end:?} {who}: {wrong}")),
            }
        }
        Some(())
    }

    /// Forms that come after the end: one that was never sent records nothing, and one that was recorded is told so.
    async fn too_late(
        &self,
        end: End,
        browser: &Browser,
        unsent: &Filled,
        paid: Option<&Filled>,
    ) -> Option<()> {
        let log = &self.site.log;
        let (told, _) = browser.pay(unsent, "a form sent after the end").await;
        self.site.hold_to(unsent, &told).await;
        let expected = if end == End::SignInAgain { Told::OutOfDate } else { Told::WasNot };
        if told != expected {
            log.finding(format!("after {end:?} a form that was never sent before was answered: {told:?}"));
        }
        let Some(paid) = paid else { return Some(()) };
        let (told, _) = browser.pay(paid, "a recorded form sent again after the end").await;
        self.site.hold_to(paid, &told).await;
        if !matches!(told, Told::WasRecorded { .. }) {
            log.finding(format!("after {end:?} a form that had been recorded was answered: {told:?}"));
        }
        Some(())
    }
}

/// A window: a request at a time, until the session has ended.
struct Window {
    site: Arc<Site>,
    browser: Browser,
    end: End,
    ended: Arc<AtomicBool>,
    /// What all windows have done.
    turns: Arc<AtomicU64>,
    /// Payments that were recorded.
    paid: Arc<Mutex<Vec<Filled>>>,
    chance: Chance,
}

impl Window {
    async fn work(mut self) {
        // One turn more after the end, which begins when the session is dead.
        let mut last = false;
        while !last {
            last = self.ended.load(Ordering::Relaxed);
            if self.once().await.is_none() {
                // Signed out, or without an answer: nobody asks again at once.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            self.turns.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A page, or a student and a payment. `None` where the session was over.
    async fn once(&mut self) -> Option<()> {
        if self.chance.below(5) == 0 {
            let path = *self.chance.one_of(&["/", "/students?status=unpaid", "/debtors", "/me"])?;
            let page = match path {
                "/" => Page::Dashboard,
                "/debtors" => Page::Debtors,
                "/me" => Page::Own,
                _ => Page::Students,
            };
            return self.page(page, path).await.map(drop);
        }
        let account = self.chance.one_of(&self.site.students)?.clone();
        let path = format!("/students/{}", show::segment(&account));
        let page = self.page(Page::Student, &path).await?;
        if self.chance.below(2) == 0 {
            return Some(());
        }
        let Some(filled) = self.site.fill(&account, &page, &self.site.amount()) else {
            self.site.log.finding(format!("the page of {account} has no form for a payment"));
            return None;
        };
        let (told, answer) = self.browser.pay(&filled, self.end.payments()).await;
        self.site.hold_to(&filled, &told).await;
        match told {
            Told::Recorded(_) => {
                self.paid.lock().await.push(filled.clone());
                // The way to the receipt may lead over the sign-in page by now.
                let receipt = self.site.receipt(&self.browser, &answer?, &filled).await?;
                self.shown(&receipt.path, &receipt);
            }
            Told::WasNot | Told::Open | Told::OutOfDate => {}
            other => self.site.log.finding(format!("{}: the answer was {other:?}", self.end.payments())),
        }
        Some(())
    }

    /// Asks for a page: the answer, where it is the page.
    async fn page(&self, page: Page, path: &str) -> Option<Answer> {
        let answer = self.browser.get(page, path).await?;
        (self.shown(path, &answer) == Some(Shown::Page)).then_some(answer)
    }

    /// Notes what a page was answered with.
    fn shown(&self, path: &str, answer: &Answer) -> Option<Shown> {
        let log = &self.site.log;
        match shown(path, answer.status, answer.location.as_deref()) {
            Ok(found) => {
                let words = match found {
                    Shown::Page => "as it is: 200",
                    Shown::SignIn => "session over: 303 to sign in and come back",
                };
                log.count(self.end.pages(), words);
                Some(found)
            }
            Err(wrong) => {
                log.finding(format!("{}: {wrong}: {}", self.end.pages(), html::text(&answer.body)));
                None
            }
        }
    }
}
