//! The closed vocabularies of the school file: standings, payment methods, kinds of concession.

/// Declares an enum whose every variant has one word in the school file.
macro_rules! worded {
    ($(#[$meta:meta])* $name:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($variant),+
        }

        impl $name {
            /// Every variant, in the order in which the documents list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the school file.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// The variant of that word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.word() == word)
            }
        }
    };
}

worded! {
    /// Where an account stands with the school.
    Standing {
        Active => "active",
        OnLeave => "on_leave",
        Graduated => "graduated",
        Withdrawn => "withdrawn",
        Expelled => "expelled",
        Alumni => "alumni",
    }
}

worded! {
    /// How money was handed over.
    Method {
        Cash => "cash",
        Bank => "bank",
        Mobile => "mobile",
        Cheque => "cheque",
        Card => "card",
        Other => "other",
    }
}

worded! {
    /// Why less is asked.
    ConcessionKind {
        Scholarship => "scholarship",
        Waiver => "waiver",
        Discount => "discount",
        Goodwill => "goodwill",
    }
}
