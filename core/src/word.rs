//! Words: a fixed set of things, each with the one word by which it stands in files, columns and messages.

/// A word that is none of a fixed set.
///
/// ```
/// use bursar::Method;
///
/// let unknown = "barter".parse::<Method>().unwrap_err();
/// assert_eq!(unknown.to_string(), "allowed are: cash, bank, mobile, cheque, card, other");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed are: {allowed}")]
pub struct UnknownWord {
    /// The words allowed.
    pub allowed: &'static str,
}

/// An enum of such things: shown, serialised and read by their words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident {
        $(#[$first_doc:meta])* $first:ident = $first_word:literal,
        $($(#[$each:meta])* $variant:ident = $word:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $(#[$first_doc])* #[serde(rename = $first_word)] $first,
            $($(#[$each])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$variant),*];

            /// The word for it in files and columns.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            /// # Errors
            /// [`UnknownWord`]($crate::UnknownWord), which says the words allowed.
            fn from_str(word: &str) -> Result<Self, $crate::UnknownWord> {
                let allowed = concat!($first_word $(, ", ", $word)*);
                let found = Self::ALL.iter().copied().find(|one| one.as_str() == word);
                found.ok_or($crate::UnknownWord { allowed })
            }
        }
    };
}

pub(crate) use words;
