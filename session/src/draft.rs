//! A session under work: what a request sees of it, and what is written of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::expiry::Limits;
use crate::values::Values;
use crate::{Content, Error, Record, UserId, Version};

/// What requests may change in a session, apart from when it is used.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Draft {
    pub(crate) values: Values,
    pub(crate) user: Option<UserId>,
    /// The end that the session was given for itself, or has been created with.
    pub(crate) ends_at: Option<DateTime<Utc>>,
    pub(crate) idle_timeout: Option<Duration>,
}

impl Draft {
    pub(crate) const EMPTY: Self =
        Self { values: Values::EMPTY, user: None, ends_at: None, idle_timeout: None };

    /// Whether there is nothing in it that would be worth a session (R9).
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.user.is_none()
    }

    /// The draft as it is written over a base: of a new epoch when the user is another one (R3).
    pub(crate) fn over(mut self, base: &Self) -> Self {
        if self.user != base.user {
            self.values.epoch = self.values.epoch.max(base.values.epoch.saturating_add(1));
        }
        self
    }

    /// What is left when another request has taken out the last of it.
    pub(crate) fn emptied(&self) -> Self {
        let mut values = Values::EMPTY;
        values.epoch = self.values.epoch;
        Self { values, ..Self::EMPTY }
    }

    /// The content to be created, with deadlines from now on.
    pub(crate) fn created(&self, limits: &Limits, now: DateTime<Utc>) -> Result<Content, Error> {
        let ends_at = self.ends_at.unwrap_or_else(|| limits.end(now));
        Ok(self.content(limits.idle_end(self.idle_timeout, ends_at, now), ends_at, self.data(limits)?))
    }

    /// The content to be written over that of a base, with the end of the idle time moved as a touch would move it.
    pub(crate) fn updated(
        &self,
        base: &Base,
        limits: &Limits,
        active: bool,
        now: DateTime<Utc>,
    ) -> Result<Content, Error> {
        let ends_at = self.ends_at.unwrap_or(base.ends_at);
        let idle_end = limits.idle_end(self.idle_timeout, ends_at, now);
        let reset = ends_at != base.ends_at || self.idle_timeout != base.draft.idle_timeout;
        let due = active && limits.touch_due(self.idle_timeout, base.expires_at, idle_end);
        let expires_at = if reset || due { idle_end } else { base.expires_at };
        let data = if self.values == base.draft.values { Arc::clone(&base.data) } else { self.data(limits)? };
        Ok(self.content(expires_at, ends_at, data))
    }

    fn content(&self, expires_at: DateTime<Utc>, ends_at: DateTime<Utc>, data: Arc<str>) -> Content {
        Content { data, user: self.user.clone(), expires_at, ends_at, idle_timeout: self.idle_timeout }
    }

    fn data(&self, limits: &Limits) -> Result<Arc<str>, Error> {
        let data = self.values.encode()?;
        limits.check_size(data.len())?;
        Ok(data)
    }
}

/// A session as it was read or written last: what changes are told by.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) version: Version,
    pub(crate) draft: Draft,
    pub(crate) data: Arc<str>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

impl Base {
    /// The base of a record; an error when its data are no data of a session.
    pub(crate) fn of(record: Record) -> Result<Self, serde_json::Error> {
        let Content { data, user, expires_at, ends_at, idle_timeout } = record.content;
        let values = Values::decode(&data)?;
        let draft = Draft { values, user, ends_at: Some(ends_at), idle_timeout };
        Ok(Self { version: record.version, draft, data, expires_at, ends_at })
    }

    /// The base of what was just written.
    pub(crate) fn written(draft: Draft, version: Version, content: &Content) -> Self {
        let draft = Draft { ends_at: Some(content.ends_at), ..draft };
        let data = Arc::clone(&content.data);
        Self { version, draft, data, expires_at: content.expires_at, ends_at: content.ends_at }
    }
}
