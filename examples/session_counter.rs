//! A page that counts visits, with a login and a logout: sessions on an embedded database, served by axum.
//!
//! `cargo run --release --example session_counter`, and open <http://127.0.0.1:3000>.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use axum::Router;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use bursar_session::cleanup::Cleanup;
use bursar_session::{Error, Session, SessionCookie, SessionLayer, hours, minutes};
use bursar_store_sqlx::SqliteStore;
use clap::Parser;
use tokio::net::TcpListener;

/// Serves a page that counts its visits.
#[derive(Parser)]
struct Arguments {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The file that keeps the sessions, and outlives the program. Without it they are in a folder that does not.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
}

async fn page(session: Session) -> Result<Html<String>, Error> {
    let visits = session.update("visits", |visits: &mut u32| *visits = visits.saturating_add(1)).await?;
    let user = session.user().await?;
    let who = user.as_ref().map_or("nobody", |user| user.as_str());
    Ok(Html(format!(
        "<!doctype html><title>Visits</title><p>Visits: {visits}. Logged in: {who}.</p>
        <form method=post action=/login><button>Log in</button></form>
        <form method=post action=/logout><button>Log out</button></form>\n"
    )))
}

async fn login(session: Session) -> Result<Redirect, Error> {
    // Here the password is checked. Then a new key: whoever knew the old one, or planted it, is out.
    session.rotate().await?;
    session.set_user("clerk-7")?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, Error> {
    session.flush().await?;
    Ok(Redirect::to("/"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let file = arguments.db.unwrap_or_else(|| folder.path().join("sessions.db"));
    let store = SqliteStore::open(file).await?;

    let sessions = SessionLayer::new(store.clone())
        .idle_timeout(minutes(30))
        .lifetime(hours(12))
        // For http://127.0.0.1 alone. In production, behind TLS, leave this line out: the cookie is then `Secure` and named
        // `__Host-session`, so that nobody on the network reads it and no other host plants one.
        .cookie(SessionCookie::default().over_plain_http());
    let cleanup = Cleanup::new().start(&sessions);
    let app = Router::new()
        .route("/", get(page))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .layer(sessions);

    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(interrupted()).await?;
    cleanup.stop().await;
    store.close().await;
    Ok(())
}

/// Waits for ctrl-c. Where it cannot be waited for, the program is stopped in another way.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
