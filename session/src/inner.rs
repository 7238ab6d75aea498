//! The protocol of a session: how it is read, changed, rotated and ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use http::HeaderValue;
use tokio::sync::Mutex as Turn;

use crate::change::{Change, Rule, Update};
use crate::draft::{Base, Draft};
use crate::request::Asked;
use crate::settings::Settings;
use crate::state::{Absence, Live, Stand, State};
use crate::store::{Deleted, Loaded, Rotated};
use crate::{Error, Gone, GoneReason, KeyHash, SessionKey, StoreErrorKind};

/// How often a key is made anew when it is taken. It never is.
pub(crate) const KEYS_MAX: u32 = 4;

/// The error when it was.
pub(crate) fn every_key_taken() -> Error {
    Error::NoRandomness { detail: "every new key was taken".into() }
}

/// What all clones of a [`Session`](crate::Session) share.
pub(crate) struct Inner {
    pub(crate) settings: Arc<Settings>,
    pub(crate) asked: Asked,
    /// The request's `Cookie` headers: mostly one.
    pub(crate) cookie: Option<HeaderValue>,
    pub(crate) more_cookies: Vec<HeaderValue>,
    pub(crate) begun_at: DateTime<Utc>,
    /// Held by who talks to the store, so that the tasks of one handler do so one after the other.
    pub(crate) turn: Turn<()>,
    pub(crate) state: Mutex<State>,
}

impl Inner {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // No change is left half made by who panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the session, and reads it first where nobody has.
    pub(crate) async fn look<T>(&self, at: impl Fn(&Draft) -> T) -> Result<T, Error> {
        let read = {
            let mut state = self.lock();
            state.enter()?;
            match state.seen() {
                Some(draft) if !state.is_stale() => return Ok(at(draft)),
                seen => seen.is_some(),
            }
        };
        if !read {
            let _turn = self.turn.lock().await;
            self.read().await?;
        }
        let mut sight = self.lock().sight();
        sight.catch_up()?;
        let answer = at(sight.draft.as_ref().unwrap_or(&Draft::EMPTY));
        self.lock().see(sight);
        Ok(answer)
    }

    /// Puts an update of a value down in the log.
    pub(crate) async fn update(&self, name: &str, rule: Rule) -> Result<(), Error> {
        let from = self.look(|draft| draft.values.get(name).cloned()).await?;
        self.change(Change::Update(name.into(), Update::new(rule, from.as_ref())?))
    }

    /// Puts a change down in the log, if it is allowed and the data are not too large.
    pub(crate) fn change(&self, change: Change) -> Result<(), Error> {
        let mut sight = {
            let mut state = self.lock();
            state.enter()?;
            state.sight()
        };
        sight.catch_up()?;
        let mut alone = Draft::EMPTY;
        let seen = sight.draft.as_mut().unwrap_or(&mut alone);
        change.apply(seen)?;
        self.settings.limits.check_size(seen.values.size())?;
        self.lock().put_down(change, sight);
        Ok(())
    }

    /// Reads the session, unless it is read. Who calls it has the turn.
    pub(crate) async fn read(&self) -> Result<(), Error> {
        if !matches!(self.lock().stand, Stand::Unread) {
            return Ok(());
        }
        let mut gone: Option<Gone> = None;
        for key in self.settings.cookie.keys(self.cookie.iter().chain(&self.more_cookies)) {
            let read_at = self.settings.now();
            match self.load(&key, read_at).await? {
                Ok(base) => {
                    let live = Live { key, presented: true, end_moved: false, read_at, base };
                    self.lock().stand_at(Stand::Live(Box::new(live)));
                    return Ok(());
                }
                Err(found) => gone = gone.filter(|gone| weight(gone) >= weight(&found)).or(Some(found)),
            }
        }
        self.lock().stand_at(Stand::Absent(Absence { gone, ..Absence::default() }));
        Ok(())
    }

    /// Loads what there is under a key, or the proof that nothing is. What cannot be decoded is dropped (R12).
    pub(crate) async fn load(
        &self,
        key: &SessionKey,
        now: DateTime<Utc>,
    ) -> Result<Result<Base, Gone>, Error> {
        let settings = &self.settings;
        let detail = match settings.store.load(&key.hash(), now).await? {
            Loaded::Gone(gone) => return Ok(Err(gone)),
            Loaded::Live(record) => match Base::of(record) {
                Ok(base) => return Ok(Ok(base)),
                // The place, and nothing of the data, which serde's own words may hold.
                Err(error) => {
                    format!("the data are no JSON object of values from column {} on", error.column())
                }
            },
            Loaded::Undecodable => "the row says what no session can".to_owned(),
        };
        tracing::warn!(detail, "a session's record could not be decoded and was dropped");
        settings.store.delete(&key.hash(), None, GoneReason::LoggedOut, now).await?;
        Ok(Err(Gone::UNKNOWN))
    }

    /// See [`Session::rotate`](crate::Session::rotate).
    pub(crate) async fn rotate(&self) -> Result<(), Error> {
        self.lock().enter()?;
        let _turn = self.turn.lock().await;
        let rotated = self.renew().await;
        self.tell(rotated)
    }

    /// Gives the session a new key. Who calls it has the turn.
    async fn renew(&self) -> Result<(), Error> {
        self.read().await?;
        let Some(key) = self.key_to_rotate()? else { return Ok(()) };
        for _ in 0..KEYS_MAX {
            let new = SessionKey::generate()?;
            match self.rotate_to(&key, &new).await? {
                Rotated::Rotated => return self.rotated(new).await,
                Rotated::Exists => {}
                Rotated::Gone(gone) if gone.reason == Some(GoneReason::Emptied) => {
                    let absence = Absence { gone: Some(gone), seen: true, anew: true };
                    self.lock().stand_at(Stand::Absent(absence));
                    return Ok(());
                }
                Rotated::Gone(gone) => {
                    self.lose(gone);
                    return Err(Error::Interrupted(gone.into()));
                }
            }
        }
        Err(every_key_taken())
    }

    /// The key that a rotation replaces; `None` where there is no session, which then gets a key of its own when it is created.
    fn key_to_rotate(&self) -> Result<Option<SessionKey>, Error> {
        let mut state = self.lock();
        match &mut state.stand {
            Stand::Live(live) => Ok(Some(live.key.clone())),
            Stand::Absent(absence) if absence.seen && !absence.anew => {
                let gone = absence.gone.unwrap_or(Gone::UNKNOWN);
                Err(Error::Interrupted(gone.into()))
            }
            Stand::Absent(absence) => {
                absence.anew = true;
                Ok(None)
            }
            Stand::Unread => Ok(None),
        }
    }

    /// The session has this key now, which nobody else knows: what others did before is looked at once more, so that the login that
    /// follows does not conflict with it.
    async fn rotated(&self, new: SessionKey) -> Result<(), Error> {
        let unchanged = {
            let mut state = self.lock();
            state.written = true;
            if let Stand::Live(live) = &mut state.stand {
                live.key = new.clone();
                live.presented = false;
            }
            state.log.is_empty()
        };
        let read_at = self.settings.now();
        if unchanged && let Ok(base) = self.load(&new, read_at).await? {
            let live = Live { key: new, presented: false, end_moved: false, read_at, base };
            self.lock().stand_at(Stand::Live(Box::new(live)));
        }
        Ok(())
    }

    async fn rotate_to(&self, key: &SessionKey, new: &SessionKey) -> Result<Rotated, Error> {
        let settings = &self.settings;
        match settings.store.rotate(&key.hash(), &new.hash(), settings.now()).await {
            // Whoever finds the session under the new key has rotated it.
            Err(error) if error.kind == StoreErrorKind::UnknownOutcome => {
                match self.load(new, settings.now()).await {
                    Ok(Ok(_)) => Ok(Rotated::Rotated),
                    _ => Err(Error::Store(error)),
                }
            }
            outcome => Ok(outcome?),
        }
    }

    /// The session that this request has seen is gone, and with it what was changed in it.
    pub(crate) fn lose(&self, gone: Gone) {
        let mut state = self.lock();
        state.forget();
        state.stand_at(Stand::Absent(Absence { gone: Some(gone), seen: true, anew: false }));
    }

    /// See [`Session::flush`](crate::Session::flush).
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        self.lock().enter()?;
        let _turn = self.turn.lock().await;
        {
            let mut state = self.lock();
            state.forget();
            state.owes_end = true;
        }
        let ended = self.end().await;
        self.tell(ended)
    }

    /// Does the logout that is owed, where the store could not when it was asked for. Who calls it has the turn.
    pub(crate) async fn end_if_owed(&self) -> Result<(), Error> {
        let owes_end = self.lock().owes_end;
        if owes_end { self.end().await } else { Ok(()) }
    }

    /// Ends the session, as is owed. Who calls it has the turn.
    async fn end(&self) -> Result<(), Error> {
        self.read().await?;
        let live = match &self.lock().stand {
            Stand::Live(live) => Ok(live.key.clone()),
            Stand::Absent(absence) => Err(*absence),
            Stand::Unread => Err(Absence::default()),
        };
        let absence = match live {
            Err(absence) => absence,
            Ok(key) => {
                let settings = &self.settings;
                let now = settings.now();
                let deleted = settings.store.delete(&key.hash(), None, GoneReason::LoggedOut, now).await?;
                let gone = match deleted {
                    Deleted::Gone(gone) => gone,
                    Deleted::Deleted | Deleted::Stale => Gone::new(GoneReason::LoggedOut, now),
                };
                Absence { gone: Some(gone), seen: true, anew: false }
            }
        };
        let mut state = self.lock();
        state.owes_end = false;
        // Under its new key it goes on: that is no logout.
        let rotated = absence.gone.filter(|gone| gone.reason == Some(GoneReason::Rotated) && !absence.anew);
        state.ended |= rotated.is_none();
        state.stand_at(Stand::Absent(Absence { anew: rotated.is_none(), ..absence }));
        match rotated {
            Some(gone) => Err(Error::Interrupted(gone.into())),
            None => Ok(()),
        }
    }

    /// See [`Session::is`](crate::Session::is).
    pub(crate) async fn is(&self, key: &KeyHash) -> Result<bool, Error> {
        self.lock().enter()?;
        let _turn = self.turn.lock().await;
        self.read().await?;
        Ok(matches!(&self.lock().stand, Stand::Live(live) if live.key.hash() == *key))
    }

    /// See [`Session::end_others`](crate::Session::end_others).
    pub(crate) async fn end_others(&self) -> Result<u64, Error> {
        self.lock().enter()?;
        let _turn = self.turn.lock().await;
        self.read().await?;
        let bound = match &self.lock().stand {
            Stand::Live(live) => live.base.draft.user.clone().map(|user| (user, live.key.hash())),
            Stand::Absent(_) | Stand::Unread => None,
        };
        match bound {
            Some((user, key)) => {
                Ok(self.settings.store.delete_user(&user, Some(&key), self.settings.now()).await?)
            }
            None => Ok(0),
        }
    }
}

/// How much what is known of a dead cookie says: of several it is one that was rotated away that counts, since the browser holds a newer one.
const fn weight(gone: &Gone) -> u8 {
    match gone.reason {
        Some(GoneReason::Rotated) => 2,
        Some(_) => 1,
        None => 0,
    }
}
