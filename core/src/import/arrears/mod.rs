//! Arrears and credit from elsewhere: a file of one line an account, checked, then posted whole or not at all.

mod decide;
mod lines;

use std::io::Read;

use chrono::NaiveDate;

pub use lines::ArrearsColumns;

use self::lines::{Line, Parsed};
use super::commit::{Imported, post};
use super::format::FileFormat;
use super::{Fault, ImportError, ImportName};
use crate::draft::Draft;
use crate::ledger::attempts::Attempts;
use crate::name::{IntoName, check_recorder, check_text};
use crate::{AccountId, IdempotencyKey, Ledger, LedgerStore, Money, OpeningBalance, Refusal, TermId};

/// The import of arrears (above zero) and credit (below zero) from a CSV file, as opening balances of a term, in two steps.
///
/// [`check`](Self::check) finds every fault of every line and records nothing; [`post`](CheckedArrears::post) records all lines or none. The key of a
/// line is `NAME:ACCOUNT`, so that the same file under the same name is recorded once, whoever posts it how often.
///
/// ```
/// use bursar::import::ArrearsImport;
/// # use bursar::{Currency, Ledger, Term, TermId, date};
/// # use bursar_store_memory::MemoryStore;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
/// # let term = TermId::new(2026, 1)?;
/// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
/// # school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
/// let import = ArrearsImport::new("arrears-2025", term, "owed from 2025")?;
/// let wrong = import.check(&school, "account,amount\ns-17,\"1,234.56\"\ns-71,40.00\n".as_bytes()).await?;
/// assert_eq!(wrong.faults().len(), 2);
///
/// let right = import.check(&school, "account,amount\ns-17,1234.56\n".as_bytes()).await?;
/// let posted = right.post(&school).await?;
/// assert_eq!((posted.recorded, posted.total.to_string().as_str()), (1, "1234.56"));
/// assert_eq!(right.post(&school).await?.already_there, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ArrearsImport {
    name: ImportName,
    term: TermId,
    reason: String,
    on: Option<NaiveDate>,
    recorded_by: Option<String>,
    columns: ArrearsColumns,
    format: FileFormat,
}

impl ArrearsImport {
    /// An import under a name of the caller's, into a term, with the reason of lines that give none.
    ///
    /// # Errors
    /// [`Refusal::BadName`], [`Refusal::BadText`].
    pub fn new(
        name: impl IntoName<ImportName>,
        term: TermId,
        reason: impl Into<String>,
    ) -> Result<Self, Refusal> {
        let (name, reason) = (name.into_name()?, reason.into());
        check_text("reason", &reason, true)?;
        let (columns, format) = (ArrearsColumns::default(), FileFormat::default());
        Ok(Self { name, term, reason, on: None, recorded_by: None, columns, format })
    }

    /// The day on which lines that give none take effect; the day of posting unless given.
    #[must_use]
    pub const fn on(mut self, day: NaiveDate) -> Self {
        self.on = Some(day);
        self
    }

    /// Who records it.
    #[must_use]
    pub fn recorded_by(mut self, who: impl Into<String>) -> Self {
        self.recorded_by = Some(who.into());
        self
    }

    /// The names of the columns.
    #[must_use]
    pub fn columns(mut self, columns: ArrearsColumns) -> Self {
        self.columns = columns;
        self
    }

    /// The form of the file.
    #[must_use]
    pub const fn format(mut self, format: FileFormat) -> Self {
        self.format = format;
        self
    }

    /// Reads a file and finds every fault of every line, as the book is now. Nothing is recorded.
    ///
    /// Faults are in [`CheckedArrears::faults`], not an error. At most [`LINES_MAX`](super::LINES_MAX) lines and
    /// [`FILE_BYTES_MAX`](super::FILE_BYTES_MAX) bytes are read.
    ///
    /// # Errors
    /// [`ImportError::Read`], [`ImportError::File`]; [`ImportError::Ledger`] when the book cannot be read, or for [`Refusal::BadText`] of who
    /// records it.
    pub async fn check<S: LedgerStore>(
        &self,
        ledger: &Ledger<S>,
        reader: impl Read,
    ) -> Result<CheckedArrears, ImportError> {
        self.recorded_by.as_deref().map_or(Ok(()), check_recorder)?;
        let file = Parsed::read(self, reader, ledger.currency)?;
        let decided = decide::decide(self, &file, ledger).await?;
        decided.check_size(ledger.currency)?;
        let total = decided.total(ledger.currency)?;
        let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
        Ok(CheckedArrears {
            import: self.clone(),
            to_record: count(decided.to_record.len()),
            already_there: count(decided.there.len()),
            faults: decided.faults,
            total,
            file,
        })
    }

    fn draft(&self, line: &Line, account: &AccountId, amount: Money, key: IdempotencyKey) -> Draft {
        let reason = line.reason.as_ref().unwrap_or(&self.reason);
        let mut opening = OpeningBalance::of(amount, reason).account(account).for_term(self.term).key(key);
        if let Some(day) = line.on.or(self.on) {
            opening = opening.on(day);
        }
        if let Some(who) = &self.recorded_by {
            opening = opening.recorded_by(who);
        }
        opening.into()
    }
}

/// A file of arrears that was read and checked.
#[derive(Clone, Debug)]
pub struct CheckedArrears {
    import: ArrearsImport,
    file: Parsed,
    faults: Vec<Fault>,
    to_record: u64,
    already_there: u64,
    total: Money,
}

impl CheckedArrears {
    /// Every fault of every line, in the order of the file; those of all lines first.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// How many lines the file has, the header and blank ones not counted.
    #[must_use]
    pub fn lines(&self) -> u64 {
        u64::try_from(self.file.lines.len()).unwrap_or(u64::MAX)
    }

    /// How many lines are without fault and not recorded yet.
    #[must_use]
    pub const fn to_record(&self) -> u64 {
        self.to_record
    }

    /// How many lines this import has recorded already.
    #[must_use]
    pub const fn already_there(&self) -> u64 {
        self.already_there
    }

    /// The sum of the lines that are to be recorded: arrears less credit.
    #[must_use]
    pub const fn total(&self) -> Money {
        self.total
    }

    /// The columns of the file that are not read, so that a misspelt one is noticed.
    #[must_use]
    pub fn ignored_columns(&self) -> &[String] {
        &self.file.ignored
    }

    /// Records all lines or none, each once.
    ///
    /// It is decided anew on the book as it is now, and holds only if neither the book nor any of the accounts has changed by the time
    /// that it is recorded; else it is decided again, as often as any other call of the ledger. So what was posted since the check,
    /// by this import or by others, is seen.
    ///
    /// # Errors
    /// [`ImportError::Faulty`] when there are faults; [`ImportError::Ledger`] with [`Error::Conflict`](crate::Error::Conflict) when the accounts do not come to rest,
    /// [`Error::UnknownOutcome`](crate::Error::UnknownOutcome), after which posting again finds out. Nothing was recorded, but perhaps in the last case.
    #[tracing::instrument(name = "bursar.import_arrears", skip_all, fields(book = %ledger.book, import = %self.import.name))]
    pub async fn post<S: LedgerStore>(&self, ledger: &Ledger<S>) -> Result<Imported, ImportError> {
        let mut attempts = Attempts::default();
        loop {
            let decided = decide::decide(&self.import, &self.file, ledger).await?;
            decided.check_size(ledger.currency)?;
            if let Some(imported) = post(&mut attempts, ledger, decided).await? {
                return Ok(imported);
            }
        }
    }
}
