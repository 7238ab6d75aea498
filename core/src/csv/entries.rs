//! The entries of a whole book as CSV, read and written page by page.

use std::io::{self, Write};

use super::{CsvWriter, Written};
use crate::{
    AccountId, ConcessionKind, Entry, EntryKind, Error, FeeCode, FeeGroup, Ledger, LedgerStore, Method,
    PAGE_MAX,
};

/// The columns of [`write_entries`].
///
/// `amount` is as it was given, `effect` is signed: what it does to the balance. `year` and `term` are the term's year and number.
/// `reverses` is the position of the entry that a reversal undoes. `fee_group` is the group from whose fee a charge was billed.
pub const ENTRIES_HEADER: [&str; 23] = [
    "account",
    "position",
    "receipt",
    "year",
    "term",
    "kind",
    "code",
    "fee_group",
    "method",
    "concession",
    "amount",
    "effect",
    "currency",
    "effective_on",
    "due_on",
    "reason",
    "reference",
    "reverses",
    "key",
    "recorded_at",
    "recorded_by",
    "note",
    "id",
];

/// Writes every entry of a book as CSV with [`ENTRIES_HEADER`], by account (byte order) and position.
///
/// Of the book one page is held in memory. What is recorded while it is being written may be left out.
///
/// ```
/// # use bursar::{Currency, Ledger};
/// # use bursar_store_memory::MemoryStore;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let ledger = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
/// let mut table = Vec::new();
/// let written = bursar::csv::write_entries(&ledger, &mut table).await??;
/// # assert_eq!(written.records, 0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error`] when the book cannot be read; an [`io::Error`] when the table cannot be written.
pub async fn write_entries<S: LedgerStore>(
    ledger: &Ledger<S>,
    writer: impl Write,
) -> Result<Result<Written, io::Error>, Error> {
    let mut table = match CsvWriter::new(writer, &ENTRIES_HEADER) {
        Ok(table) => table,
        Err(error) => return Ok(Err(error)),
    };
    let mut after: Option<(AccountId, u32)> = None;
    loop {
        let last = after.as_ref().map(|(account, position)| (account, *position));
        let page = ledger.store.scan(&ledger.book, last, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(table.finish()) };
        after = Some((last.account.clone(), last.position));
        for entry in &page {
            if let Err(error) = write_entry(&mut table, entry) {
                return Ok(Err(error));
            }
        }
    }
}

/// What only some kinds have.
#[derive(Default)]
pub(super) struct Particulars<'a> {
    pub(super) code: Option<&'a FeeCode>,
    pub(super) fee_group: Option<&'a FeeGroup>,
    pub(super) method: Option<Method>,
    pub(super) concession: Option<ConcessionKind>,
    pub(super) due_on: Option<chrono::NaiveDate>,
    pub(super) reason: Option<&'a str>,
    pub(super) reference: Option<&'a str>,
    pub(super) reverses: Option<u32>,
}

impl<'a> Particulars<'a> {
    pub(super) fn of(kind: &'a EntryKind) -> Self {
        let none = Self::default();
        match kind {
            EntryKind::Charge { code, due_on, origin } => {
                Self { code: Some(code), due_on: Some(*due_on), fee_group: origin.group.as_ref(), ..none }
            }
            EntryKind::Opening { reason }
            | EntryKind::Adjustment { reason }
            | EntryKind::WriteOff { reason } => Self { reason: Some(reason), ..none },
            EntryKind::Refund { method, reference } | EntryKind::Payment { method, reference } => {
                Self { method: Some(*method), reference: reference.as_deref(), ..none }
            }
            EntryKind::Concession { concession, reason } => {
                Self { concession: Some(*concession), reason: Some(reason), ..none }
            }
            EntryKind::Reversal { of, reason, .. } => {
                Self { reverses: Some(*of), reason: Some(reason), ..none }
            }
        }
    }
}

fn write_entry<W: Write>(table: &mut CsvWriter<W>, entry: &Entry) -> io::Result<()> {
    let own = Particulars::of(&entry.kind);
    let (receipt, id) = (entry.receipt().to_string(), entry.id.to_string());
    table.record(&[
        entry.account.as_str().into(),
        entry.position.into(),
        receipt.as_str().into(),
        entry.term.year().into(),
        entry.term.number().into(),
        entry.kind.as_str().into(),
        own.code.map(FeeCode::as_str).into(),
        own.fee_group.map(FeeGroup::as_str).into(),
        own.method.map(Method::as_str).into(),
        own.concession.map(ConcessionKind::as_str).into(),
        entry.amount().into(),
        entry.effect.into(),
        entry.effect.currency().code().into(),
        entry.effective_on.into(),
        own.due_on.into(),
        own.reason.into(),
        own.reference.into(),
        own.reverses.into(),
        entry.key.as_str().into(),
        entry.recorded_at.into(),
        entry.recorded_by.as_deref().into(),
        entry.note.as_deref().into(),
        id.as_str().into(),
    ])
}
