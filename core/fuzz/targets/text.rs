//! Any text where a name, an amount, a day, a term, a receipt number or a sealed root is asked for: it is refused, or what is read of it is
//! shown as a text that reads as the same. What is shown of any value is read back, and a mistyped character of what has a check is noticed.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use bursar::import::ImportName;
use bursar::seal::SealedRoot;
use bursar::{
    AccountId, BookId, ConcessionKind, Currency, FeeCode, FeeGroup, HouseholdId, IdempotencyKey, Method,
    Money, Rate, ReceiptNumber, Refusal, RuleName, Standing, TermId, date,
};
use libfuzzer_sys::fuzz_target;
use rust_decimal::{Decimal, RoundingStrategy};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = str::from_utf8(bytes) {
        texts(text);
    }
    if let Some((numbers, rest)) = bytes.split_first_chunk() {
        values(*numbers, &String::from_utf8_lossy(rest));
    }
});

/// Read, shown and read again it is the same; gives what is read.
fn again<T: PartialEq + Debug, E: Debug + Display>(
    text: &str,
    read: impl Fn(&str) -> Result<T, E>,
    show: impl Fn(&T) -> String,
) -> Option<T> {
    match read(text) {
        Ok(value) => {
            let shown = show(&value);
            assert_eq!(read(&shown).as_ref().ok(), Some(&value), "{text:?} is shown as {shown:?}");
            assert_eq!(show(&read(&shown).unwrap()), shown, "{text:?}");
            Some(value)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

fn parsed<T: FromStr<Err: Debug + Display> + Display + PartialEq + Debug>(text: &str) -> Option<T> {
    again(text, T::from_str, T::to_string)
}

/// A text that is read as it stands, to the letter.
fn name<T: TryFrom<String, Error = Refusal> + Display + PartialEq + Debug>(text: &str) {
    if let Some(value) = again(text, |text| T::try_from(text.to_owned()), T::to_string) {
        assert_eq!(value.to_string(), text);
    }
}

fn texts(text: &str) {
    name::<AccountId>(text);
    name::<BookId>(text);
    name::<FeeCode>(text);
    name::<FeeGroup>(text);
    name::<HouseholdId>(text);
    name::<IdempotencyKey>(text);
    name::<ImportName>(text);
    name::<RuleName>(text);
    name::<Currency>(text);
    parsed::<Method>(text);
    parsed::<Standing>(text);
    parsed::<ConcessionKind>(text);
    parsed::<TermId>(text);
    if let Some(day) = again(text, date, ToString::to_string) {
        assert_eq!(day.to_string(), text);
    }
    again(text, Money::from_str, |money| format!("{money:#}"));
    for currency in [Currency::USD, Currency::JPY, Currency::KWD] {
        if let Some(money) = again(text, |text| Money::parse(text, currency), Money::to_string) {
            let figure: Decimal = text.parse().unwrap();
            assert_eq!(money.amount(), figure);
        }
    }
    if let Some(number) = parsed::<ReceiptNumber>(text) {
        assert!(number.position() > 0 && number.to_string().eq_ignore_ascii_case(text.trim()));
        mistyped(&number);
    }
    parsed::<SealedRoot>(text);
    if let Ok(percent) = text.trim().parse::<Decimal>() {
        rate(percent);
    }
}

/// No other letter or digit in the place of one is taken for the number.
fn mistyped(number: &ReceiptNumber) {
    let text = number.to_string();
    for (at, was) in text.char_indices().filter(|(_, was)| was.is_ascii_alphanumeric()) {
        for other in "07afzAZ".chars().filter(|other| !other.eq_ignore_ascii_case(&was)) {
            let typed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert!(typed.parse::<ReceiptNumber>().is_err(), "{typed} for {text}");
        }
    }
}

fn rate(percent: Decimal) {
    let allowed = (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&percent) && percent.scale() <= 8;
    match Rate::percent(percent, RoundingStrategy::MidpointAwayFromZero) {
        Ok(rate) => {
            assert!(allowed, "{percent} %");
            assert_eq!(rate.share() * Decimal::ONE_HUNDRED, percent);
            for minor in [0, 1, 99, 12_345, bursar::AMOUNT_MAX] {
                let part = rate.of(Money::from_minor(minor, Currency::USD)).unwrap().minor();
                assert!((0..=minor).contains(&part), "{percent} % of {minor} is {part}");
            }
        }
        Err(refusal) => assert!(!allowed && refusal.code() == "bad-rate", "{percent} %: {refusal}"),
    }
}

/// Values of every kind, made of numbers and a text.
fn values(numbers: [u8; 24], text: &str) {
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|n| numbers[at + n]));
    let (one, two, three) = (number(0), number(8), number(16));
    let money = Money::from_minor(
        one.cast_signed(),
        [Currency::USD, Currency::JPY, Currency::KWD][numbers[8] as usize % 3],
    );
    assert_eq!(format!("{money:#}").parse(), Ok(money));
    assert_eq!(Money::parse(&money.to_string(), money.currency()), Ok(money));
    assert_eq!(Money::new(money.amount(), money.currency()), Ok(money));
    if let Ok(term) = TermId::new((one % 10_100) as u32, (two % 1_100) as u32) {
        assert_eq!(term.to_string().parse(), Ok(term));
        assert_eq!(TermId::from_ordinal(term.ordinal()), Ok(term));
    }
    if let Ok(account) = AccountId::new(text) {
        let number = ReceiptNumber::new(account, (two % u64::from(u32::MAX)) as u32 + 1);
        let shown = number.to_string();
        assert_eq!(shown.parse(), Ok(number.clone()), "{shown}");
        assert_eq!(format!(" {shown}\n").parse(), Ok(number.clone()));
        mistyped(&number);
    }
    if let Ok(book) = BookId::new(text) {
        let mut digest = [0; 32];
        digest[..24].copy_from_slice(&numbers);
        let root = SealedRoot { book, seal: one.max(1), accounts: two, entries: three, root: digest };
        let shown = root.to_string();
        assert_eq!(shown.parse(), Ok(root), "{shown}");
        // A digit of its counts or its root, in the place of another.
        let end = shown.len() - text.len();
        for (at, was) in shown[..end].char_indices().skip(14).filter(|(_, was)| was.is_ascii_digit()) {
            let other = if was == '7' { '3' } else { '7' };
            let typed = format!("{}{other}{}", &shown[..at], &shown[at + 1..]);
            assert!(typed.parse::<SealedRoot>().is_err(), "{typed} for {shown}");
        }
    }
}
