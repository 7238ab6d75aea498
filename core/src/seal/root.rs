//! The root of a seal: what is kept elsewhere, as one line of text.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Digest;
use crate::hex::{hex, unhex};
use crate::name::shorten;
use crate::{BookId, Refusal};

/// What a seal comes to: keep it where the administrator of the database cannot change it (print it, mail it, hand it to the auditor),
/// and [`audit_against`](crate::audit::audit_against) proves the book by it later.
///
/// As text it is one line, with a check at its end by which a mistyped character is found:
/// `bursar-seal:1:SEAL:ACCOUNTS:ENTRIES:ROOT:CHECK:BOOK`, the root in 64 and the check in 8 hexadecimal digits.
///
/// ```
/// use bursar::{BookId, seal::SealedRoot};
///
/// let root = SealedRoot { book: BookId::new("hillside")?, seal: 3, accounts: 812, entries: 20_417, root: [7; 32] };
/// let line = root.to_string();
/// assert_eq!(line.parse(), Ok(root));
/// assert!(line.replace("20417", "20471").parse::<SealedRoot>().is_err());
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SealedRoot {
    /// The book.
    pub book: BookId,
    /// The number of the seal in the book: 1, 2, 3 …
    pub seal: u64,
    /// How many accounts have sealed entries, of this seal or an earlier one.
    pub accounts: u64,
    /// How many entries are sealed, by this seal or an earlier one.
    pub entries: u64,
    /// The root: it stands for every entry sealed so far.
    pub root: Digest,
}

/// A seal as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Its root.
    pub root: SealedRoot,
    /// The instant at which the book was sealed, UTC, to the microsecond. It is a note and not part of what is proved.
    pub sealed_at: DateTime<Utc>,
}

const PREFIX: &str = "bursar-seal:1:";
/// Enough that a typo passes once in four thousand million.
const CHECK_BYTES: usize = 4;

impl SealedRoot {
    fn check(&self) -> String {
        let Self { book, seal, accounts, entries, root } = self;
        let said = format!("{PREFIX}{seal}:{accounts}:{entries}:{}:{book}", hex(root));
        hex(Sha256::digest(said).get(..CHECK_BYTES).unwrap_or_default())
    }
}

impl fmt::Display for SealedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { book, seal, accounts, entries, root } = self;
        let line = format!("{PREFIX}{seal}:{accounts}:{entries}:{}:{}:{book}", hex(root), self.check());
        f.pad(&line)
    }
}

impl FromStr for SealedRoot {
    type Err = Refusal;

    /// # Errors
    /// [`Refusal::BadSeal`] when the text is not of the form, or its check does not fit.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let bad = |why| Refusal::BadSeal { given: shorten(text), why };
        let shape = || bad("it is not of the form bursar-seal:1:SEAL:ACCOUNTS:ENTRIES:ROOT:CHECK:BOOK");
        let rest = text.trim().strip_prefix(PREFIX).ok_or_else(shape)?;
        // The book comes last, since it may hold a colon itself.
        let mut parts = rest.splitn(6, ':');
        let mut part = || parts.next().ok_or_else(shape);
        let mut count = || part()?.parse::<u64>().map_err(|_| shape());
        let (seal, accounts, entries) = (count()?, count()?, count()?);
        let root = unhex(part()?).ok_or_else(shape)?;
        let check = part()?;
        let book = BookId::new(part()?).map_err(|_| shape())?;
        let root = Self { book, seal, accounts, entries, root };
        if seal == 0 || !check.eq_ignore_ascii_case(&root.check()) {
            return Err(bad("its check does not fit"));
        }
        Ok(root)
    }
}

impl TryFrom<String> for SealedRoot {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<SealedRoot> for String {
    fn from(root: SealedRoot) -> Self {
        root.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_line_is_read_back_and_a_typo_is_found(
            book in "[a-zA-Z0-9:é-]{1,12}", seal in 1_u64.., accounts: u64, entries: u64, root: [u8; 32],
            at: prop::sample::Index, other in "[0-9a-z: -]",
        ) {
            let root = SealedRoot { book: BookId::new(&book).unwrap(), seal, accounts, entries, root };
            let line = root.to_string();
            for text in [line.clone(), format!(" {line}\n")] {
                prop_assert_eq!(&text.parse::<SealedRoot>().unwrap(), &root);
            }
            let mut typed: Vec<char> = line.chars().collect();
            let at = at.index(typed.len());
            typed[at] = other.chars().next().unwrap();
            let typed: String = typed.into_iter().collect();
            if typed.trim() != line {
                prop_assert!(typed.parse::<SealedRoot>().is_err(), "{} for {}", typed, line);
            }
        }
    }

    #[test]
    fn what_is_no_root_is_refused_by_its_code() {
        for text in
            ["", "bursar-seal:1:", "bursar-seal:2:1:1:1:00:00:b", "bursar-seal:1:0:0:0:ff:0:b", "hillside"]
        {
            let refusal = text.parse::<SealedRoot>().unwrap_err();
            assert_eq!(refusal.code(), "bad-seal", "{refusal}");
        }
        // A right check does not make a seal of number zero.
        let none =
            SealedRoot { book: BookId::new("b").unwrap(), seal: 0, accounts: 0, entries: 0, root: [0; 32] };
        assert!(none.to_string().parse::<SealedRoot>().is_err());
    }

    #[test]
    fn it_is_serialised_as_its_line() {
        let root =
            SealedRoot { book: BookId::new("b").unwrap(), seal: 1, accounts: 2, entries: 3, root: [1; 32] };
        let json = serde_json::to_string(&root).unwrap();
        assert_eq!(json, format!("\"{root}\""));
        assert_eq!(serde_json::from_str::<SealedRoot>(&json).unwrap(), root);
    }
}
