//! The office that a trial works in: its own, over a copy of one book, on a day that stays the same.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use bursar::{Entry, EntryKind};
use bursar_examples::book::AnyLedger;
use bursar_office::server::{Stores, start_on};
use bursar_office::{Running, Settings};
use chrono::{DateTime, Utc};
use libtest_mimic::Failed;
use sqlx::{ConnectOptions as _, Executor as _};
use tempfile::TempDir;

use crate::gates::{Gated, Gates};

/// The instant at which the office stands.
const NOW: &str = "2026-11-20T10:00:00Z";

/// A file of SQLite with the book in it, and the password of the first clerk.
struct Begun {
    file: Vec<u8>,
    password: String,
}

/// An office that is served.
pub(crate) struct School {
    running: Running,
    pub(crate) gates: Gates,
    /// The password of the first clerk.
    pub(crate) password: &'static str,
    _folder: TempDir,
}

async fn serve(folder: &Path) -> Result<(Running, Gates), Failed> {
    let settings = Settings {
        db: format!("sqlite:{}", folder.join("office.db").display()),
        address: ([127, 0, 0, 1], 0).into(),
        ..Settings::default()
    };
    let stores = Stores::open(&settings).await?;
    let (gated, gates) = Gated::new(stores.ledger, NOW.parse::<DateTime<Utc>>()?);
    let stores = Stores { ledger: Arc::new(gated), sessions: stores.sessions };
    Ok((start_on(&settings, stores).await?, gates))
}

/// Makes the book that every trial begins with.
async fn begin() -> Result<Begun, Failed> {
    let folder = tempfile::tempdir()?;
    let (running, _) = serve(folder.path()).await?;
    let password = running.first_password.clone().ok_or("there is a clerk in a new book")?;
    running.stop().await?;
    let copy = folder.path().join("copy.db");
    let open = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("office.db"));
    let mut connection = open.connect().await?;
    connection.execute(sqlx::query("VACUUM INTO ?").bind(copy.display().to_string())).await?;
    Ok(Begun { file: std::fs::read(copy)?, password })
}

/// The same book for all trials, made by the first.
pub(crate) fn begun() -> Result<(), Failed> {
    book().map(drop)
}

fn book() -> Result<&'static Begun, Failed> {
    static BEGUN: OnceLock<Result<Begun, String>> = OnceLock::new();
    let make = || -> Result<Begun, Failed> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(begin())
    };
    let begun = BEGUN.get_or_init(|| {
        make().map_err(|failed| format!("the book: {}", failed.message().unwrap_or("it failed")))
    });
    begun.as_ref().map_err(Failed::from)
}

impl School {
    /// Opens one; [`begun`] was called before.
    pub(crate) async fn open() -> Result<Self, Failed> {
        let begun = book()?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("office.db"), &begun.file)?;
        let (running, gates) = serve(folder.path()).await?;
        Ok(Self { running, gates, password: &begun.password, _folder: folder })
    }

    pub(crate) fn url(&self) -> String {
        self.running.url()
    }

    /// The book, as the library has it.
    pub(crate) fn book(&self) -> &AnyLedger {
        &self.running.office.school
    }

    /// The payments of an account.
    pub(crate) async fn payments(&self, account: &str) -> Result<Vec<Entry>, Failed> {
        let id: bursar::AccountId = bursar::IntoName::into_name(account)?;
        let entries = self.book().entries(&id, 0, 1_000).await?;
        Ok(entries.into_iter().filter(|entry| matches!(entry.kind, EntryKind::Payment { .. })).collect())
    }
}
