//! The handle by which a handler uses its request's session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::change::Change;
use crate::expiry::{LIFETIME_MAX, after, bounded, kept};
use crate::inner::Inner;
use crate::json::Json;
use crate::values::check_name;
use crate::{Error, UserId, UserSession};

/// The session of one request.
///
/// It is read from the store when it is first asked for something, and saved once, with the response, if it was changed. What is set,
/// removed or bound is put down in a log and merged with what other requests did at the same time; [`save`](Self::save) does that
/// at once. Clones are the same session.
///
/// ```
/// use bursar_session::{Error, Session, UserId};
///
/// async fn login(session: &Session, user: u64) -> Result<(), Error> {
///     session.rotate().await?; // a new key: whoever knew the old one is out
///     session.set_user(user)?;
///     session.insert("greeted", &false)
/// }
///
/// async fn greet(session: &Session) -> Result<Option<UserId>, Error> {
///     session.update("visits", |visits: &mut u32| *visits = visits.saturating_add(1)).await?;
///     session.user().await
/// }
/// ```
///
/// # Errors
/// Besides those named, every method gives [`Error::ResponseBegun`] once the response has begun, [`Error::WithinUpdate`] within the function
/// of an [`update`](Self::update), and those that read give [`Error::Store`] when the store cannot be read: that is never an empty session.
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// A value; `None` where there is none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.insert("name", "the bursar")?;
    /// assert_eq!(session.get::<String>("name").await?.as_deref(), Some("the bursar"));
    /// assert_eq!(session.get::<String>("town").await?, None);
    /// assert!(session.get::<u32>("name").await.is_err(), "it is no number");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Decode`] when it is of another type.
    pub async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let json = self.inner.look(|draft| draft.values.get(name).cloned()).await?;
        json.map(|json| json.read(name)).transpose()
    }

    /// Whether there is a value of this name.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn contains(&self, name: &str) -> Result<bool, Error> {
        self.inner.look(|draft| draft.values.get(name).is_some()).await
    }

    /// The names of all values, in their order.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.insert("town", "Hillside")?;
    /// session.insert("name", "the bursar")?;
    /// assert_eq!(session.names().await?, ["name", "town"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of every method.
    pub async fn names(&self) -> Result<Vec<String>, Error> {
        self.inner.look(|draft| draft.values.names().map(ToOwned::to_owned).collect()).await
    }

    /// Whether there are neither values nor a user. Such a session is not kept.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        self.inner.look(crate::draft::Draft::is_empty).await
    }

    /// Sets a value, with the response. Setting it to what it is changes nothing.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.insert("terms", &[1, 2, 3])?;
    /// session.insert("terms", &[4])?;
    /// assert_eq!(session.get::<Vec<u32>>("terms").await?, Some(vec![4]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Encode`], and [`Error::TooLarge`] when the data would grow past the layer's limit. Of a session that was
    /// not read yet only what is set is counted; the rest shows when it is saved.
    pub fn insert<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), Error> {
        check_name(name)?;
        self.inner.change(Change::Set(name.into(), Json::of(name, value)?))
    }

    /// Removes a value, with the response. Removing what is absent changes nothing.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.insert("draft", "…")?;
    /// session.remove("draft")?;
    /// assert!(!session.contains("draft").await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Name`].
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        check_name(name)?;
        self.inner.change(Change::Remove(name.into()))
    }

    /// Reads a value and removes it, as for a message that is shown once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.insert("notice", "The payment was recorded.")?;
    /// assert_eq!(session.take::<String>("notice").await?.as_deref(), Some("The payment was recorded."));
    /// assert_eq!(session.take::<String>("notice").await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Decode`] when it is of another type; it then stays.
    pub async fn take<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let value = self.get(name).await?;
        if value.is_some() {
            self.remove(name)?;
        }
        Ok(value)
    }

    /// Changes a value in place, beginning with its default where there is none; the value as it is then.
    ///
    /// It loses nothing: when somebody else has changed the value meanwhile, `change` is run again on what that one left. So it must do
    /// nothing else than change the value, and cannot use the session itself.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// let pages = session.update("pages", |pages: &mut u32| *pages += 1).await?;
    /// assert_eq!(pages, 1);
    /// let trail = session.update("trail", |trail: &mut Vec<String>| trail.push("/arrears".into())).await?;
    /// assert_eq!(trail, ["/arrears"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Decode`] when the value is of another type, [`Error::Name`], [`Error::Encode`], [`Error::TooLarge`].
    pub async fn update<T, F>(&self, name: &str, change: F) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned + Default,
        F: Fn(&mut T) + Send + Sync + 'static,
    {
        check_name(name)?;
        let owned: Box<str> = name.into();
        let rule = move |old: Option<&Json>| {
            let mut value = match old {
                Some(json) => json.read(&owned)?,
                None => T::default(),
            };
            change(&mut value);
            let json = Json::of(&owned, &value)?;
            // A default that stays one is no reason to have a value.
            let same = old.is_none() && json == Json::of(&owned, &T::default())?;
            Ok((!same).then_some(json))
        };
        self.inner.update(name, Arc::new(rule)).await?;
        Ok(self.get(name).await?.unwrap_or_default())
    }

    /// Removes all values, with the response. The user stays.
    ///
    /// It conflicts with whatever another request changes at the same time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.set_user("clerk-7")?;
    /// session.insert("draft", "…")?;
    /// session.clear()?;
    /// assert!(session.names().await?.is_empty());
    /// assert!(session.user().await?.is_some(), "who is logged in stays so");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of every method.
    pub fn clear(&self) -> Result<(), Error> {
        self.inner.change(Change::Clear)
    }

    /// The user that the session is bound to.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn user(&self) -> Result<Option<UserId>, Error> {
        self.inner.look(|draft| draft.user.clone()).await
    }

    /// Binds the session to a user, by the application's own id, with the response. [`rotate`](Self::rotate) first, or who has planted
    /// the key in the browser is logged in as well.
    ///
    /// It conflicts with whatever another request changes at the same time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.rotate().await?;
    /// session.set_user(17)?;
    /// assert_eq!(session.user().await?.unwrap().as_str(), "17");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::UserId`].
    pub fn set_user(&self, id: impl fmt::Display) -> Result<(), Error> {
        self.inner.change(Change::User(Some(UserId::new(id)?)))
    }

    /// Binds the session to no user, with the response. To log out, [`flush`](Self::flush).
    ///
    /// # Errors
    /// Those of every method.
    pub fn clear_user(&self) -> Result<(), Error> {
        self.inner.change(Change::User(None))
    }

    /// Gives the session an idle timeout of its own, from a second to 400 days, with the response. It is kept with the session.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// use bursar_session::days;
    ///
    /// session.set_user("clerk-7")?;
    /// session.set_idle_timeout(days(30))?; // "remember me", with a cookie that is persistent
    /// session.save().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of every method.
    pub fn set_idle_timeout(&self, idle_timeout: Duration) -> Result<(), Error> {
        self.inner.change(Change::IdleTimeout(Some(bounded(idle_timeout))))
    }

    /// Gives the session an end of its own, in whatever time zone, with the response: at most 400 days from now. It is kept with the session.
    /// An end that has passed ends it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// let holidays = chrono::DateTime::parse_from_rfc3339("2126-04-09T16:00:00+02:00").unwrap();
    /// session.set_end(&holidays)?; // or in 400 days, where that is sooner
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of every method.
    pub fn set_end<Tz: TimeZone>(&self, at: &DateTime<Tz>) -> Result<(), Error> {
        let latest = after(self.inner.settings.now(), LIFETIME_MAX);
        self.inner.change(Change::EndsAt(kept(at.with_timezone(&Utc)).min(latest)))
    }

    /// Says that this request is no activity of the user's, as of a page that polls: it does not prolong the session.
    pub fn no_activity(&self) {
        self.inner.lock().active = false;
    }

    /// Gives the session a new key, at once: the old one opens nothing from then on, and the new one goes out with the response, even if
    /// that is an error. What the session holds stays. To be called at every login and change of rights.
    ///
    /// A session that is not there yet gets a key of its own in any case; so does one that was gone when the request began.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.insert("cart", "uniform")?;
    /// session.save().await?;
    /// session.rotate().await?;
    /// assert_eq!(session.get::<String>("cart").await?.as_deref(), Some("uniform"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Interrupted`] when the session ended while the request was under way; [`Error::Store`]; [`Error::NoRandomness`].
    pub async fn rotate(&self) -> Result<(), Error> {
        self.inner.rotate().await
    }

    /// Ends the session, at once, and forgets what this request has changed in it: the logout. The cookie is removed with the response,
    /// even if that is an error. What is set afterwards goes into a new session.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.set_user("clerk-7")?;
    /// session.save().await?;
    /// session.flush().await?;
    /// assert_eq!(layer.sessions().of_user("clerk-7", None, 10).await?, []);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Interrupted`] when the session has got a new key meanwhile, under which it goes on; [`Error::Store`] when the store
    /// cannot be reached: the session may live on, and the layer tries once more with the response.
    pub async fn flush(&self) -> Result<(), Error> {
        self.inner.flush().await
    }

    /// Ends all of the user's other sessions, at once, as after a change of password; how many there were. Nothing is ended where the
    /// session, as it is kept, has no user.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// for _ in 0..2 {
    ///     let elsewhere = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    ///     elsewhere.set_user("clerk-7")?;
    ///     elsewhere.save().await?;
    /// }
    /// session.set_user("clerk-7")?;
    /// session.save().await?;
    /// assert_eq!(session.end_others().await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn end_others(&self) -> Result<u64, Error> {
        self.inner.end_others().await
    }

    /// Whether it is this one of a [listing](crate::Sessions::of_user), so that a page which lists a user's sessions can say which is at hand.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// session.set_user("clerk-7")?;
    /// session.save().await?;
    /// for listed in layer.sessions().of_user("clerk-7", None, 10).await? {
    ///     assert!(session.is(&listed).await?, "there is no other");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of every method.
    pub async fn is(&self, listed: &UserSession) -> Result<bool, Error> {
        self.inner.is(&listed.key).await
    }

    /// Saves what was changed so far, at once: before something is done that cannot be undone.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar_session::Error> {
    /// # let layer = bursar_session::SessionLayer::new(bursar_store_memory::MemoryStore::new());
    /// # let session = layer.begin(&http::Method::GET, &http::Uri::from_static("/"), &http::HeaderMap::new());
    /// use bursar_session::Error;
    ///
    /// session.insert("charged", &true)?;
    /// match session.save().await {
    ///     Ok(()) => {} // now charge the card
    ///     Err(Error::Interrupted(_)) => {} // somebody has logged out: leave it
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Interrupted`] when the session is gone, [`Error::Conflict`], [`Error::Contended`], [`Error::TooLarge`],
    /// [`Error::Store`]. In each case nothing of it was saved, unless the store's outcome is unknown.
    pub async fn save(&self) -> Result<(), Error> {
        self.inner.save().await
    }
}
