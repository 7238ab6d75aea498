//! Reading a school file line by line, with a bound on what is held of it.

use std::io::{self, BufRead};

use super::LineProblem;

/// The most bytes of one line, its line end not counted.
pub const LINE_BYTES_MAX: usize = 65_536;

/// The lines of a file, each without its line end; blank ones are passed over but counted.
pub(super) struct Lines<R> {
    reader: R,
    number: u64,
    bytes: u64,
}

/// A line and its number, from 1.
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(reader: R) -> Self {
        Self { reader, number: 0, bytes: 0 }
    }

    /// How many bytes have been read.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number of the line read last.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Numbered, LineProblem>>> {
        loop {
            let mut text = Vec::new();
            if !self.read(&mut text)? {
                return Ok(None);
            }
            self.number = self.number.saturating_add(1);
            if text.len() > LINE_BYTES_MAX {
                return Ok(Some(Err(LineProblem::TooLong { max: LINE_BYTES_MAX })));
            }
            if text.last() == Some(&b'\r') {
                text.pop();
            }
            if !text.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(Ok(Numbered { number: self.number, text })));
            }
        }
    }

    /// Reads up to a line end, keeping no more than a line may have and one byte; `false` at the end of the file.
    fn read(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        let mut begun = false;
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                return Ok(begun);
            }
            begun = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = end.map_or(available, |end| available.get(..end).unwrap_or(available));
            let room = LINE_BYTES_MAX.saturating_add(1).saturating_sub(text.len());
            text.extend_from_slice(part.get(..room).unwrap_or(part));
            let used = end.map_or(available.len(), |end| end.saturating_add(1));
            self.reader.consume(used);
            self.bytes = self.bytes.saturating_add(u64::try_from(used).unwrap_or(0));
            // The rest of a line that is too long need not be read: it is refused.
            if end.is_some() || text.len() > LINE_BYTES_MAX {
                return Ok(true);
            }
        }
    }
}
