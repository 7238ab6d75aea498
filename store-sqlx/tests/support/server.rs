//! The server databases as tests open them, so that one test serves each.
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bursar::{Currency, Ledger, LedgerStore, StoreError};
use bursar_servers::Engine;
use bursar_session::SessionStore;
use bursar_store_sqlx::{MySqlStore, PostgresStore};

/// A database on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Postgres,
    Mariadb,
}

/// A store of whichever database.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) ledgers: Arc<dyn LedgerStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    close: Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>,
}

macro_rules! opened {
    ($store:expr) => {{
        let store = $store;
        let closing = store.clone();
        Opened {
            ledgers: Arc::new(store.clone()),
            sessions: Arc::new(store),
            close: Arc::new(move || {
                let store = closing.clone();
                Box::pin(async move { store.close().await })
            }),
        }
    }};
}

impl Database {
    pub(crate) const ALL: [Self; 2] = [Self::Postgres, Self::Mariadb];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
        }
    }

    pub(crate) const fn engine(self) -> Engine {
        match self {
            Self::Postgres => Engine::Postgres,
            Self::Mariadb => Engine::Mariadb,
        }
    }

    pub(crate) async fn open(self, url: &str) -> Result<Opened, StoreError> {
        Ok(match self {
            Self::Postgres => opened!(PostgresStore::open(url).await?),
            Self::Mariadb => opened!(MySqlStore::open(url).await?),
        })
    }
}

impl Opened {
    pub(crate) async fn ledger(&self) -> Ledger<Arc<dyn LedgerStore>> {
        Ledger::open(Arc::clone(&self.ledgers), "hillside", Currency::USD).await.unwrap()
    }

    pub(crate) async fn close(&self) {
        (self.close)().await;
    }
}
