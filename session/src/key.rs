//! The key of a session: the secret in the cookie, and the hash of it that stores see (R8).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::Error;

/// How many characters a key has in a cookie.
const TEXT_LENGTH: usize = 43;

/// The key of a session: 256 random bits, which whoever presents them is let in by.
///
/// It lives in the browser's cookie and nowhere else. Stores get its [`hash`](SessionKey::hash), so that a leaked table or backup opens
/// no session. `Debug` shows nothing of it.
///
/// ```
/// use bursar_session::SessionKey;
///
/// let key = SessionKey::generate()?;
/// let cookie = key.cookie_value();
/// assert_eq!(cookie.len(), 43);
/// assert_eq!(SessionKey::parse(&cookie), Some(key.clone()));
/// assert_eq!(format!("{key:?}"), "SessionKey(..)");
/// # Ok::<(), bursar_session::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// A new key, from the operating system's randomness.
    ///
    /// # Errors
    /// [`Error::NoRandomness`] when the system has none to give.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| Error::NoRandomness { detail: error.to_string() })?;
        Ok(Self(bytes))
    }

    /// The key of a cookie's value; `None` for what no key looks like.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != TEXT_LENGTH {
            return None;
        }
        let mut bytes = [0; 32];
        let written = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (written == bytes.len()).then_some(Self(bytes))
    }

    /// The value of the cookie that bears it: 43 characters of base64url.
    #[must_use]
    pub fn cookie_value(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The SHA-256 of the key, by which stores know the session.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

/// The SHA-256 of a [`SessionKey`]: what a store knows a session by. It opens nothing.
///
/// It is the order of its bytes by which sessions are listed. `Debug` shows nothing of it.
///
/// ```
/// use bursar_session::{KeyHash, SessionKey};
///
/// let hash = SessionKey::generate()?.hash();
/// assert_eq!(KeyHash::from_bytes(*hash.as_bytes()), hash);
/// assert_eq!(format!("{hash:?}"), "KeyHash(..)");
/// # Ok::<(), bursar_session::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of these bytes, as a store has kept them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for a store to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::SessionKey;

    #[test]
    fn only_what_was_written_is_read() {
        let key = SessionKey::generate().unwrap();
        let text = key.cookie_value();
        assert_eq!(SessionKey::parse(&text), Some(key));
        for wrong in
            ["", "x", &text[1..], &format!("{text}="), &"é".repeat(22), &"A".repeat(44), &"/".repeat(43)]
        {
            assert_eq!(SessionKey::parse(wrong), None, "{wrong:?}");
        }
        // 43 characters hold two bits more than a key has: those must be zero, or two texts would be one key.
        assert_eq!(SessionKey::parse(&format!("{}B", "A".repeat(42))), None);
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let key = SessionKey::generate().unwrap();
        assert_eq!(format!("{key:?}, {:?}", key.hash()), "SessionKey(..), KeyHash(..)");
    }

    #[test]
    fn the_hash_is_of_the_bytes() {
        let key = SessionKey::parse(&"A".repeat(43)).unwrap();
        assert_eq!(key.hash().as_bytes()[..4], [0x66, 0x68, 0x7a, 0xad]);
    }
}
