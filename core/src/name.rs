//! Names: the identifiers that the embedding application chooses (books, accounts, fee groups, fee
//! codes, idempotency keys), each a type of its own so that none is taken for another.

use std::sync::Arc;

use crate::Refusal;

/// Conversion into a name, so that calls take `"s-17"` as well as an [`AccountId`].
///
/// It is implemented for whatever converts with [`TryInto`]: strings, the name itself and, for
/// [`AccountId`], integers and UUIDs.
///
/// ```
/// use bursar::{AccountId, IntoName};
///
/// fn account(id: impl IntoName<AccountId>) -> Result<AccountId, bursar::Refusal> {
///     id.into_name()
/// }
///
/// // A text, a row number, or the name itself.
/// assert_eq!(account("17")?, account(17_i64)?);
/// assert_eq!(account(&account("s-17")?)?.as_str(), "s-17");
/// # Ok::<(), bursar::Refusal>(())
/// ```
pub trait IntoName<T> {
    /// Converts, or says why the text cannot be such a name.
    ///
    /// # Errors
    /// [`Refusal::BadName`] when the text is empty, too long, padded or holds a control character.
    fn into_name(self) -> Result<T, Refusal>;
}

impl<T, U> IntoName<T> for U
where
    U: TryInto<T>,
    U::Error: Into<Refusal>,
{
    fn into_name(self) -> Result<T, Refusal> {
        self.try_into().map_err(Into::into)
    }
}

impl From<std::convert::Infallible> for Refusal {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// Longest free text (a reason, a reference, a note), in characters.
pub const TEXT_LENGTH_MAX: usize = 500;

pub(crate) fn check(what: &'static str, text: &str, length_max: usize) -> Result<(), Refusal> {
    let bad = |why: &'static str| Refusal::BadName { what, given: shorten(text), why, length_max };
    if text.is_empty() {
        return Err(bad("it is empty"));
    }
    if text.len() > length_max && text.chars().count() > length_max {
        return Err(bad("it is too long"));
    }
    if text.chars().any(char::is_control) {
        return Err(bad("it holds a control character"));
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Err(bad("it begins or ends with white space"));
    }
    Ok(())
}

/// Enough of a refused text to recognise it by.
pub(crate) fn shorten(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let mut shown: String = text.chars().take(SHOWN_MAX).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Checks free text: a reason must say something, a note or reference may be any text without control characters.
pub(crate) fn check_text(what: &'static str, text: &str, required: bool) -> Result<(), Refusal> {
    let bad = |why| Refusal::BadText { what, why, length_max: TEXT_LENGTH_MAX };
    if required && text.trim().is_empty() {
        return Err(bad("it is blank"));
    }
    if text.len() > TEXT_LENGTH_MAX && text.chars().count() > TEXT_LENGTH_MAX {
        return Err(bad("it is too long"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(bad("it holds a control character"));
    }
    Ok(())
}

/// Checks the name of who records.
pub(crate) fn check_recorder(who: &str) -> Result<(), Refusal> {
    check_text("name of who recorded it", who, false)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $length_max:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            #[doc = concat!("Longest ", $what, ", in characters.")]
            pub const LENGTH_MAX: usize = $length_max;

            #[doc = concat!("Takes a text as ", $what, ".")]
            ///
            /// # Errors
            /// [`Refusal::BadName`] when the text is empty, longer than [`Self::LENGTH_MAX`] characters,
            /// begins or ends with white space, or holds a control character.
            pub fn new(text: impl AsRef<str>) -> Result<Self, Refusal> {
                let text = text.as_ref();
                check($what, text, Self::LENGTH_MAX)?;
                Ok(Self(Arc::from(text)))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Refusal;
            fn from_str(text: &str) -> Result<Self, Refusal> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Refusal;
            fn try_from(text: &str) -> Result<Self, Refusal> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refusal;
            fn try_from(text: String) -> Result<Self, Refusal> {
                Self::new(text)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = Refusal;
            fn try_from(text: &String) -> Result<Self, Refusal> {
                Self::new(text)
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.as_str().to_owned()
            }
        }
    };
}

macro_rules! in_byte_order {
    ($name:ident) => {
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.cmp(&other.0)
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
    };
}

name! {
    /// One school's accounts, in one currency.
    ///
    /// ```
    /// # use bursar::BookId;
    /// assert!(BookId::new("hillside").is_ok());
    /// assert!(BookId::new(" ").is_err());
    /// ```
    BookId, "book id", 64
}
in_byte_order!(BookId);

name! {
    /// One student's account, by the embedding application's own key.
    ///
    /// Accounts are kept and listed in byte order; [`AccountId::natural_cmp`] puts numbers in number order for readers.
    ///
    /// ```
    /// # use bursar::AccountId;
    /// assert_eq!(AccountId::from(17_u64), AccountId::new("17")?);
    /// # Ok::<(), bursar::Refusal>(())
    /// ```
    AccountId, "account", 64
}
in_byte_order!(AccountId);

name! {
    /// Who pays a fee: a class, a form, boarders (`PRIMARY`, `ECD`).
    FeeGroup, "fee group", 64
}
in_byte_order!(FeeGroup);

name! {
    /// What a fee is for (`tuition`, `meals`): within a term an account is billed for a code once.
    FeeCode, "fee code", 64
}
in_byte_order!(FeeCode);

name! {
    /// A household: accounts for which one family pays. The book stores none; it is the application's own.
    HouseholdId, "household", 64
}
in_byte_order!(HouseholdId);

name! {
    /// The caller's own name for one recording, unique in the book for ever: the same key with the same content
    /// is recorded once.
    ///
    /// Keys that begin with `bursar:` are the library's own; callers are refused them.
    IdempotencyKey, "idempotency key", 200
}
in_byte_order!(IdempotencyKey);

impl IdempotencyKey {
    /// What the library's own keys begin with.
    pub const RESERVED: &'static str = "bursar:";

    /// Whether this is one of the library's own keys.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(Self::RESERVED)
    }

    /// Refuses a key of the library's own: callers record under none.
    pub(crate) fn check_callers_own(&self) -> Result<(), Refusal> {
        if self.is_reserved() { Err(Refusal::ReservedKey { key: self.clone() }) } else { Ok(()) }
    }
}

impl AccountId {
    /// Order for readers: accounts that are numbers first, in number order, then the others in byte order.
    ///
    /// ```
    /// # use bursar::AccountId;
    /// let mut ids: Vec<AccountId> = [10_u32, 9].map(AccountId::from).into();
    /// ids.sort_by(AccountId::natural_cmp);
    /// assert_eq!(ids[0].as_str(), "9");
    /// ```
    #[must_use]
    pub fn natural_cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.natural_key().cmp(&other.natural_key())
    }

    /// (not a number, digits without leading zeros by length and text, the text itself)
    fn natural_key(&self) -> (bool, usize, &str, &str) {
        let text = self.as_str();
        if text.bytes().all(|b| b.is_ascii_digit()) {
            let digits = text.trim_start_matches('0');
            (false, digits.len(), digits, text)
        } else {
            (true, 0, "", text)
        }
    }
}

macro_rules! account_from {
    ($($number:ty),*) => { $(
        impl From<$number> for AccountId {
            fn from(number: $number) -> Self {
                Self(Arc::from(number.to_string()))
            }
        }
    )* };
}

// The application's keys are often row numbers or UUIDs; none of these is longer than 64 characters.
account_from!(i16, i32, i64, u16, u32, u64, uuid::Uuid);

#[cfg(test)]
mod tests {
    use super::*;

    /// The bounds are of characters, not of bytes, and inclusive.
    #[test]
    fn names_and_texts_are_measured_in_characters() {
        for letter in ["x", "é", "語"] {
            assert_eq!(check_text("note", &letter.repeat(TEXT_LENGTH_MAX), false), Ok(()), "{letter}");
            let longer = check_text("note", &letter.repeat(TEXT_LENGTH_MAX + 1), false).unwrap_err();
            assert_eq!(longer.code(), "bad-text", "{letter}");
            assert!(AccountId::new(letter.repeat(AccountId::LENGTH_MAX)).is_ok(), "{letter}");
            let longer = AccountId::new(letter.repeat(AccountId::LENGTH_MAX + 1)).unwrap_err();
            assert_eq!(longer.code(), "bad-name", "{letter}");
        }
    }
}
