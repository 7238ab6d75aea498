//! The site with bursar's sessions.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Redirect;
use axum::routing::{get, post};
use bursar_session::store::Loaded;
use bursar_session::{Error, Interrupted, Session, SessionKey, SessionLayer, SessionStore};
use bursar_store_memory::MemoryStore;
use chrono::Utc;

use crate::Failure;
use crate::site::{Site, Slow, Waiting, key_of, listed};

async fn login(session: Session) -> Result<Redirect, Error> {
    session.rotate().await?;
    session.set_user("clerk-7")?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, Error> {
    session.flush().await?;
    Ok(Redirect::to("/"))
}

async fn me(session: Session) -> Result<String, Error> {
    Ok(session.user().await?.map_or_else(|| "nobody".to_owned(), |user| user.as_str().to_owned()))
}

async fn report(session: Session, State(slow): State<Slow>) -> Result<&'static str, Error> {
    session.user().await?;
    slow.work().await;
    session.insert("report", "done")?;
    Ok("the report")
}

async fn set(
    session: Session,
    Path(name): Path<String>,
    State(slow): State<Slow>,
) -> Result<&'static str, Error> {
    session.user().await?;
    slow.work().await;
    session.insert(&name, "new")?;
    Ok("set")
}

pub(crate) struct Ours {
    store: MemoryStore,
    router: Router,
    waiting: Waiting,
}

impl Ours {
    pub(crate) fn new() -> Self {
        let store = MemoryStore::new();
        let sessions = SessionLayer::new(store.clone()).on_interrupted(Interrupted::redirect_to("/login"));
        let (slow, waiting) = Slow::new();
        let router = Router::new()
            .route("/login", post(login))
            .route("/logout", post(logout))
            .route("/me", get(me))
            .route("/report", get(report).post(report))
            .route("/set/{name}", post(set))
            .layer(sessions)
            .with_state(slow);
        Self { store, router, waiting }
    }
}

impl Site for Ours {
    fn router(&self) -> &Router {
        &self.router
    }

    fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    async fn kept(&self, cookie: &str) -> Result<String, Failure> {
        let key = key_of(cookie).and_then(SessionKey::parse).ok_or("the cookie bears no key")?;
        #[expect(clippy::disallowed_methods, reason = "a program looks at the present")]
        let now = Utc::now();
        Ok(match self.store.load(&key.hash(), now).await? {
            Loaded::Live(record) => {
                let mut values: BTreeMap<String, String> = serde_json::from_str(&record.content.data)?;
                values.extend(record.content.user.map(|user| ("user".to_owned(), user.as_str().to_owned())));
                values.remove("");
                listed(&values)
            }
            Loaded::Gone(gone) => {
                let why = gone.reason.map_or_else(String::new, |reason| format!(": {reason}"));
                format!("nothing{why}")
            }
            Loaded::Undecodable => "what no session says".to_owned(),
        })
    }
}
