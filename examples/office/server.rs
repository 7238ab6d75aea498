//! The server: every page under its path, the session layer around them, and the guard around all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use bursar::LedgerStore;
use bursar_session::cleanup::{Cleanup, CleanupHandle};
use bursar_session::{Interrupted, Interruption, SessionCookie, SessionLayer, SessionStore, hours, minutes};
use http::{Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::clerks::{Clerks, Known, Role};
use super::failure::Message;
use super::guard::guard;
use super::shell::sign_in;
use super::{Office, Rooms, pages, password, seed};
use bursar_examples::database::{Database, Failure};

/// How an office is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database of the book and the clerks: `sqlite:FILE`, `postgres://…`, `mysql://…`, `memory`.
    pub db: String,
    /// The database of the sessions, besides these `redis://…`; that of the book where none is given.
    pub sessions: Option<String>,
    /// The id of the book.
    pub book: String,
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whether browsers reach it through a proxy that speaks HTTPS: cookies are `Secure` then.
    pub behind_https: bool,
    /// A session ends after so long without use.
    pub idle_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            db: "sqlite:office.db".into(),
            sessions: None,
            book: "hillside".into(),
            address: SocketAddr::from(([127, 0, 0, 1], 3000)),
            behind_https: false,
            idle_timeout: minutes(30),
        }
    }
}

/// The name of the first clerk.
pub const FIRST: &str = "bursar";

/// The stores of an office.
#[derive(Clone)]
pub struct Stores {
    /// Of the book.
    pub ledger: Arc<dyn LedgerStore>,
    /// Of the sessions.
    pub sessions: Arc<dyn SessionStore>,
}

impl Stores {
    /// Opens those of the settings.
    ///
    /// # Errors
    /// Addresses that mean no database, and databases that cannot be opened.
    pub async fn open(settings: &Settings) -> Result<Self, Failure> {
        let book = Database::open(&settings.db).await?;
        let ledger =
            book.ledger().ok_or("the address given with --db is of a database that keeps sessions alone")?;
        let sessions = match settings.sessions.as_deref() {
            Some(url) if url != settings.db => {
                Database::open(url).await.map_err(|error| format!("--sessions: {error}"))?.sessions()
            }
            _ => book.sessions(),
        };
        Ok(Self { ledger, sessions })
    }
}

/// An office that is served.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The password of the first clerk, [`FIRST`], where there was none before.
    pub first_password: Option<String>,
    /// What its pages work with.
    pub office: Office,
    /// Counts what became of the sessions.
    pub layer: SessionLayer,
    cleanup: CleanupHandle,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Running {
    /// The address for a browser.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it: requests under way are answered first.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn stop(self) -> Result<(), Failure> {
        // Where nobody listens any more it has stopped by itself.
        let _ = self.stop.send(());
        self.served.await??;
        self.cleanup.stop().await;
        self.office.clerks.close().await;
        Ok(())
    }

    /// Waits until it stops by itself, which it does not.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn wait(&mut self) -> Result<(), Failure> {
        Ok((&mut self.served).await??)
    }
}

/// Opens the stores of the settings and serves the office.
///
/// # Errors
/// A database that cannot be opened; an address that is taken.
pub async fn start(settings: &Settings) -> Result<Running, Failure> {
    start_on(settings, Stores::open(settings).await?).await
}

/// Serves the office on stores that are open; the settings say where the clerks are kept.
///
/// # Errors
/// As [`start`].
pub async fn start_on(settings: &Settings, stores: Stores) -> Result<Running, Failure> {
    let listener = TcpListener::bind(settings.address)
        .await
        .map_err(|error| format!("listening on {}: {error}; give another with --port", settings.address))?;
    let address = listener.local_addr()?;
    let school = seed::open(stores.ledger, &settings.book).await?;
    let clerks = Clerks::open(&settings.db).await?;
    let cookie = SessionCookie::default();
    let layer = SessionLayer::new(stores.sessions)
        .idle_timeout(settings.idle_timeout)
        .lifetime(hours(12))
        .cookie(if settings.behind_https { cookie } else { cookie.over_plain_http() })
        .on_interrupted(Interrupted::redirect_to("/sign-in").or_else(interrupted));
    let rooms = Rooms {
        school,
        clerks,
        sessions: layer.sessions(),
        jobs: super::jobs::Jobs::default(),
        attempts: super::attempts::Attempts::default(),
        passwords: password::Passwords::default(),
    };
    let office = Office::of(rooms);
    let first_password = first(&office).await?;
    let cleanup = Cleanup::new().start(&layer);
    let (stop, stopped) = oneshot::channel::<()>();
    let app = router(office.clone(), layer.clone());
    let served = tokio::spawn(async move {
        let stopped = async {
            // Whoever drops the office stops it too.
            let _ = stopped.await;
        };
        axum::serve(listener, app).with_graceful_shutdown(stopped).await
    });
    Ok(Running { address, first_password, office, layer, cleanup, stop, served })
}

/// What takes a form: an import of ten thousand lines, and room.
const BODY_BYTES_MAX: usize = 2 << 20;

/// The pages with all that stands around them.
fn router(office: Office, layer: SessionLayer) -> Router {
    pages::routes()
        .with_state(office)
        .layer(layer)
        .merge(pages::assets::routes())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(guard))
}

/// Makes the first clerk where there is none, and says the password.
async fn first(office: &Office) -> Result<Option<String>, Failure> {
    let broken = |failure| format!("{failure:?}");
    if !office.clerks.all().await.map_err(broken)?.is_empty() {
        return Ok(None);
    }
    let made = password::generate().map_err(broken)?;
    let hash = office.passwords.hash(made.clone()).await.map_err(broken)?;
    let clerk = Known { name: FIRST.into(), role: Role::Head, password: hash };
    // Another process may have been faster: its password counts.
    Ok(office.clerks.add(&clerk).await.map_err(broken)?.then_some(made))
}

/// What is answered when a session ended while a form was changing it; pages lead to the sign-in page by themselves.
fn interrupted(interruption: &Interruption) -> Option<Response<String>> {
    if interruption.asked.is_page() {
        return None;
    }
    let text = format!(
        "{}. What you asked for may have been done already: look before you ask for it again.",
        interruption.interrupted
    );
    let message = Message::new(StatusCode::CONFLICT, "You are signed out", text);
    let page = message.leading_to(sign_in(interruption.asked.path()), "Sign in").page();
    Response::builder()
        .status(StatusCode::CONFLICT)
        .header("content-type", "text/html; charset=utf-8")
        .body(page)
        .ok()
}
