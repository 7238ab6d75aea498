//! Bars of a chart, measured here and drawn by the templates as SVG. The figures stand beside them as text.

use bursar::{BookAging, Money};

use super::show;

/// How wide the longest bar is, in the units of the drawing.
pub const WIDTH: i64 = 600;

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What it shows.
    pub label: String,
    /// How much, as text.
    pub amount: String,
    /// Its length, from 0 to [`WIDTH`].
    pub width: i64,
    /// Where it is drawn from above.
    pub top: usize,
    /// How it is coloured: the name of a class.
    pub class: &'static str,
}

/// The length of an amount beside the longest one; what is there is seen, however small.
fn width(amount: Money, most: i64) -> i64 {
    let (amount, most) = (amount.minor().max(0), most.max(1));
    let scaled =
        i128::from(amount).saturating_mul(i128::from(WIDTH)).checked_div(i128::from(most)).unwrap_or(0);
    let scaled = i64::try_from(scaled).unwrap_or(WIDTH).min(WIDTH);
    if amount > 0 { scaled.max(2) } else { 0 }
}

/// A bar for every amount, the longest across the whole width.
#[must_use]
pub fn bars(rows: Vec<(String, Money, &'static str)>) -> Vec<Bar> {
    const STEP: usize = 34;
    let most = rows.iter().map(|(_, amount, _)| amount.minor()).max().unwrap_or(0);
    let bar = |(at, (label, amount, class)): (usize, (String, Money, &'static str))| Bar {
        label,
        amount: show::cash(amount),
        width: width(amount, most),
        top: at.saturating_mul(STEP),
        class,
    };
    rows.into_iter().enumerate().map(bar).collect()
}

/// The bars of an aging: what is not yet due, then what is overdue, the oldest last.
#[must_use]
pub fn aging(aging: &BookAging) -> Vec<Bar> {
    let mut rows = vec![("Not yet due".to_owned(), aging.aging.not_yet_due, "due")];
    for bucket in &aging.aging.overdue {
        let label = bucket.to_days.map_or_else(
            || format!("{} days and more", bucket.from_days),
            |to| format!("{} to {to} days", bucket.from_days),
        );
        rows.push((label, bucket.amount, "overdue"));
    }
    bars(rows)
}

#[cfg(test)]
mod tests {
    use bursar::Currency;

    use super::*;

    #[test]
    fn bars_are_in_proportion_and_what_is_there_is_seen() {
        let row = |minor| (String::new(), Money::from_minor(minor, Currency::USD), "due");
        let widths = |rows: &[i64]| {
            bars(rows.iter().copied().map(row).collect()).iter().map(|bar| bar.width).collect::<Vec<_>>()
        };
        assert_eq!(widths(&[100, 50, 0]), [600, 300, 0]);
        assert_eq!(widths(&[1_000_000_000, 1]), [600, 2]);
        assert_eq!(widths(&[0, 0]), [0, 0]);
        assert_eq!(widths(&[i64::MAX, i64::MAX]), [600, 600]);
    }
}
