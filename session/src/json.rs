//! A value as JSON, kept as the text that it was read from or written as.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// A part of a text that others share: a text that was read is kept once, and nothing of it is copied.
#[derive(Clone)]
pub(crate) struct Part {
    whole: Arc<str>,
    from: usize,
    to: usize,
}

impl Part {
    /// A text of its own.
    pub(crate) fn own(text: &str) -> Self {
        Self { whole: text.into(), from: 0, to: text.len() }
    }

    /// A part of `whole`.
    pub(crate) fn of(whole: &Arc<str>, part: &str) -> Self {
        let from = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let to = from.wrapping_add(part.len());
        match whole.get(from..to) {
            Some(found) if found.as_ptr() == part.as_ptr() => Self { whole: Arc::clone(whole), from, to },
            // A name with an escaped character stands nowhere as it reads.
            _ => Self::own(part),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.whole.get(self.from..self.to).unwrap_or_default()
    }
}

/// A value as JSON.
#[derive(Clone)]
pub(crate) struct Json(Part);

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(..)")
    }
}

impl Json {
    /// A value as it stands in a text.
    pub(crate) const fn part(part: Part) -> Self {
        Self(part)
    }

    pub(crate) fn of<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<Self, Error> {
        match serde_json::to_string(value) {
            Ok(json) => Ok(Self(Part::own(&json))),
            Err(_) => Err(Error::Encode { name: name.to_owned(), given: type_name::<T>() }),
        }
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        serde_json::from_str(self.text())
            .map_err(|_| Error::Decode { name: name.to_owned(), asked: type_name::<T>() })
    }

    /// As it is written.
    pub(crate) fn text(&self) -> &str {
        self.0.as_str()
    }
}

/// Whether there is no other way to write what this says: a whole number, a text without escapes, true, false, null.
fn is_plain(json: &str) -> bool {
    match json.as_bytes() {
        [b'"', ..] => !json.contains('\\'),
        [b't' | b'f' | b'n', ..] => true,
        [b'-', digits @ ..] | digits => {
            digits.len() < 16 && digits != b"0" && digits.iter().all(u8::is_ascii_digit)
        }
    }
}

impl PartialEq for Json {
    /// Whether they mean the same: a map that was written in another order, or a number in another form, is no other value.
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.text(), other.text());
        if ours == theirs {
            return true;
        }
        if is_plain(ours) && is_plain(theirs) {
            return false;
        }
        let parsed = |text| serde_json::from_str::<serde_json::Value>(text);
        matches!((parsed(ours), parsed(theirs)), (Ok(ours), Ok(theirs)) if ours == theirs)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Json, Part};

    #[test]
    fn what_means_the_same_is_equal() {
        let json = |text: &str| Json(Part::own(text));
        assert_eq!(json(r#"{"a":1,"b":[2]}"#), json(r#"{ "b": [2], "a": 1 }"#));
        for (one, other) in [("1.0", "1.00"), ("1e2", "100.0"), ("\"a\"", r#""\u0061""#), ("[1, 2]", "[1,2]")]
        {
            assert_eq!(json(one), json(other));
        }
        for (one, other) in [
            ("[1,2]", "[2,1]"),
            ("1", "\"1\""),
            ("1", "-1"),
            ("true", "false"),
            ("null", "0"),
            ("\"a\"", "\"b\""),
        ] {
            assert_ne!(json(one), json(other));
        }
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", Json::of("pin", "4711").unwrap()), "Json(..)");
    }

    #[test]
    fn a_part_is_kept_where_it_stands() {
        let whole: Arc<str> = "{\"name\":1}".into();
        let part = Part::of(&whole, &whole[2..6]);
        assert_eq!((part.as_str(), Arc::strong_count(&whole)), ("name", 2));
        let other = Part::of(&whole, "elsewhere");
        assert_eq!((other.as_str(), Arc::strong_count(&whole)), ("elsewhere", 2));
    }
}
