//! Arrays of rows as JSON text: how a batch goes to the database in one parameter.

use std::io::Write as _;

use bursar::{StoreError, StoreErrorKind};

/// A JSON array under construction: of values, or of arrays.
#[derive(Debug)]
pub(crate) struct JsonArray {
    text: Vec<u8>,
    /// Nulls that wait for a value after them; those at the end of a row are left off.
    nulls: usize,
    first: bool,
    failed: bool,
}

impl JsonArray {
    pub(crate) fn new() -> Self {
        Self { text: vec![b'['], nulls: 0, first: true, failed: false }
    }

    fn separate(&mut self) {
        if !self.first {
            self.text.push(b',');
        }
        self.first = false;
    }

    /// An array of texts.
    pub(crate) fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<String, StoreError> {
        let mut array = Self::new();
        for text in texts {
            array.text(text);
        }
        array.finish()
    }

    /// Adds a row: an array within the array.
    pub(crate) fn row(&mut self, fill: impl FnOnce(&mut Self)) {
        self.value();
        self.text.push(b'[');
        self.first = true;
        fill(self);
        self.nulls = 0;
        self.text.push(b']');
        self.first = false;
    }

    fn value(&mut self) {
        for _ in 0..std::mem::take(&mut self.nulls) {
            self.separate();
            self.text.extend_from_slice(b"null");
        }
        self.separate();
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.value();
        self.failed |= serde_json::to_writer(&mut self.text, text).is_err();
    }

    /// Bytes as a text of hexadecimal digits, which `unhex` reads.
    pub(crate) fn hex(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |half: u8| DIGITS.get(usize::from(half)).copied();
        self.value();
        self.text.push(b'"');
        self.text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten());
        self.text.push(b'"');
    }

    pub(crate) fn int(&mut self, number: i64) {
        self.value();
        self.failed |= write!(self.text, "{number}").is_err();
    }

    #[allow(dead_code, reason = "PostgreSQL's ledgers have arrays of their own for what may be absent")]
    pub(crate) fn opt_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.nulls = self.nulls.saturating_add(1),
        }
    }

    #[allow(dead_code, reason = "PostgreSQL's ledgers have arrays of their own for what may be absent")]
    pub(crate) fn opt_int(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.int(number),
            None => self.nulls = self.nulls.saturating_add(1),
        }
    }

    /// The text of the array.
    pub(crate) fn finish(mut self) -> Result<String, StoreError> {
        self.text.push(b']');
        let text = String::from_utf8(self.text).ok().filter(|_| !self.failed);
        text.ok_or_else(|| {
            StoreError::new(StoreErrorKind::Misuse, "encode a batch", "it cannot be written as JSON")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::JsonArray;

    #[test]
    fn rows_are_json_and_nulls_at_their_end_are_left_off() {
        let mut rows = JsonArray::new();
        rows.row(|row| {
            row.text("a \"b\" \\ é\n");
            row.opt_int(None);
            row.int(-1);
            row.opt_text(None);
        });
        rows.row(|row| row.opt_text(None));
        assert_eq!(rows.finish().unwrap(), r#"[["a \"b\" \\ é\n",null,-1],[]]"#);
        assert_eq!(JsonArray::of_texts(["x", "y"]).unwrap(), r#"["x","y"]"#);
        assert_eq!(JsonArray::of_texts([]).unwrap(), "[]");
    }

    #[test]
    fn bytes_are_digits() {
        let mut rows = JsonArray::new();
        rows.hex(&[0x00, 0x9f, 0xa0, 0xff]);
        assert_eq!(rows.finish().unwrap(), r#"["009fa0ff"]"#);
    }
}
