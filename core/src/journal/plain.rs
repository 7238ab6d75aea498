//! Names, codes and descriptions as hledger and ledger read them.

use std::fmt::Write as _;

/// What a text may not have, where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A name, in which a colon is a level.
    Levels,
    /// A name without levels.
    Flat,
    /// What stands in parentheses before the description.
    Code,
}

/// A part of an account's name, which may be levels of its own.
pub(super) fn name(id: &str) -> String {
    written(id, Place::Levels)
}

/// A part of an account's name that is one level whatever colons it has.
pub(super) fn flat_name(id: &str) -> String {
    written(id, Place::Flat)
}

/// A transaction's code.
pub(super) fn code(text: &str) -> String {
    written(text, Place::Code)
}

/// The names above an account's whose id has colons, whose balances would include its own in ledger.
pub(super) fn above(id: &str) -> impl Iterator<Item = &str> {
    id.match_indices(':').filter_map(|(at, _)| id.get(..at))
}

/// The text with as few characters as can be written as `%XX`: what was `%XX` before is too, so that no two texts are written alike.
fn written(text: &str, place: Place) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    // As it is written: what is encoded is no space and no colon any more.
    let mut before = ':';
    while let Some(character) = rest.next() {
        let after = rest.as_str();
        let bad = match character {
            '%' => after.chars().take(2).filter(char::is_ascii_hexdigit).count() == 2,
            // Two spaces end a name.
            ' ' => before == ' ',
            ':' => match place {
                Place::Levels => before == ':' || after.is_empty(),
                Place::Flat => true,
                Place::Code => false,
            },
            // Where some reader might see the beginning of a comment.
            ';' => place == Place::Code || before == ' ' || before == ':',
            '(' | ')' => place == Place::Code,
            other => other.is_whitespace() || other.is_control(),
        };
        if bad {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a text does not fail.
                let _ = write!(out, "%{byte:02X}");
            }
            before = '%';
        } else {
            out.push(character);
            before = character;
        }
    }
    out
}

/// A description: one line of single-spaced words, without what would begin a comment (`;`) or part the payee from the note (`|`).
pub(super) fn description(text: &str) -> String {
    one_line(text).replace(';', ",").replace('|', "/")
}

/// The words of a text with single spaces between them.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader does to have the text back.
    fn read(name: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = name.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let hex = after.get(..2).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
            if let (b'%', Some(hex)) = (first, hex) {
                bytes.push(u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap());
                rest = &after[2..];
            } else {
                bytes.push(*first);
                rest = after;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn most_names_stay_as_they_are() {
        for id in [
            "1",
            "s-17",
            "exchange/25-1",
            "a b",
            "x;y",
            "(a) [b] {c}",
            "*",
            "!",
            "\"q\"",
            "100%",
            "é 漢 😀",
            "a:b",
        ] {
            assert_eq!(name(id), id);
        }
    }

    #[test]
    fn what_would_be_read_otherwise_is_encoded() {
        for (id, is) in [
            ("a  b", "a %20b"),
            ("a   b", "a %20 b"),
            ("a\u{a0}b", "a%C2%A0b"),
            ("a\u{2028}b", "a%E2%80%A8b"),
            (":a", "%3Aa"),
            ("a:", "a%3A"),
            ("a::b", "a:%3Ab"),
            ("::", "%3A%3A"),
            (";a", "%3Ba"),
            ("a ;b", "a %3Bb"),
            ("50%25", "50%2525"),
            ("%3A:", "%253A%3A"),
        ] {
            assert_eq!(name(id), is, "{id:?}");
        }
        assert_eq!(flat_name("a:b"), "a%3Ab");
        assert_eq!(code("a)(;/1-K"), "a%29%28%3B/1-K");
        assert_eq!(description(" a;\n  | b\tc "), "a, / b c");
        assert_eq!(above("a:b:c").collect::<Vec<_>>(), ["a", "a:b"]);
    }

    proptest! {
        #[test]
        fn a_name_is_read_back(text in "[a%:; 0-9A-Fé\u{2003}()]{1,20}|\\PC{1,20}") {
            for place in [Place::Levels, Place::Flat, Place::Code] {
                let name = written(&text, place);
                prop_assert_eq!(read(&name), text.as_str(), "{}", name);
                prop_assert!(!name.contains("  "));
                prop_assert!(name.chars().all(|c| c == ' ' || !c.is_whitespace()));
                prop_assert!(place == Place::Code || name.split(':').all(|level| !level.is_empty()), "{}", name);
            }
        }
    }
}
