//! Text for people: tables of at most 80 columns, counted in characters. What is too long for its column is cut, an amount never.

use std::fmt;

use crate::{EntryKind, Refusal};

/// The most columns of a line.
pub(crate) const WIDTH: usize = 80;

/// The fewest columns that a name is cut to.
const CUT_MIN: usize = 12;

fn width(text: &str) -> usize {
    text.chars().count()
}

/// A text on one line, cut where the column ends.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let mut line = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let mut shown: String = line.by_ref().take(most).collect();
    if line.next().is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// A text in lines of so many columns at most, broken between words; only a word that is longer than a line is broken itself. Lines after
/// the first are indented by so many columns.
pub(crate) fn wrap(text: &str, most: usize, indent: usize) -> String {
    wrap_parts(text.split_whitespace(), most, indent)
}

/// Parts in lines, as [`wrap`] puts words: a part stays whole where it has room on a line of its own.
pub(crate) fn wrap_parts<'a>(parts: impl IntoIterator<Item = &'a str>, most: usize, indent: usize) -> String {
    let room = most.saturating_sub(indent).max(1);
    let mut lines = vec![String::new()];
    for part in parts {
        let letters: Vec<char> = part.chars().collect();
        for (n, piece) in letters.chunks(room).enumerate() {
            let piece: String = piece.iter().collect();
            let margin = if lines.len() > 1 { indent } else { 0 };
            let Some(line) = lines.last_mut() else { continue };
            let used = margin.saturating_add(width(line)).saturating_add(1);
            if n == 0 && line.is_empty() {
                line.push_str(&piece);
            } else if n == 0 && used.saturating_add(width(&piece)) <= most {
                line.push(' ');
                line.push_str(&piece);
            } else {
                lines.push(piece);
            }
        }
    }
    lines.join(&format!("\n{:indent$}", ""))
}

/// What went wrong with a sum, where only a formatting error can be told.
pub(crate) fn failed(_: Refusal) -> fmt::Error {
    fmt::Error
}

/// What an entry is, in a few words.
pub(crate) fn words(kind: &EntryKind) -> String {
    match kind {
        EntryKind::Charge { code, due_on, .. } => format!("charge {code}, due {due_on}"),
        EntryKind::Payment { method, reference } | EntryKind::Refund { method, reference } => {
            let reference = reference.as_deref().map(|text| format!(" {text}")).unwrap_or_default();
            format!("{} {method}{reference}", kind.as_str())
        }
        EntryKind::Concession { concession, reason } => format!("{concession}: {reason}"),
        EntryKind::Reversal { of, reason, .. } => format!("reversal of {of}: {reason}"),
        EntryKind::Opening { reason } => format!("opening balance: {reason}"),
        EntryKind::Adjustment { reason } => format!("adjustment: {reason}"),
        EntryKind::WriteOff { reason } => format!("write-off: {reason}"),
    }
}

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
    /// Left, and cut where the others leave no more room.
    Cut,
}

enum Row<const N: usize> {
    Cells([String; N]),
    Line(String),
}

/// A table whose columns are as wide as what is in them.
pub(crate) struct Table<const N: usize> {
    sides: [Side; N],
    rows: Vec<Row<N>>,
}

impl<const N: usize> Table<N> {
    pub(crate) const fn new(sides: [Side; N]) -> Self {
        Self { sides, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(Row::Cells(cells));
    }

    /// A line between the rows that keeps to no column.
    pub(crate) fn line(&mut self, line: String) {
        self.rows.push(Row::Line(line));
    }

    /// How wide the columns are, and how far apart.
    fn widths(&self) -> ([usize; N], usize) {
        let mut widths = [0; N];
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (widest, cell) in widths.iter_mut().zip(cells) {
                    *widest = width(cell).max(*widest);
                }
            }
        }
        let is_cut = self.sides.map(|side| side == Side::Cut);
        let others = widths.iter().zip(is_cut).filter(|(_, cut)| !cut);
        let others = others.fold(0_usize, |sum, (width, _)| sum.saturating_add(*width));
        let left =
            |gap: usize| WIDTH.saturating_sub(others).saturating_sub(N.saturating_sub(1).saturating_mul(gap));
        let gap = if left(2) >= CUT_MIN { 2 } else { 1 };
        for (widest, _) in widths.iter_mut().zip(is_cut).filter(|(_, cut)| *cut) {
            *widest = left(gap).min(*widest);
        }
        (widths, gap)
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (widths, gap) = self.widths();
        for row in &self.rows {
            let cells = match row {
                Row::Cells(cells) => cells,
                Row::Line(line) => {
                    writeln!(f, "{line}")?;
                    continue;
                }
            };
            let mut line = String::new();
            for ((cell, side), width) in cells.iter().zip(self.sides).zip(widths) {
                if side == Side::Cut && width < CUT_MIN && self::width(cell) > width {
                    // The amounts leave no room for it: it has a line to itself, above theirs.
                    writeln!(f, "{}", cut(cell, WIDTH))?;
                    line.push_str(&format!("{:width$}{:gap$}", "", ""));
                    continue;
                }
                match side {
                    Side::Left => line.push_str(&format!("{cell:<width$}{:gap$}", "")),
                    Side::Cut => line.push_str(&format!("{:<width$}{:gap$}", cut(cell, width), "")),
                    Side::Right => line.push_str(&format!("{cell:>width$}{:gap$}", "")),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Money;

    proptest! {
        #[test]
        fn wrapped_lines_keep_to_the_width_and_lose_nothing(text in "\\PC{0,200}", most in 12_usize..80, indent in 0_usize..8) {
            let wrapped = wrap(&text, most, indent);
            prop_assert!(wrapped.lines().all(|line| width(line) <= most), "{wrapped}");
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&wrapped), letters(&text));
            // A word is only broken where it has no room on a line of its own.
            let words: Vec<&str> = text.split_whitespace().filter(|word| width(word) <= most - indent).collect();
            let shown: Vec<&str> = wrapped.split_whitespace().collect();
            prop_assert!(words.iter().all(|word| shown.contains(word)), "{words:?} in {wrapped}");
        }

        #[test]
        fn a_table_keeps_to_the_width(names in prop::collection::vec("\\PC{0,100}", 1..5), minor: i64) {
            let mut table = Table::new([Side::Right, Side::Cut, Side::Right, Side::Right]);
            let amount = Money::from_minor(minor, crate::Currency::KWD).to_string();
            for name in &names {
                table.row(["4294967295".into(), name.clone(), amount.clone(), amount.clone()]);
            }
            let shown = table.to_string();
            prop_assert!(shown.lines().all(|line| width(line) <= WIDTH), "{shown}");
            prop_assert_eq!(shown.matches(&amount).count() , names.len() * 2);
        }
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(cut("a\nbc", 4), "a bc");
        assert_eq!(cut("abcde", 4), "abc…");
        assert_eq!(cut("語語語", 2), "語…");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn only_lines_after_the_first_are_indented() {
        assert_eq!(wrap("aaa bbb ccc ddd", 7, 4), "aaa bbb\n    ccc\n    ddd");
        assert_eq!(wrap("aaa bbbb", 7, 4), "aaa bbb\n    b", "a word longer than a line is broken");
    }

    /// Beside an amount of so many columns: a name has twelve columns at least, or a line to itself.
    #[test]
    fn a_name_that_amounts_leave_no_room_for_has_a_line_to_itself() {
        let shown = |name: &str, columns: usize| {
            let mut table = Table::new([Side::Cut, Side::Right]);
            table.row([name.into(), "9".repeat(columns)]);
            table.to_string()
        };
        let name = "a name of many letters";
        let (least, more) = ("9".repeat(67), "9".repeat(68));
        assert_eq!(shown(name, 67), format!("a name of m… {least}\n"));
        assert_eq!(shown(name, 68), format!("{name}\n            {more}\n"));
        assert_eq!(shown("short", 68), format!("short {more}\n"));
        assert_eq!(shown("short", 3), "short  999\n");
    }
}
