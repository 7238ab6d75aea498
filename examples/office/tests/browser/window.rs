//! A window of a browser: what a person does in it, and what is seen.
//!
//! Commands never wait for a page by themselves: every way on waits until the document is another one, and has loaded.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use libtest_mimic::Failed;
use serde_json::{Value, json};
use url::Url;

use crate::{PATIENCE, Size};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// A command that fantoccini has no word for.
#[derive(Debug)]
struct Ask {
    path: String,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Ask {
    fn endpoint(&self, base_url: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base_url.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        match &self.body {
            Some(body) => (http::Method::POST, Some(body.to_string())),
            None => (http::Method::GET, None),
        }
    }
}

/// A page that was marked.
pub(crate) struct Marked(u64);

/// A browser session: its windows share its cookies.
pub(crate) struct Window {
    pub(crate) client: Client,
    home: String,
    pub(crate) size: Size,
    pages: Cell<u64>,
}

/// Numbers the profiles of browsers that share a folder.
static PROFILE: AtomicU32 = AtomicU32::new(0);

fn capabilities(browser: &bursar_servers::Browser, size: Size) -> Capabilities {
    let profile = format!("profile-{}", PROFILE.fetch_add(1, Ordering::Relaxed));
    let mut args = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--force-device-scale-factor=1".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--lang=en-GB".to_owned(),
        // Chromium ends with the driver, however that ends.
        "--remote-debugging-pipe".to_owned(),
        format!("--user-data-dir={}", browser.folder().join(profile).display()),
    ];
    let mut options = json!({ "binary": browser.program() });
    if size.is_narrow() {
        let metrics = json!({ "width": size.width, "height": size.height, "pixelRatio": 1, "mobile": true, "touch": true });
        options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
    } else {
        args.push(format!("--window-size={},{}", size.width, size.height));
    }
    options["args"] = json!(args);
    let capabilities = json!({
        "browserName": "chrome",
        "pageLoadStrategy": "none",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    capabilities.as_object().cloned().unwrap_or_default()
}

impl Window {
    /// Starts the browser, on the office's pages.
    pub(crate) async fn open(
        browser: &bursar_servers::Browser,
        home: String,
        size: Size,
    ) -> Result<Self, Failed> {
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(browser, size))
            .connect(&browser.url())
            .await?;
        Ok(Self { client, home, size, pages: Cell::new(0) })
    }

    /// Asks the driver for something that fantoccini has no word for.
    pub(crate) async fn ask(&self, path: &str, body: Option<Value>) -> Result<Value, Failed> {
        Ok(self.client.issue_cmd(Ask { path: path.to_owned(), body }).await?)
    }

    /// Looks until there is something; what the browser answers in between may be that a page is going.
    #[expect(clippy::disallowed_methods, reason = "waiting takes real time")]
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>, CmdError>,
    ) -> Result<T, Failed> {
        let begun = Instant::now();
        loop {
            let said = match look().await {
                Ok(Some(seen)) => return Ok(seen),
                Ok(None) => String::new(),
                Err(CmdError::Standard(error)) => error.to_string(),
                Err(error) => return Err(error.into()),
            };
            if begun.elapsed() > PATIENCE {
                let at = self.path().await.unwrap_or_default();
                let text = self.text("body").await.unwrap_or_default();
                return Err(format!(
                    "{what}: not so after {} s {said}\nat {at}:\n{text}",
                    PATIENCE.as_secs()
                )
                .into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Does what leads to another page, and waits until it is there.
    pub(crate) async fn lead(
        &self,
        what: &str,
        act: impl AsyncFnOnce() -> Result<(), CmdError>,
    ) -> Result<(), Failed> {
        let page = self.mark().await?;
        act().await?;
        self.arrive(what, &page).await
    }

    /// Marks the page, so that another one can be told from it.
    pub(crate) async fn mark(&self) -> Result<Marked, Failed> {
        self.pages.set(self.pages.get() + 1);
        let page = self.pages.get();
        self.client.execute("window.bursarPage = arguments[0]", vec![json!(page)]).await?;
        Ok(Marked(page))
    }

    /// Waits until there is another page than the one marked.
    pub(crate) async fn arrive(&self, what: &str, page: &Marked) -> Result<(), Failed> {
        self.until(what, async || {
            let script = "return window.bursarPage !== arguments[0] && document.readyState === 'complete' \
                          && location.protocol === 'http:'";
            let there = self.client.execute(script, vec![json!(page.0)]).await?;
            Ok((there == json!(true)).then_some(()))
        })
        .await
    }

    /// Opens a page of the office.
    pub(crate) async fn goto(&self, path: &str) -> Result<(), Failed> {
        self.lead(path, async || self.client.goto(&format!("{}{path}", self.home)).await).await
    }

    /// Clicks on what leads to another page.
    pub(crate) async fn press(&self, css: &str) -> Result<(), Failed> {
        let element = self.find(css).await?;
        self.lead(css, async || element.click().await).await
    }

    /// Clicks on a button or a link by its words.
    pub(crate) async fn press_words(&self, words: &str) -> Result<(), Failed> {
        let element = self.find_words(words).await?;
        self.lead(words, async || element.click().await).await
    }

    /// A button or a link by its words.
    pub(crate) async fn find_words(&self, words: &str) -> Result<Element, Failed> {
        let xpath = format!("//*[(self::a or self::button) and normalize-space(.)='{words}']");
        self.until(words, async || self.client.find(Locator::XPath(&xpath)).await.map(Some)).await
    }

    /// An element, when it is there.
    pub(crate) async fn find(&self, css: &str) -> Result<Element, Failed> {
        self.until(css, async || self.client.find(Locator::Css(css)).await.map(Some)).await
    }

    /// Whether there is such an element.
    pub(crate) async fn has(&self, css: &str) -> Result<bool, Failed> {
        Ok(!self.client.find_all(Locator::Css(css)).await?.is_empty())
    }

    /// Types into a field, in place of what stood there.
    pub(crate) async fn fill(&self, css: &str, text: &str) -> Result<(), Failed> {
        let field = self.find(css).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// The text of an element as it is seen, with plain spaces.
    pub(crate) async fn text(&self, css: &str) -> Result<String, Failed> {
        let text = self.client.find(Locator::Css(css)).await?.text().await?;
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// What a field holds.
    pub(crate) async fn value(&self, css: &str) -> Result<String, Failed> {
        Ok(self.find(css).await?.prop("value").await?.unwrap_or_default())
    }

    /// Where the window is: the path with its query.
    pub(crate) async fn path(&self) -> Result<String, Failed> {
        let url = self.client.current_url().await?;
        Ok(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
    }

    /// The heading.
    pub(crate) async fn heading(&self) -> Result<String, Failed> {
        self.text("h1").await
    }

    /// What the page says of what has happened.
    pub(crate) async fn said(&self) -> Result<String, Failed> {
        self.text(".say").await
    }

    /// The status that the page was answered with.
    pub(crate) async fn status(&self) -> Result<u64, Failed> {
        let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
        Ok(self.script(status, vec![]).await?.as_u64().ok_or("a page has a status")?)
    }

    /// The texts of all such elements, with plain spaces.
    pub(crate) async fn texts(&self, css: &str) -> Result<Vec<String>, Failed> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(found => found.innerText)";
        let texts = self.script(script, vec![json!(css)]).await?;
        let plain =
            |text: &Value| text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(texts.as_array().into_iter().flatten().map(plain).collect())
    }

    /// What a script gives.
    pub(crate) async fn script(&self, script: &str, args: Vec<Value>) -> Result<Value, Failed> {
        Ok(self.client.execute(script, args).await?)
    }

    /// Signs in on the page that is open.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Result<(), Failed> {
        self.fill("#name", name).await?;
        self.fill("#password", password).await?;
        self.press("main button").await
    }

    /// A picture of the page from its top, so high at most, as PNG.
    pub(crate) async fn picture(&self, height_max: u64) -> Result<Vec<u8>, Failed> {
        let height = self
            .script("return Math.ceil(document.documentElement.getBoundingClientRect().height)", vec![])
            .await?;
        let height =
            height.as_u64().ok_or("a page has a height")?.max(u64::from(self.size.height)).min(height_max);
        let clip = json!({ "x": 0, "y": 0, "width": self.size.width, "height": height, "scale": 1 });
        let params = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self
            .ask("goog/cdp/execute", Some(json!({ "cmd": "Page.captureScreenshot", "params": params })))
            .await?;
        let data = taken["data"].as_str().ok_or("there is a picture")?;
        Ok(base64::engine::general_purpose::STANDARD.decode(data)?)
    }

    /// What the browser complained of since the last look; that a page was refused with a status of its own is none.
    pub(crate) async fn complaints(&self) -> Result<Vec<String>, Failed> {
        let log = self.ask("se/log", Some(json!({ "type": "browser" }))).await?;
        let lines = log.as_array().cloned().unwrap_or_default();
        let is_answer = |line: &Value| {
            let message = line["message"].as_str().unwrap_or_default();
            line["source"] == "network"
                && message.contains("the server responded with a status of 4")
                && !message.contains("/static/")
        };
        // An advice is none.
        let is_advice = |line: &Value| line["level"] == "DEBUG" || line["level"] == "INFO";
        Ok(lines
            .iter()
            .filter(|line| !is_answer(line) && !is_advice(line))
            .map(ToString::to_string)
            .collect())
    }
}
