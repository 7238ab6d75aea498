//! A statement as CSV.

use std::io::{self, Write};

use super::{Cell, CsvWriter, Written};
use crate::{EntryKind, Statement};

/// The columns of [`write_statement`].
///
/// `effect` is signed, `balance` the account's balance after the line. The first record is of the kind `brought_forward`: what earlier terms
/// left, without an effect of its own.
pub const STATEMENT_HEADER: [&str; 14] = [
    "account",
    "year",
    "term",
    "effective_on",
    "receipt",
    "kind",
    "code",
    "method",
    "reference",
    "reason",
    "due_on",
    "effect",
    "balance",
    "currency",
];

/// Writes a statement as CSV with [`STATEMENT_HEADER`]: what was brought forward, then each entry with the balance after it.
///
/// # Errors
/// Those of the writer.
pub fn write_statement(statement: &Statement, writer: impl Write) -> io::Result<Written> {
    let mut table = CsvWriter::new(writer, &STATEMENT_HEADER)?;
    let (account, currency) =
        (Cell::Text(statement.account.as_str()), Cell::Text(statement.earlier.currency().code()));
    let (year, term) = (statement.term.year().into(), statement.term.number().into());
    let blank = Cell::Blank;
    let (forward, earlier) = (Cell::Text("brought_forward"), statement.earlier.into());
    table.record(&[
        account, year, term, blank, blank, forward, blank, blank, blank, blank, blank, blank, earlier,
        currency,
    ])?;
    for line in &statement.lines {
        let entry = &line.entry;
        let receipt = entry.receipt().to_string();
        let (mut code, mut due_on, mut method, mut reference, mut reason) =
            (blank, blank, blank, blank, blank);
        match &entry.kind {
            EntryKind::Charge { code: charged, due_on: due, .. } => {
                (code, due_on) = (charged.as_str().into(), (*due).into())
            }
            EntryKind::Payment { method: how, reference: given }
            | EntryKind::Refund { method: how, reference: given } => {
                (method, reference) = (how.as_str().into(), given.as_deref().into());
            }
            EntryKind::Opening { reason: why }
            | EntryKind::Adjustment { reason: why }
            | EntryKind::Concession { reason: why, .. }
            | EntryKind::WriteOff { reason: why }
            | EntryKind::Reversal { reason: why, .. } => reason = Cell::Text(why),
        }
        table.record(&[
            account,
            year,
            term,
            entry.effective_on.into(),
            receipt.as_str().into(),
            entry.kind.as_str().into(),
            code,
            method,
            reference,
            reason,
            due_on,
            entry.effect.into(),
            line.balance.into(),
            currency,
        ])?;
    }
    table.finish()
}
