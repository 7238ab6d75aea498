//! Posting what was decided: in one step, and anew when the book has moved.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Fault, FileProblem, ImportError, Problem};
use crate::rule::Posting;
use crate::store::{ChangeSet, Committed};
use crate::{Currency, Entry, Error, Ledger, LedgerStore, Money, NewEntry, Receipt, Refusal, Text};

/// The most bytes of text that are posted in one step: as JSON at most twice as much, with the rest of [`LINES_MAX`](super::LINES_MAX)
/// entries under the 16 MiB that MariaDB takes as it comes.
pub(super) const TEXT_BYTES_MAX: usize = 4 << 20;

/// A line that is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedLine {
    /// Its number in the file.
    pub line: u64,
    /// Its receipt, marked as replayed where an earlier run had recorded it.
    pub receipt: Receipt,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Every line that is recorded now, in the order of the file: those of this run, and those that were there already.
    pub lines: Vec<ImportedLine>,
    /// How many lines this run recorded.
    pub recorded: u64,
    /// How many lines were there already.
    pub already_there: u64,
    /// The sum of the amounts that this run recorded: for arrears what is owed less what is in credit, for payments what was paid.
    pub total: Money,
}

/// What a check found of lines that are without fault, at one state of the book.
#[derive(Clone, Debug, Default)]
pub(super) struct Decided {
    pub(super) faults: Vec<Fault>,
    /// The book's version that this was decided on.
    pub(super) book_version: u64,
    pub(super) to_record: Vec<(u64, Posting)>,
    pub(super) there: Vec<(u64, Entry)>,
}

impl Decided {
    /// The sum of what there is to record.
    pub(super) fn total(&self, currency: Currency) -> Result<Money, Refusal> {
        total(self.to_record.iter().map(|(_, posting)| &posting.entry), currency)
    }

    /// Takes it for a fault when the lines cannot be posted in one step.
    pub(super) fn check_size(&self, currency: Currency) -> Result<(), ImportError> {
        self.total(currency)?;
        let text = |text: &Option<Text>| text.as_ref().map_or(0, |text| text.len());
        let bytes = self.to_record.iter().fold(0_usize, |sum, (_, Posting { entry, .. })| {
            let own = [entry.account.as_str().len(), entry.key.as_str().len(), text(&entry.note)];
            let kind = [kind_bytes(entry), text(&entry.recorded_by)];
            own.into_iter().chain(kind).fold(sum, usize::saturating_add)
        });
        if bytes > TEXT_BYTES_MAX {
            return Err(FileProblem::TooMuchText { max: TEXT_BYTES_MAX }.into());
        }
        Ok(())
    }
}

fn kind_bytes(entry: &NewEntry) -> usize {
    use crate::EntryKind::{Opening, Payment};
    match &entry.kind {
        Opening { reason } => reason.len(),
        Payment { reference, .. } => reference.as_ref().map_or(0, |reference| reference.len()),
        _ => 0,
    }
}

fn total<'e>(entries: impl Iterator<Item = &'e NewEntry>, currency: Currency) -> Result<Money, Refusal> {
    let amount = |entry: &NewEntry| {
        let minor = i128::from(entry.effect.minor());
        if entry.kind.lowers() { minor.saturating_neg() } else { minor }
    };
    // Wide, so that only a sum that does not fit is an overflow.
    let sum = entries.map(amount).fold(0_i128, i128::saturating_add);
    Ok(Money::from_minor(i64::try_from(sum).map_err(|_| Refusal::Overflow)?, currency))
}

/// What is recorded under the key of a line, otherwise than the line says.
pub(super) fn recorded_otherwise(there: &Entry) -> Problem {
    Problem::RecordedOtherwise {
        key: there.key.clone(),
        kind: there.kind.as_str(),
        account: there.account.clone(),
        amount: there.amount(),
        on: there.effective_on,
    }
}

/// The attempts of one posting.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    count: u32,
    unknown: u32,
    /// The ids of the entries that were sent: those that are found later are of this run, though its answer was lost on the way.
    sent: HashSet<Uuid>,
}

impl Attempts {
    /// Posts what was decided; nothing when the book has moved since, so that it has to be decided anew.
    pub(super) async fn post<S: LedgerStore>(
        &mut self,
        ledger: &Ledger<S>,
        decided: Decided,
    ) -> Result<Option<Imported>, ImportError> {
        const UNKNOWN_MAX: u32 = 3;
        let Decided { faults, book_version, to_record, there } = decided;
        if !faults.is_empty() {
            return Err(ImportError::Faulty { faults });
        }
        let numbers: Vec<u64> = to_record.iter().map(|(line, _)| *line).collect();
        let postings: Vec<Posting> = to_record.into_iter().map(|(_, posting)| posting).collect();
        if postings.is_empty() {
            return Ok(Some(self.imported(ledger, Vec::new(), there)?));
        }
        self.sent.extend(postings.iter().map(|posting| posting.entry.id));
        let entries: Vec<NewEntry> = postings.iter().map(|posting| posting.entry.clone()).collect();
        let changes = ChangeSet { book_version: Some(book_version), postings, ..ChangeSet::default() };
        match ledger.store.commit(&ledger.book, changes).await.map_err(Error::from) {
            Ok(Committed::Admitted { positions }) => {
                let recorded = numbers.into_iter().zip(entries).zip(positions);
                let recorded = recorded.map(|((line, entry), position)| (line, entry.at(position))).collect();
                return Ok(Some(self.imported(ledger, recorded, there)?));
            }
            Ok(Committed::NotAdmitted) => {}
            Err(Error::UnknownOutcome { source, .. }) if self.unknown < UNKNOWN_MAX => {
                tracing::warn!(error = %source, "the outcome of an import is unknown; asking by its keys");
                self.unknown = self.unknown.saturating_add(1);
            }
            Err(error) => return Err(error.into()),
        }
        ledger.again(self.count).await?;
        self.count = self.count.saturating_add(1);
        Ok(None)
    }

    fn imported<S>(
        &self,
        ledger: &Ledger<S>,
        recorded: Vec<(u64, Entry)>,
        there: Vec<(u64, Entry)>,
    ) -> Result<Imported, Refusal> {
        let all = recorded.into_iter().chain(there);
        let mut lines: Vec<ImportedLine> = all
            .map(|(line, entry)| {
                let replayed = !self.sent.contains(&entry.id);
                ImportedLine { line, receipt: Receipt::of(entry, replayed) }
            })
            .collect();
        lines.sort_by_key(|line| line.line);
        let of_this_run = lines.iter().map(|line| &line.receipt).filter(|receipt| !receipt.replayed);
        let total = total(of_this_run.map(|receipt| &*receipt.entry), ledger.currency)?;
        let already_there = lines.iter().filter(|line| line.receipt.replayed).count();
        let recorded = lines.len().saturating_sub(already_there);
        let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
        let (recorded, already_there) = (count(recorded), count(already_there));
        tracing::info!(recorded, already_there, "imported");
        Ok(Imported { lines, recorded, already_there, total })
    }
}
