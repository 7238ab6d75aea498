//! The log of a request's changes, and how they are merged with those of others (R3).

use std::cell::Cell;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::draft::Draft;
use crate::json::Json;
use crate::values::Values;
use crate::{Conflict, Error, UserId};

/// What happens when two requests set one value to different things at the same time (R3).
///
/// ```
/// use bursar_session::{Error, MergePolicy, SessionLayer};
/// use bursar_store_memory::MemoryStore;
/// # use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let layer = SessionLayer::new(MemoryStore::new()).merge_policy("cart", MergePolicy::Conflict);
/// # let first = layer.begin(&Method::GET, &Uri::from_static("/"), &HeaderMap::new());
/// # first.insert("cart", "empty")?;
/// # let cookie = layer.finish(&first, StatusCode::OK, None).await.cookie.unwrap();
/// # let mut headers = HeaderMap::new();
/// # headers.insert("cookie", HeaderValue::from_str(cookie.to_str().unwrap().split(';').next().unwrap()).unwrap());
/// # let request = || layer.begin(&Method::POST, &Uri::from_static("/cart"), &headers);
/// let (one, other) = (request(), request()); // of one browser
/// for session in [&one, &other] {
///     session.get::<String>("cart").await?;
/// }
/// one.insert("cart", "a uniform")?;
/// one.save().await?;
/// other.insert("cart", "a book")?;
/// assert!(matches!(other.save().await, Err(Error::Conflict(_))));
/// assert_eq!(other.get::<String>("cart").await?.as_deref(), Some("a uniform"), "it may look again");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MergePolicy {
    /// The one that is saved last wins.
    #[default]
    LastWriter,
    /// The one that is saved last gets [`Error::Conflict`], and nothing of it is saved.
    Conflict,
}

/// The policies by value.
#[derive(Clone, Debug, Default)]
pub(crate) struct MergePolicies {
    pub(crate) otherwise: MergePolicy,
    pub(crate) by_name: HashMap<Box<str>, MergePolicy>,
}

impl MergePolicies {
    fn of(&self, name: &str) -> MergePolicy {
        self.by_name.get(name).copied().unwrap_or(self.otherwise)
    }
}

/// A function of a value, run again on fresh data when somebody else was faster.
pub(crate) type Rule = Arc<dyn Fn(Option<&Json>) -> Result<Option<Json>, Error> + Send + Sync>;

/// An update of a value: its function, and what it has made of what.
#[derive(Clone)]
pub(crate) struct Update {
    rule: Rule,
    from: Option<Json>,
    to: Option<Json>,
}

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is running the function of an update just now, which must not use a session itself.
pub(crate) fn within_update() -> bool {
    RUNNING.get()
}

/// Runs the function of an update.
fn run(rule: &Rule, from: Option<&Json>) -> Result<Option<Json>, Error> {
    /// Ends the run even if the function panics.
    struct Run;
    impl Drop for Run {
        fn drop(&mut self) {
            RUNNING.set(false);
        }
    }
    RUNNING.set(true);
    let _run = Run;
    rule(from)
}

impl Update {
    /// The update of a value that is this now.
    pub(crate) fn new(rule: Rule, from: Option<&Json>) -> Result<Self, Error> {
        let to = run(&rule, from)?;
        Ok(Self { rule, from: from.cloned(), to })
    }

    /// What it makes of a value; the function is run again only if that is another one.
    fn of(&self, from: Option<&Json>) -> Result<Option<Json>, Error> {
        if from == self.from.as_ref() { Ok(self.to.clone()) } else { run(&self.rule, from) }
    }
}

/// A change that a request makes.
#[derive(Clone)]
pub(crate) enum Change {
    Set(Box<str>, Json),
    Remove(Box<str>),
    Update(Box<str>, Update),
    Clear,
    User(Option<UserId>),
    EndsAt(DateTime<Utc>),
    IdleTimeout(Option<Duration>),
}

impl Change {
    pub(crate) fn apply(&self, draft: &mut Draft) -> Result<(), Error> {
        match self {
            Self::Set(name, value) => draft.values.set(name, value.clone()),
            Self::Remove(name) => draft.values.remove(name),
            Self::Update(name, update) => match update.of(draft.values.get(name))? {
                Some(value) => draft.values.set(name, value),
                None => draft.values.remove(name),
            },
            Self::Clear => draft.values.clear(),
            Self::User(user) => draft.user.clone_from(user),
            Self::EndsAt(at) => draft.ends_at = Some(*at),
            Self::IdleTimeout(idle) => draft.idle_timeout = *idle,
        }
        Ok(())
    }

    /// Whether this change makes another of no account.
    fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (
                Self::Set(name, _) | Self::Remove(name),
                Self::Set(old, _) | Self::Remove(old) | Self::Update(old, _),
            ) => name == old,
            (Self::User(_), Self::User(_))
            | (Self::EndsAt(_), Self::EndsAt(_))
            | (Self::IdleTimeout(_), Self::IdleTimeout(_)) => true,
            _ => false,
        }
    }
}

/// What a request changes, in its order.
#[derive(Clone, Default)]
pub(crate) struct ChangeLog {
    changes: Vec<Change>,
    /// How many of them, from the first, are being saved just now and must stay as they are.
    saving: usize,
}

impl ChangeLog {
    pub(crate) const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(crate) fn add(&mut self, change: Change) {
        // What was set before is forgotten, so that a loop that sets one value a thousand times leaves one change. What was set before all
        // was cleared keeps its place there: the order of these counts.
        let of_a_value = matches!(change, Change::Set(..) | Change::Remove(_));
        let clear = self.changes.iter().rposition(|earlier| matches!(earlier, Change::Clear));
        let from = clear.filter(|_| of_a_value).map_or(0, |clear| clear.saturating_add(1)).max(self.saving);
        let mut at = 0_usize;
        self.changes.retain(|earlier| {
            let old = at >= from && change.replaces(earlier);
            at = at.saturating_add(1);
            !old
        });
        self.changes.push(change);
    }

    pub(crate) fn forget(&mut self) {
        self.changes.clear();
        self.saving = 0;
    }

    /// The changes to be saved now; those that come meanwhile are kept for later.
    pub(crate) fn begin_saving(&mut self) -> Vec<Change> {
        self.saving = self.changes.len();
        self.changes.clone()
    }

    /// What was being saved is saved.
    pub(crate) fn saved(&mut self) {
        self.changes.drain(..std::mem::take(&mut self.saving).min(self.changes.len()));
    }

    /// What was being saved is not saved, and stays in the log.
    pub(crate) const fn not_saved(&mut self) {
        self.saving = 0;
    }

    pub(crate) fn apply(&self, draft: &mut Draft) -> Result<(), Error> {
        apply(&self.changes, draft)
    }
}

/// What changes make of a draft, in their order.
pub(crate) fn applied(changes: &[Change], draft: &Draft) -> Result<Draft, Error> {
    let mut draft = draft.clone();
    apply(changes, &mut draft)?;
    Ok(draft)
}

fn apply(changes: &[Change], draft: &mut Draft) -> Result<(), Error> {
    changes.iter().try_for_each(|change| change.apply(draft))
}

/// Whether changes that were made on `base` may be made on `fresh`, to which others have changed it meanwhile.
///
/// Different values are all kept, removals included, and so is what both set to the same. The same value set to different things follows
/// its policy. An update is made anew, so that it never conflicts. Who clears conflicts with everybody, and so does who changes the
/// user: else what one user's request wrote would be in another's session.
pub(crate) fn conflicts(
    changes: &[Change],
    base: &Draft,
    fresh: &Draft,
    policies: &MergePolicies,
) -> Result<(), Error> {
    if fresh.user != base.user {
        return Err(Error::Conflict(Conflict::User));
    }
    if fresh.values.epoch != base.values.epoch {
        return Err(Error::Conflict(Conflict::Clear));
    }
    if fresh.values == base.values {
        return Ok(());
    }
    let changed = |change: &Change| matches!(change, Change::User(user) if *user != base.user);
    if changes.iter().any(|change| matches!(change, Change::Clear)) {
        return Err(Error::Conflict(Conflict::Clear));
    }
    if changes.iter().any(changed) {
        return Err(Error::Conflict(Conflict::User));
    }
    let names: BTreeSet<String> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Set(name, ours) => Some((name, Some(ours))),
            Change::Remove(name) => Some((name, None)),
            _ => None,
        })
        .filter(|(name, ours)| {
            policies.of(name) == MergePolicy::Conflict && collide(name, *ours, &base.values, &fresh.values)
        })
        .map(|(name, _)| name.to_string())
        .collect();
    if names.is_empty() {
        Ok(())
    } else {
        Err(Error::Conflict(Conflict::Values(names.into_iter().collect())))
    }
}

fn collide(name: &str, ours: Option<&Json>, base: &Values, fresh: &Values) -> bool {
    let theirs = fresh.get(name);
    theirs != base.get(name) && theirs != ours
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;

    use super::{Change, ChangeLog};
    use crate::UserId;

    #[test]
    fn of_what_there_is_once_the_last_change_is_left() {
        let user = |n: i64| Change::User((n > 0).then(|| UserId::new(n).unwrap()));
        let ends_at = |n| Change::EndsAt(DateTime::from_timestamp(n, 0).unwrap());
        let idle = |n: i64| Change::IdleTimeout(Some(Duration::from_secs(n.unsigned_abs())));
        let mut log = ChangeLog::default();
        for n in (0..1_000).rev() {
            log.add(user(n));
            log.add(ends_at(n));
            log.add(idle(n));
        }
        let left = matches!(&log.changes[..], [Change::User(None), Change::EndsAt(at), Change::IdleTimeout(Some(idle))]
            if at.timestamp() == 0 && idle.is_zero());
        assert!(left, "{} changes are left", log.changes.len());
    }
}
