//! Posting what was decided: in one step, and anew when the book has moved.

use super::{Fault, FileProblem, ImportError, Problem};
use crate::ledger::attempts::Attempts;
use crate::rule::Posting;
use crate::store::ChangeSet;
use crate::{Currency, Entry, Ledger, LedgerStore, Money, NewEntry, Receipt, Refusal, Text};

/// The most bytes of text that are posted in one step: as JSON at most twice as much, with the rest of [`LINES_MAX`](super::LINES_MAX)
/// entries under the 16 MiB that MariaDB takes as it comes.
pub(super) const TEXT_BYTES_MAX: usize = 4 << 20;

/// A line that is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedLine {
    /// Its number in the file.
    pub line: u64,
    /// Its receipt, marked as replayed where an earlier run had recorded it.
    pub receipt: Receipt,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

/// Posts what was decided; nothing when the book has moved since, so that it has to be decided anew.
pub(super) async fn post<S: LedgerStore>(
    attempts: &mut Attempts,
    ledger: &Ledger<S>,
    decided: Decided,
) -> Result<Option<Imported>, ImportError> {
    let Decided { faults, book_version, to_record, there } = decided;
    if !faults.is_empty() {
        return Err(ImportError::Faulty { faults });
    }
    let (numbers, postings): (Vec<u64>, Vec<Posting>) = to_record.into_iter().unzip();
    if postings.is_empty() {
        return Ok(Some(imported(attempts, ledger, there)?));
    }
    let changes = ChangeSet { book_version: Some(book_version), postings, ..ChangeSet::default() };
    if let Some(recorded) = attempts.commit(ledger, changes, None).await? {
        let lines = numbers.into_iter().zip(recorded).chain(there).collect();
        return Ok(Some(imported(attempts, ledger, lines)?));
    }
    attempts.again(ledger).await?;
    Ok(None)
}

fn imported<S>(
    attempts: &Attempts,
    ledger: &Ledger<S>,
    lines: Vec<(u64, Entry)>,
) -> Result<Imported, Refusal> {
    let mut lines: Vec<ImportedLine> = lines
        .into_iter()
        .map(|(line, entry)| {
            let replayed = !attempts.has_sent(&entry);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EntryKind, Method, TermId, date};

    /// A line of so many bytes of text, those of the account and the key among them.
    fn posting(kind: EntryKind, note: usize, by: usize) -> (u64, Posting) {
        let text = |bytes: usize| Some(Text::from("x".repeat(bytes)));
        let entry = NewEntry {
            id: uuid::Uuid::from_u128(1),
            account: "s-17".parse().unwrap(),
            term: TermId::new(2026, 1).unwrap(),
            kind,
            effect: Money::from_minor(-1, Currency::USD),
            effective_on: date("2026-02-01").unwrap(),
            recorded_at: "2026-02-01T08:00:00Z".parse().unwrap(),
            recorded_by: text(by),
            key: "bank:1".parse().unwrap(),
            note: text(note),
        };
        (2, Posting::new(entry))
    }

    fn says(lines: Vec<(u64, Posting)>) -> Result<(), String> {
        let decided = Decided { to_record: lines, ..Decided::default() };
        decided.check_size(Currency::USD).map_err(|error| error.to_string())
    }

    #[test]
    fn all_text_of_all_lines_counts_and_four_mebibytes_fit() {
        const MOST: usize = 4 * 1024 * 1024;
        let own = "s-17".len() + "bank:1".len();
        let reference = |bytes: usize| EntryKind::Payment {
            method: Method::Bank,
            reference: Some("x".repeat(bytes).into()),
        };
        let opening = |bytes: usize| EntryKind::Opening { reason: "x".repeat(bytes).into() };
        let kinds: [&dyn Fn(usize) -> EntryKind; 2] = [&reference, &opening];
        for kind in kinds {
            let rest = MOST - 2 * own - 30;
            assert_eq!(says(vec![posting(kind(10), 10, 10), posting(kind(rest), 0, 0)]), Ok(()));
            for (of_kind, note, by) in [(11, 10, 10), (10, 11, 10), (10, 10, 11)] {
                let refused = says(vec![posting(kind(of_kind), note, by), posting(kind(rest), 0, 0)]);
                assert!(refused.is_err(), "{of_kind} {note} {by}");
            }
        }
    }
}
