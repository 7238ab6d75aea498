//! A CSV file as rows: read as a whole, within bounds, each row with the number of its line.

use std::io::Read;

use super::format::FileFormat;
use super::{FileProblem, ImportError, Problem};

/// The most lines of one import, the header and blank ones not counted.
///
/// A file is posted in one step, and this is what every store takes in one: with the bound on its text it stays under 16 MiB, the largest
/// packet that MariaDB accepts as it comes.
pub const LINES_MAX: usize = 10_000;

/// The most columns of a file: a bound on what a line of nothing but delimiters can cost.
const COLUMNS_MAX: usize = 1_000;

/// The most bytes of one file: 8 MiB.
pub const FILE_BYTES_MAX: usize = 8 << 20;

/// The rows of a file.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The columns as the header names them.
    pub(super) columns: Vec<String>,
    header_line: u64,
    pub(super) rows: Vec<Row>,
}

/// A row that is not blank.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The number of its first line in the file, from 1.
    pub(super) line: u64,
    /// The line as it stands in the file.
    pub(super) content: String,
    /// Its cells, as many as there are columns, or why it has none.
    pub(super) cells: Result<Cells, Problem>,
}

/// The cells of a row.
#[derive(Clone, Debug)]
pub(super) struct Cells(Vec<String>);

impl Cells {
    /// The cell in a column without white space around it, unless it is empty then.
    pub(super) fn get(&self, column: usize) -> Option<&str> {
        self.0.get(column).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }
}

impl Table {
    /// Reads a file.
    pub(super) fn read(reader: impl Read, format: FileFormat) -> Result<Self, ImportError> {
        let bytes = read_bounded(reader)?;
        Ok(Self::parse(&bytes, format)?)
    }

    fn parse(bytes: &[u8], format: FileFormat) -> Result<Self, FileProblem> {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(FileProblem::Utf16);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut records = Records::new(bytes, format);
        let Some(header) = records.next() else { return Err(FileProblem::NoHeader) };
        let line = header.line;
        let header = header.cells.map_err(|problem| FileProblem::Header { line, problem })?;
        let columns: Vec<String> = header.0.iter().map(|name| name.trim().to_owned()).collect();
        let mut rows = Vec::new();
        for mut row in records {
            if rows.len() >= LINES_MAX {
                return Err(FileProblem::TooManyLines);
            }
            let expected = columns.len();
            row.cells = row.cells.and_then(|cells| match cells.0.len() {
                found if found == expected => Ok(cells),
                found => Err(Problem::CellCount { expected, found }),
            });
            rows.push(row);
        }
        Ok(Self { columns, header_line: line, rows })
    }

    /// The place of a column, upper and lower case alike; `None` where there is none of the name.
    pub(super) fn find(&self, name: &str) -> Result<Option<usize>, FileProblem> {
        let wanted = name.trim().to_lowercase();
        let mut found = self.columns.iter().enumerate().filter(|(_, column)| column.to_lowercase() == wanted);
        let place = found.next().map(|(at, _)| at);
        if found.next().is_some() {
            return Err(FileProblem::RepeatedColumn { column: name.to_owned() });
        }
        Ok(place)
    }

    /// The place of a column that must be there.
    pub(super) fn require(&self, name: &str) -> Result<usize, FileProblem> {
        self.find(name)?.ok_or_else(|| FileProblem::MissingColumn {
            column: name.to_owned(),
            line: self.header_line,
            found: self.columns.clone(),
        })
    }

    /// The place of a column that must be there if it is named.
    pub(super) fn require_named(&self, name: Option<&str>) -> Result<Option<usize>, FileProblem> {
        name.map(|name| self.require(name)).transpose()
    }

    /// The names of the columns that are not used.
    pub(super) fn unused(&self, used: &[Option<usize>]) -> Vec<String> {
        let columns = self.columns.iter().enumerate().filter(|(at, _)| !used.contains(&Some(*at)));
        columns.map(|(_, name)| name.clone()).filter(|name| !name.is_empty()).collect()
    }

    /// The name of a column as the file has it.
    pub(super) fn name(&self, column: usize) -> String {
        self.columns.get(column).cloned().unwrap_or_default()
    }
}

fn read_bounded(reader: impl Read) -> Result<Vec<u8>, ImportError> {
    let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    reader.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(FileProblem::TooLarge.into());
    }
    Ok(bytes)
}

/// The records of a file that are not blank. The csv crate parts it into cells; its line numbers count blank lines before a record to it,
/// and it takes quotes that do not pair as they come, so both are seen to here.
struct Records<'b> {
    bytes: &'b [u8],
    format: FileFormat,
    reader: csv::Reader<&'b [u8]>,
    record: csv::ByteRecord,
    /// Where counting has come to, and the line there.
    counted: usize,
    line: u64,
}

impl<'b> Records<'b> {
    fn new(bytes: &'b [u8], format: FileFormat) -> Self {
        let (mut skipped, mut line) = (0, 1_u64);
        for _ in 0..format.skip_lines {
            let rest = bytes.get(skipped..).unwrap_or_default();
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { break };
            (skipped, line) = (skipped.saturating_add(end).saturating_add(1), line.saturating_add(1));
        }
        let bytes = bytes.get(skipped..).unwrap_or_default();
        let mut builder = csv::ReaderBuilder::new();
        let builder = builder.has_headers(false).flexible(true).delimiter(format.delimiter.byte());
        let reader = builder.from_reader(bytes);
        Self { bytes, format, reader, record: csv::ByteRecord::new(), counted: 0, line }
    }

    fn offset(&self) -> usize {
        usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX)
    }

    /// Counts the lines up to a place.
    fn count_to(&mut self, place: usize) {
        let between = self.bytes.get(self.counted..place).unwrap_or_default();
        // A line ends with CR LF, with LF, or with a CR alone; the LF of a CR LF may come later than its CR.
        let mut before = self.counted.checked_sub(1).and_then(|at| self.bytes.get(at)).copied();
        for byte in between {
            if *byte == b'\r' || (*byte == b'\n' && before != Some(b'\r')) {
                self.line = self.line.saturating_add(1);
            }
            before = Some(*byte);
        }
        self.counted = place;
    }

    fn cells(&self, raw: &[u8]) -> Result<Cells, Problem> {
        if !quotes_pair(raw, self.format.delimiter.byte()) {
            return Err(Problem::Quotes);
        }
        if !self.format.line_breaks && raw.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(Problem::LineBreak);
        }
        if self.record.len() > COLUMNS_MAX {
            return Err(Problem::TooManyCells { max: COLUMNS_MAX });
        }
        let cells = self.record.iter().map(|cell| std::str::from_utf8(cell).map(str::to_owned));
        Ok(Cells(cells.collect::<Result<_, _>>().map_err(|_| Problem::NotUtf8)?))
    }
}

impl Iterator for Records<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            let start = self.offset();
            // Reading from memory has no error of its own.
            if !self.reader.read_byte_record(&mut self.record).unwrap_or(false) {
                return None;
            }
            let raw = self.bytes.get(start..self.offset()).unwrap_or_default();
            let blank = raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let raw = raw.get(blank..).unwrap_or_default();
            let ends = raw.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let raw = raw.get(..raw.len().saturating_sub(ends)).unwrap_or_default();
            self.count_to(start.saturating_add(blank));
            let is_blank = |cell: &[u8]| std::str::from_utf8(cell).is_ok_and(|cell| cell.trim().is_empty());
            if self.record.iter().all(is_blank) {
                continue;
            }
            let content = String::from_utf8_lossy(raw).into_owned();
            return Some(Row { line: self.line, content, cells: self.cells(raw) });
        }
    }
}

/// Whether every cell that begins with a quote ends with one, doubled ones within it aside.
fn quotes_pair(raw: &[u8], delimiter: u8) -> bool {
    #[derive(Clone, Copy)]
    enum At {
        Start,
        Bare,
        Quoted,
        Quote,
    }
    let mut at = At::Start;
    for byte in raw {
        at = match (at, *byte) {
            (At::Quoted, b'"') => At::Quote,
            (At::Start | At::Quote, b'"') | (At::Quoted, _) => At::Quoted,
            (_, byte) if byte == delimiter => At::Start,
            (At::Quote, _) => return false,
            (At::Start | At::Bare, _) => At::Bare,
        };
    }
    !matches!(at, At::Quoted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Table, FileProblem> {
        Table::parse(text.as_bytes(), FileFormat::default())
    }

    fn lines(table: &Table) -> Vec<u64> {
        table.rows.iter().map(|row| row.line).collect()
    }

    #[test]
    fn lines_are_numbered_as_in_the_file() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("\u{feff}a,b{end}{end}1,2{end}  {end},{end}3,4{end}\"5\",6");
            let table = parse(&text).unwrap();
            assert_eq!(
                (lines(&table), table.columns),
                (vec![3, 6, 7], vec!["a".to_owned(), "b".to_owned()]),
                "{end:?}"
            );
        }
        let letterhead = "Bank\nof \"nowhere\n\na,b\n1,2\n";
        let table = Table::parse(letterhead.as_bytes(), FileFormat::default().skip_lines(3)).unwrap();
        assert_eq!(lines(&table), [5]);
        let broken = "a,b\n\"1\r\n2\",3\n4,5\n";
        let table = Table::parse(broken.as_bytes(), FileFormat::default().line_breaks()).unwrap();
        assert_eq!(
            (lines(&table), table.rows[0].cells.as_ref().unwrap().get(0)),
            (vec![2, 4], Some("1\r\n2"))
        );
    }

    #[test]
    fn a_row_that_is_not_as_it_must_be_says_why() {
        let problem = |row: &str| {
            let mut bytes = b"a,b\n".to_vec();
            bytes.extend_from_slice(row.as_bytes());
            let table = Table::parse(&bytes, FileFormat::default()).unwrap();
            table.rows[0].cells.as_ref().map(|_| ()).map_err(Problem::code)
        };
        for (row, code) in [
            ("1", "cell-count"),
            ("1,2,3", "cell-count"),
            ("1,\"2", "quotes"),
            ("1,\"2\n3,4\n", "quotes"),
            ("1,\"2\"3", "quotes"),
            ("1,\"2\n3,4\"", "line-break"),
        ] {
            assert_eq!(problem(row), Err(code), "{row:?}");
        }
        for row in ["1,2", "\"1\",\"2\"", "1,5\" pipe", "1,\"a \"\"b\"\"\"", "1,\"\"", "\"1,5\",2"] {
            assert_eq!(problem(row), Ok(()), "{row:?}");
        }
        let table = Table::parse(b"a,b\n1,\xff\n2,3\n", FileFormat::default()).unwrap();
        assert_eq!(table.rows[0].cells.as_ref().err(), Some(&Problem::NotUtf8));
        assert!(table.rows[1].cells.is_ok(), "the next line is another matter");
    }

    #[test]
    fn a_file_that_is_none_is_refused_whole() {
        assert_eq!(parse("").unwrap_err(), FileProblem::NoHeader);
        assert_eq!(parse("\n \n").unwrap_err(), FileProblem::NoHeader);
        assert_eq!(
            Table::parse(&[0xff, 0xfe, b'a', 0], FileFormat::default()).unwrap_err(),
            FileProblem::Utf16
        );
        assert!(matches!(
            Table::parse(b"a,\xff\n", FileFormat::default()),
            Err(FileProblem::Header { line: 1, .. })
        ));
        let wide = parse(&",a".repeat(COLUMNS_MAX)).unwrap_err();
        assert!(matches!(wide, FileProblem::Header { problem: Problem::TooManyCells { .. }, .. }), "{wide}");
        let table = parse("Account,x,X\n").unwrap();
        assert_eq!(table.find("account"), Ok(Some(0)));
        assert!(matches!(table.find("x"), Err(FileProblem::RepeatedColumn { .. })));
        assert!(matches!(table.require("amount"), Err(FileProblem::MissingColumn { .. })));
        let long = format!("a\n{}", "1\n".repeat(LINES_MAX));
        assert_eq!(parse(&long).unwrap().rows.len(), LINES_MAX);
        assert_eq!(parse(&(long + "1\n")).unwrap_err(), FileProblem::TooManyLines);
        let endless = Table::read(std::io::repeat(b'x'), FileFormat::default()).unwrap_err();
        assert!(matches!(endless, ImportError::File(FileProblem::TooLarge)));
    }

    #[test]
    fn the_bounds_of_a_file_are_inclusive() {
        let wide = parse(&",a".repeat(COLUMNS_MAX - 1)).unwrap();
        assert_eq!(wide.columns.len(), 1_000);
        let of = |bytes: u64| read_bounded(std::io::repeat(b'x').take(bytes)).map(|read| read.len());
        assert_eq!(of(8 * 1024 * 1024).unwrap(), FILE_BYTES_MAX);
        assert!(matches!(of(8 * 1024 * 1024 + 1), Err(ImportError::File(FileProblem::TooLarge))));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, marked in "[a,\"\r\n]{0,30}") {
            let _ = Table::parse(&bytes, FileFormat::default());
            let _ = Table::parse(marked.as_bytes(), FileFormat::default().line_breaks());
        }

        #[test]
        fn rows_and_line_numbers_are_those_of_the_file(rows in prop::collection::vec(("[a-z,\" ]{1,5}", 0_usize..3), 0..8), end in prop::sample::select(vec!["\n", "\r\n"])) {
            let (mut text, mut line, mut expected) = (format!("c{end}"), 2, Vec::new());
            for (cell, blanks) in &rows {
                text.push_str(&end.repeat(*blanks));
                line += u64::try_from(*blanks).unwrap();
                if !cell.trim().is_empty() {
                    expected.push((line, cell.trim().to_owned()));
                }
                text.push_str(&format!("\"{}\"{end}", cell.replace('"', "\"\"")));
                line += 1;
            }
            let table = parse(&text).unwrap();
            let found: Vec<(u64, String)> =
                table.rows.iter().map(|row| (row.line, row.cells.as_ref().unwrap().get(0).unwrap_or_default().to_owned())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
