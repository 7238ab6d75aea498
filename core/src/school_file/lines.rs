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

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    /// A reader that fails before every part that it gives.
    struct Failing<'t> {
        parts: Vec<&'t [u8]>,
        with: io::ErrorKind,
        fails: bool,
    }

    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.fails = !self.fails;
            if self.fails {
                return Err(self.with.into());
            }
            let part = if self.parts.is_empty() { &[][..] } else { self.parts.remove(0) };
            buffer[..part.len()].copy_from_slice(part);
            Ok(part.len())
        }
    }

    fn lines(with: io::ErrorKind) -> Lines<BufReader<Failing<'static>>> {
        let parts = vec![&b"on"[..], b"e\r\n", b"\n t", b"wo"];
        Lines::new(BufReader::new(Failing { parts, with, fails: false }))
    }

    #[test]
    fn lines_and_bytes_are_counted_across_interruptions() {
        let mut lines = lines(io::ErrorKind::Interrupted);
        let mut read = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let Numbered { number, text } = line.unwrap();
            read.push((number, text, lines.bytes()));
        }
        assert_eq!(read, [(1, b"one".to_vec(), 5), (3, b" two".to_vec(), 10)]);
        assert_eq!((lines.number(), lines.bytes()), (3, 10));
    }

    #[test]
    fn any_other_failure_is_told() {
        let failed = lines(io::ErrorKind::TimedOut).next().map(|_| ()).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }
}
