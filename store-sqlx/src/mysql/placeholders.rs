//! Statements as sqlx hands them to MySQL: with a `?` for each use of a parameter, where the texts say `$1`, `$2` …

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// A statement with question marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Translated {
    pub(super) sql: &'static str,
    /// Which value each question mark stands for, from 0.
    pub(super) uses: &'static [usize],
}

/// The texts are constants: each is translated once, and kept under its address for as long as the process lives.
static TRANSLATED: RwLock<Option<HashMap<(usize, usize), Translated>>> = RwLock::new(None);

/// A statement, translated.
pub(super) fn translated(sql: &'static str) -> Translated {
    let address = (sql.as_ptr().addr(), sql.len());
    let known = TRANSLATED.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(translated) = known.as_ref().and_then(|known| known.get(&address)) {
        return *translated;
    }
    drop(known);
    let mut known = TRANSLATED.write().unwrap_or_else(PoisonError::into_inner);
    *known.get_or_insert_default().entry(address).or_insert_with(|| {
        let (sql, uses) = translate(sql);
        Translated { sql: sql.leak(), uses: uses.leak() }
    })
}

/// `$1` becomes `?`; a `$` without a digit after it, as in a JSON path, stays.
fn translate(sql: &str) -> (String, Vec<usize>) {
    let (mut text, mut uses) = (String::with_capacity(sql.len()), Vec::new());
    let mut parts = sql.split('$');
    text.extend(parts.next());
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = part.strip_suffix(rest).and_then(|digits| digits.parse::<usize>().ok());
        match number.and_then(|number| number.checked_sub(1)) {
            Some(at) => {
                text.push('?');
                text.push_str(rest);
                uses.push(at);
            }
            None => {
                text.push('$');
                text.push_str(part);
            }
        }
    }
    (text, uses)
}

#[cfg(test)]
mod tests {
    use super::{translate, translated};

    #[test]
    fn each_use_of_a_parameter_is_a_question_mark() {
        let (sql, uses) =
            translate("SELECT $2, $1, $12 FROM JSON_TABLE($2, '$[*]' COLUMNS (a INT PATH '$[0]'))");
        assert_eq!(sql, "SELECT ?, ?, ? FROM JSON_TABLE(?, '$[*]' COLUMNS (a INT PATH '$[0]'))");
        assert_eq!(uses, [1, 0, 11, 1]);
    }

    #[test]
    fn a_text_is_translated_once() {
        const TEXT: &str = "SELECT $1";
        assert!(std::ptr::eq(translated(TEXT).sql, translated(TEXT).sql));
    }
}
