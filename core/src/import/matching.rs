//! Which account a payment's reference names: exactly one, or none.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::{Account, AccountId};

/// Why a payment is not matched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyUnmatched {
    /// The line has no reference.
    NoReference,
    /// The reference names no account.
    Unknown,
    /// It names several.
    Several {
        /// The accounts, in byte order.
        accounts: Vec<AccountId>,
    },
    /// It is mapped to an account that is not in the book.
    UnknownAccount {
        /// The account.
        account: AccountId,
    },
}

impl fmt::Display for WhyUnmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReference => f.write_str("it has no reference"),
            Self::Unknown => f.write_str("its reference names no account"),
            Self::Several { accounts } => {
                f.write_str("its reference names several accounts:")?;
                accounts.iter().try_for_each(|account| write!(f, " {account}"))
            }
            Self::UnknownAccount { account } => {
                write!(f, "its reference is mapped to account {account}, which is not in this book")
            }
        }
    }
}

/// How references name accounts.
#[derive(Clone, Debug, Default)]
pub(super) struct References {
    pub(super) map: BTreeMap<String, AccountId>,
    /// Whether a token within a reference may name the account.
    pub(super) within: bool,
}

impl References {
    /// The accounts that a reference may name, whether or not they exist.
    pub(super) fn candidates(&self, reference: &str) -> Vec<AccountId> {
        let parts =
            std::iter::once(reference).chain(self.within.then(|| tokens(reference)).into_iter().flatten());
        parts.flat_map(|part| self.named_by(part)).collect()
    }

    fn named_by(&self, text: &str) -> impl Iterator<Item = AccountId> {
        AccountId::new(text).ok().into_iter().chain(self.map.get(text).cloned())
    }

    /// The one account that a reference names.
    pub(super) fn find(
        &self,
        reference: &str,
        accounts: &HashMap<AccountId, Account>,
    ) -> Result<AccountId, WhyUnmatched> {
        if reference.is_empty() {
            return Err(WhyUnmatched::NoReference);
        }
        let mut named = self.known(reference, accounts);
        if named.is_empty() && self.within {
            named = tokens(reference).flat_map(|token| self.known(token, accounts)).collect();
        }
        let mut named = named.into_iter();
        match (named.next(), named.next()) {
            (None, _) => Err(WhyUnmatched::Unknown),
            (Some(account), None) if accounts.contains_key(&account) => Ok(account),
            (Some(account), None) => Err(WhyUnmatched::UnknownAccount { account }),
            (Some(one), Some(other)) => {
                Err(WhyUnmatched::Several { accounts: [one, other].into_iter().chain(named).collect() })
            }
        }
    }

    /// The accounts that a text is known to name: the account of that id, and the one that it is mapped to.
    fn known(&self, text: &str, accounts: &HashMap<AccountId, Account>) -> BTreeSet<AccountId> {
        let own = AccountId::new(text).ok().filter(|id| accounts.contains_key(id));
        own.into_iter().chain(self.map.get(text).cloned()).collect()
    }
}

/// The tokens of a reference: what stands between white space, without punctuation around it, and what stands between separators.
fn tokens(reference: &str) -> impl Iterator<Item = &str> {
    const SEPARATORS: &[char] =
        &[',', ';', ':', '/', '|', '\\', '(', ')', '[', ']', '{', '}', '<', '>', '"', '\'', '*', '#', '='];
    let is_around = |c: char| SEPARATORS.contains(&c) || matches!(c, '.' | '!' | '?' | '-' | '_');
    let words = reference.split_whitespace();
    let whole = words.clone().flat_map(move |word| [word, word.trim_matches(is_around)]);
    let parts = words.flat_map(|word| word.split(SEPARATORS));
    let parts = parts.flat_map(move |part| [part, part.trim_matches(is_around)]);
    whole.chain(parts).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Currency, FeeGroup, Money, Standing};

    fn accounts(ids: &[&str]) -> HashMap<AccountId, Account> {
        let account = |id: &&str| Account {
            id: AccountId::new(id).unwrap(),
            enrolled_on: crate::date("2026-01-10").unwrap(),
            standing: Standing::Active,
            groups: vec![FeeGroup::new("PRIMARY").unwrap()],
            version: 0,
            revision: 0,
            balance: Money::zero(Currency::USD),
        };
        ids.iter().map(account).map(|account| (account.id.clone(), account)).collect()
    }

    fn found(references: &References, reference: &str) -> Result<String, &'static str> {
        let accounts = accounts(&["s-17", "s-4", "2024/17", "17", "-5"]);
        references.find(reference, &accounts).map(|account| account.to_string()).map_err(|why| match why {
            WhyUnmatched::NoReference => "none",
            WhyUnmatched::Unknown => "unknown",
            WhyUnmatched::Several { .. } => "several",
            WhyUnmatched::UnknownAccount { .. } => "no account",
        })
    }

    #[test]
    fn only_the_whole_reference_counts_unless_asked() {
        let mut references = References::default();
        references.map.insert("INV 9".to_owned(), AccountId::new("s-4").unwrap());
        references.map.insert("17".to_owned(), AccountId::new("s-4").unwrap());
        references.map.insert("gone".to_owned(), AccountId::new("x").unwrap());
        for (reference, expected) in [
            ("s-17", Ok("s-17")),
            ("INV 9", Ok("s-4")),
            ("", Err("none")),
            ("S-17", Err("unknown")),
            ("fees s-17", Err("unknown")),
            ("s-171", Err("unknown")),
            ("17", Err("several")),
            ("gone", Err("no account")),
        ] {
            assert_eq!(found(&references, reference), expected.map(str::to_owned), "{reference:?}");
        }
    }

    #[test]
    fn a_token_within_counts_when_it_is_the_only_one() {
        let mut references = References { within: true, ..References::default() };
        references.map.insert("INV-9".to_owned(), AccountId::new("s-4").unwrap());
        for (reference, expected) in [
            ("FEES s-17 JOHN", Ok("s-17")),
            ("FEES/s-17/JOHN", Ok("s-17")),
            ("school fees (s-17).", Ok("s-17")),
            ("INV-9, s-4", Ok("s-4")),
            ("fees -5", Ok("-5")),
            ("xs-17", Err("unknown")),
            ("s-171 s-17x", Err("unknown")),
            ("s-17 s-4", Err("several")),
            ("INV-9 s-17", Err("several")),
            ("fees 2024/17", Err("several")),
        ] {
            assert_eq!(found(&references, reference), expected.map(str::to_owned), "{reference:?}");
        }
    }

    #[test]
    fn what_is_found_was_asked_for() {
        let references = References { within: true, ..References::default() };
        for reference in ["FEES/s-17/JOHN", "a (s-17).", "s-17"] {
            assert!(references.candidates(reference).iter().any(|id| id.as_str() == "s-17"), "{reference}");
        }
    }

    #[test]
    fn why_a_payment_is_not_matched_is_said_in_words() {
        let id = |id: &str| AccountId::new(id).unwrap();
        let accounts = vec![id("s-17"), id("s-18")];
        for (why, said) in [
            (WhyUnmatched::NoReference, "it has no reference"),
            (WhyUnmatched::Unknown, "its reference names no account"),
            (WhyUnmatched::Several { accounts }, "its reference names several accounts: s-17 s-18"),
            (
                WhyUnmatched::UnknownAccount { account: id("s-19") },
                "its reference is mapped to account s-19, which is not in this book",
            ),
        ] {
            assert_eq!(why.to_string(), said);
        }
    }
}
