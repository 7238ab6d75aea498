//! A statement as CSV.

use std::io::{self, Write};

use super::entries::Particulars;
use super::{Cell, CsvWriter, Written};
use crate::{FeeCode, Method, Statement, StatementLine};

/// The columns of [`write_statement`].
///
/// `effect` is signed; `balance` is the account's balance after the line; `open` is what is still owed on a debit, or what of a credit is left
/// for debits to come. The first record is of the kind `earlier`: what was left before the span, without an effect of its own.
pub const STATEMENT_HEADER: [&str; 16] = [
    "account",
    "position",
    "receipt",
    "year",
    "term",
    "effective_on",
    "kind",
    "code",
    "method",
    "reference",
    "reason",
    "due_on",
    "effect",
    "balance",
    "open",
    "currency",
];

/// Writes a statement as CSV with [`STATEMENT_HEADER`]: what was left before its span, then each line.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// let statement = school.statement("s-17", term).await?;
/// let mut table = Vec::new();
/// let written = csv::write_statement(&statement, &mut table)?;
/// assert_eq!(written.records, 2, "what was left before, and one charge");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of the writer.
pub fn write_statement(statement: &Statement, writer: impl Write) -> io::Result<Written> {
    let mut table = CsvWriter::new(writer, &STATEMENT_HEADER)?;
    let mut first = [Cell::Blank; STATEMENT_HEADER.len()];
    for (column, cell) in [
        (0, Cell::Text(statement.account.as_str())),
        (6, Cell::Text("earlier")),
        (13, statement.earlier.into()),
        (15, Cell::Text(statement.earlier.currency().code())),
    ] {
        if let Some(place) = first.get_mut(column) {
            *place = cell;
        }
    }
    table.record(&first)?;
    for line in &statement.lines {
        write_line(&mut table, line)?;
    }
    table.finish()
}

fn write_line<W: Write>(table: &mut CsvWriter<W>, line: &StatementLine) -> io::Result<()> {
    let entry = &line.entry;
    let own = Particulars::of(&entry.kind);
    let receipt = entry.receipt().to_string();
    table.record(&[
        entry.account.as_str().into(),
        entry.position.into(),
        receipt.as_str().into(),
        entry.term.year().into(),
        entry.term.number().into(),
        entry.effective_on.into(),
        entry.kind.as_str().into(),
        own.code.map(FeeCode::as_str).into(),
        own.method.map(Method::as_str).into(),
        own.reference.into(),
        own.reason.into(),
        own.due_on.into(),
        entry.effect.into(),
        line.balance.into(),
        line.open.into(),
        entry.effect.currency().code().into(),
    ])
}
