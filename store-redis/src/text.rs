//! How a row says instants, durations, numbers and hashes: digits of one width, so that a script compares them as it finds them.
//!
//! A script's numbers are doubles, in which the microseconds of the year 9999 have no room.

use std::fmt::Write as _;
use std::time::Duration;

use bursar_session::{KeyHash, StoreError, StoreErrorKind};
use chrono::{DateTime, Utc};

/// How many digits an instant has, and a duration.
pub(crate) const DIGITS: usize = 20;

/// Where the digits of instants begin to count: the first microsecond that there is.
const ZERO: i128 = -(1 << 63);

/// An instant as digits, which are ordered as instants are.
pub(crate) fn instant(micros: i64) -> String {
    format!("{:020}", i128::from(micros).saturating_sub(ZERO))
}

/// The microseconds that such digits say.
pub(crate) fn micros(digits: &[u8]) -> Option<i64> {
    let number: u64 = number(digits)?;
    i64::try_from(i128::from(number).saturating_add(ZERO)).ok()
}

/// The instant that such digits say.
pub(crate) fn instant_of(digits: &[u8]) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros(digits)?)
}

/// A number of digits, and of nothing else.
pub(crate) fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A duration in whole microseconds, as digits.
pub(crate) fn duration(duration: Duration) -> String {
    format!("{:020}", u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// A hash in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hash of such digits.
pub(crate) fn hash(digits: &[u8]) -> Option<KeyHash> {
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(KeyHash::from_bytes(bytes))
}

/// What tells one step from another, and one binding of a session to a user from another: 64 random bits in hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Id([u8; Id::LENGTH]);

impl Id {
    pub(crate) const LENGTH: usize = 16;

    /// What stands where there is none.
    pub(crate) const NONE: Self = Self([b'-'; Self::LENGTH]);

    pub(crate) fn new(operation: &'static str) -> Result<Self, StoreError> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| {
            let detail = format!("the operating system gives no randomness ({error}); try again");
            StoreError::new(StoreErrorKind::Unavailable, operation, detail)
        })?;
        Ok(Self::read(hex(&bytes).as_bytes()).unwrap_or(Self::NONE))
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::{Id, hash, hex, instant, micros};

    #[test]
    fn instants_are_ordered_as_their_digits() {
        let all = [i64::MIN, -1, 0, 1, 4_925_691_000_123_456, 253_402_300_799_999_999, i64::MAX];
        for pair in all.windows(2) {
            assert!(instant(pair[0]) < instant(pair[1]));
        }
        for one in all {
            assert_eq!(instant(one).len(), 20);
            assert_eq!(micros(instant(one).as_bytes()), Some(one));
        }
    }

    #[test]
    fn nothing_else_is_an_instant() {
        for wrong in ["", "+1", "99999999999999999999", "1 ", "x"] {
            assert_eq!(micros(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn hashes_are_read_back() {
        let bytes: [u8; 32] = std::array::from_fn(|n| u8::try_from(n * 8).unwrap());
        assert_eq!(hash(hex(&bytes).as_bytes()).unwrap().as_bytes(), &bytes);
        assert_eq!(hash(b"00"), None);
        assert_eq!(hash("zz".repeat(32).as_bytes()), None);
    }

    #[test]
    fn ids_differ() {
        assert_ne!(Id::new("test").unwrap().bytes(), Id::new("test").unwrap().bytes());
    }
}
