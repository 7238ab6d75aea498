//! Pages of an application whose database is locked, damaged or gone: 503 or an anonymous page, never a logout and never an empty session
//! (R5, R12).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{Request, Response, StatusCode};
use axum::routing::{get, post};
use bursar_session::{Error, Session, SessionLayer};
use bursar_store_sqlx::SqliteOptions;
use bursar_store_sqlx::sqlx::{self, Connection};
use support::File;
use tower_service::Service as _;

async fn read(session: Session) -> Result<String, Error> {
    Ok(session.get::<u32>("count").await?.map_or_else(|| "nothing".into(), |count| count.to_string()))
}

async fn count(session: Session) -> Result<String, Error> {
    Ok(session.update("count", |count: &mut u32| *count += 1).await?.to_string())
}

async fn logout(session: Session) -> Result<(), Error> {
    session.flush().await
}

struct Site {
    router: Router,
    cookie: Option<String>,
}

impl Site {
    async fn open(file: &File) -> Self {
        let options = SqliteOptions::new().busy_timeout(Duration::from_millis(50));
        let sessions = SessionLayer::new(options.open(file.path()).await.unwrap());
        let routes =
            Router::new().route("/", get(read)).route("/count", post(count)).route("/logout", post(logout));
        Self { router: routes.layer(sessions), cookie: None }
    }

    async fn ask(&mut self, method: &str, path: &str) -> (StatusCode, String) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let response: Response<Body> = self.router.call(request.body(Body::empty()).unwrap()).await.unwrap();
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            self.cookie = Some(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn counts(&mut self, expected: u32) {
        assert_eq!(self.ask("POST", "/count").await, (StatusCode::OK, expected.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_is_no_logout() {
    let file = File::new();
    let mut site = Site::open(&file).await;
    site.counts(1).await;
    let cookie = site.cookie.clone();
    let mut other = file.connection().await;
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    for path in ["/count", "/logout"] {
        let (status, body) = site.ask("POST", path).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
        assert!(body.contains("You are not logged out"), "{body}");
    }
    // Readers wait for nobody.
    assert_eq!(site.ask("GET", "/").await, (StatusCode::OK, "1".into()));
    held.rollback().await.unwrap();
    assert_eq!(site.cookie, cookie, "the cookie is left as it was");
    site.counts(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_read_is_no_logout() {
    let file = File::new();
    let mut site = Site::open(&file).await;
    site.counts(1).await;
    let cookie = site.cookie.clone();
    let mut other = file.connection().await;
    sqlx::raw_sql("ALTER TABLE bursar_session RENAME TO elsewhere").execute(&mut other).await.unwrap();
    for (method, path) in [("GET", "/"), ("POST", "/count"), ("POST", "/logout")] {
        assert_eq!(site.ask(method, path).await.0, StatusCode::SERVICE_UNAVAILABLE, "{method} {path}");
    }
    sqlx::raw_sql("ALTER TABLE elsewhere RENAME TO bursar_session").execute(&mut other).await.unwrap();
    assert_eq!(site.cookie, cookie, "the cookie is left as it was");
    site.counts(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_is_dropped() {
    for damage in [
        "data = 'x'",
        "data = '[1]'",
        "version = 9223372036854775807, data = '{'",
        "ends_at = 9223372036854775807",
    ] {
        let file = File::new();
        let mut site = Site::open(&file).await;
        site.counts(1).await;
        let mut other = file.connection().await;
        let damaged = sqlx::AssertSqlSafe(format!("UPDATE bursar_session SET {damage}"));
        sqlx::raw_sql(damaged).execute(&mut other).await.unwrap();
        assert_eq!(site.ask("GET", "/").await, (StatusCode::OK, "nothing".into()), "{damage}");
        site.counts(1).await;
        let live: i64 = sqlx::query_scalar("SELECT count(*) FROM bursar_session WHERE gone = 0")
            .fetch_one(&mut other)
            .await
            .unwrap();
        assert_eq!(live, 1, "{damage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaks_from_the_table_opens_nothing() {
    let file = File::new();
    let mut site = Site::open(&file).await;
    site.counts(1).await;
    let key = site.cookie.clone().unwrap().split_once('=').unwrap().1.to_owned();
    let mut other = file.connection().await;
    let row: (String, Vec<u8>) = sqlx::query_as("SELECT hex(key_hash), key_hash FROM bursar_session")
        .fetch_one(&mut other)
        .await
        .unwrap();
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut other).await.unwrap();
    let bytes = std::fs::read(file.path()).unwrap();
    assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()), "the key is in the file");
    let mut forged = row.1.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    forged.truncate(43);
    for value in [row.0, forged] {
        site.cookie = Some(format!("__Host-session={value}"));
        assert_eq!(site.ask("GET", "/").await, (StatusCode::OK, "nothing".into()));
    }
}
