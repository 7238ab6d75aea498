//! The name of an import, from which the keys of its entries are made.

use std::fmt;
use std::sync::Arc;

use crate::Refusal;
use crate::name::check;

/// The name of an import: what it records has keys of the form `NAME:…`, so that the same file read twice under one name records once.
///
/// 1 to 64 characters without control characters or white space at either end, and without a colon, so that keys of two imports are never
/// the same; `bursar` is the library's own.
///
/// ```
/// # use bursar::import::ImportName;
/// assert!(ImportName::new("arrears-2025").is_ok());
/// assert!(ImportName::new("arrears:2025").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ImportName(Arc<str>);

impl ImportName {
    /// The longest name, in characters.
    pub const LENGTH_MAX: usize = 64;

    /// Takes a text as a name.
    ///
    /// # Errors
    /// [`Refusal::BadName`].
    pub fn new(text: impl AsRef<str>) -> Result<Self, Refusal> {
        const WHAT: &str = "name of an import";
        let text = text.as_ref();
        check(WHAT, text, Self::LENGTH_MAX)?;
        let bad =
            |why| Refusal::BadName { what: WHAT, given: text.to_owned(), why, length_max: Self::LENGTH_MAX };
        if text.contains(':') {
            return Err(bad("it holds a colon, which ends the name in the keys of the import"));
        }
        if text == "bursar" {
            return Err(bad("it is kept for the library's own keys"));
        }
        Ok(Self(Arc::from(text)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ImportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl TryFrom<&str> for ImportName {
    type Error = Refusal;
    fn try_from(text: &str) -> Result<Self, Refusal> {
        Self::new(text)
    }
}

impl TryFrom<String> for ImportName {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_make_ambiguous_or_reserved_keys_is_refused() {
        for bad in ["", " a", "a:b", ":", "bursar", "a\n", &"x".repeat(65)] {
            assert!(matches!(ImportName::new(bad), Err(Refusal::BadName { .. })), "{bad:?}");
        }
        assert!(ImportName::new("x".repeat(64)).is_ok());
    }

    #[test]
    fn a_name_is_shown_as_its_text() {
        let name = ImportName::new("arrears-2025").unwrap();
        assert_eq!((name.as_str(), format!("{name:>13}")), ("arrears-2025", " arrears-2025".to_owned()));
        assert_eq!(format!("{name:?}"), "\"arrears-2025\"");
    }
}
