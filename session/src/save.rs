//! How what a request has changed is saved.

use crate::change::{Change, applied, conflicts};
use crate::draft::{Base, Draft};
use crate::inner::{Inner, KEYS_MAX, every_key_taken};
use crate::state::{Absence, Live, Stand};
use crate::store::{Created, Deleted, Updated};
use crate::{Error, Gone, GoneReason, SessionKey, StoreError, StoreErrorKind};

/// How often changes are merged and tried again when others are faster.
///
/// There is no pause between two attempts. Who comes too late does so because another request was saved, so that somebody always gets on; each
/// attempt waits for the store twice; and one browser hardly has so many requests under way that one of them is overtaken this often. A pause
/// would hold up the ordinary meeting of two, and need a timer, for which no runtime is asked here. A store at which those who are late
/// would be late again and again holds them up itself, as the one on Redis does.
const ATTEMPTS_MAX: u32 = 64;

/// What saving came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The changes change nothing.
    Nothing,
    Saved,
    /// Nothing was left in the session: it was deleted.
    Emptied,
}

impl Inner {
    /// See [`Session::save`](crate::Session::save).
    pub(crate) async fn save(&self) -> Result<(), Error> {
        self.lock().enter()?;
        let _turn = self.turn.lock().await;
        let written = self.write().await.map(drop);
        self.tell(written)
    }

    /// What the handler is told; an interruption is remembered, to be counted with the response.
    pub(crate) fn tell<T>(&self, told: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Interrupted(interrupted)) = &told {
            self.lock().told = Some(*interrupted);
        }
        told
    }

    /// Saves the log. Who calls it has the turn.
    pub(crate) async fn write(&self) -> Result<Written, Error> {
        if self.lock().unsure {
            let detail =
                "whether an earlier save of this request was done is not known, and it is not repeated";
            return Err(StoreError::new(StoreErrorKind::UnknownOutcome, "save the session", detail).into());
        }
        // What was set after a logout comes after it.
        self.end_if_owed().await?;
        self.read().await?;
        let (changes, seen) = {
            let mut state = self.lock();
            (state.log.begin_saving(), state.up_to_date().cloned())
        };
        if changes.is_empty() {
            return Ok(Written::Nothing);
        }
        // Whoever goes away while the store is at work does not know what became of it, and neither does who is told so.
        let unsure = Unsure { inner: self, settled: false };
        let written = self.write_changes(&changes, seen).await;
        let settled =
            !matches!(&written, Err(Error::Store(error)) if error.kind == StoreErrorKind::UnknownOutcome);
        unsure.settle(settled);
        let mut state = self.lock();
        match &written {
            Ok((what, _)) => {
                state.log.saved();
                state.written |= *what == Written::Saved;
                state.ended |= *what == Written::Emptied;
            }
            Err(Error::Interrupted(_)) => state.forget(),
            Err(_) => state.log.not_saved(),
        }
        let (what, stand) = written?;
        state.stand_at(stand);
        Ok(what)
    }

    /// Writes changes; `seen` is what the handler sees, where that is up to date: what the changes come to while nobody was faster.
    async fn write_changes(
        &self,
        changes: &[Change],
        seen: Option<Draft>,
    ) -> Result<(Written, Stand), Error> {
        let live = match &self.lock().stand {
            Stand::Live(live) => Ok(Live::clone(live)),
            Stand::Absent(absence) => Err(*absence),
            Stand::Unread => Err(Absence::default()),
        };
        match live {
            Ok(live) => self.write_over(changes, seen, live).await,
            Err(absence) => {
                let draft = seen.map_or_else(|| applied(changes, &Draft::EMPTY), Ok)?;
                self.write_new(draft, absence).await
            }
        }
    }

    async fn write_new(&self, mut draft: Draft, absence: Absence) -> Result<(Written, Stand), Error> {
        let settings = &self.settings;
        // R9
        if draft.is_empty() {
            return Ok((Written::Nothing, Stand::Absent(absence)));
        }
        if let Some(interrupted) = absence.interrupted(self.begun_at) {
            return Err(Error::Interrupted(interrupted));
        }
        // Values that are set in an absent session are as of its first epoch.
        draft.values.epoch = 0;
        for _ in 0..KEYS_MAX {
            let key = SessionKey::generate()?;
            let now = settings.now();
            let content = draft.created(&settings.limits, now)?;
            if settings.store.create(&key.hash(), &content, now).await? == Created::Created {
                let base = Base::written(draft, crate::Version::FIRST, &content);
                let live = Live { key, presented: false, end_moved: false, read_at: now, base };
                return Ok((Written::Saved, Stand::Live(Box::new(live))));
            }
        }
        Err(every_key_taken())
    }

    /// Writes the changes over the session as it is, merging them with those of others (R3).
    async fn write_over(
        &self,
        changes: &[Change],
        mut seen: Option<Draft>,
        live: Live,
    ) -> Result<(Written, Stand), Error> {
        let settings = &self.settings;
        let hash = live.key.hash();
        let active = self.lock().active;
        let mut fresh = live.base.clone();
        for _ in 0..ATTEMPTS_MAX {
            if let Err(conflict) = conflicts(changes, &live.base.draft, &fresh.draft, &settings.policies) {
                // Who is told may look at what the others have left, and begin again from there.
                let mut state = self.lock();
                state.forget();
                state.stand_at(Stand::Live(Box::new(Live { base: fresh, ..live })));
                return Err(conflict);
            }
            let draft = seen.take().map_or_else(|| applied(changes, &fresh.draft), Ok)?.over(&fresh.draft);
            let now = settings.now();
            let outcome = if draft == fresh.draft {
                return Ok((Written::Nothing, Stand::Live(Box::new(Live { base: fresh, ..live }))));
            } else if draft.is_empty() {
                // Who clears ends it, so that whoever else changes it is told.
                let cleared = changes.iter().any(|change| matches!(change, Change::Clear));
                let reason = if cleared { GoneReason::LoggedOut } else { GoneReason::Emptied };
                match settings.store.delete(&hash, Some(fresh.version), reason, now).await? {
                    Deleted::Deleted => {
                        let gone = Some(Gone::new(reason, now));
                        let absence = Absence { gone, seen: true, anew: true };
                        return Ok((Written::Emptied, Stand::Absent(absence)));
                    }
                    Deleted::Stale => Updated::Stale,
                    Deleted::Gone(gone) => Updated::Gone(gone),
                }
            } else {
                if live.presented && draft.user.is_some() && draft.user != fresh.draft.user {
                    tracing::warn!(
                        "a session was bound to a user under the key that it had before: rotate it first"
                    );
                }
                let content = draft.updated(&fresh, &settings.limits, active, now)?;
                let updated = settings.store.update(&hash, fresh.version, &content, now).await?;
                if let Updated::Updated(version) = updated {
                    let end_moved = live.end_moved || content.ends_at != live.base.ends_at;
                    let base = Base::written(draft, version, &content);
                    return Ok((Written::Saved, Stand::Live(Box::new(Live { base, end_moved, ..live }))));
                }
                updated
            };
            let gone = match outcome {
                Updated::Gone(gone) => Err(gone),
                Updated::Updated(_) | Updated::Stale => self.load(&live.key, settings.now()).await?,
            };
            match gone {
                Ok(base) => fresh = base,
                Err(gone) if gone.reason == Some(GoneReason::Emptied) => {
                    conflicts(changes, &live.base.draft, &live.base.draft.emptied(), &settings.policies)?;
                    let absence = Absence { gone: Some(gone), seen: true, anew: true };
                    return self.write_new(applied(changes, &Draft::EMPTY)?, absence).await;
                }
                Err(gone) => {
                    self.lose(gone);
                    return Err(Error::Interrupted(gone.into()));
                }
            }
        }
        Err(Error::Contended { attempts: ATTEMPTS_MAX })
    }
}

/// Stands for a save that is under way. Dropped before it is settled, it leaves the outcome unknown: what would be repeated then, an update
/// above all, could be done twice.
struct Unsure<'a> {
    inner: &'a Inner,
    settled: bool,
}

impl Unsure<'_> {
    fn settle(mut self, settled: bool) {
        self.settled = settled;
    }
}

impl Drop for Unsure<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.inner.lock().unsure = true;
        }
    }
}
