//! Rule names: by which a rule's entries are told from another's.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::name::shorten;

/// The name of a rule (a late fee, a concession), unique among the rules of its kind: 1 to 32 letters `a–z` and `A–Z`, digits, `-`, `_`
/// and `.`.
///
/// It is a part of the keys under which the rule's entries are recorded, and so is what makes a rule record once: a rule of the same name
/// is the same rule, whatever its figures. To change what a rule asks from now on keep its name; to begin anew take another.
///
/// ```
/// # use bursar::RuleName;
/// assert!(RuleName::new("late-2026").is_ok());
/// assert!(RuleName::new("late fee").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuleName(Arc<str>);

impl RuleName {
    /// Longest rule name, in characters.
    pub const LENGTH_MAX: usize = 32;

    /// Takes a text as a rule's name.
    ///
    /// # Errors
    /// [`Refusal::BadName`] when it is empty, longer than [`Self::LENGTH_MAX`] characters, or holds any other character.
    pub fn new(text: impl AsRef<str>) -> Result<Self, Refusal> {
        let text = text.as_ref();
        let bad = |why| {
            let (what, given, length_max) = ("rule name", shorten(text), Self::LENGTH_MAX);
            Err(Refusal::BadName { what, given, why, length_max })
        };
        if text.is_empty() {
            return bad("it is empty");
        }
        // A colon would blur where the name ends in a key.
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return bad("it holds something else than letters a-z, digits, '-', '_' and '.'");
        }
        if text.len() > Self::LENGTH_MAX {
            return bad("it is too long");
        }
        Ok(Self(Arc::from(text)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl TryFrom<&str> for RuleName {
    type Error = Refusal;
    fn try_from(text: &str) -> Result<Self, Refusal> {
        Self::new(text)
    }
}

impl TryFrom<String> for RuleName {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::new(text)
    }
}

impl From<RuleName> for String {
    fn from(name: RuleName) -> String {
        name.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_name_fits_into_a_key() {
        assert_eq!(RuleName::new("Late_fee.2026-1").unwrap().as_str(), "Late_fee.2026-1");
        for bad in ["", " ", "a b", "a:b", "spät", "x\n", &"x".repeat(33)] {
            assert_eq!(RuleName::new(bad).unwrap_err().code(), "bad-name", "{bad:?}");
        }
        assert!(RuleName::new("x".repeat(32)).is_ok());
    }

    #[test]
    fn a_rule_name_is_shown_and_kept_as_its_text() {
        let name = RuleName::new("late-2026").unwrap();
        assert_eq!(
            (format!("{name:>10}"), format!("{name:?}")),
            (" late-2026".into(), "\"late-2026\"".into())
        );
        let kept = serde_json::to_string(&name).unwrap();
        assert_eq!((kept.as_str(), serde_json::from_str(&kept).unwrap()), ("\"late-2026\"", name));
        assert!(serde_json::from_str::<RuleName>("\"late fee\"").is_err());
    }
}
