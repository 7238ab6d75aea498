//! Bytes as hexadecimal digits, two a byte.

use std::fmt::Write as _;

/// In small letters.
pub(crate) fn hex<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> String {
    bytes.into_iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes that such a text says, of either case; `None` when it does not say so many.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != N.checked_mul(2)? || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        let from = at.checked_mul(2)?;
        *byte = u8::from_str_radix(text.get(from..from.checked_add(2)?)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_from_their_digits_and_no_more() {
        assert_eq!(unhex::<2>("0a0B"), Some([10, 11]));
        for bad in ["", "0a0", "0a0b0", "0a0b0c", "0a0g", "+a0b", "0a+b", " a0b", "0a\u{e9}"] {
            assert_eq!(unhex::<2>(bad), None, "{bad:?}");
        }
    }
}
