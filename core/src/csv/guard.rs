//! The guard against formulas: what a spreadsheet would run is written so that it is read as text.

use std::borrow::Cow;

/// What a formula begins with, and the full-width forms, which some spreadsheets take for the same.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet might run the text, or whether it looks like one that was guarded. Programs that drop white space at the start of
/// a cell would turn ` =1` into a formula, so it does not count.
fn is_risky(text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    bare.starts_with(['\t', '\r', '\n']) || bare.trim_start().starts_with(FORMULA)
}

/// The text as it is safe in a cell: with an apostrophe in front where a spreadsheet might take it for a formula.
///
/// ```
/// use bursar::csv::{guard, unguard};
///
/// assert_eq!(guard("=1+1"), "'=1+1");
/// assert_eq!(guard("s-17"), "s-17");
/// assert_eq!(unguard("'=1+1"), "=1+1");
/// assert_eq!(unguard("'tis paid"), "'tis paid");
/// ```
#[must_use]
pub fn guard(text: &str) -> Cow<'_, str> {
    if is_risky(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that was [guarded](guard); one that was not is given back as it is.
#[must_use]
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_risky(cell) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_guarded() {
        for risky in
            ["=1", "+1", "-1", "@SUM(1)", "\t=1", "\rx", "\nx", " =1", "\u{a0}=1", "＝1", "＋1", "－1", "＠x"]
        {
            assert_eq!(guard(risky), format!("'{risky}"));
            assert_eq!(guard(&format!("'{risky}")), format!("''{risky}"), "else it would come back bare");
        }
        for safe in ["", "'", "s-17", "1", "'tis", "a=b", "40.00"] {
            assert_eq!(guard(safe), safe);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in prop_oneof![any::<String>(), "['=+@＝ \t\r\n-]{0,6}.{0,3}"]) {
            let cell = guard(&text);
            prop_assert_eq!(unguard(&cell), &text);
            prop_assert!(!cell.trim_start().starts_with(FORMULA) && !cell.starts_with(['\t', '\r', '\n']), "{:?}", cell);
        }
    }
}
