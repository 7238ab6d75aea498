//! The writer: records of cells, each kind of cell written in its one safe form.

use std::io::{self, Write};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

use super::guard;
use crate::Money;

/// What a cell holds. Only texts are guarded against formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cell<'a> {
    /// Nothing.
    Blank,
    /// Any text.
    Text(&'a str),
    /// An amount, with its currency's decimals.
    Money(Money),
    /// A day.
    Day(NaiveDate),
    /// An instant, in UTC.
    Instant(DateTime<Utc>),
    /// A whole number.
    Number(u64),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<Money> for Cell<'_> {
    fn from(money: Money) -> Self {
        Self::Money(money)
    }
}

impl From<NaiveDate> for Cell<'_> {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<DateTime<Utc>> for Cell<'_> {
    fn from(instant: DateTime<Utc>) -> Self {
        Self::Instant(instant)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => { $(
        impl From<$number> for Cell<'_> {
            fn from(number: $number) -> Self {
                Self::Number(u64::from(number))
            }
        }
    )* };
}

numbers!(u16, u32, u64);

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Blank, Into::into)
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// How many records, the header not counted.
    pub records: u64,
}

/// A writer of CSV that a spreadsheet can open without running anything in it: see the [module](super).
///
/// It buffers; [`finish`](CsvWriter::finish) hands on the rest and says whether that went well.
///
/// ```
/// use bursar::csv::CsvWriter;
///
/// let mut table = Vec::new();
/// let mut writer = CsvWriter::new(&mut table, &["account", "note"])?;
/// writer.record(&["s-17".into(), "=1+1".into()])?;
/// writer.finish()?;
/// // No spreadsheet takes the note for a formula.
/// assert_eq!(String::from_utf8_lossy(&table), "account,note\r\ns-17,'=1+1\r\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct CsvWriter<W: Write> {
    inner: ::csv::Writer<W>,
    written: Written,
}

impl<W: Write> CsvWriter<W> {
    /// A table with these columns.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(writer: W, header: &[&str]) -> io::Result<Self> {
        let mut builder = ::csv::WriterBuilder::new();
        let inner = builder.terminator(::csv::Terminator::CRLF).from_writer(writer);
        let mut table = Self { inner, written: Written::default() };
        table.write(header.iter().map(|name| Cell::Text(name)))?;
        Ok(table)
    }

    /// Writes a record.
    ///
    /// # Errors
    /// [`io::ErrorKind::Other`] when it has more or fewer cells than the header; those of the writer.
    pub fn record(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.write(cells.iter().copied())?;
        self.written.records = self.written.records.saturating_add(1);
        Ok(())
    }

    fn write<'c>(&mut self, cells: impl Iterator<Item = Cell<'c>>) -> io::Result<()> {
        for cell in cells {
            match cell {
                Cell::Blank => self.inner.write_field(""),
                Cell::Text(text) => self.inner.write_field(guard(text).as_bytes()),
                Cell::Money(money) => self.inner.write_field(money.to_string()),
                // Guarded, since a year beyond 9999 has a sign.
                Cell::Day(day) => self.inner.write_field(guard(&day.to_string()).as_bytes()),
                Cell::Instant(at) => {
                    let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                    self.inner.write_field(guard(&at).as_bytes())
                }
                Cell::Number(number) => self.inner.write_field(number.to_string()),
            }?;
        }
        // Ends the record, and refuses one of another length.
        Ok(self.inner.write_record(None::<&[u8]>)?)
    }

    /// Hands on what is buffered, and says how much was written.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<Written> {
        self.inner.flush()?;
        Ok(self.written)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Currency;
    use crate::csv::unguard;

    fn read(table: &[u8]) -> Vec<Vec<String>> {
        let reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(table);
        reader.into_records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn a_day_that_has_a_sign_is_no_formula() {
        let mut table = Vec::new();
        let mut writer = CsvWriter::new(&mut table, &["first", "second", "at"]).unwrap();
        let days = [(9999, 12, 31), (10_000, 1, 1)];
        let [first, second] =
            days.map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day).unwrap());
        let at = second.and_hms_opt(8, 0, 0).unwrap().and_utc();
        writer.record(&[first.into(), second.into(), at.into()]).unwrap();
        writer.finish().unwrap();
        let cells = &read(&table)[1];
        assert_eq!(cells, &["9999-12-31", "'+10000-01-01", "'+10000-01-01T08:00:00Z"]);
        assert_eq!(unguard(&cells[1]), "+10000-01-01");
    }

    #[test]
    fn negative_amounts_stay_numbers_and_accounts_stay_texts() {
        let mut table = Vec::new();
        let mut writer = CsvWriter::new(&mut table, &["account", "balance", "due_on", "note"]).unwrap();
        let owed = Money::from_minor(-4_050, Currency::USD);
        writer
            .record(&["-17".into(), owed.into(), crate::date("2026-01-31").unwrap().into(), Cell::Blank])
            .unwrap();
        writer.finish().unwrap();
        assert_eq!(table, b"account,balance,due_on,note\r\n'-17,-40.50,2026-01-31,\r\n");
    }

    #[test]
    fn a_record_of_another_length_is_refused() {
        let mut writer = CsvWriter::new(Vec::new(), &["a", "b"]).unwrap();
        assert!(writer.record(&["1".into()]).is_err());
    }

    #[test]
    fn an_error_of_the_writer_is_told() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let writer = CsvWriter::new(Full, &["a"]).unwrap();
        assert_eq!(writer.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(rows in prop::collection::vec(
            [any::<String>(), "[=+@'\",\r\n\t -]{0,5}", "[a-z,\";]{0,9}"], 0..8,
        )) {
            let mut table = Vec::new();
            let mut writer = CsvWriter::new(&mut table, &["a", "b", "c"]).unwrap();
            for row in &rows {
                writer.record(&row.each_ref().map(|text| Cell::Text(text))).unwrap();
            }
            prop_assert_eq!(usize::try_from(writer.finish().unwrap().records).unwrap(), rows.len());
            let back = read(&table);
            prop_assert_eq!(back.len(), rows.len() + 1);
            for (back, row) in back[1..].iter().zip(&rows) {
                let texts: Vec<&str> = back.iter().map(|cell| unguard(cell)).collect();
                prop_assert_eq!(texts, row.iter().collect::<Vec<_>>());
            }
        }
    }
}
