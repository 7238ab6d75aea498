//! What the keys in Redis are called: a session by the hash of its key, a user's index by his id.

use bursar_session::{KeyHash, UserId};

use crate::text;

/// The letters that a member of a user's index begins with, and an end of all.
pub(crate) const MEMBER: u8 = b'm';
pub(crate) const ENDING: u8 = b'e';

/// What every name begins with.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    prefix: String,
}

impl Names {
    pub(crate) const fn new(prefix: String) -> Self {
        Self { prefix }
    }

    pub(crate) fn session(&self, key: &KeyHash) -> Vec<u8> {
        format!("{}s:{}", self.prefix, text::hex(key.as_bytes())).into_bytes()
    }

    /// The session of such a name.
    pub(crate) fn hash(&self, name: &[u8]) -> Option<KeyHash> {
        text::hash(name.strip_prefix(self.prefix.as_bytes())?.strip_prefix(b"s:")?)
    }

    pub(crate) fn user(&self, user: &UserId) -> Vec<u8> {
        self.user_bytes(user.as_str().as_bytes())
    }

    pub(crate) fn user_bytes(&self, user: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), b"u:", user].concat()
    }

    /// A pattern that every session's name matches.
    pub(crate) fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.prefix.len().saturating_add(8));
        for letter in self.prefix.chars() {
            if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern + "s:*"
    }
}

/// What a session is in its user's index.
pub(crate) fn member(key: &KeyHash) -> Vec<u8> {
    [&[MEMBER], key.as_bytes().as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use bursar_session::KeyHash;

    use super::Names;

    #[test]
    fn names_are_read_back() {
        let names = Names::new("school[1]*:".into());
        let key = KeyHash::from_bytes([7; 32]);
        assert_eq!(names.hash(&names.session(&key)), Some(key));
        assert_eq!(names.hash(&Names::new("other:".into()).session(&key)), None);
        assert_eq!(names.pattern(), r"school\[1\]\*:s:*");
    }
}
