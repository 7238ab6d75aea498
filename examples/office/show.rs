//! How things are shown: amounts with their currency, and days.

use std::borrow::Borrow;
use std::fmt::Write as _;

use bursar::{EntryKind, FeeGroup, Money, TermId};
use chrono::{DateTime, Utc};

/// An amount with its currency and all of its decimals: "USD 1,240.00". A minus sign stands before the digits.
#[must_use]
pub fn cash(money: impl Borrow<Money>) -> String {
    let money = money.borrow();
    format!("{}\u{a0}{}", money.currency().code(), digits(money))
}

/// The same without the currency, for a column whose head names it.
#[must_use]
pub fn digits(money: &Money) -> String {
    let text = money.to_string();
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("\u{2212}", rest));
    let (whole, rest) = text.find('.').map_or((text, ""), |point| text.split_at(point));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && whole.len().saturating_sub(at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

/// An instant, to the minute, in UTC.
#[must_use]
pub fn instant(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A term: "Term 2, 2026".
#[must_use]
pub fn term(id: &TermId) -> String {
    format!("Term {}, {}", id.number(), id.year())
}

/// A text as one segment of a path. What a browser would take for "here" or "above" gets a sign before it, which [`of_segment`] takes away.
#[must_use]
pub fn segment(text: &str) -> String {
    let sign = if is_dots(text.trim_start_matches(SIGN)) { "%3D" } else { "" };
    format!("{sign}{}", query(text))
}

/// A text as a value of a query.
#[must_use]
pub fn query(text: &str) -> String {
    let mut segment = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            segment.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

/// A path with a query of what is given.
#[must_use]
pub fn with_query(path: &str, values: &[(&str, &str)]) -> String {
    let given = values.iter().filter(|(_, value)| !value.is_empty());
    let parts: Vec<String> = given.map(|(name, value)| format!("{name}={}", query(value))).collect();
    if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
}

/// The text of a segment, after its escapes were read.
#[must_use]
pub fn of_segment(segment: &str) -> &str {
    match segment.strip_prefix(SIGN) {
        Some(rest) if is_dots(rest.trim_start_matches(SIGN)) => rest,
        _ => segment,
    }
}

const SIGN: char = '=';

fn is_dots(text: &str) -> bool {
    matches!(text, "." | "..")
}

/// Fee groups with commas between them.
#[must_use]
pub fn groups(groups: &[FeeGroup]) -> String {
    groups.iter().map(FeeGroup::as_str).collect::<Vec<_>>().join(", ")
}

/// A word of a file or column as it is shown: with a capital, and spaces.
#[must_use]
pub fn word(word: &str) -> String {
    let words = word.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What an entry is, in a line.
#[must_use]
pub fn entry(kind: &EntryKind) -> String {
    let name = word(kind.as_str());
    let with = |reference: &Option<bursar::Text>| {
        reference.as_deref().map(|text| format!(", {text}")).unwrap_or_default()
    };
    match kind {
        EntryKind::Charge { code, due_on, .. } => format!("{name}: {code}, due {due_on}"),
        EntryKind::Payment { method, reference } | EntryKind::Refund { method, reference } => {
            format!("{name}: {method}{}", with(reference))
        }
        EntryKind::Concession { concession, reason } => format!("{}: {reason}", word(concession.as_str())),
        EntryKind::Opening { reason } => format!("Brought in: {reason}"),
        EntryKind::Adjustment { reason } | EntryKind::WriteOff { reason } => format!("{name}: {reason}"),
        EntryKind::Reversal { of, reason, .. } => format!("{name} of no. {of}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use bursar::Currency;

    use super::*;

    #[test]
    fn amounts_have_currency_decimals_and_thousands() {
        let usd = |minor| cash(Money::from_minor(minor, Currency::USD));
        assert_eq!(usd(0), "USD\u{a0}0.00");
        assert_eq!(usd(5), "USD\u{a0}0.05");
        assert_eq!(usd(99_999), "USD\u{a0}999.99");
        assert_eq!(usd(-123_456_789), "USD\u{a0}\u{2212}1,234,567.89");
        assert_eq!(cash(Money::from_minor(1_000, Currency::JPY)), "JPY\u{a0}1,000");
    }

    #[test]
    fn segments_are_read_back() {
        for (text, segment) in [
            ("1034", "1034"),
            ("a/b", "a%2Fb"),
            (".", "%3D."),
            ("..", "%3D.."),
            ("=..", "%3D%3D.."),
            ("=", "%3D"),
        ] {
            assert_eq!(super::segment(text), segment);
            assert_eq!(of_segment(&segment.replace("%3D", "=").replace("%2F", "/")), text);
        }
        assert_eq!(query("é &"), "%C3%A9%20%26");
        assert_eq!(with_query("/a", &[("b", "é"), ("c", ""), ("d", "1")]), "/a?b=%C3%A9&d=1");
        assert_eq!(with_query("/a", &[("b", "")]), "/a");
    }

    #[test]
    fn words_begin_with_a_capital() {
        assert_eq!((word("write_off"), word("")), ("Write off".to_owned(), String::new()));
    }
}
