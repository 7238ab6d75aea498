//! Writes of sessions that may go to the database together. Instants are in microseconds since 1970, as the tables keep them.

use std::collections::HashSet;

use bursar_session::store::{Created, Deleted, Touched, Updated};
use bursar_session::{Content, GoneReason, KeyHash, Version};

/// How many bytes of data one batch takes, at most; one session may have more, and then goes alone.
const BYTES_MAX: usize = 4 << 20;

/// A session to be created.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) key: KeyHash,
    pub(crate) content: Content,
    pub(crate) now: i64,
}

/// A session to be given other content.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) key: KeyHash,
    pub(crate) version: Version,
    pub(crate) content: Content,
    pub(crate) now: i64,
}

/// A session whose idle time is to end later.
#[derive(Debug)]
pub(crate) struct Touch {
    pub(crate) key: KeyHash,
    pub(crate) expires_at: i64,
    pub(crate) now: i64,
}

/// A session to be deleted.
#[derive(Debug)]
pub(crate) struct Delete {
    pub(crate) key: KeyHash,
    pub(crate) version: Option<Version>,
    pub(crate) reason: GoneReason,
    pub(crate) now: i64,
}

/// Writes of one kind, and what has become of each so far.
#[derive(Debug)]
pub(crate) struct Writes<T, A> {
    items: Vec<T>,
    answers: Vec<Option<A>>,
}

impl<T, A> Default for Writes<T, A> {
    fn default() -> Self {
        Self { items: Vec::new(), answers: Vec::new() }
    }
}

impl<T, A: Copy> Writes<T, A> {
    pub(crate) fn add(&mut self, item: T) {
        self.items.push(item);
        self.answers.push(None);
    }

    fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Those that are not answered yet, by their numbers.
    pub(crate) fn open(&self) -> Vec<(usize, &T)> {
        let items = self.items.iter().enumerate().zip(&self.answers);
        items.filter(|(_, answer)| answer.is_none()).map(|(item, _)| item).collect()
    }

    pub(crate) fn item(&self, at: usize) -> Option<&T> {
        self.items.get(at)
    }

    /// Keeps what became of one.
    pub(crate) fn answer(&mut self, at: usize, answer: A) {
        if let Some(place) = self.answers.get_mut(at) {
            *place = Some(answer);
        }
    }

    /// Forgets what became of them: it was rolled back.
    fn reopen(&mut self) {
        self.answers.fill(None);
    }

    pub(crate) fn into_answers(self) -> Vec<Option<A>> {
        self.answers
    }
}

/// Writes of sessions, each of another session: a statement judges all of its kind by the state before it.
#[derive(Debug, Default)]
pub(crate) struct SessionBatch {
    pub(crate) creates: Writes<Create, Created>,
    pub(crate) updates: Writes<Update, Updated>,
    pub(crate) touches: Writes<Touch, Touched>,
    pub(crate) deletes: Writes<Delete, Deleted>,
    keys: HashSet<KeyHash>,
    bytes: usize,
    full: bool,
}

impl SessionBatch {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many kinds of writes there are.
    pub(crate) fn kinds(&self) -> usize {
        let kinds = [
            self.creates.is_empty(),
            self.updates.is_empty(),
            self.touches.is_empty(),
            self.deletes.is_empty(),
        ];
        kinds.into_iter().filter(|empty| !empty).count()
    }

    /// Forgets what became of them: it was rolled back.
    pub(crate) fn reopen(&mut self) {
        self.creates.reopen();
        self.updates.reopen();
        self.touches.reopen();
        self.deletes.reopen();
    }

    /// Whether a write of this session, with so many bytes, may join; it is then counted as here. Once one has to wait for room, so have all
    /// after it.
    pub(crate) fn admit(&mut self, key: KeyHash, bytes: usize) -> bool {
        let bytes = self.bytes.saturating_add(bytes);
        self.full |= bytes > BYTES_MAX && !self.is_empty();
        if self.full || !self.keys.insert(key) {
            return false;
        }
        self.bytes = bytes;
        true
    }
}
