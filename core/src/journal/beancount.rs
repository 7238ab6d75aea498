//! Names and strings as beancount reads them.

use sha2::{Digest, Sha256};

use super::plain::one_line;
use crate::hex::hex;

/// How many bytes of its digest stand in the name of an id that is not taken as it is, two digits each.
const DIGEST_BYTES: usize = 8;

/// A last part of an account's name, and whether it may be another's own.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Leaf {
    /// The id itself.
    Own,
    /// The id with a capital, which may be another id.
    Raised(String),
    /// Neither would do.
    Digested,
}

/// Letters of scripts whose capitals and small letters have long been settled; beancount takes others too, by tables that grow from release
/// to release.
fn is_letter(character: char) -> bool {
    let settled = matches!(character, '\0'..='\u{24f}' | '\u{370}'..='\u{587}' | '\u{1e00}'..='\u{1fff}');
    settled && (character.is_lowercase() || character.is_uppercase())
}

fn is_first(character: char) -> bool {
    character.is_ascii_digit() || (is_letter(character) && character.is_uppercase())
}

fn is_later(character: char) -> bool {
    character.is_ascii_digit() || character == '-' || is_letter(character)
}

/// The capital of a small letter, where the letter is the small one of its capital and of no other.
fn raised(character: char) -> Option<char> {
    let mut capitals = character.to_uppercase();
    let capital = capitals.next().filter(|capital| capitals.next().is_none() && is_first(*capital))?;
    (is_letter(character) && capital.to_lowercase().eq([character])).then_some(capital)
}

/// Whether it ends as a name with a digest does, and so could be taken for another's.
fn looks_digested(id: &str) -> bool {
    let digest = |hex: &str| {
        hex.len() == DIGEST_BYTES.saturating_mul(2)
            && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    id.rsplit_once('-').is_some_and(|(_, hex)| digest(hex))
}

impl Leaf {
    fn of(id: &str) -> Self {
        let mut rest = id.chars();
        let Some(first) = rest.next().filter(|_| !looks_digested(id)) else { return Self::Digested };
        if !rest.clone().all(is_later) {
            return Self::Digested;
        }
        match raised(first) {
            _ if is_first(first) => Self::Own,
            Some(capital) => Self::Raised(std::iter::once(capital).chain(rest).collect()),
            None => Self::Digested,
        }
    }
}

/// The id that would be taken for this one's name, if there is one.
pub(super) fn rival(id: &str) -> Option<String> {
    if let Leaf::Raised(name) = Leaf::of(id) { Some(name) } else { None }
}

/// The last part of the name of an account or a fee code, unlike every other's.
pub(super) fn name(id: &str, exists: impl Fn(&str) -> bool) -> String {
    match Leaf::of(id) {
        Leaf::Own => id.to_owned(),
        Leaf::Raised(name) if !exists(&name) => name,
        Leaf::Raised(_) | Leaf::Digested => digested(id),
    }
}

/// What of it is taken, with dashes for the rest, and the beginning of its digest.
fn digested(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for character in id.chars() {
        match character {
            small if name.is_empty() && raised(small).is_some() => name.extend(raised(small)),
            first if name.is_empty() && !is_first(first) => name.push('X'),
            later if is_later(later) => name.push(later),
            _ => name.push('-'),
        }
    }
    name.push('-');
    name.push_str(&hex(Sha256::digest(id.as_bytes()).iter().take(DIGEST_BYTES)));
    name
}

/// A string: quotes and backslashes are escaped.
pub(super) fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A string of one line.
pub(super) fn line(text: &str) -> String {
    string(&one_line(text))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;

    fn nobody(_: &str) -> bool {
        false
    }

    #[test]
    fn valid_ids_stay_and_small_letters_are_raised() {
        for id in ["1", "2026-17", "S-17", "T--", "École", "Ж1", "1ж"] {
            assert_eq!(name(id, nobody), id);
        }
        assert_eq!(name("s-17", nobody), "S-17");
        assert_eq!(name("élan", nobody), "Élan");
        assert_eq!(rival("s-17").as_deref(), Some("S-17"));
        assert_eq!(rival("S-17"), None);
    }

    #[test]
    fn every_other_id_has_its_digest() {
        let start = |id: &str, taken: &str| {
            let name = name(id, |other| other == taken);
            assert!(looks_digested(&name), "{name}");
            name[..name.len() - 17].to_owned()
        };
        assert_eq!(start("s-17", "S-17"), "S-17");
        assert_eq!(start("exchange/25-1", ""), "Exchange-25-1");
        assert_eq!(start("a:b c", ""), "A-b-c");
        assert_eq!(start("-x", ""), "Xx");
        assert_eq!(start("年1", ""), "X1");
        // A sharp s has no one capital, a long s that of another letter, and a Roman numeral is no letter.
        assert_eq!(
            (start("ß1", ""), start("ſ1", ""), start("Ⅷ", "")),
            ("X1".into(), "X1".into(), "X".into())
        );
        assert_eq!(start("S-0123456789abcdef", ""), "S-0123456789abcdef");
        assert_eq!(name("S-0123456789abcdeF", nobody), "S-0123456789abcdeF");
    }

    #[test]
    fn strings_end_where_they_should() {
        assert_eq!(string(r#"a"b\"#), r#""a\"b\\""#);
        assert_eq!(line("a\n\n b\t"), "\"a b\"");
    }

    proptest! {
        #[test]
        fn names_are_valid_and_no_two_alike(ids in prop::collection::hash_set("[aAbé0:/-]{1,3}|\\PC{1,8}|[sS]-[0-9a-f]{16}", 1..60)) {
            let with_names: HashSet<String> = ids.iter().flat_map(|id| [id.clone(), name(id, nobody)]).collect();
            let mut names = HashMap::new();
            for id in &with_names {
                let name = name(id, |other| with_names.contains(other));
                let mut characters = name.chars();
                prop_assert!(is_first(characters.next().unwrap()) && characters.all(is_later), "{}", name);
                prop_assert_eq!(names.insert(name, id), None);
            }
        }
    }
}
