//! Reading ahead: what a book keeps by account and position, a page at a time, closer and closer to what cannot be read.

use std::collections::VecDeque;

use crate::{AccountId, Error, StoreError, StoreErrorKind};

/// What was read and not yet taken, and where to read on.
pub(super) struct Ahead<T> {
    items: VecDeque<T>,
    /// The place after which to read on.
    pub(super) after: Option<(AccountId, u32)>,
    limit: u32,
    limit_max: u32,
    done: bool,
}

/// What a page turned out to be.
pub(super) enum Turned<R> {
    /// It can be read.
    Page(Vec<R>),
    /// Something in it cannot be read; a shorter one is to be asked for.
    Shorter,
    /// What comes next cannot be read, and why.
    Unreadable(String),
}

impl<T> Ahead<T> {
    pub(super) const fn new(limit_max: u32) -> Self {
        Self { items: VecDeque::new(), after: None, limit: limit_max, limit_max, done: false }
    }

    /// Whether another page is to be read before there is a next one to take.
    pub(super) fn is_short(&self) -> bool {
        self.items.is_empty() && !self.done
    }

    /// Takes the next one, if `wanted` says that it is.
    pub(super) fn take_if(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        if self.items.front().is_some_and(wanted) { self.items.pop_front() } else { None }
    }

    /// After which place the next page begins.
    pub(super) fn after(&self) -> Option<(&AccountId, u32)> {
        self.after.as_ref().map(|(account, position)| (account, *position))
    }

    /// How long the next page may be.
    pub(super) const fn limit(&self) -> u32 {
        self.limit
    }

    /// Takes note of a page; `place` is that of one of its rows.
    pub(super) fn turn<R>(
        &mut self,
        page: Result<Vec<R>, StoreError>,
        place: impl Fn(&R) -> (AccountId, u32),
    ) -> Result<Turned<R>, Error> {
        match page {
            Ok(page) => {
                self.done = page.is_empty();
                if let Some(last) = page.last() {
                    self.after = Some(place(last));
                }
                self.limit = self.limit.saturating_mul(4).min(self.limit_max);
                Ok(Turned::Page(page))
            }
            // One that cannot be read spoils its page.
            Err(error) if error.kind == StoreErrorKind::Corrupt && self.limit > 1 => {
                self.limit = self.limit.div_euclid(2).max(1);
                Ok(Turned::Shorter)
            }
            Err(error) if error.kind == StoreErrorKind::Corrupt => Ok(Turned::Unreadable(error.detail)),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        self.items.extend(items);
    }

    /// Reads no further.
    pub(super) const fn end(&mut self) {
        self.done = true;
    }
}
