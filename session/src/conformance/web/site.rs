//! A site under test: a store, a clock, a layer, and handlers that do what they are told step by step.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::Poll;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use http::{Method, Response, StatusCode};
use tokio::sync::Notify;

use super::browser::Browser;
use super::gate::{Gated, Watch};
use super::server::{Handler, Server, Service};
use crate::conformance::failure::{Failure, holds};
use crate::conformance::{BoxFuture, Given};
use crate::store::{Created, Loaded};
use crate::{
    Content, Error, Interrupted, Session, SessionCookie, SessionKey, SessionLayer, SessionStore, hours,
    minutes,
};

/// What a handler does, one after the other.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Asks for a value, and adds `name=value` to the page.
    Get(&'static str),
    Set(&'static str, String),
    Remove(&'static str),
    /// Adds one to a counter.
    Count(&'static str),
    /// Adds a text to a list inside a value.
    Push(&'static str, &'static str),
    Clear,
    User(&'static str),
    /// Asks for the user, and adds it to the page.
    Who,
    Rotate,
    Flush,
    /// Logs out, and goes on whatever became of it.
    FlushAnyway,
    Save,
    /// Saves, and answers 200 whatever became of it.
    SaveAndTell,
    NoActivity,
    IdleTimeout(u32),
    /// Ends the session so many minutes after the site's first day began, said in this many hours east of Greenwich.
    EndAt(i64, i32),
    /// Waits for the test.
    Pause(Pause),
    /// Answers with this status.
    Status(u16),
    /// Adds a header to the answer.
    Header(&'static str, &'static str),
}

pub(super) fn set(name: &'static str, value: &str) -> Step {
    Step::Set(name, value.to_owned())
}

/// A place where a handler waits for the test.
#[derive(Clone, Debug, Default)]
pub(super) struct Pause {
    here: Arc<Notify>,
    go: Arc<Notify>,
}

impl Pause {
    async fn wait(&self) {
        self.here.notify_one();
        self.go.notified().await;
    }

    /// Waits until the handler waits.
    pub(super) async fn arrived(&self) {
        self.here.notified().await;
    }

    /// Lets the handler go on.
    pub(super) fn go_on(&self) {
        self.go.notify_one();
    }
}

async fn step(session: &Session, step: Step, page: &mut Response<String>) -> Result<(), Error> {
    match step {
        Step::Get(name) => {
            let value: Option<serde_json::Value> = session.get(name).await?;
            let value = value.map_or_else(|| "none".to_owned(), |value| value.to_string());
            page.body_mut().push_str(&format!("{name}={value};"));
        }
        Step::Set(name, value) => session.insert(name, &value)?,
        Step::Remove(name) => session.remove(name)?,
        Step::Count(name) => {
            session.update(name, |count: &mut u32| *count = count.saturating_add(1)).await?;
        }
        Step::Push(name, text) => {
            let push = move |value: &mut Nested| {
                if !value.list.iter().any(|there| there == text) {
                    value.list.push(text.to_owned());
                }
            };
            session.update(name, push).await?;
        }
        Step::Clear => session.clear()?,
        Step::User(id) => session.set_user(id)?,
        Step::Who => {
            let user = session.user().await?;
            let user = user.as_ref().map_or("nobody", |user| user.as_str());
            page.body_mut().push_str(&format!("user={user};"));
        }
        Step::Rotate => session.rotate().await?,
        Step::Flush => session.flush().await?,
        Step::FlushAnyway => page.body_mut().push_str(match session.flush().await {
            Ok(()) => "ended;",
            Err(_) => "not ended;",
        }),
        Step::Save => session.save().await?,
        Step::SaveAndTell => {
            let told = match session.save().await {
                Ok(()) => "saved;",
                Err(Error::Interrupted(_)) => "interrupted;",
                Err(Error::Store(_)) => "unavailable;",
                Err(_) => "failed;",
            };
            page.body_mut().push_str(told);
        }
        Step::NoActivity => session.no_activity(),
        Step::IdleTimeout(count) => session.set_idle_timeout(minutes(count))?,
        Step::EndAt(count, east) => {
            let zone = FixedOffset::east_opt(east.saturating_mul(3_600));
            let at = start() + TimeDelta::minutes(count);
            match zone {
                Some(zone) => session.set_end(&at.with_timezone(&zone))?,
                None => session.set_end(&at)?,
            }
        }
        Step::Pause(pause) => pause.wait().await,
        Step::Status(code) => *page.status_mut() = StatusCode::from_u16(code).unwrap_or_default(),
        Step::Header(name, value) => {
            page.headers_mut().append(name, http::HeaderValue::from_static(value));
        }
    }
    Ok(())
}

/// A value with something inside.
#[derive(Default, serde::Deserialize, serde::Serialize)]
struct Nested {
    list: Vec<String>,
}

/// A handler that does these steps.
pub(super) fn handler(steps: &[Step]) -> Handler {
    let steps = steps.to_vec();
    Arc::new(move |session| {
        let steps = steps.clone();
        Box::pin(async move {
            let mut page = Response::new(String::new());
            for next in steps {
                step(&session, next, &mut page).await?;
            }
            Ok(page)
        })
    })
}

/// A morning in the next century, so that a database that removes rows by a clock of its own keeps them.
pub(super) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(4_925_691_000_000_000).unwrap_or_default()
}

/// A clock that the test sets. It never stands still, so that what happens later is later.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(super) fn now(&self) -> DateTime<Utc> {
        let micros = self.0.fetch_add(1, Ordering::SeqCst);
        start() + TimeDelta::microseconds(micros)
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
    }
}

/// The site.
pub(super) struct Site {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) watch: Arc<Watch>,
    pub(super) clock: Clock,
    pub(super) layer: SessionLayer,
    pub(super) server: Arc<dyn Server>,
    others: Arc<dyn SessionStore>,
    second: AtomicBool,
}

/// An answer that is waited for.
pub(super) type Answering = BoxFuture<Response<String>>;

impl Site {
    /// A site whose sessions last 30 minutes idle and 12 hours in all.
    pub(super) fn open(given: &Given) -> Self {
        let (watch, clock) = (Arc::<Watch>::default(), Clock::default());
        let layer = layer(Gated::open(given.way(0), Arc::clone(&watch)), &clock);
        Self {
            store: given.way(0),
            others: given.way(1),
            watch,
            clock,
            layer,
            server: Arc::clone(&given.server),
            second: AtomicBool::new(false),
        }
    }

    /// The site with another layer.
    pub(super) fn with_layer(self, change: impl FnOnce(SessionLayer) -> SessionLayer) -> Self {
        Self { layer: change(self.layer), ..self }
    }

    pub(super) fn cookie_name(&self) -> &'static str {
        "__Host-session"
    }

    /// What requests with these steps are sent to. Every other one goes the store's other way in.
    pub(super) fn service(&self, steps: &[Step]) -> Service {
        let other = self.second.fetch_xor(true, Ordering::SeqCst);
        let mut layer = self.layer.clone();
        if other {
            let gated = Gated::open(Arc::clone(&self.others), Arc::clone(&self.watch));
            layer = layer.in_store(Arc::new(gated));
        }
        self.server.serve(layer, handler(steps))
    }

    /// Sends a request whose handler does these steps; nothing happens until it is polled.
    pub(super) fn send(&self, browser: &Browser, method: Method, target: &str, steps: &[Step]) -> Answering {
        self.service(steps)(browser.request(method, target))
    }

    /// Gets a page, and keeps the cookies that come with it.
    pub(super) async fn get(&self, browser: &mut Browser, steps: &[Step]) -> Response<String> {
        let response = self.send(browser, Method::GET, "/page?n=1", steps).await;
        browser.receive(&response);
        response
    }

    /// Posts a form, and keeps the cookies that come with the answer.
    pub(super) async fn post(&self, browser: &mut Browser, steps: &[Step]) -> Response<String> {
        let response = self.send(browser, Method::POST, "/form", steps).await;
        browser.receive(&response);
        response
    }

    /// Sends a request and lets it run until its handler waits at the pause.
    pub(super) async fn until(
        &self,
        browser: &Browser,
        method: Method,
        steps: &[Step],
        pause: &Pause,
    ) -> Result<Answering, Failure> {
        let mut answering = self.send(browser, method, "/slow?page=2", steps);
        run_until(&mut answering, pause).await?;
        Ok(answering)
    }

    /// A browser with a session that holds `k=0`.
    pub(super) async fn visitor(&self) -> Result<Browser, Failure> {
        let mut browser = Browser::default();
        self.post(&mut browser, &[set("k", "0")]).await;
        holds(browser.key(self.cookie_name()).is_some(), || "a new session's key was not sent".into())?;
        self.watch.take();
        Ok(browser)
    }

    /// A browser with a session of this user that holds `k=0`.
    pub(super) async fn user(&self, id: &'static str) -> Result<Browser, Failure> {
        let mut browser = self.visitor().await?;
        self.post(&mut browser, &[Step::Rotate, Step::User(id)]).await;
        self.watch.take();
        Ok(browser)
    }

    /// What is under a browser's key.
    pub(super) async fn found(&self, browser: &Browser) -> Result<String, Failure> {
        match browser.key(self.cookie_name()) {
            Some(key) => self.under(&key).await,
            None => Ok("no key".into()),
        }
    }

    /// What is under a key: its data and user, or why nothing is.
    pub(super) async fn under(&self, key: &SessionKey) -> Result<String, Failure> {
        Ok(match self.store.load(&key.hash(), self.clock.now()).await? {
            Loaded::Live(record) => {
                let user = record.content.user.as_ref().map(|user| format!(" of {}", user.as_str()));
                format!("{}{}", record.content.data, user.unwrap_or_default())
            }
            Loaded::Gone(gone) => format!("gone: {:?}", gone.reason),
            Loaded::Undecodable => "undecodable".into(),
        })
    }

    /// Puts a session with such data into the store; a browser that holds its key.
    pub(super) async fn planted(&self, data: &str) -> Result<Browser, Failure> {
        let key = SessionKey::generate()?;
        let now = self.clock.now();
        let content = Content {
            data: data.into(),
            user: None,
            expires_at: now + minutes(30),
            ends_at: now + hours(12),
            idle_timeout: None,
        };
        let created = self.store.create(&key.hash(), &content, now).await?;
        holds(created == Created::Created, || format!("a fresh key was {created:?}"))?;
        Ok(Browser::with_key(self.cookie_name(), &key))
    }
}

/// Lets a request run until its handler waits at the pause.
pub(super) async fn run_until(answering: &mut Answering, pause: &Pause) -> Result<(), Failure> {
    let mut here = Box::pin(pause.here.notified());
    let early = poll_fn(|context| {
        if here.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        match Pin::as_mut(answering).poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if here.as_mut().poll(context).is_ready() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    match early {
        None => Ok(()),
        Some(answer) => {
            Err(Failure::new(format!("a handler was to wait, and answered: {:?}", answer.status())))
        }
    }
}

/// A layer over a store, by a clock.
pub(super) fn layer(store: Gated, clock: &Clock) -> SessionLayer {
    let clock = clock.clone();
    SessionLayer::new(store)
        .idle_timeout(minutes(30))
        .lifetime(hours(12))
        .cookie(SessionCookie::default())
        .on_interrupted(Interrupted::redirect_to("/login"))
        .with_clock(move || clock.now())
}
