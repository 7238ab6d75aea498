//! The sessions of users, to be listed and ended (R13).

use std::fmt;
use std::sync::Arc;

use crate::settings::Settings;
use crate::store::Deleted;
use crate::{Error, GoneReason, KeyHash, UserId, UserSession};

/// The most sessions of a page.
pub const PAGE_MAX: u32 = 1_000;

/// The sessions of users, from [`SessionLayer::sessions`](crate::SessionLayer::sessions).
///
/// ```
/// use bursar_session::{Error, SessionLayer};
/// use bursar_store_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let layer = SessionLayer::new(MemoryStore::new());
/// assert_eq!(layer.sessions().end_all("clerk-7").await?, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sessions {
    pub(crate) settings: Arc<Settings>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Sessions {
    /// A page of a user's sessions, in the order of what the store knows them by: those after `after`, at most `limit` and never more than
    /// [`PAGE_MAX`]. A shorter page is the last one.
    ///
    /// ```
    /// use bursar_session::{Error, PAGE_MAX, SessionLayer};
    ///
    /// /// Ends whatever of a user's sessions nobody has used for long.
    /// async fn end_idle(layer: &SessionLayer, user: u64, before: chrono::DateTime<chrono::Utc>) -> Result<(), Error> {
    ///     let mut after = None;
    ///     loop {
    ///         let page = layer.sessions().of_user(user, after.as_ref(), PAGE_MAX).await?;
    ///         for session in &page {
    ///             if session.expires_at < before {
    ///                 layer.sessions().end(session).await?;
    ///             }
    ///         }
    ///         match page.last() {
    ///             Some(last) => after = Some(last.key),
    ///             None => return Ok(()),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::UserId`], [`Error::Store`].
    pub async fn of_user(
        &self,
        user: impl fmt::Display,
        after: Option<&KeyHash>,
        limit: u32,
    ) -> Result<Vec<UserSession>, Error> {
        let (user, limit) = (UserId::new(user)?, limit.min(PAGE_MAX));
        Ok(self.settings.store.list_user(&user, after, limit, self.settings.now()).await?)
    }

    /// Ends one of them; whether it was there.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn end(&self, session: &UserSession) -> Result<bool, Error> {
        let (store, now) = (&self.settings.store, self.settings.now());
        let deleted = store.delete(&session.key, None, GoneReason::LoggedOut, now).await?;
        Ok(deleted == Deleted::Deleted)
    }

    /// Ends all of a user's sessions; how many there were. To keep the one at hand, see
    /// [`Session::end_others`](crate::Session::end_others).
    ///
    /// # Errors
    /// [`Error::UserId`], [`Error::Store`].
    pub async fn end_all(&self, user: impl fmt::Display) -> Result<u64, Error> {
        Ok(self.settings.store.delete_user(&UserId::new(user)?, None, self.settings.now()).await?)
    }
}
