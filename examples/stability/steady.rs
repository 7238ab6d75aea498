//! Clerks at work: each in a browser of his own, a request at a time. Nothing may come between, so every answer is known beforehand, and
//! so is what it may write.

use std::sync::Arc;
use std::time::Duration;

use bursar_office::show;
use tokio::task::JoinSet;

use crate::browser::{Answer, Browser, Filled};
use crate::chance::Chance;
use crate::html;
use crate::judge::Told;
use crate::log::Page;
use crate::site::Site;

/// So often a form is sent at once, when it is sent more than once.
pub(crate) const AT_ONCE: usize = 20;

/// A clerk at work.
pub(crate) struct Steady {
    site: Arc<Site>,
    browser: Browser,
    chance: Chance,
    /// The student that was opened last.
    last: String,
}

impl Steady {
    /// In a browser that is signed in.
    pub(crate) fn new(site: &Arc<Site>, browser: Browser, seed: u64) -> Self {
        let steady = Self { site: Arc::clone(site), browser, chance: Chance::new(seed), last: String::new() };
        // What the sign-in wrote is not of the pages.
        steady.taken();
        steady
    }

    fn taken(&self) -> crate::counting::Calls {
        self.browser.session().map(|session| self.site.store.take(&session)).unwrap_or_default()
    }

    /// Works until the check is over.
    pub(crate) async fn work(mut self) {
        while !self.site.is_over() {
            self.once().await;
        }
    }

    /// Works for so many turns.
    pub(crate) async fn turns(&mut self, turns: u32) {
        for _ in 0..turns {
            if !self.site.is_over() {
                self.once().await;
            }
        }
    }

    async fn once(&mut self) {
        let done = match self.chance.below(1_000) {
            0..150 => self.page(Page::Dashboard, "/").await,
            150..400 => self.students().await,
            400..500 => self.debtors().await,
            500..530 => self.page(Page::DebtorsFile, "/debtors.csv?at_least=100").await,
            530..600 => self.page(Page::Terms, "/terms").await,
            600..800 => self.student().await.map(|(_, page)| page),
            800..950 => self.payment().await,
            950..980 => self.retried().await,
            980..995 => self.at_once().await,
            _ => self.alike().await,
        };
        // Without an answer there is a finding, and no reason to ask at once again.
        if done.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A page that only reads.
    async fn page(&mut self, page: Page, path: &str) -> Option<Answer> {
        let answer = self.browser.get(page, path).await?;
        self.wrote(page, path, 0);
        self.is_shown(&answer);
        Some(answer)
    }

    fn is_shown(&self, page: &Answer) {
        if page.status != 200 {
            let (status, to) = (page.status, &page.location);
            let path = &page.path;
            self.site
                .log
                .finding(format!("nothing had ended, and GET {path} was answered with {status}, to {to:?}"));
        }
    }

    /// Notes what a request wrote, and that it was not more than this.
    fn wrote(&self, page: Page, path: &str, writes_max: u64) {
        let calls = self.taken();
        self.site.log.calls(page, 1, &calls);
        if calls.writes() > writes_max {
            let writes = calls.writes();
            self.site.log.finding(format!(
                "{path} wrote its session {writes} times, not {writes_max} at most: {calls:?}"
            ));
        }
    }

    async fn students(&mut self) -> Option<Answer> {
        let some = self.chance.one_of(&self.site.students)?.chars().take(2).collect::<String>();
        let path = match self.chance.below(6) {
            0 => "/students".to_owned(),
            1 => format!("/students?search={}", show::segment(&some)),
            2 => "/students?status=unpaid&sort=owed".to_owned(),
            3 => "/students?status=paid&sort=credit&page=2".to_owned(),
            4 => "/students?standing=active&sort=paid".to_owned(),
            _ => format!("/students?page={}", self.chance.below(6).saturating_add(1)),
        };
        self.page(Page::Students, &path).await
    }

    async fn debtors(&mut self) -> Option<Answer> {
        let path =
            *self.chance.one_of(&["/debtors", "/debtors?sort=age", "/debtors?at_least=250&overdue=10"])?;
        let first = self.page(Page::Debtors, path).await?;
        match html::next(&first.body) {
            Some(next) => self.page(Page::Debtors, &next).await,
            None => Some(first),
        }
    }

    /// Opens the page of a student, any or the one that is open.
    async fn student(&mut self) -> Option<(String, Answer)> {
        let stay = !self.last.is_empty() && self.chance.below(4) == 0;
        let account = if stay { self.last.clone() } else { self.chance.one_of(&self.site.students)?.clone() };
        let path = format!("/students/{}", show::segment(&account));
        let page = self.browser.get(Page::Student, &path).await?;
        // The one that is first in the list already is no change.
        self.wrote(Page::Student, &path, u64::from(account != self.last));
        self.last.clone_from(&account);
        self.is_shown(&page);
        Some((account, page))
    }

    async fn filled(&mut self) -> Option<Filled> {
        let (account, page) = self.student().await?;
        let filled = self.site.fill(&account, &page, &self.site.amount());
        if filled.is_none() {
            self.site.log.finding(format!("the page of {account} has no form for a payment"));
        }
        filled
    }

    /// Sends a form and holds the answer to what is expected; follows it to the receipt.
    async fn pay(&mut self, filled: &Filled, situation: &'static str, again: bool) -> Option<Answer> {
        let (told, answer) = self.browser.pay(filled, situation).await;
        self.wrote(Page::Payment, &filled.path, u64::from(!again));
        let expected =
            if again { matches!(told, Told::Before(_)) } else { matches!(told, Told::Recorded(_)) };
        if !expected {
            self.site.log.finding(format!(
                "{situation}: {} for {} was answered: {told:?}",
                filled.amount, filled.path
            ));
        }
        self.follow(filled, &answer?).await
    }

    async fn follow(&mut self, filled: &Filled, answer: &Answer) -> Option<Answer> {
        let page = self.site.receipt(&self.browser, answer, filled).await?;
        self.wrote(Page::Receipt, "a receipt", 0);
        self.is_shown(&page);
        Some(page)
    }

    async fn payment(&mut self) -> Option<Answer> {
        let filled = self.filled().await?;
        self.pay(&filled, "payment", false).await
    }

    /// The same form, sent again after it was answered.
    async fn retried(&mut self) -> Option<Answer> {
        let filled = self.filled().await?;
        self.pay(&filled, "payment", false).await?;
        self.pay(&filled, "the same form again", true).await
    }

    /// The same form, many times at once.
    async fn at_once(&mut self) -> Option<Answer> {
        let filled = self.filled().await?;
        let mut sends = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (browser, filled) = (self.browser.clone(), filled.clone());
            sends.spawn(async move { browser.pay(&filled, "the same form 20 times at once").await });
        }
        let (mut recorded, mut before, mut receipts, mut last) = (0_usize, 0_usize, Vec::new(), None);
        while let Some(sent) = sends.join_next().await {
            let Ok((told, answer)) = sent else {
                self.site.log.finding("a request of a form that was sent 20 times at once broke down");
                continue;
            };
            match told {
                Told::Recorded(number) => {
                    recorded = recorded.saturating_add(1);
                    receipts.push(number);
                }
                Told::Before(number) => {
                    before = before.saturating_add(1);
                    receipts.push(number);
                }
                other => self
                    .site
                    .log
                    .finding(format!("a form that was sent 20 times at once was answered: {other:?}")),
            }
            last = answer.or(last);
        }
        receipts.sort_unstable();
        receipts.dedup();
        if (recorded, receipts.len()) != (1, 1) {
            let what = format!("{recorded} recorded, {before} before, receipts {receipts:?}");
            self.site.log.finding(format!("a form that was sent 20 times at once: {what}"));
        }
        let calls = self.taken();
        self.site.log.calls(Page::Payment, u64::try_from(AT_ONCE).unwrap_or(0), &calls);
        if calls.writes() != 1 {
            self.site
                .log
                .finding(format!("a form that was sent 20 times at once wrote its session so: {calls:?}"));
        }
        self.follow(&filled, &last?).await
    }

    /// Two forms that say the same: the second is asked back, and recorded when that is wanted.
    async fn alike(&mut self) -> Option<Answer> {
        let (account, page) = self.student().await?;
        let amount = self.site.amount();
        let first = self.site.fill(&account, &page, &amount)?;
        self.pay(&first, "payment", false).await?;
        let path = format!("/students/{}", show::segment(&account));
        let page = self.browser.get(Page::Student, &path).await?;
        self.wrote(Page::Student, &path, 0);
        let mut second = self.site.fill(&account, &page, &amount)?;
        let (told, _) = self.browser.pay(&second, "another form that says the same").await;
        self.wrote(Page::Payment, &second.path, 0);
        if told != Told::AskedBack {
            self.site.log.finding(format!("another form that says the same was answered: {told:?}"));
        }
        self.site.hold_to(&second, &told).await;
        second.form.set("again", "yes");
        self.pay(&second, "another form that says the same", false).await
    }
}
