//! A browser: a jar of cookies, and requests one after the other or several at once. It follows no redirect by itself.

use std::sync::Arc;
use std::time::Duration;

use bursar_examples::database::Failure;
use bursar_session::{KeyHash, SessionKey};
use reqwest::Url;
use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, LOCATION, ORIGIN};
use reqwest::redirect::Policy;

use crate::html::{self, Form};
use crate::judge::{Send, Told, judge_status, told};
use crate::log::{Log, Page};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The path that was asked for.
    pub(crate) path: String,
    /// The status.
    pub(crate) status: u16,
    /// Where it leads.
    pub(crate) location: Option<String>,
    /// The page.
    pub(crate) body: String,
    /// When it was asked for, in microseconds of the check.
    pub(crate) began: u64,
    /// When it was there.
    pub(crate) ended: u64,
}

/// A payment's form, filled in.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    /// The path that it is sent to.
    pub(crate) path: String,
    /// What it says.
    pub(crate) form: Form,
    /// Its key.
    pub(crate) key: String,
    /// The amount, as pages show it.
    pub(crate) amount: String,
}

/// A browser. Its clones are windows of it.
#[derive(Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    jar: Arc<Jar>,
    base: Url,
    log: Arc<Log>,
}

impl Browser {
    /// One without a cookie, that asks an office at an address.
    pub(crate) fn open(address: &str, log: &Arc<Log>) -> Result<Self, Failure> {
        const PATIENCE: Duration = Duration::from_secs(60);
        let base: Url = address.parse()?;
        let jar = Arc::new(Jar::default());
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8"));
        headers.insert(ORIGIN, HeaderValue::from_str(address.trim_end_matches('/'))?);
        let http = reqwest::Client::builder()
            .cookie_provider(Arc::clone(&jar))
            .redirect(Policy::none())
            .default_headers(headers)
            .timeout(PATIENCE)
            .no_proxy()
            .build()?;
        Ok(Self { http, jar, base, log: Arc::clone(log) })
    }

    /// One that has stolen this cookie.
    pub(crate) fn with_cookie(address: &str, log: &Arc<Log>, cookie: &str) -> Result<Self, Failure> {
        let browser = Self::open(address, log)?;
        browser.jar.add_cookie_str(cookie, &browser.base);
        Ok(browser)
    }

    /// The cookie that it would send, as name and value.
    pub(crate) fn cookie(&self) -> Option<String> {
        Some(self.jar.cookies(&self.base)?.to_str().ok()?.to_owned())
    }

    /// What a store knows its session by.
    pub(crate) fn session(&self) -> Option<KeyHash> {
        let cookie = self.cookie()?;
        Some(SessionKey::parse(cookie.split_once('=')?.1)?.hash())
    }

    /// Asks for a page. `None`, and a finding, when there is no answer.
    pub(crate) async fn get(&self, page: Page, path: &str) -> Option<Answer> {
        let asked = format!("GET {path}");
        self.ask(page, &asked, path, reqwest::Client::get).await
    }

    /// Sends a form. `None`, and a finding, when there is no answer.
    pub(crate) async fn post(&self, page: Page, path: &str, form: &Form) -> Option<Answer> {
        let asked = format!("POST {path}");
        self.ask(page, &asked, path, |http, url| http.post(url).form(&form.fields)).await
    }

    async fn ask(
        &self,
        page: Page,
        asked: &str,
        path: &str,
        build: impl FnOnce(&reqwest::Client, Url) -> reqwest::RequestBuilder,
    ) -> Option<Answer> {
        let url = self.base.join(path).ok()?;
        let began = self.log.now();
        let heard = async {
            let response = build(&self.http, url).send().await?;
            let status = response.status().as_u16();
            let location =
                response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
            Ok::<_, reqwest::Error>((status, location, response.text().await?))
        };
        match heard.await {
            Ok((status, location, body)) => {
                let ended = self.log.now();
                self.log.request(page, status, ended.saturating_sub(began));
                if let Some(wrong) = judge_status(status, asked) {
                    self.log.finding(format!("{wrong}: {}", html::text(&body)));
                }
                Some(Answer { path: path.to_owned(), status, location, body, began, ended })
            }
            Err(error) => {
                self.log.finding(format!("{asked} was not answered: {error:?}"));
                None
            }
        }
    }

    /// Sends a payment, and notes what was heard of it.
    pub(crate) async fn pay(&self, filled: &Filled, situation: &'static str) -> (Told, Option<Answer>) {
        let began = self.log.now();
        let answer = self.post(Page::Payment, &filled.path, &filled.form).await;
        let heard = answer.as_ref().map_or(Told::Unanswered, |answer| {
            let has_box =
                html::forms(&answer.body).iter().any(|form| form.boxes.iter().any(|one| one == "again"));
            told(answer.status, answer.location.as_deref(), &html::text(&answer.body), has_box)
        });
        self.log.count(situation, heard.words());
        self.log.sent(&filled.key, Send { began, ended: self.log.now(), told: heard.clone() });
        (heard, answer)
    }

    /// Signs a clerk in: the status that the form was answered with, and where it leads.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Option<(u16, Option<String>)> {
        let shown = self.get(Page::SignIn, "/sign-in").await?;
        let mut form = html::forms(&shown.body)
            .into_iter()
            .find(|form| form.get("token").is_some() && form.action == "/sign-in");
        let Some(form) = form.as_mut() else { return Some((shown.status, shown.location)) };
        form.set("name", name);
        form.set("password", password);
        let sent = self.post(Page::SendSignIn, "/sign-in", form).await?;
        Some((sent.status, sent.location))
    }
}
