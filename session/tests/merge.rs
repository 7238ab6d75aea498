//! Two requests that change a session at once, with changes drawn by lot, against a naive model of what the merge must come to (R3).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use bursar_session::{Error, MergePolicy, Outcome, Session, SessionLayer};
use bursar_store_memory::MemoryStore;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use proptest::prelude::*;

const NAMES: [&str; 4] = ["a", "b", "c", "strict"];

#[derive(Clone, Debug)]
enum Op {
    Set(usize, u32),
    Remove(usize),
    Add(usize, u32),
    Clear,
    User(Option<u8>),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..4_usize, 0..3_u32).prop_map(|(name, value)| Op::Set(name, value)),
        4 => (0..4_usize).prop_map(Op::Remove),
        4 => (0..4_usize, 1..3_u32).prop_map(|(name, by)| Op::Add(name, by)),
        1 => Just(Op::Clear),
        1 => prop::option::of(0..2_u8).prop_map(Op::User),
    ]
}

/// The model: values by name, and a user.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    values: BTreeMap<&'static str, u32>,
    user: Option<u8>,
}

impl Model {
    fn after(&self, ops: &[Op]) -> Self {
        let mut after = self.clone();
        for op in ops {
            match *op {
                Op::Set(name, value) => drop(after.values.insert(NAMES[name], value)),
                Op::Remove(name) => drop(after.values.remove(NAMES[name])),
                Op::Add(name, by) => *after.values.entry(NAMES[name]).or_default() += by,
                Op::Clear => after.values.clear(),
                Op::User(user) => after.user = user,
            }
        }
        after
    }

    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.user.is_none()
    }

    /// Whether values are cleared away at any moment, or the user is another one in the end.
    fn upheaved_by(&self, ops: &[Op]) -> bool {
        let cleared = |n: usize| matches!(ops[n], Op::Clear) && !self.after(&ops[..n]).values.is_empty();
        (0..ops.len()).any(cleared) || self.after(ops).user != self.user
    }
}

/// The last word that these changes say of a value: what it is set to, or nothing when it is removed. Who adds to it has none.
fn last_word(ops: &[Op], name: usize) -> Option<Option<u32>> {
    ops.iter().rev().find_map(|op| match *op {
        Op::Set(at, value) if at == name => Some(Some(value)),
        Op::Remove(at) if at == name => Some(None),
        _ => None,
    })
}

async fn run(session: &Session, ops: &[Op]) -> Result<(), Error> {
    for op in ops {
        match *op {
            Op::Set(name, value) => session.insert(NAMES[name], &value)?,
            Op::Remove(name) => session.remove(NAMES[name])?,
            Op::Add(name, by) => {
                session.update(NAMES[name], move |value: &mut u32| *value += by).await?;
            }
            Op::Clear => session.clear()?,
            Op::User(Some(user)) => session.set_user(user)?,
            Op::User(None) => session.clear_user()?,
        }
    }
    Ok(())
}

struct Site {
    layer: SessionLayer,
    headers: HeaderMap,
}

impl Site {
    fn begin(&self) -> Session {
        self.layer.begin(&Method::POST, &Uri::from_static("/"), &self.headers)
    }

    async fn finish(&mut self, session: &Session) -> Outcome {
        let finished = self.layer.finish(session, StatusCode::OK, None).await;
        if let Some(cookie) = finished.cookie {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.headers.insert(COOKIE, HeaderValue::from_str(&cookie).unwrap());
        }
        finished.outcome
    }

    async fn found(&self) -> Model {
        let session = self.begin();
        let mut found = Model::default();
        for name in NAMES {
            if let Some(value) = session.get(name).await.unwrap() {
                found.values.insert(name, value);
            }
        }
        found.user = session.user().await.unwrap().map(|user| user.as_str().parse().unwrap());
        found
    }
}

async fn two_at_once(start: &[Op], ours: &[Op], theirs: &[Op]) {
    let layer = SessionLayer::new(MemoryStore::new()).merge_policy("strict", MergePolicy::Conflict);
    let mut site = Site { layer, headers: HeaderMap::new() };
    let session = site.begin();
    run(&session, start).await.unwrap();
    site.finish(&session).await;
    let base = Model::default().after(start);
    assert_eq!(site.found().await, base);

    let (first, second) = (site.begin(), site.begin());
    for session in [&first, &second] {
        session.user().await.unwrap();
    }
    run(&first, theirs).await.unwrap();
    run(&second, ours).await.unwrap();
    site.finish(&first).await;
    let outcome = site.finish(&second).await;

    let told = match &outcome {
        Outcome::Failed(error) if matches!(&**error, Error::Conflict(_)) => Told::Conflict,
        Outcome::Failed(error) => panic!("{error}"),
        Outcome::Interrupted(_) => Told::Interrupted,
        _ => Told::Saved,
    };
    let (expected, left) = merged(&base, ours, theirs);
    assert_eq!(told, expected);
    assert_eq!(site.found().await, left);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Saved,
    Conflict,
    Interrupted,
}

/// What becomes of our changes when theirs were saved first, and what is left.
fn merged(base: &Model, ours: &[Op], theirs: &[Op]) -> (Told, Model) {
    let fresh = base.after(theirs);
    let changes = |ops: &[Op]| base.after(ops) != *base || base.upheaved_by(ops);
    // Without a session each of them begins one of his own; and who changes nothing is in nobody's way.
    if base.is_empty() {
        let own = base.after(ours);
        return (Told::Saved, if own.is_empty() { fresh } else { own });
    }
    if !changes(theirs) {
        return (Told::Saved, base.after(ours));
    }
    if !changes(ours) {
        return (Told::Saved, fresh);
    }
    let clears = |ops: &[Op]| ops.iter().any(|op| matches!(op, Op::Clear));
    if fresh.is_empty() && clears(theirs) {
        return (Told::Interrupted, fresh);
    }
    let user = ours.iter().rev().find_map(|op| if let Op::User(user) = op { Some(*user) } else { None });
    let strict = last_word(ours, 3).is_some_and(|word| {
        let theirs = fresh.values.get("strict").copied();
        theirs != base.values.get("strict").copied() && theirs != word
    });
    let upheaved = if fresh.is_empty() { base.user.is_some() } else { base.upheaved_by(theirs) };
    if upheaved || clears(ours) || user.is_some_and(|user| user != base.user) || strict {
        return (Told::Conflict, fresh);
    }
    let left = fresh.after(ours);
    (Told::Saved, left)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_is_what_the_model_says(
        start in prop::collection::vec(op(), 0..6),
        ours in prop::collection::vec(op(), 0..6),
        theirs in prop::collection::vec(op(), 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(two_at_once(&start, &ours, &theirs));
    }
}

#[tokio::test]
async fn who_changes_the_user_and_back_is_in_nobodys_way() {
    let ours = [Op::User(Some(1)), Op::User(None), Op::User(Some(0)), Op::Set(0, 1)];
    two_at_once(&[Op::User(Some(0))], &ours, &[Op::Set(1, 1)]).await;
}
