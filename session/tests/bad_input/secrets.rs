//! What is secret is in no `Debug` and in no event of `tracing`: keys, their hashes, cookies, users (R8).

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use bursar_session::{Error, Finished, Interrupted, MergePolicy, Session, SessionKey, SessionLayer, UserId};
use http::{HeaderMap, Method, StatusCode, Uri};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::site::{Site, given, with_key};

const USER: &str = "clerk-471108";

/// Puts down every field of every event.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

impl Everything {
    fn add(&self, what: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{what:?}\n{what:#?}").unwrap();
    }
}

impl Visit for Everything {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "event: {field}={value:?}").unwrap();
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// A key in every form in which it could be shown.
fn forms(key: &SessionKey) -> Vec<String> {
    let hash = key.hash();
    let hex = |upper: bool| -> String {
        let byte = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        hash.as_bytes().iter().map(byte).collect()
    };
    let plain = format!("{:?}", hash.as_bytes());
    let pretty = format!("{:#?}", hash.as_bytes());
    let middle = |text: &str| text.lines().skip(1).take(8).map(str::trim).collect::<Vec<_>>().join("\n");
    vec![
        key.cookie_value(),
        hex(false),
        hex(true),
        plain.trim_matches(['[', ']']).to_owned(),
        middle(&pretty),
    ]
}

struct Scene {
    site: Site,
    seen: Everything,
    keys: Vec<SessionKey>,
}

impl Scene {
    fn begin(&self, key: Option<&SessionKey>) -> Session {
        let headers = key.map(with_key).unwrap_or_default();
        self.site.layer.begin(&Method::POST, &Uri::from_static("/pay"), &headers)
    }

    async fn finish(&mut self, session: &Session, error: Option<Error>) -> Finished {
        let finished = self.site.layer.finish(session, StatusCode::OK, error.map(Arc::new)).await;
        self.keys.extend(given(&finished));
        let shown: [&dyn Debug; 3] = [&finished, &finished.outcome, session];
        for shown in shown {
            self.seen.add(shown);
        }
        finished
    }

    fn error(&self, error: &Error) {
        self.seen.add(error);
        self.seen.add(&error.to_string());
    }

    async fn login(&mut self) -> SessionKey {
        let session = self.begin(None);
        session.rotate().await.unwrap();
        session.set_user(USER).unwrap();
        session.insert("n", &1).unwrap();
        self.finish(&session, None).await;
        self.keys.last().unwrap().clone()
    }

    /// A request whose session is logged out while it is under way.
    async fn interruption(&mut self) {
        let key = self.login().await;
        let (slow, logout) = (self.begin(Some(&key)), self.begin(Some(&key)));
        slow.user().await.unwrap();
        logout.flush().await.unwrap();
        self.finish(&logout, None).await;
        slow.insert("n", &2).unwrap();
        let error = slow.save().await.unwrap_err();
        self.error(&error);
        self.finish(&slow, Some(error)).await;
    }

    async fn conflict(&mut self) {
        let key = self.login().await;
        let (one, other) = (self.begin(Some(&key)), self.begin(Some(&key)));
        for (n, session) in [&one, &other].into_iter().enumerate() {
            session.user().await.unwrap();
            session.insert("n", &(n + 2)).unwrap();
        }
        self.finish(&one, None).await;
        self.finish(&other, None).await;
    }

    /// Errors of the program's, one of them answered with.
    async fn misuse(&mut self) {
        let key = self.login().await;
        let session = self.begin(Some(&key));
        let large = "x".repeat(100_000);
        for error in [
            session.insert("", &1).unwrap_err(),
            session.insert("large", &large).unwrap_err(),
            session.set_user(format!("{USER}\n")).unwrap_err(),
            session.get::<String>("n").await.unwrap_err(),
        ] {
            self.error(&error);
        }
        // What serde says of a value would quote it.
        session.insert("note", USER).unwrap();
        self.error(&session.get::<u32>("note").await.unwrap_err());
        let answered = session.update("note", |note: &mut u32| *note += 1).await.unwrap_err();
        self.finish(&session, Some(answered)).await;
        self.error(&session.insert("n", &1).unwrap_err());
    }

    async fn records(&mut self) {
        let key = self.login().await;
        let record = self.site.record(&key).await;
        self.seen.add(&record.content);
        self.seen.add(&record);
        self.seen.add(&self.site.kept(&key).await);
        for session in self.site.layer.sessions().of_user(USER, None, 10).await.unwrap() {
            self.seen.add(&session);
        }
        let (hash, user) = (key.hash(), UserId::new(USER).unwrap());
        let sessions = self.site.layer.sessions();
        let shown: [&dyn Debug; 5] = [&key, &hash, &user, &self.site.layer, &sessions];
        for shown in shown {
            self.seen.add(shown);
        }
    }

    /// Records that cannot be decoded, with data that serde would quote.
    async fn broken_records(&mut self) {
        for data in ["no data", &format!("\"{USER}\""), &format!("{{\"\":\"{USER}\"}}")] {
            let broken = self.site.with_data(data).await;
            self.keys.push(broken.clone());
            let session = self.begin(Some(&broken));
            assert!(session.is_empty().await.unwrap());
            self.finish(&session, None).await;
        }
    }
}

fn layer(layer: SessionLayer, seen: &Everything) -> SessionLayer {
    let seen = seen.clone();
    let told = Interrupted::redirect_to("/login").or_else(move |interruption| {
        seen.add(interruption);
        None
    });
    layer.on_interrupted(told).merge_policy("n", MergePolicy::Conflict)
}

#[tokio::test]
async fn what_is_secret_is_shown_nowhere() {
    let seen = Everything::default();
    let watched = tracing::subscriber::set_default(seen.clone());
    let site = Site::of(|made| layer(made, &seen));
    let mut scene = Scene { site, seen: seen.clone(), keys: Vec::new() };
    scene.interruption().await;
    scene.conflict().await;
    scene.misuse().await;
    scene.records().await;
    scene.broken_records().await;
    drop(watched);

    let seen = seen.0.lock().unwrap();
    // It was looked at, and each of the events that there are was met.
    for event in
        ["a session ended", "by several requests at once", "could not be served", "could not be decoded"]
    {
        assert!(seen.contains(event), "{event:?} is not in\n{seen}");
    }
    for kind in ["Interruption {", "Finished {", "Content {", "Record {", "UserSession {", "SessionLayer {"] {
        assert!(seen.contains(kind), "{kind:?} is not in\n{seen}");
    }
    for hidden in ["SessionKey(..)", "KeyHash(..)", "UserId(..)", "Session { .. }", "Sessions { .. }"] {
        assert!(seen.lines().any(|line| line == hidden), "{hidden:?} is not in\n{seen}");
    }
    assert!(seen.contains("settings: Settings { cookie: "), "{seen}");
    assert!(scene.keys.len() >= 5);
    let flat: String = seen.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    for secret in scene.keys.iter().flat_map(forms).chain([USER.to_owned()]) {
        assert!(!secret.is_empty() && !flat.contains(&secret), "{secret:?} is in\n{seen}");
    }
}

#[tokio::test]
async fn a_cookie_that_goes_out_is_marked_as_sensitive() {
    let site = Site::new();
    let session = site.begin(&HeaderMap::new());
    session.insert("a", &1).unwrap();
    let finished = site.finish(&session).await;
    let mut headers = HeaderMap::new();
    finished.complete(&mut headers);
    let key = given(&finished).unwrap();
    assert!(headers[http::header::SET_COOKIE].is_sensitive());
    assert!(!format!("{headers:?}").contains(&key.cookie_value()));
}
