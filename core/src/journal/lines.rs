//! The lines of a journal, as each program has them.

use std::io::{self, Write};

use chrono::NaiveDate;

use super::{Format, JournalError, Written, beancount, plain};
use crate::{Currency, Entry, EntryKind, Error};

/// Writes lines.
pub(super) struct Lines<W> {
    format: Format,
    currency: Currency,
    writer: W,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(format: Format, currency: Currency, writer: W) -> Self {
        Self { format, currency, writer }
    }

    /// What comes before everything.
    pub(super) fn head(&mut self, book: &str) -> io::Result<()> {
        let (format, currency) = (self.format, self.currency);
        let out = &mut self.writer;
        writeln!(out, "; The book {book} in {currency} as double entry, for {format}.")?;
        let zeros = "0".repeat(usize::try_from(currency.exponent()).unwrap_or(0));
        let point = if zeros.is_empty() { "" } else { "." };
        let encoded =
            "; In names and codes, %XX is one byte, in hexadecimal, of what cannot stand there as it is.";
        match format {
            // With a point even where there are no decimals: 1.000 is never a thousand.
            Format::Hledger => {
                writeln!(out, "{encoded}\n\ndecimal-mark .\ncommodity 1000.{zeros} {currency}\n")
            }
            Format::Ledger => writeln!(
                out,
                "{encoded}\n\ncommodity {currency}\n    format 1000{point}{zeros} {currency}\n\ntag term\n"
            ),
            Format::Beancount => writeln!(
                out,
                "; Names are made valid where ids are not: the id is in the metadata of the account's open.\n\n\
                 option \"title\" {}\noption \"operating_currency\" \"{currency}\"\n",
                beancount::line(book)
            ),
        }
    }

    /// Says, before its first transaction, that there is an account of the name.
    pub(super) fn declare(&mut self, name: &str) -> io::Result<()> {
        match self.format {
            Format::Hledger | Format::Ledger => writeln!(self.writer, "account {name}\n"),
            Format::Beancount => Ok(()),
        }
    }

    /// Says, once it is known, since when there is an account of the name, and what it was named after.
    pub(super) fn open(&mut self, on: NaiveDate, name: &str, after: Option<(&str, &str)>) -> io::Result<()> {
        if self.format != Format::Beancount {
            return Ok(());
        }
        writeln!(self.writer, "{on} open {name} {}", self.currency)?;
        if let Some((key, value)) = after {
            writeln!(self.writer, "  {key}: {}", beancount::string(value))?;
        }
        writeln!(self.writer)
    }

    /// An entry, of which the receivable and what it stands against are named.
    pub(super) fn transaction(
        &mut self,
        entry: &Entry,
        receivable: &str,
        against: &str,
    ) -> Result<(), JournalError> {
        let (on, term, receipt) = (entry.effective_on, entry.term, entry.receipt().to_string());
        let effect = entry.effect;
        let opposite = effect.checked_neg().map_err(Error::from)?;
        let out = &mut self.writer;
        match self.format {
            Format::Hledger | Format::Ledger => write!(
                out,
                "{on} ({}) {}\n    ; term: {term}\n    {receivable}  {effect:#}\n    {against}  {opposite:#}\n\n",
                plain::code(&receipt),
                plain::description(&described(entry)),
            )?,
            Format::Beancount => write!(
                out,
                "{on} * {}\n  receipt: {}\n  term: \"{term}\"\n  {receivable}  {effect:#}\n  {against}  {opposite:#}\n\n",
                beancount::line(&described(entry)),
                beancount::string(&receipt),
            )?,
        }
        Ok(())
    }

    /// What comes after everything.
    pub(super) fn end(&mut self, written: &Written) -> io::Result<()> {
        let Written { accounts, renamed, codes_renamed, .. } = written;
        writeln!(
            self.writer,
            "; {renamed} of {accounts} accounts and {codes_renamed} fee codes are not named as their ids are."
        )?;
        self.writer.flush()
    }
}

/// What an entry is, in words.
fn described(entry: &Entry) -> String {
    let (what, more): (String, Option<&str>) = match &entry.kind {
        EntryKind::Charge { code, .. } => ("charge".to_owned(), Some(code.as_str())),
        EntryKind::Payment { method, reference } => (format!("payment, {method}"), reference.as_deref()),
        EntryKind::Refund { method, reference } => (format!("refund, {method}"), reference.as_deref()),
        EntryKind::Concession { concession, reason } => {
            (format!("concession, {concession}"), Some(&**reason))
        }
        EntryKind::WriteOff { reason } => ("write-off".to_owned(), Some(&**reason)),
        EntryKind::Opening { reason } => ("opening balance".to_owned(), Some(&**reason)),
        EntryKind::Adjustment { reason } => ("adjustment".to_owned(), Some(&**reason)),
        EntryKind::Reversal { of, reason, .. } => (format!("reversal of entry {of}"), Some(&**reason)),
    };
    let said = |text: &&str| !text.trim().is_empty();
    let mut words = what;
    if let Some(more) = more.filter(said) {
        words.push_str(": ");
        words.push_str(more);
    }
    if let Some(note) = entry.note.as_deref().filter(said) {
        words.push_str(" (");
        words.push_str(note);
        words.push(')');
    }
    words
}
