//! Receipts: the proof that an entry is recorded, and the number by which it is found again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::shorten;
use crate::text::{WIDTH, cut, words};
use crate::{AccountId, Entry, Refusal};

/// What a recording gives back: the entry, its number, and whether it had been recorded before.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// let payment = Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001").on(date("2026-02-01")?);
/// let receipt = school.pay(payment).await?;
/// assert_eq!(
///     receipt.to_string(),
///     format!("{}: payment cash, 80.00 USD for term 2026-1 on 2026-02-01", receipt.number)
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its number, unique in the book.
    pub number: ReceiptNumber,
    /// The entry as recorded.
    pub entry: Entry,
    /// Whether the same key had recorded it before; this call then recorded nothing (B7).
    pub replayed: bool,
}

impl Receipt {
    pub(crate) fn of(entry: Entry, replayed: bool) -> Self {
        Self { number: entry.receipt(), entry, replayed }
    }
}

impl fmt::Display for Receipt {
    /// On one line: `s-17/3-T: payment cash, 80.00 USD for term 2026-1 on 2026-02-01`, and whether it had been recorded before. For what
    /// is handed to a payer see [`Ledger::receipt`](crate::Ledger::receipt).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, entry, replayed } = self;
        let what = cut(&words(&entry.kind), WIDTH);
        write!(
            f,
            "{number}: {what}, {:#} for term {} on {}",
            entry.amount(),
            entry.term,
            entry.effective_on
        )?;
        f.write_str(if *replayed { ", recorded before" } else { "" })
    }
}

/// A receipt number: the account, the position of the entry in it, and a check character, as in `s-17/3-T`.
///
/// It is unique in the book by construction, since no two entries of an account share a position. The check character (ISO 7064,
/// MOD 37,36, over the letters and digits before it, whatever their case) catches any one mistyped letter or digit and nearly all
/// swapped neighbours.
///
/// ```
/// use bursar::{AccountId, ReceiptNumber};
///
/// let number = ReceiptNumber::new(AccountId::new("s-17")?, 3);
/// assert_eq!(number.to_string().parse::<ReceiptNumber>()?, number);
/// assert!("s-71/3-T".parse::<ReceiptNumber>().is_err());
/// # Ok::<(), bursar::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReceiptNumber {
    account: AccountId,
    position: u32,
}

impl ReceiptNumber {
    /// The number of the entry at a position of an account.
    #[must_use]
    pub const fn new(account: AccountId, position: u32) -> Self {
        Self { account, position }
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// The position of the entry in the account.
    #[must_use]
    pub const fn position(&self) -> u32 {
        self.position
    }
}

/// ISO 7064 MOD 37,36: a hybrid system over 0-9 and A-Z with one check character. Any other character counts by its code modulo 36.
fn check_character(text: &str) -> char {
    let mut remainder: u32 = 36;
    for character in text.chars() {
        let value = character.to_digit(36).unwrap_or(u32::from(character).checked_rem(36).unwrap_or(0));
        let sum = remainder.saturating_add(value).checked_rem(36).unwrap_or(0);
        let doubled = if sum == 0 { 36 } else { sum }.saturating_mul(2);
        remainder = doubled.checked_rem(37).unwrap_or(0);
    }
    let value = 37_u32.saturating_sub(remainder).checked_rem(36).unwrap_or(0);
    char::from_digit(value, 36).unwrap_or('0').to_ascii_uppercase()
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = format!("{}/{}", self.account, self.position);
        let check = check_character(&body);
        f.pad(&format!("{body}-{check}"))
    }
}

impl FromStr for ReceiptNumber {
    type Err = Refusal;

    /// White space at either end is not looked at, nor whether the check character is a capital.
    ///
    /// # Errors
    /// [`Refusal::BadReceipt`] when the text is not of the form, or its check character does not fit.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let bad = |why| Refusal::BadReceipt { given: shorten(text), why };
        let shape = "it must be an account, a slash, a position, a dash and a check character";
        let (body, check) = text.rsplit_once('-').ok_or_else(|| bad(shape))?;
        let (account, position) = body.rsplit_once('/').ok_or_else(|| bad(shape))?;
        let number = Self {
            account: AccountId::new(account).map_err(|_| bad(shape))?,
            position: position.parse().map_err(|_| bad(shape))?,
        };
        if number.position == 0 || !number.to_string().eq_ignore_ascii_case(&format!("{body}-{check}")) {
            return Err(bad("its check character does not fit"));
        }
        Ok(number)
    }
}

impl TryFrom<String> for ReceiptNumber {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl TryFrom<&str> for ReceiptNumber {
    type Error = Refusal;
    fn try_from(text: &str) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl TryFrom<&String> for ReceiptNumber {
    type Error = Refusal;
    fn try_from(text: &String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<&ReceiptNumber> for ReceiptNumber {
    fn from(number: &ReceiptNumber) -> Self {
        number.clone()
    }
}

impl From<ReceiptNumber> for String {
    fn from(number: ReceiptNumber) -> String {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_mistyped_letter_or_digit_is_caught(account in "[a-zA-Z0-9-]{1,12}", position in 1_u32.., at: prop::sample::Index, other in "[a-z0-9]") {
            let number = ReceiptNumber::new(AccountId::new(&account).unwrap(), position);
            let text = number.to_string();
            prop_assert_eq!(text.parse::<ReceiptNumber>().unwrap(), number);
            let mut typed: Vec<char> = text.chars().collect();
            let at = at.index(typed.len());
            prop_assume!(typed[at].is_ascii_alphanumeric());
            typed[at] = other.chars().next().unwrap();
            let typed: String = typed.into_iter().collect();
            if !typed.eq_ignore_ascii_case(&text) {
                prop_assert!(typed.parse::<ReceiptNumber>().is_err(), "{} for {}", typed, text);
            }
        }
    }

    #[test]
    fn a_number_is_read_as_it_is_typed() {
        let number = ReceiptNumber::new(AccountId::new("zoë / 3-b").unwrap(), 12);
        let text = number.to_string();
        assert_eq!(format!("  {text}\n").parse(), Ok(number.clone()));
        assert_eq!(text.to_ascii_lowercase().parse(), Ok(number));
        for wrong in [
            "",
            "-",
            "s-17",
            "s-17/3",
            "s-17/0-",
            "s-17/-3-T",
            "s-17/+3-T",
            "s-17/03-T",
            "/3-T",
            "s-17/3-TT",
            "s-17/99999999999-T",
            "s-17/3-ß",
        ] {
            let refused = wrong.parse::<ReceiptNumber>().unwrap_err();
            assert_eq!(refused.code(), "bad-receipt", "{wrong}");
        }
    }

    #[test]
    fn swapped_neighbours_are_caught() {
        for (right, swapped) in [("s-17/3", "s-71/3"), ("1024/18", "1042/18"), ("1024/18", "1024/81")] {
            assert_ne!(check_character(right), check_character(swapped));
        }
    }
}
