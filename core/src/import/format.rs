//! The form of a file: its delimiter, and how it writes amounts.

use crate::name::shorten;
use crate::{Currency, Money, Refusal};

use super::Problem;

/// What stands between cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delimiter {
    /// `,`
    #[default]
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

impl Delimiter {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// What stands between thousands, and is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Thousands {
    /// The comma (`1,234.56`), or the point where decimals have a comma (`1.234,56`).
    Mark,
    /// A space, which may be a non-breaking or a narrow one.
    Space,
    /// An apostrophe, straight or typographic.
    Apostrophe,
}

/// The form of a file. Unless said otherwise: commas, the header on the first line, cells without line breaks, amounts such as `1234.56`.
///
/// ```
/// use bursar::import::{Delimiter, FileFormat, Thousands};
///
/// let german = FileFormat::default().delimiter(Delimiter::Semicolon).decimal_comma().thousands(Thousands::Mark);
/// # let _ = german;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileFormat {
    pub(super) delimiter: Delimiter,
    pub(super) skip_lines: u32,
    pub(super) line_breaks: bool,
    decimal_comma: bool,
    thousands: Option<Thousands>,
}

impl FileFormat {
    /// What stands between cells.
    #[must_use]
    pub const fn delimiter(mut self, delimiter: Delimiter) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// How many lines stand before the header (a bank's letterhead), and are passed over whatever they hold.
    #[must_use]
    pub const fn skip_lines(mut self, lines: u32) -> Self {
        self.skip_lines = lines;
        self
    }

    /// Cells may hold line breaks. Unless this is said they may not, since a quote that somebody forgot to close would swallow lines
    /// without a word.
    #[must_use]
    pub const fn line_breaks(mut self) -> Self {
        self.line_breaks = true;
        self
    }

    /// Decimals follow a comma: `1234,56`.
    #[must_use]
    pub const fn decimal_comma(mut self) -> Self {
        self.decimal_comma = true;
        self
    }

    /// Thousands may be marked. Where they are, groups are of three digits, or inner ones of two (`12,34,567.00`).
    #[must_use]
    pub const fn thousands(mut self, thousands: Thousands) -> Self {
        self.thousands = Some(thousands);
        self
    }

    const fn decimal_mark(self) -> char {
        if self.decimal_comma { ',' } else { '.' }
    }

    fn is_thousands_mark(self, c: char) -> bool {
        match self.thousands {
            Some(Thousands::Mark) => c == if self.decimal_comma { '.' } else { ',' },
            Some(Thousands::Space) => matches!(c, ' ' | '\u{a0}' | '\u{202f}'),
            Some(Thousands::Apostrophe) => matches!(c, '\'' | '’'),
            None => false,
        }
    }

    fn allowed(self, currency: Currency) -> String {
        let decimals = "56789".get(..usize::try_from(currency.exponent()).unwrap_or(0)).unwrap_or_default();
        let mark = match (self.thousands, self.decimal_comma) {
            (None, _) => "",
            (Some(Thousands::Mark), false) => ",",
            (Some(Thousands::Mark), true) => ".",
            (Some(Thousands::Space), _) => " ",
            (Some(Thousands::Apostrophe), _) => "'",
        };
        let point = if decimals.is_empty() { String::new() } else { self.decimal_mark().to_string() };
        format!("an exact decimal such as 1{mark}234{point}{decimals} or -40, with no currency sign")
    }

    /// Reads an amount in this form, exactly.
    pub(super) fn amount(self, text: &str, currency: Currency) -> Result<Money, Problem> {
        let bad = || Problem::BadAmount { given: shorten(text), allowed: self.allowed(currency) };
        let plain = self.plain(text).ok_or_else(bad)?;
        Money::parse(&plain, currency).map_err(|refusal| match refusal {
            Refusal::BadAmount { .. } => bad(),
            other => other.into(),
        })
    }

    /// The text as a plain decimal with a point; whether it is one is asked afterwards.
    fn plain(self, text: &str) -> Option<String> {
        let (sign, digits) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(digits) => ("-", digits),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, decimals) = match digits.split_once(self.decimal_mark()) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (digits, None),
        };
        let whole = self.without_thousands(whole)?;
        // A second mark, or one among the decimals, is no digit and is refused as such.
        Some(match decimals {
            Some(decimals) => format!("{sign}{whole}.{decimals}"),
            None => format!("{sign}{whole}"),
        })
    }

    /// The digits without marks between thousands, where these stand as they must: `1,23` is not 123.
    fn without_thousands(self, whole: &str) -> Option<String> {
        let groups: Vec<&str> = whole.split(|c| self.is_thousands_mark(c)).collect();
        let [first, inner @ .., last] = groups.as_slice() else {
            return (!whole.contains('.')).then(|| whole.to_owned());
        };
        let inner_length = inner.first().map_or(3, |group| group.len());
        let well_formed = (1..=3).contains(&first.len())
            && matches!(inner_length, 2 | 3)
            && inner.iter().all(|group| group.len() == inner_length)
            && last.len() == 3;
        (well_formed && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_digit())))
            .then(|| groups.concat())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minor(format: FileFormat, text: &str) -> Result<i64, &'static str> {
        format.amount(text, Currency::USD).map(Money::minor).map_err(|problem| problem.code())
    }

    #[test]
    fn only_what_the_form_says_is_an_amount() {
        let plain = FileFormat::default();
        for (text, given) in
            [("40", 4_000), ("40.5", 4_050), ("-3.50", -350), ("+1.00", 100), ("\u{2212}2", -200)]
        {
            assert_eq!(minor(plain, text), Ok(given), "{text}");
        }
        for text in [
            "1,234.56", "1,23", "40,00", "1 234", "USD 4", "4 USD", "(4)", "4-", "", "-", "1e3", ".5", "5.",
            "--4", "4.0.0",
        ] {
            assert_eq!(minor(plain, text), Err("bad-amount"), "{text}");
        }
        assert_eq!(minor(plain, "1.234"), Err("too-many-decimals"), "never rounded");
        let comma = plain.decimal_comma();
        assert_eq!(minor(comma, "40,5"), Ok(4_050));
        for text in ["40.50", "1.234,50", "1.234", "40,5.0", "40,.5", "40,5,0"] {
            assert_eq!(minor(comma, text), Err("bad-amount"), "{text}");
        }
    }

    #[test]
    fn thousands_are_passed_over_only_where_they_stand_right() {
        let english = FileFormat::default().thousands(Thousands::Mark);
        for (text, given) in [
            ("1,234.56", 123_456),
            ("12,345,678", 1_234_567_800),
            ("12,34,567.8", 123_456_780),
            ("1234", 123_400),
        ] {
            assert_eq!(minor(english, text), Ok(given), "{text}");
        }
        for text in
            ["1,23", "1,2345", ",123", "1,,234", "1234,567", "1.2,345", "12,345,67", "1,23,45,678,901"]
        {
            assert_eq!(minor(english, text), Err("bad-amount"), "{text}");
        }
        let german = english.decimal_comma();
        assert_eq!(minor(german, "-1.234,5"), Ok(-123_450));
        assert_eq!(minor(german, "1.23"), Err("bad-amount"), "not 123, nor 1.23");
        for (thousands, text) in [(Thousands::Space, "1\u{202f}234.5"), (Thousands::Apostrophe, "1’234.5")]
        {
            assert_eq!(minor(FileFormat::default().thousands(thousands), text), Ok(123_450));
        }
    }

    proptest! {
        #[test]
        fn any_amount_is_read_back(minor: i64, comma: bool, exponent in prop::sample::select(vec![Currency::JPY, Currency::USD, Currency::KWD])) {
            let money = Money::from_minor(minor, exponent);
            let (format, text) = if comma {
                (FileFormat::default().decimal_comma(), money.to_string().replace('.', ","))
            } else {
                (FileFormat::default(), money.to_string())
            };
            prop_assert_eq!(format.amount(&text, exponent), Ok(money));
        }

        #[test]
        fn no_text_panics(text: String, marked in "[0-9.,' -]{0,12}") {
            for format in [FileFormat::default(), FileFormat::default().decimal_comma().thousands(Thousands::Mark)] {
                for text in [&text, &marked] {
                    let _ = format.amount(text, Currency::USD);
                }
            }
        }
    }
}
