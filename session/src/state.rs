//! Where a request stands with its session.

use chrono::{DateTime, Utc};

use crate::change::{Change, ChangeLog, within_update};
use crate::draft::{Base, Draft};
use crate::{Error, Gone, GoneReason, SessionInterrupted, SessionKey, TOMBSTONE_KEPT};

/// What is known of the session.
pub(crate) enum Stand {
    /// Nobody has looked yet.
    Unread,
    /// There is none.
    Absent(Absence),
    /// There is one. On the heap, since most requests of most applications come to no session, and are to carry little.
    Live(Box<Live>),
}

/// No session.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Absence {
    /// What became of the session of the request's cookie, where it bore one.
    pub(crate) gone: Option<Gone>,
    /// Whether this request has seen it live.
    pub(crate) seen: bool,
    /// Whether the application has chosen to begin anew.
    pub(crate) anew: bool,
}

impl Absence {
    /// Whether a new session must not take the place of the one that is gone: it ended while the request was under way, or the
    /// browser holds a newer key, which a new cookie would overwrite (R5). Of one that was emptied nothing is missed.
    pub(crate) fn interrupted(&self, begun_at: DateTime<Utc>) -> Option<SessionInterrupted> {
        let gone = self.gone.filter(|gone| !self.anew && gone.reason != Some(GoneReason::Emptied))?;
        let meanwhile = self.seen || gone.at.is_some_and(|at| at > begun_at);
        (meanwhile || gone.reason == Some(GoneReason::Rotated)).then(|| gone.into())
    }

    /// Whether the request's cookie is to be removed: not after a rotation, when the browser holds a newer one; and not by a request that
    /// runs longer than tombstones are kept, which cannot tell (R6).
    pub(crate) fn removes_cookie(&self, begun_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let Some(gone) = self.gone else { return false };
        match gone.reason {
            Some(reason) => reason != GoneReason::Rotated,
            None => {
                !self.seen
                    || now.signed_duration_since(begun_at).to_std().is_ok_and(|ran| ran < TOMBSTONE_KEPT)
            }
        }
    }
}

/// A session.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) key: SessionKey,
    /// Whether the request's cookie bears this key.
    pub(crate) presented: bool,
    /// Whether its end was changed, so that a cookie that lasts as long has to be sent again.
    pub(crate) end_moved: bool,
    /// When it was read: the moment of the user's activity.
    pub(crate) read_at: DateTime<Utc>,
    pub(crate) base: Base,
}

/// What a request has done to its session so far.
pub(crate) struct State {
    pub(crate) stand: Stand,
    pub(crate) log: ChangeLog,
    /// What the handler sees, where it differs from the base.
    view: Option<Box<Draft>>,
    /// Whether what the handler sees has to be made anew from the base and the log.
    stale: bool,
    /// Goes up whenever what the handler sees changes.
    turn: u64,
    /// Whether the session was used at all.
    pub(crate) used: bool,
    /// Whether the request counts as activity.
    pub(crate) active: bool,
    /// Whether the response has begun.
    pub(crate) closed: bool,
    /// Whether a logout is owed that the store could not do.
    pub(crate) owes_end: bool,
    /// Whether a save was left with its outcome unknown.
    pub(crate) unsure: bool,
    /// The interruption that the handler was told of.
    pub(crate) told: Option<SessionInterrupted>,
    /// Whether anything was written.
    pub(crate) written: bool,
    /// Whether a session was ended or emptied.
    pub(crate) ended: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            stand: Stand::Unread,
            log: ChangeLog::default(),
            view: None,
            stale: false,
            turn: 0,
            used: false,
            active: true,
            closed: false,
            owes_end: false,
            unsure: false,
            told: None,
            written: false,
            ended: false,
        }
    }
}

impl State {
    /// Marks the session as used.
    pub(crate) fn enter(&mut self) -> Result<(), Error> {
        if within_update() {
            return Err(Error::WithinUpdate);
        }
        if self.closed {
            return Err(Error::ResponseBegun);
        }
        self.used = true;
        Ok(())
    }

    /// What the handler sees; `None` while nobody has looked. It may be [stale](Self::is_stale).
    pub(crate) fn seen(&self) -> Option<&Draft> {
        match &self.stand {
            Stand::Unread => None,
            Stand::Absent(_) => Some(self.view.as_deref().unwrap_or(&EMPTY)),
            Stand::Live(live) => Some(self.view.as_deref().unwrap_or(&live.base.draft)),
        }
    }

    /// What the handler sees, where it need not be made anew first.
    pub(crate) fn up_to_date(&self) -> Option<&Draft> {
        self.seen().filter(|_| !self.stale)
    }

    /// Whether what the handler sees has to be made anew first.
    pub(crate) const fn is_stale(&self) -> bool {
        self.stale
    }

    /// Forgets what was changed and is not saved.
    pub(crate) fn forget(&mut self) {
        self.log.forget();
        self.view = None;
        self.stale = false;
        self.turn = self.turn.wrapping_add(1);
    }

    /// Takes a new stand, from which the changes that are left are seen.
    pub(crate) fn stand_at(&mut self, stand: Stand) {
        self.stand = stand;
        self.view = None;
        self.stale = !self.log.is_empty();
        self.turn = self.turn.wrapping_add(1);
    }

    /// What the handler is to see, as far as it can be told without running anything of the application's.
    pub(crate) fn sight(&self) -> Sight {
        let replay = if self.stale { self.log.clone() } else { ChangeLog::default() };
        Sight { draft: self.seen().cloned(), replay, turn: self.turn }
    }

    /// Has the handler see this, unless something else has happened since.
    pub(crate) fn see(&mut self, sight: Sight) {
        if self.turn == sight.turn {
            self.view = sight.draft.map(Box::new);
            self.stale = false;
        }
    }

    /// Puts a change down, of which this is the outcome, unless something else has happened since: then it is looked at anew.
    pub(crate) fn put_down(&mut self, change: Change, sight: Sight) {
        self.log.add(change);
        if self.turn == sight.turn {
            self.view = sight.draft.map(Box::new);
            self.stale = false;
        } else {
            // What was seen has some of the log in it already, and all of it is to be done on the base.
            self.view = None;
            self.stale = true;
        }
        self.turn = self.turn.wrapping_add(1);
    }
}

/// What a handler sees of its session, at a moment. What is done with it runs functions of the application's (updates), and so is done while
/// nothing is locked.
pub(crate) struct Sight {
    /// Nothing while nobody has read the session.
    pub(crate) draft: Option<Draft>,
    /// The changes that are not in it yet.
    replay: ChangeLog,
    turn: u64,
}

impl Sight {
    /// Brings it up to date.
    pub(crate) fn catch_up(&mut self) -> Result<(), Error> {
        let replay = std::mem::take(&mut self.replay);
        self.draft.as_mut().map_or(Ok(()), |draft| replay.apply(draft))
    }
}

static EMPTY: Draft = Draft::EMPTY;

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::Absence;
    use crate::{Gone, GoneReason, TOMBSTONE_KEPT};

    #[test]
    fn a_cookie_is_removed_for_as_long_as_it_can_be_told_that_it_is_dead() {
        let begun_at = DateTime::from_timestamp(4_000_000_000, 0).unwrap();
        let removes = |absence: Absence, ran: TimeDelta| absence.removes_cookie(begun_at, begun_at + ran);
        let (kept, step) = (TimeDelta::from_std(TOMBSTONE_KEPT).unwrap(), TimeDelta::microseconds(1));
        let of = |gone, seen| Absence { gone: Some(gone), seen, anew: false };
        // What became of a session that was seen is forgotten with its tombstone: from that instant on it may have been a rotation.
        let seen = of(Gone::UNKNOWN, true);
        for (ran, removed) in
            [(TimeDelta::zero(), true), (kept - step, true), (kept, false), (kept + step, false)]
        {
            assert_eq!(removes(seen, ran), removed, "after {ran}");
        }
        assert!(!removes(seen, -step), "a clock that was set back tells nothing");
        for ran in [TimeDelta::zero(), kept, kept * 2] {
            assert!(removes(of(Gone::UNKNOWN, false), ran), "a key that nobody knows, after {ran}");
            assert!(
                removes(of(Gone::new(GoneReason::LoggedOut, begun_at), true), ran),
                "a logout, after {ran}"
            );
            assert!(
                !removes(of(Gone::new(GoneReason::Rotated, begun_at), true), ran),
                "a rotation, after {ran}"
            );
            assert!(!removes(Absence::default(), ran), "no cookie, after {ran}");
        }
    }
}
