//! The user that a session is bound to, by the application's own id (R13).

use std::fmt;

use crate::Error;

/// The application's own id of a user: 1 to 128 characters without control characters. `Debug` shows nothing of it.
///
/// ```
/// use bursar_session::UserId;
///
/// assert_eq!(UserId::new(17)?.as_str(), "17");
/// assert!(UserId::new("").is_err());
/// # Ok::<(), bursar_session::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Box<str>);

impl UserId {
    /// The most characters of an id.
    pub const LENGTH_MAX: usize = 128;

    /// An id from whatever it is in the application: a number, a UUID, a string.
    ///
    /// # Errors
    /// [`Error::UserId`] when it is empty, too long, or holds control characters.
    pub fn new(id: impl fmt::Display) -> Result<Self, Error> {
        let text = id.to_string();
        let length = text.chars().count();
        if length == 0 || length > Self::LENGTH_MAX || text.chars().any(char::is_control) {
            return Err(Error::UserId { length, length_max: Self::LENGTH_MAX });
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::UserId;

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", UserId::new("clerk-7").unwrap()), "UserId(..)");
    }

    #[test]
    fn ids_are_bounded() {
        assert!(UserId::new("x".repeat(128)).is_ok());
        for wrong in [String::new(), "x".repeat(129), "a\nb".into(), "\0".into()] {
            assert!(UserId::new(&wrong).is_err(), "{wrong:?}");
        }
    }
}
